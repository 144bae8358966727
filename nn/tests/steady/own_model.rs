//! A step of a custom model allocates nothing either.

use crate::counting::fewest_allocations;
use crate::residual::{Residual, points};
use autodiff::tensor::Real;
use nn::{Adam, BatchGradient, Model, Optimizer, Sgd};
use rayon::ThreadPoolBuilder;

fn check<T: Real>(samples: usize) {
    let model = Residual::new(20);
    let batch = points::<T>(samples);
    let optimizers: [&mut dyn Optimizer<T>; 2] = [&mut Sgd::new(0.01), &mut Adam::new(0.01)];
    for (number, optimizer) in optimizers.into_iter().enumerate() {
        let mut parameters = model.layout().init::<T>(1);
        let mut gradient = BatchGradient::tape(&model);
        let mut step = || {
            let before = parameters.data().as_ptr();
            gradient.step(&mut parameters, &batch, optimizer).unwrap();
            let after = parameters.data().as_ptr();
            assert_eq!(after, before, "the parameters were copied");
        };
        (0..3).for_each(|_| step());
        let found = fewest_allocations(|| (0..2).for_each(|_| step()));
        assert_eq!(found, 0, "{samples} samples, optimizer {number}");
    }
}

pub(crate) fn check_all() {
    let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        for samples in [1, 20, 100, 1500] {
            check::<f32>(samples);
            check::<f64>(samples);
        }
    });
}
