//! File descriptors: every connection takes one, and the journals and the records must never find none left.

use gateway::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept free of connections: segments, the database, the listeners, pictures being fetched, and some more.
const RESERVE: u64 = 512;

/// Raises the process's bound as far as it may go. Where that is less than all connections could take, fewer are taken:
/// a flood of connections must not keep the journal from its next segment.
pub(crate) fn make_room(limits: &mut Limits, pages_max: usize) {
    let available = raise();
    if fit(limits, available.saturating_sub(RESERVE).saturating_sub(pages_max as u64)) {
        tracing::warn!(
            available,
            terminal_connections_max = limits.terminal_connections_max,
            camera_connections_max = limits.camera_connections_max,
            "the process may open few files: fewer connections are taken than configured (see ulimit -n, LimitNOFILE)"
        );
    }
}

/// Sets the soft bound to the hard one; gives what holds then.
fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(error) => {
            tracing::warn!(%error, "could not raise the bound on open files");
            current.unwrap_or(u64::MAX)
        }
    }
}

/// Shares `room` among terminals and cameras as their bounds stand to each other; false when they have room already.
fn fit(limits: &mut Limits, room: u64) -> bool {
    let wanted =
        (limits.terminal_connections_max as u64).saturating_add(limits.camera_connections_max as u64);
    if wanted <= room {
        return false;
    }
    let share = |bound: usize| ((bound as u128 * u128::from(room) / u128::from(wanted)) as usize).max(1);
    limits.terminal_connections_max = share(limits.terminal_connections_max);
    limits.camera_connections_max = share(limits.camera_connections_max);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_that_fit_stay_and_others_shrink_in_proportion() {
        let mut limits =
            Limits { terminal_connections_max: 20_000, camera_connections_max: 4_000, ..Limits::default() };
        assert!(!fit(&mut limits, 24_000));
        assert_eq!((limits.terminal_connections_max, limits.camera_connections_max), (20_000, 4_000));
        assert!(fit(&mut limits, 12_000));
        assert_eq!((limits.terminal_connections_max, limits.camera_connections_max), (10_000, 2_000));
        assert!(fit(&mut limits, 0));
        assert_eq!((limits.terminal_connections_max, limits.camera_connections_max), (1, 1));
    }
}
