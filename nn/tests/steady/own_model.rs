//! A step of a model of one's own allocates nothing either.

use crate::counting::fewest_allocations;
use autodiff::tensor::{Algebra, Real, Tensor};
use nn::layers::{Dropout, Layer, Linear};
use nn::{Adam, BatchGradient, Builder, Layout, Model, Optimizer, Pass, Sgd};
use rayon::ThreadPoolBuilder;
use std::sync::Arc;

/// A residual network with dropout.
struct Residual {
    layers: [Linear; 3],
    dropout: Dropout,
    layout: Arc<Layout>,
}

impl Residual {
    fn new(width: usize) -> Residual {
        let b = Builder::new();
        let layer = |name, inputs, outputs| Linear::new(&b.at(name), inputs, outputs);
        Residual {
            layers: [
                layer("input", 3, width),
                layer("inner", width, width),
                layer("output", width, 1),
            ],
            dropout: Dropout::new(&b, 0.25),
            layout: b.layout(),
        }
    }
}

impl Model for Residual {
    type Chunk<T: Real> = [Tensor<T>; 2];

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, [x, y]: [Tensor<A::Element>; 2]) -> A {
        let [input, inner, output] = &self.layers;
        let h = input.forward(pass, &pass.constant(x));
        let h = inner.forward(pass, &self.dropout.forward(pass, &h.tanh())) + h;
        output.forward(pass, &h).squared_distance(pass.constant(y))
    }
}

fn check<T: Real>(samples: usize) {
    let model = Residual::new(20);
    let column = |width| Tensor::from_fn([samples, width], |i| T::from_f64((i as f64).sin()));
    let batch = [column(3), column(1)];
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
        (0..10).for_each(|_| step());
        let found = fewest_allocations(|| (0..20).for_each(|_| step()));
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
