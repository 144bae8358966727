//! What tells one recording from every other.

use std::sync::atomic::{AtomicU64, Ordering};

/// Returns a number that it never returned before.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
