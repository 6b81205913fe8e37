//! Threads beside one another for shares of judging.

use judgement::Share;

/// Runs one share here and each other one on a thread of its own. A panic of one is one of the whole.
pub fn run(mut shares: Vec<Share<'_>>) {
    let Some(own) = shares.pop() else { return };
    std::thread::scope(|scope| {
        for share in shares {
            scope.spawn(move || share.run());
        }
        own.run();
    });
}
