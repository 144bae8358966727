//! The memory in use on each thread, and the most there was.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static IN_USE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// Counts for each thread the bytes in use, and the most there were.
struct Counting;

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // What another thread allocated may be freed here, so the count only stays above zero.
        IN_USE.set(IN_USE.get().saturating_sub(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(size: usize) {
    IN_USE.set(IN_USE.get().wrapping_add(size));
    PEAK.set(PEAK.get().max(IN_USE.get()));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `f` returns, and how many bytes this thread had in use at its worst beyond those that were there before.
pub(crate) fn peak<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = IN_USE.get();
    PEAK.set(before);
    let result = f();
    (result, PEAK.get() - before)
}

#[test]
fn what_is_in_use_is_counted() {
    let (sum, bytes) = peak(|| vec![1_u8; 1 << 20].len() + vec![1_u8; 1 << 10].len());
    assert_eq!((sum, bytes), ((1 << 20) + (1 << 10), (1 << 20) + (1 << 10)));
}
