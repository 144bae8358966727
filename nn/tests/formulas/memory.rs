//! An allocator that counts the memory in use on each thread, and its peak.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static IN_USE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// Counts the bytes in use on each thread, and their peak.
struct Counting;

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call is passed on unchanged to the system allocator, which keeps the guarantees of the trait.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the obligations of the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the obligations of the system allocator.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // Memory of another thread may be freed here, so the count saturates at 0.
        IN_USE.set(IN_USE.get().saturating_sub(layout.size()));
        // SAFETY: the caller keeps the obligations of the system allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(size: usize) {
    IN_USE.set(IN_USE.get().wrapping_add(size));
    PEAK.set(PEAK.get().max(IN_USE.get()));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the result of `f`, and the peak of the bytes that this thread used in addition to those in use before.
pub(crate) fn peak<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = IN_USE.get();
    PEAK.set(before);
    let result = f();
    (result, PEAK.get() - before)
}

#[test]
fn memory_in_use_is_counted() {
    let (sum, bytes) = peak(|| vec![1_u8; 1 << 20].len() + vec![1_u8; 1 << 10].len());
    assert_eq!((sum, bytes), ((1 << 20) + (1 << 10), (1 << 20) + (1 << 10)));
}
