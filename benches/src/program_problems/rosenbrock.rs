//! The Rosenbrock function at many points.

use super::{Points, Problem, Real};
use crate::scalar_problems::{random, uniform};

/// The Rosenbrock function f(x) = Σᵢ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)², with its gradient at each point.
///
/// With vᵢ = xᵢ₊₁ − xᵢ² the gradient is ∂f/∂xᵢ = 200 vᵢ₋₁ − 400 xᵢ vᵢ − 2 (1 − xᵢ), where the first term is missing for
/// the first variable, and the others for the last.
pub struct Rosenbrock {
    points: Points,
}

impl Rosenbrock {
    /// Creates a problem with `variables` variables, at `points` points with coordinates between −2 and 2.
    pub fn new(variables: usize, points: usize, seed: u64) -> Self {
        let numbers = uniform(&mut random(seed), points * variables, -2.0, 2.0);
        Rosenbrock {
            points: Points::new(variables, numbers),
        }
    }
}

impl Problem<1> for Rosenbrock {
    fn name(&self) -> String {
        format!("rosenbrock-{}", self.points.width())
    }

    fn points(&self) -> &Points {
        &self.points
    }

    fn values<N: Real>(&self, _: &[N], x: &[N]) -> [N; 1] {
        let terms = x.array_windows().map(|&[x, next]| {
            let valley = next - x.square();
            valley.square() * 100.0 + (x - 1.0).square()
        });
        [terms.sum()]
    }

    fn by_hand(&self, x: &[f64], _: &mut Vec<f64>, derivatives: &mut [f64]) -> [f64; 1] {
        let mut value = 0.0;
        // The contribution of term i − 1 to ∂f/∂xᵢ.
        let mut from_before = 0.0;
        for (&[x, next], derivative) in x.array_windows().zip(derivatives.iter_mut()) {
            let valley = next - x * x;
            let away = x - 1.0;
            value += 100.0 * valley * valley + away * away;
            *derivative = from_before - 400.0 * valley * x + 2.0 * away;
            from_before = 200.0 * valley;
        }
        *derivatives.last_mut().expect("at least one variable") = from_before;
        [value]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_by_hand_are_the_tapes() {
        crate::program_problems::checks::check(&Rosenbrock::new(20, 8, 1), 0);
        crate::program_problems::checks::check(&Rosenbrock::new(2, 3, 2), 0);
    }
}
