//! The stored bytes of journal entries.
