//! After its first step an optimizer asks for no memory.
#![allow(unsafe_code)]

use autodiff::tensor::Real;
use nn::{Adam, AdamW, Optimizer, Sgd, SgdSettings};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it came, so its guarantees are those of this one.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's obligations are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory came from `System.alloc` with this layout.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The allocations in the first step, and in a hundred more.
fn allocations<T: Real>(optimizer: &mut dyn Optimizer<T>, size: usize) -> [usize; 2] {
    let (mut parameters, gradient) = (vec![T::EPSILON; size], vec![T::EPSILON; size]);
    [1, 100].map(|steps| {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        (0..steps).for_each(|_| optimizer.step(&mut parameters, &gradient));
        ALLOCATIONS.load(Ordering::Relaxed) - before
    })
}

fn check<T: Real>(size: usize) {
    let momentum = SgdSettings {
        momentum: 0.9,
        ..SgdSettings::new(0.1)
    };
    assert_eq!(allocations::<T>(&mut Sgd::new(0.1), size), [0, 0]);
    let optimizers: [Box<dyn Optimizer<T>>; 3] = [
        Box::new(Sgd::with(momentum).unwrap()),
        Box::new(Adam::new(0.1)),
        Box::new(AdamW::new(0.1)),
    ];
    for mut optimizer in optimizers {
        let [first, later] = allocations(&mut *optimizer, size);
        assert!(
            first > 0,
            "{optimizer:?} has no moments, or the counter does not count"
        );
        assert_eq!(later, 0, "{optimizer:?}");
    }
}

/// One test, since the counter counts for the whole process.
#[test]
fn a_steady_step_allocates_nothing() {
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        // Few parameters, and so many that they are shared among threads.
        for size in [100, 300_000] {
            pool.install(|| {
                check::<f32>(size);
                check::<f64>(size);
            });
        }
    }
}
