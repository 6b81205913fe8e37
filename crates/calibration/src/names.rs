//! Names of devices and checkpoints by number, so that what is kept by them is an index away. Bounded.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// Numbers of names, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    names: Vec<SmolStr>,
    numbers: FxHashMap<SmolStr, u16>,
}

impl Names {
    pub(crate) fn restored(names: Vec<SmolStr>) -> Self {
        let numbers = names.iter().cloned().zip(0..).collect();
        Self { names, numbers }
    }

    pub(crate) fn all(&self) -> &[SmolStr] {
        &self.names
    }

    pub(crate) fn known(&self, name: &SmolStr) -> Option<u16> {
        self.numbers.get(name).copied()
    }

    /// The number of a name; a new one gets one while there are fewer than `count_max`.
    pub(crate) fn number(&mut self, name: &SmolStr, count_max: u16) -> Option<u16> {
        if let Some(number) = self.known(name) {
            return Some(number);
        }
        let number = u16::try_from(self.names.len()).ok().filter(|number| *number < count_max)?;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        Some(number)
    }

    /// The name of a number that was given.
    pub(crate) fn name(&self, number: u16) -> SmolStr {
        self.names.get(usize::from(number)).cloned().unwrap_or_default()
    }
}
