//! `ode`: y' = f(x, y) with f₀ = x₀ and fᵢ = xᵢ yᵢ₋₁, from y(0) = 0 to y(2), by s steps of the classical Runge–Kutta
//! method. The gradient is that of the last component.
//!
//! The gradient is one backward pass over a recording. In s steps only the first 4 s components leave 0. The others are
//! products with the constant 0, which are constants themselves, so they are not recorded.

use crate::call::{Answer, Call};
use crate::error::{Error, ensure};
use crate::memory;
use autodiff::scalar::{Gradients, Scalar, Tape};
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    x: Vec<f64>,
    s: usize,
}

/// The time at which y is asked for.
const END: f64 = 2.0;

/// Returns y(2). A component depends on the one before it, so all stages of a step are computed in one pass over the
/// components.
fn solve<T: Scalar<Plain = f64>>(
    x: &(impl Iterator<Item = T> + Clone),
    n: usize,
    steps: usize,
) -> Vec<T> {
    let h = END / steps as f64;
    let mut y = vec![T::default(); n];
    for _ in 0..steps {
        // What fᵢ multiplies with xᵢ in each stage: yᵢ₋₁ there.
        let mut stages = [T::from_f64(1.0); 4];
        for (x, y) in x.clone().zip(&mut y) {
            let [k1, k2, k3, k4] = stages.map(|stage| x * stage);
            stages = [*y, *y + k1 * (h / 2.0), *y + k2 * (h / 2.0), *y + k3 * h];
            *y += (k1 + (k2 + k3) * 2.0 + k4) * (h / 6.0);
        }
    }
    y
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let Input { x, s } = call.input()?;
    let n = x.len();
    ensure!(n > 0, "x is empty");
    match call.function.as_str() {
        "primal" => call.time(|| solve(&x.iter().copied(), n, s)),
        "gradient" => {
            // Some 11 operations of 32 bytes for each component and step.
            let active = n.min(s.saturating_mul(4));
            memory::check(memory::product([active, s, 11 * 32]))?;
            let (mut tape, mut gradients) = (Tape::new(), Gradients::default());
            let record = |gradient: &mut Vec<f64>| {
                tape.reset();
                let leaves = tape.leaves(&x);
                gradients.update([solve(&leaves.iter(), n, s)[n - 1]]);
                gradients.wrt_leaves_into(&leaves, gradient);
            };
            call.time_into(vec![0.0; n], record, |gradient| gradient)
        }
        _ => Err(call.unknown()),
    }
}
