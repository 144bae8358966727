//! Scalar problems for timing gradients: ports of well-known problems, generic over the number type.
//!
//! Each problem draws its inputs from a seed and computes its [value](Problem::value) with any [`Number`]. Its
//! [gradient](Problem::gradient) is written out by hand, as the reference for correctness and speed. The Gaussian
//! mixture and the LSTM are from ADBench, least squares and the differential equation from GradBench.
//!
//! A tool takes part by implementing [`Number`] for its variable. It visits the problems with a [`Visitor`].

mod chain;
mod gmm;
mod least_squares;
mod lstm;
#[cfg(test)]
mod memory;
mod number;
mod ode;
mod ours;
mod rosenbrock;

pub use chain::Chain;
pub use gmm::Gmm;
pub use least_squares::LeastSquares;
pub use lstm::Lstm;
pub use number::Number;
pub use ode::Ode;
pub use ours::Ours;
pub use rosenbrock::Rosenbrock;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A function of many numbers to one number, with the point at which it is differentiated.
pub trait Problem {
    /// The name, with the sizes: `rosenbrock n=10000`.
    fn name(&self) -> String;

    /// The point at which the function is differentiated.
    fn parameters(&self) -> &[f64];

    /// Computes f(x).
    fn value<N: Number>(&self, x: &[N]) -> N;

    /// Overwrites `out` with ∇f(x) and returns f(x). The formulas are written by hand, without a tape.
    fn gradient(&self, x: &[f64], out: &mut [f64]) -> f64;
}

/// An action on each problem of a list. It is a trait, because a closure cannot be generic over the problem.
pub trait Visitor {
    /// Called once for each problem.
    fn visit<P: Problem>(&mut self, problem: &P);
}

/// Visits every problem at the size at which it is timed. Each problem is dropped before the next one is created, so
/// that the large ones are not in memory together.
pub fn visit_all(visitor: &mut impl Visitor) {
    const SEED: u64 = 1;
    visitor.visit(&Gmm::new(10, 25, 1000, SEED));
    visitor.visit(&Lstm::new(2, 14, 1024, SEED));
    visitor.visit(&LeastSquares::new(4096, 128, SEED));
    visitor.visit(&Ode::new(20, 2000, SEED));
    visitor.visit(&Rosenbrock::new(10_000, SEED));
    visitor.visit(&Rosenbrock::new(1_000_000, SEED));
    visitor.visit(&Chain::new(10_000, SEED));
}

/// The difference of two gradients: the largest |gᵢ − rᵢ| / max(|rᵢ|, rms(r)) over the components.
///
/// The rounding error of a component is proportional to the terms that it sums, and the terms may cancel. The
/// components of one gradient have similar terms, so the root mean square of all components is an estimate of the terms
/// of each. Unlike max(1, |rᵢ|), it does not depend on the unit of the value. A component that is NaN is infinitely far
/// off.
pub fn disagreement(gradient: &[f64], reference: &[f64]) -> f64 {
    assert_eq!(
        gradient.len(),
        reference.len(),
        "gradients of different lengths"
    );
    let squares: f64 = reference.iter().map(|r| r * r).sum();
    let typical = (squares / reference.len() as f64).sqrt();
    let distance = |(g, r): (&f64, &f64)| {
        let distance = (g - r).abs() / r.abs().max(typical);
        // Equal infinities, and equal components of a zero gradient, would give NaN.
        if g == r {
            0.0
        } else if distance.is_nan() {
            f64::INFINITY
        } else {
            distance
        }
    };
    gradient
        .iter()
        .zip(reference)
        .map(distance)
        .fold(0.0, f64::max)
}

/// A random number generator that depends on the seed alone.
pub(crate) fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// `count` uniformly distributed numbers between `low` and `high`.
pub(crate) fn uniform(random: &mut ChaCha8Rng, count: usize, low: f64, high: f64) -> Vec<f64> {
    (0..count).map(|_| random.random_range(low..high)).collect()
}

#[cfg(test)]
mod checks {
    //! Checks hand-written gradients against finite differences, for the tests of all problems.

