//! A custom model, and points to train it on.

use autodiff::tensor::{Algebra, Real, Tensor};
use nn::layers::{Dropout, Layer, Linear};
use nn::{Builder, Layout, Model, Pass};
use std::sync::Arc;

/// A residual network with dropout and a robust cost.
pub(crate) struct Residual {
    layers: [Linear; 3],
    dropout: Dropout,
    layout: Arc<Layout>,
}

impl Residual {
    pub(crate) fn new(width: usize) -> Residual {
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
        let error = output.forward(pass, &h) - pass.constant(y);
        ((error.square() + 1.0).sqrt() - 1.0).sum()
    }
}

pub(crate) fn points<T: Real>(samples: usize) -> [Tensor<T>; 2] {
    let x = Tensor::from_flat_fn([samples, 3], |i| T::from_f64((i as f64 * 0.7).sin()));
    let y = Tensor::from_flat_fn([samples, 1], |i| {
        T::from_f64((3.0 * x.at([i, 0]).to_f64()).sin())
    });
    [x, y]
}
