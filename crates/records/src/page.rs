//! Lists in pages: which part of a list is asked for, and what is answered.

/// Most items that one page holds.
pub const PAGE_LIMIT_MAX: u64 = 500;

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Items to skip.
    pub offset: u64,
    /// Items to give; above [`PAGE_LIMIT_MAX`] it counts as that.
    pub limit: u64,
}

impl Window {
    pub(crate) fn limit(self) -> u64 {
        self.limit.min(PAGE_LIMIT_MAX)
    }
}

impl Default for Window {
    fn default() -> Self {
        Self { offset: 0, limit: 50 }
    }
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items of the window, in the order asked for.
    pub items: Vec<T>,
    /// How many the filter lets through in all.
    pub total: u64,
}

/// By what a list is sorted. Equal items are ordered by their identity, so that pages never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort<F> {
    /// The field.
    pub field: F,
    /// Greatest first.
    pub is_descending: bool,
}

impl<F> Sort<F> {
    /// Least first.
    pub const fn ascending(field: F) -> Self {
        Self { field, is_descending: false }
    }

    /// Greatest first.
    pub const fn descending(field: F) -> Self {
        Self { field, is_descending: true }
    }

    pub(crate) fn order(&self) -> sea_orm::Order {
        if self.is_descending { sea_orm::Order::Desc } else { sea_orm::Order::Asc }
    }
}

/// What [`crate::Records`] did with one row of a bulk write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was new.
    Inserted,
    /// It replaced an older one.
    Updated,
    /// It was there already, exactly so: nothing was written.
    Unchanged,
}
