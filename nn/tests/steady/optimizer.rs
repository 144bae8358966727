//! An optimizer allocates nothing after its first step.

use crate::counting::fewest_allocations;
use autodiff::tensor::Real;
use nn::{Adam, AdamW, Optimizer, Sgd, SgdSettings};

/// More steps than a thread may allocate in, so that one allocation in each step is noticed.
const STEPS: usize = 12;

/// Returns the number of allocations in some steps after the first.
fn allocations_of_steps<T: Real>(optimizer: &mut dyn Optimizer<T>, size: usize) -> usize {
    let (mut parameters, gradient) = (vec![T::EPSILON; size], vec![T::EPSILON; size]);
    optimizer.step(&mut parameters, &gradient).unwrap();
    fewest_allocations(|| {
        (0..STEPS).for_each(|_| optimizer.step(&mut parameters, &gradient).unwrap());
    })
}

fn check<T: Real>(size: usize, allowed: usize) {
    let momentum = SgdSettings {
        momentum: 0.9,
        ..SgdSettings::new(0.1)
    };
    let optimizers: [Box<dyn Optimizer<T>>; 4] = [
        Box::new(Sgd::new(0.1)),
        Box::new(Sgd::by(momentum).unwrap()),
        Box::new(Adam::new(0.1)),
        Box::new(AdamW::new(0.1)),
    ];
    for (number, mut optimizer) in optimizers.into_iter().enumerate() {
        let found = allocations_of_steps(&mut *optimizer, size);
        assert!(
            found <= allowed,
            "optimizer {number}, {size} parameters: {found} allocations"
        );
    }
}

pub(crate) fn check_all() {
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        // Few parameters, and enough for threads to share them. A thread allocates a little memory when it first takes
        // work from another thread; the number of allocations does not grow with the steps.
        for (size, allowed) in [(100, 0), (300_000, 10 * (threads - 1))] {
            pool.install(|| {
                check::<f32>(size, allowed);
                check::<f64>(size, allowed);
            });
        }
    }
}
