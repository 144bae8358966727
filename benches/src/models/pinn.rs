//! A physics-informed network: u(x, t) solves Burgers' equation `∂u/∂t + u ∂u/∂x = ν ∂²u/∂x²`.

use super::{Descent, layer, uniform};
use crate::peer::Peer;
use autodiff::elementwise::Unary;
use autodiff::tensor::{Tensor, Var};
use std::array;
use std::f64::consts::PI;

const WIDTHS: [usize; 5] = [2, 64, 64, 64, 1];
pub(super) const POINTS: usize = 1024;
const VISCOSITY: f64 = 0.01 / PI;
const RATE: f32 = 1e-3;

pub(super) struct Training {
    /// One point (x, t) per row.
    points: Tensor<f32>,
    /// A matrix and a vector for each layer.
    descent: Descent<8>,
}

impl Training {
    pub(super) fn new(points: usize) -> Training {
        let mut points = uniform(1, [points, 2], 1.0);
        for t in points.data_mut().iter_mut().skip(1).step_by(2) {
            *t = t.abs();
        }
        Training {
            points,
            descent: Descent::new(parameters(), RATE),
        }
    }
}

fn parameters() -> [Tensor<f32>; 8] {
    let layer = |i| layer(2 + i as u32, WIDTHS[i + 1], WIDTHS[i]);
    let [[a, b], [c, d], [e, f], [g, h]] = array::from_fn(layer);
    [a, b, c, d, e, f, g, h]
}

/// The mean square of the residual of the equation.
fn loss<'t>(points: Var<'t, f32>, parameters: [Var<'t, f32>; 8]) -> Var<'t, f32> {
    let [hidden @ .., weight, bias] = parameters;
    let mut y = points;
    for layer in hidden.chunks_exact(2) {
        y = y.dense(layer[0], layer[1], Unary::Tanh);
    }
    let u = y.linear(weight, bias);

    let [slopes] = u.sum().recorded_gradients(&[points]);
    let (u_x, u_t) = (slopes.narrow(1, 0..1), slopes.narrow(1, 1..2));
    let [curvatures] = u_x.sum().recorded_gradients(&[points]);
    let u_xx = curvatures.narrow(1, 0..1);
    (u_t + u * u_x - u_xx * VISCOSITY).square().mean()
}

impl Peer for Training {
    fn setting(&self) -> String {
        "the tape".into()
    }

    fn reset(&mut self) {
        self.descent = Descent::new(parameters(), RATE);
    }

    fn step(&mut self, _batch: usize) {
        let points = &self.points;
        self.descent
            .step(|tape, parameters| loss(tape.var(points), parameters));
    }

    fn cost(&mut self) -> f64 {
        self.descent.cost.into()
    }
}
