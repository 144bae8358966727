//! Unique numbers, which identify a recording.

use std::sync::atomic::{AtomicU64, Ordering};

/// Returns a different number at each call.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
