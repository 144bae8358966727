//! A physics-informed network: u(x, t) solves Burgers' equation `∂u/∂t + u ∂u/∂x = ν ∂²u/∂x²`.

use super::{Descent, layer, uniform};
use crate::peer::Peer;
use autodiff::elementwise::Unary;
use autodiff::tensor::{Tensor, Var};
use std::f64::consts::PI;

const WIDTHS: [usize; 5] = [2, 64, 64, 64, 1];
const POINTS: usize = 1024;
const VISCOSITY: f64 = 0.01 / PI;
const RATE: f32 = 1e-3;

pub(super) struct Training {
    /// One point (x, t) per row.
    points: Tensor<f32>,
    descent: Descent,
}

impl Training {
    pub(super) fn new() -> Training {
        let mut points = uniform(1, [POINTS, 2], 1.0);
        for t in points.data_mut().iter_mut().skip(1).step_by(2) {
            *t = t.abs();
        }
        Training {
            points,
            descent: Descent::new(parameters(), RATE),
        }
    }
}

fn parameters() -> Vec<Tensor<f32>> {
    let layers = WIDTHS.windows(2).zip(2..);
    layers
        .flat_map(|(widths, stream)| layer(stream, widths[1], widths[0]))
        .collect()
}

/// The mean square of the residual of the equation.
fn loss<'t>(points: Var<'t, f32>, parameters: &[Var<'t, f32>]) -> Var<'t, f32> {
    let [hidden @ .., weight, bias] = parameters else {
        unreachable!("there is a last layer")
    };
    let mut y = points;
    for layer in hidden.chunks_exact(2) {
        y = y.dense(layer[0], layer[1], Unary::Tanh);
    }
    let u = y.linear(*weight, *bias);

    let slopes = u.sum().recorded_gradients(&[points])[0];
    let (u_x, u_t) = (slopes.narrow(1, 0..1), slopes.narrow(1, 1..2));
    let u_xx = u_x.sum().recorded_gradients(&[points])[0].narrow(1, 0..1);
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
