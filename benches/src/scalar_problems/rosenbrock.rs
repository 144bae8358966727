//! The Rosenbrock function.

use super::{Number, Problem, random, uniform};

/// The Rosenbrock function of many variables, f(x) = Σᵢ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)².
pub struct Rosenbrock {
    start: Vec<f64>,
}

impl Rosenbrock {
    /// Creates a problem with `variables` variables, at a point with coordinates between −2 and 2.
    pub fn new(variables: usize, seed: u64) -> Self {
        Rosenbrock {
            start: uniform(&mut random(seed), variables, -2.0, 2.0),
        }
    }
}

impl Problem for Rosenbrock {
    fn name(&self) -> String {
        format!("rosenbrock n={}", self.start.len())
    }

    fn parameters(&self) -> &[f64] {
        &self.start
    }

    fn value<N: Number>(&self, x: &[N]) -> N {
        N::sum(x.array_windows().map(|&[x, next]| {
            let valley = next - x.square();
            valley.square() * 100.0 + x.subtract_from(1.0).square()
        }))
    }

    fn gradient(&self, x: &[f64], out: &mut [f64]) -> f64 {
        let mut value = 0.0;
        // The contribution of term i − 1 to ∂f/∂xᵢ.
        let mut from_before = 0.0;
        for (&[x, next], out) in x.array_windows().zip(out.iter_mut()) {
            let valley = next - x * x;
            let away = 1.0 - x;
            value += 100.0 * valley * valley + away * away;
            *out = from_before - 400.0 * valley * x - 2.0 * away;
            from_before = 200.0 * valley;
        }
        *out.last_mut().expect("at least one variable") = from_before;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_matches_differences() {
        crate::scalar_problems::checks::check(&Rosenbrock::new(7, 1));
    }

    #[test]
    fn the_minimum_is_at_ones() {
        let problem = Rosenbrock::new(5, 1);
        let mut gradient = [f64::NAN; 5];
        assert_eq!(problem.gradient(&[1.0; 5], &mut gradient), 0.0);
        assert_eq!(gradient, [0.0; 5]);
    }
}
