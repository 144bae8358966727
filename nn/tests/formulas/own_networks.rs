//! Custom networks and losses.

use crate::callers_line::refused;
use crate::residual::points;
use autodiff::tensor::{Algebra, Real, Targets, Tensor};
use nn::layers::{Layer, Linear};
use nn::{BatchGradient, Builder, Layout, Loss, Network, Pass, Supervised, evaluate};
use std::sync::Arc;

/// A network that returns at most a given number of rows.
struct Wide {
    layer: Linear,
    layout: Arc<Layout>,
    rows: usize,
}

impl Network for Wide {
    type Input<T: Real> = Tensor<T>;

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    fn outputs<A: Algebra>(&self, pass: &Pass<'_, A>, x: Tensor<A::Element>) -> A {
        let rows = x.shape()[0];
        let x = x.rows(0..rows.min(self.rows));
        self.layer.forward(pass, &pass.constant(x))
    }
}

/// A loss: the sum of the absolute differences.
struct Absolute;

impl Loss for Absolute {
    type Targets<T: Real> = Tensor<T>;

    fn sum<A: Algebra>(&self, outputs: &A, targets: Tensor<A::Element>) -> A {
        (outputs - outputs.constant(targets)).abs().sum()
    }
}

#[test]
fn a_custom_network_works_with_custom_and_standard_losses() {
    let b = Builder::new();
    let mut network = Wide {
        layer: Linear::new(&b, 3, 4),
        layout: b.layout(),
        rows: usize::MAX,
    };
    let parameters = network.layout().init::<f64>(1);
    let [x, y] = points::<f64>(100);

    let model = Supervised::new(&network, Absolute);
    let weight = parameters.tensor(0);
    let expected = (x.linear(&weight, parameters.tensor(1)) - &y)
        .abs()
        .sum()
        .item()
        / 100.0;
    let mut gradient = BatchGradient::tape(&model);
    let (cost, _) = gradient.compute(&parameters, &(x.clone(), y.clone()));
    assert!((cost - expected).abs() < 1e-14);

    let classes = Targets::Classes(Tensor::from_flat_fn([100], |i| (i % 4) as u32));
    let model = Supervised::new(&network, nn::StandardLoss::cross_entropy());
    let found = evaluate(&model, &parameters, &(x.clone(), classes.clone()));
    assert_eq!(
        (found.samples(), &found.confusion.shape()[..]),
        (100, &[4, 4][..])
    );

    let wrong = Targets::Classes(Tensor::from_flat_fn([100], |i| 4 * u32::from(i == 70)));
    refused(
        "compute: sample 70 is of class 4, and there are 4 outputs",
        || {
            let _ = BatchGradient::tape(model).compute(&parameters, &(x.clone(), wrong));
        },
    );
    network.rows = 7;
    let model = Supervised::new(&network, nn::StandardLoss::cross_entropy());
    refused("evaluate: outputs of shape [7, 4] are not 50 rows", || {
        let _ = evaluate(&model, &parameters, &(x.clone(), classes.clone()));
    });
}
