//! An allocator that counts, for tests that find none to count. It counts for the whole process, so such a test is alone
//! in its program.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often memory is asked for while `work` is done, on any thread.
pub(crate) fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// The fewest of three times, since the tests' harness has a thread of its own.
pub(crate) fn fewest_allocations(mut work: impl FnMut()) -> usize {
    let counted = [(); 3].map(|()| allocations(&mut work));
    counted.into_iter().min().unwrap_or(0)
}

/// A counter that does not count would find that nothing is allocated.
#[track_caller]
pub(crate) fn assert_counting() {
    let counted = allocations(|| drop(black_box(vec![0_u8; 100])));
    assert!(counted > 0, "the counter counts");
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it came, so its guarantees are those of this one.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's obligations are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory came from `System.alloc` or `System.realloc` with this layout.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}