    use super::*;

    /// A gradient with a larger error is wrong.
    const TOLERANCE: f64 = 1e-7;

    /// The largest error of `gradient` along a few random directions d with entries ±1, relative to Σ|gᵢ|. The slope
    /// along d is a finite difference of fourth order. Every component has the same weight in every direction, so a
    /// wrong component affects each of them.
    fn error_along_directions<P: Problem>(problem: &P, gradient: &[f64]) -> f64 {
        const STEP: f64 = 1e-3;
        let x = problem.parameters();
        let scale: f64 = gradient.iter().map(|g| g.abs()).sum();
        let mut random = random(7);
        let error = |_| {
            let direction: Vec<f64> = x
                .iter()
                .map(|_| f64::from(random.random_range(0..2)) * 2.0 - 1.0)
                .collect();
            let at = |step: f64| {
                let moved: Vec<f64> = x
                    .iter()
                    .zip(&direction)
                    .map(|(x, d)| x + step * d)
                    .collect();
                problem.value(&moved)
            };
            let near = at(STEP) - at(-STEP);
            let far = at(2.0 * STEP) - at(-2.0 * STEP);
            let differences = (8.0 * near - far) / (12.0 * STEP);
            let slope: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
            (slope - differences).abs() / scale
        };
        (0..6).map(error).fold(0.0, f64::max)
    }

    /// Checks value and gradient of a small problem. Also checks that an error of 0.1 % of the largest component, in
    /// any single component, would be detected.
    pub(super) fn check<P: Problem>(problem: &P) {
        let x = problem.parameters();
        // The gradient must not depend on the previous contents of the buffer.
        let mut gradient = vec![f64::NAN; x.len()];
        let value = problem.gradient(x, &mut gradient);
        let plain = problem.value(x);
        assert!(
            (value - plain).abs() <= 1e-13 * plain.abs().max(1.0),
            "value {value}, plain function {plain}"
        );

        let error = error_along_directions(problem, &gradient);
        assert!(
            error <= TOLERANCE,
            "{}: the gradient is off by {error}",
            problem.name()
        );

        let largest = gradient
            .iter()
            .fold(0.0, |largest: f64, g| largest.max(g.abs()));
        for wrong in 0..gradient.len() {
            let right = gradient[wrong];
            gradient[wrong] += 1e-3 * largest;
            let error = error_along_directions(problem, &gradient);
            assert!(
                error > TOLERANCE,
                "{}: an error in component {wrong} passes",
                problem.name()
            );
            gradient[wrong] = right;
        }
    }

    struct FiniteAtFullSize;

    impl Visitor for FiniteAtFullSize {
        fn visit<P: Problem>(&mut self, problem: &P) {
            let x = problem.parameters();
            let mut gradient = vec![f64::NAN; x.len()];
            let value = problem.gradient(x, &mut gradient);
            let plain = problem.value(x);
            assert!(value.is_finite(), "{}", problem.name());
            assert!(
                (value - plain).abs() <= 1e-12 * plain.abs(),
                "{}: {value}, {plain}",
                problem.name()
            );
            assert!(gradient.iter().all(|g| g.is_normal()), "{}", problem.name());
        }
    }

    #[test]
    fn every_problem_is_finite_at_full_size() {
        visit_all(&mut FiniteAtFullSize);
    }

    #[test]
    fn disagreement_is_relative_to_the_component_or_the_root_mean_square() {
        assert_eq!(disagreement(&[3.0, 0.0], &[3.0, 0.0]), 0.0);
        assert_eq!(disagreement(&[0.0], &[0.0]), 0.0);
        // The large component relative to itself, the small one relative to the root mean square, which is 5.
        assert_eq!(disagreement(&[7.0 * 1.5, 1.0], &[7.0, 1.0]), 0.5);
        assert_eq!(disagreement(&[7.0, 1.5], &[7.0, 1.0]), 0.1);
        assert_eq!(disagreement(&[f64::NAN, 1.0], &[7.0, 1.0]), f64::INFINITY);
    }
}
