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

/// The allocations in a hundred steps after the first; the fewest of three times, since the test's harness has a thread
/// of its own.
fn allocations<T: Real>(optimizer: &mut dyn Optimizer<T>, size: usize) -> usize {
    let (mut parameters, gradient) = (vec![T::EPSILON; size], vec![T::EPSILON; size]);
    optimizer.step(&mut parameters, &gradient);
    let counted = [(); 3].map(|()| {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        (0..100).for_each(|_| optimizer.step(&mut parameters, &gradient));
        ALLOCATIONS.load(Ordering::Relaxed) - before
    });
    counted.into_iter().min().unwrap_or(0)
}

fn check<T: Real>(size: usize, allowed: usize) {
    let momentum = SgdSettings {
        momentum: 0.9,
        ..SgdSettings::new(0.1)
    };
    let optimizers: [Box<dyn Optimizer<T>>; 4] = [
        Box::new(Sgd::new(0.1)),
        Box::new(Sgd::with(momentum).unwrap()),
        Box::new(Adam::new(0.1)),
        Box::new(AdamW::new(0.1)),
    ];
    for (number, mut optimizer) in optimizers.into_iter().enumerate() {
        let found = allocations(&mut *optimizer, size);
        assert!(
            found <= allowed,
            "optimizer {number}, {size} parameters: {found} allocations"
        );
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
        // Few parameters, and so many that they are shared among threads. A thread asks for a little memory when it
        // first takes work from another, which does not grow with the steps.
        for (size, allowed) in [(100, 0), (300_000, 10 * (threads - 1))] {
            pool.install(|| {
                check::<f32>(size, allowed);
                check::<f64>(size, allowed);
            });
        }
    }

    let counted = ALLOCATIONS.load(Ordering::Relaxed);
    drop(std::hint::black_box(vec![0_u8; 100]));
    assert!(
        ALLOCATIONS.load(Ordering::Relaxed) > counted,
        "the counter counts"
    );
}
