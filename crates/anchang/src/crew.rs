//! The threads that judge beside one another, for groups of entries that are worth it.

use codec::DecodeError;
use domain::Entry;
use journal::Offset;

/// Entries that are judged together at most. What is known of a group is stored at once, and one that makes a model
/// panic is judged again one by one.
pub(crate) const GROUP_MAX: usize = 4_096;
/// A smaller group is judged one by one on one thread: it takes less time than to wake another.
pub(crate) const GROUP_MIN: usize = 128;
/// How many threads judge where nothing else is configured.
const THREADS_DEFAULT: usize = 2;

/// How many threads judge: as configured, else two where there are so many cores.
pub(crate) fn thread_count(configured: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    configured.unwrap_or_else(|| cores().min(THREADS_DEFAULT)).max(1)
}

/// A model panicked; the engine is not to be used again.
pub(crate) struct ModelPanicked {
    /// The entry; `None` when it was one of a group.
    pub(crate) culprit: Option<Offset>,
}

/// An entry of the journal as read, or why it can't be.
pub(crate) type Decoded = Result<Entry, DecodeError>;

/// Decodes the entries of a group, on so many threads.
pub(crate) fn decode(records: &[(Offset, &[u8])], threads: usize) -> Vec<Decoded> {
    let decoded = |records: &[(Offset, &[u8])]| -> Vec<Decoded> {
        records.iter().map(|(_, bytes)| codec::decode(bytes)).collect()
    };
    if threads < 2 || records.len() < GROUP_MIN {
        return decoded(records);
    }
    let (own, others) = records.split_at(records.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let at_work: Vec<_> =
            others.chunks(own.len()).map(|records| scope.spawn(move || decoded(records))).collect();
        let mut all = decoded(own);
        for thread in at_work {
            // Decoding bytes never panics, whatever they are.
            all.extend(thread.join().unwrap_or_default());
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ReferenceChange, Timestamp};

    #[test]
    fn what_is_decoded_on_threads_is_in_its_order() {
        let tick = |ms: i64| Entry::Reference(Box::new(ReferenceChange::Tick(Timestamp::from_unix_ms(ms))));
        let stored: Vec<Vec<u8>> = (0..1_000)
            .map(|number| {
                let mut bytes = Vec::new();
                codec::encode(&tick(number), &mut bytes);
                // Some can't be read.
                if number % 97 == 96 { vec![99, 0] } else { bytes }
            })
            .collect();
        let records: Vec<(Offset, &[u8])> =
            (0..).zip(&stored).map(|(at, bytes)| (Offset::new(at), bytes.as_slice())).collect();
        for threads in 1..4 {
            let decoded = decode(&records, threads);
            assert_eq!(decoded.len(), records.len());
            for (number, entry) in (0..).zip(decoded) {
                assert_eq!(entry.ok(), (number % 97 != 96).then(|| tick(number)));
            }
        }
    }
}
