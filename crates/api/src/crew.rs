//! Threads beside one another for shares of judging.

use judgement::Share;

/// Runs one share here and each other one on a thread of the pool. A panic of one is one of the whole.
///
/// The pool's threads stay and look for work for a moment before they sleep: a run of some milliseconds is over before the
/// kernel has put a new thread on the other core.
pub fn run(mut shares: Vec<Share<'_>>) {
    let Some(own) = shares.pop() else { return };
    rayon::in_place_scope(|scope| {
        for share in shares {
            scope.spawn(|_| share.run());
        }
        own.run();
    });
}
