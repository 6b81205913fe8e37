//! How the archiving of the journal into the history stands; written by the binary's threads.

use crate::history::Verification;
use arc_swap::ArcSwap;
use history::{History, Mended};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::Notify;

/// The history, and how far the journal is in it.
#[derive(Debug)]
pub struct Archive {
    /// Passages and positions of years.
    pub history: Arc<History>,
    /// What the start found that was not as the catalogue says.
    pub mended: Mended,
    /// Journal offset up to which entries are sealed.
    pub sealed_up_to: AtomicU64,
    /// Journal offset up to which entries are shown.
    pub shown_up_to: AtomicU64,
    /// Entries taken since the start.
    pub entries: AtomicU64,
    /// Entries that did not decode.
    pub unreadable: AtomicU64,
    /// Bytes of the journal that were damaged or removed before they were archived.
    pub lost_bytes: AtomicU64,
    /// Segments that were merged since the start.
    pub merged: AtomicU64,
    /// Segments that retention removed since the start.
    pub expired: AtomicU64,
    /// When set, archiving or merging does not go on: the words say why.
    pub stopped: ArcSwap<Option<String>>,
    /// How the slow check of all files stands.
    pub verification: ArcSwap<Verification>,
    /// Told when somebody asks for a check now.
    pub verify_asked: Notify,
}

impl Archive {
    /// Before anything was archived since the start.
    pub fn new(history: Arc<History>, mended: Mended) -> Self {
        Self {
            history,
            mended,
            sealed_up_to: AtomicU64::new(0),
            shown_up_to: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
            lost_bytes: AtomicU64::new(0),
            merged: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            stopped: ArcSwap::default(),
            verification: ArcSwap::default(),
            verify_asked: Notify::new(),
        }
    }
}
