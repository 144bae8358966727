//! An allocator that counts allocations, for tests that expect none. The counter is global to the process, so the test
//! must be the only one in its program.
#![allow(unsafe_code, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns the number of allocations during `work`, on all threads.
pub(crate) fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// Returns the smallest number of allocations of three runs, because the test harness has a thread that may allocate.
pub(crate) fn fewest_allocations(mut work: impl FnMut()) -> usize {
    let counted = [(); 3].map(|()| allocations(&mut work));
    counted.into_iter().min().unwrap_or(0)
}

/// Checks that the counter counts: otherwise every test would find no allocations.
#[track_caller]
pub(crate) fn assert_counting() {
    let counted = allocations(|| drop(black_box(vec![0_u8; 100])));
    assert!(counted > 0, "the counter counts");
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on unchanged to the system allocator, which keeps the guarantees of the trait.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the obligations of the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory came from `System.alloc` or `System.realloc` with this layout.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the memory came from `System.alloc` or `System.realloc` with this layout, and the caller keeps the
        // obligations for `size`.
        unsafe { System.realloc(memory, layout, size) }
    }
}
