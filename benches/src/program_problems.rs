//! Problems for replaying one recording at many points: functions that are small, and evaluated often.
//!
//! Each problem draws its points from a seed and computes its [values](Problem::values) with any [`Real`]. Its
//! [derivatives](Problem::by_hand) are written out by hand, and [`OnTape`] computes them with a recording for each
//! point. Both are references for correctness and speed.
//!
//! | problem | shared inputs | inputs of a point | derivatives |
//! |---|---:|---:|---|
//! | [`Rosenbrock`] | – | n | the gradient at each point |
//! | [`BundleAdjustment`] | – | 15 | the 2 × 15 Jacobian at each point |
//! | [`AsianOption`] | 5 | 16 | of the sum, with respect to the shared inputs |
//! | [`Lstm`] | 88 | 56 | of the sum, with respect to the shared inputs |
//! | [`Diffusion`] | – | 20 | the gradient at each point |
//! | [`TwoPaths`] | – | 8 | the gradient at each point |
//! | [`ManyPaths`] | – | 5 | the gradient at each point |
//!
//! [`SparseResiduals`] is of another kind: one function at many selections from the variables of one point.

mod asian_option;
mod bundle_adjustment;
mod diffusion;
mod lstm;
mod on_tape;
mod paths;
mod rosenbrock;
mod sparse;

pub use asian_option::AsianOption;
pub use bundle_adjustment::BundleAdjustment;
pub use diffusion::Diffusion;
pub use lstm::Lstm;
pub use on_tape::OnTape;
pub use paths::{ManyPaths, TwoPaths};
pub use rosenbrock::Rosenbrock;
pub use sparse::{SUPPORT, SparseResiduals, residual};

use autodiff::Number;
use std::iter::Sum;
use std::ops::{Add, Div, Mul, Sub};

/// A number with which the problems are computed: `f64`, or the variable of a tape.
pub trait Real:
    Number<Mask = bool>
    + Sum
    + PartialOrd<f64>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
}

impl<N> Real for N where
    N: Number<Mask = bool>
        + Sum
        + PartialOrd<f64>
        + Add<f64, Output = N>
        + Sub<f64, Output = N>
        + Mul<f64, Output = N>
        + Div<f64, Output = N>
{
}

/// A function of shared inputs and of the inputs of one point, with the points at which it is differentiated.
///
/// If there are shared inputs, the wanted derivatives are those of the sum over all points, with respect to the shared
/// inputs. Otherwise they are those at each point, with respect to its inputs.
pub trait Problem<const OUTPUTS: usize>: Sync {
    /// The name, without spaces: `rosenbrock-20`.
    fn name(&self) -> String;

    /// The inputs that all points share.
    fn shared(&self) -> &[f64] {
        &[]
    }

    /// The points.
    fn points(&self) -> &Points;

    /// Computes the outputs at one point.
    fn values<N: Real>(&self, shared: &[N], point: &[N]) -> [N; OUTPUTS];

    /// Returns the outputs at one point, and computes their derivatives by formulas that are written by hand, without a
    /// tape. Derivatives with respect to shared inputs are added to `derivatives`, the others overwrite it, one row for
    /// each output. What `scratch` contains does not matter: it is memory that is reused from point to point.
    fn by_hand(
        &self,
        point: &[f64],
        scratch: &mut Vec<f64>,
        derivatives: &mut [f64],
    ) -> [f64; OUTPUTS];

    /// Whether the derivatives are summed over the points.
    fn is_summed(&self) -> bool {
        !self.shared().is_empty()
    }

    /// The number of derivatives at one point: outputs times inputs.
    fn derivative_count(&self) -> usize {
        let inputs = if self.is_summed() {
            self.shared().len()
        } else {
            self.points().width()
        };
        OUTPUTS * inputs
    }
}

/// Points with the same number of inputs.
pub struct Points {
    width: usize,
    numbers: Vec<f64>,
}

impl Points {
    /// Creates points of `width` inputs each, which are given one point after the other.
    ///
    /// # Panics
    /// If the last point is incomplete.
    pub fn new(width: usize, numbers: Vec<f64>) -> Self {
        assert_eq!(numbers.len() % width, 0, "an incomplete point");
        Points { width, numbers }
    }

    /// The number of inputs of a point.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of points.
    pub fn count(&self) -> usize {
        self.numbers.len() / self.width
    }

    /// The inputs of all points, one point after the other.
    pub fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// The points.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.numbers.chunks_exact(self.width)
    }

    /// The inputs of all points, one input after the other.
    pub fn columns(&self) -> Vec<f64> {
        let column = |input| self.rows().map(move |row| row[input]);
        (0..self.width).flat_map(column).collect()
    }
}

/// An action on each problem of a list. It is a trait, because a closure cannot be generic over the problem.
pub trait Visitor {
    /// Called once for each problem.
    fn visit<P: Problem<OUTPUTS>, const OUTPUTS: usize>(&mut self, problem: &P);
}

/// The seed of all problems that are timed.
const SEED: u64 = 1;

/// The number of points at which problems are timed.
const POINTS: usize = 1024;

/// Visits the five problems that are compared with other tools.
pub fn visit_compared(visitor: &mut impl Visitor) {
    visitor.visit(&Rosenbrock::new(20, POINTS, SEED));
    visitor.visit(&BundleAdjustment::new(POINTS, SEED));
    visitor.visit(&AsianOption::new(POINTS, SEED));
    visitor.visit(&Lstm::new(POINTS, SEED));
    visitor.visit(&Diffusion::new(POINTS, SEED));
}

/// Visits the functions with branches, and a long function at one point.
pub fn visit_others(visitor: &mut impl Visitor) {
    visitor.visit(&TwoPaths::new(POINTS, SEED));
    visitor.visit(&ManyPaths::new(20, SEED));
    visitor.visit(&ManyPaths::new(POINTS, SEED));
    visitor.visit(&Rosenbrock::new(10_000, 1, SEED));
}

#[cfg(test)]
mod checks {
    //! Compares the derivatives by hand with the tape's.

    use super::*;
    use crate::scalar_problems::disagreement;

    const TOLERANCE: f64 = 1e-12;

    /// The outputs and derivatives of all points by `differentiate`, which gets a point and the place of its
    /// derivatives.
    fn of_all_points<P: Problem<OUTPUTS>, const OUTPUTS: usize>(
        problem: &P,
        mut differentiate: impl FnMut(&[f64], &mut [f64]) -> [f64; OUTPUTS],
    ) -> Vec<(Vec<f64>, Vec<f64>)> {
        // What a point leaves behind must not change the next one.
        let start = if problem.is_summed() { 0.0 } else { f64::NAN };
        let at = |point| {
            let mut derivatives = vec![start; problem.derivative_count()];
            // Twice, because sums are added to what is there.
            differentiate(point, &mut derivatives);
            let values = differentiate(point, &mut derivatives);
            (values.to_vec(), derivatives)
        };
        problem.points().rows().map(at).collect()
    }

    /// Compares values and derivatives at every point. Also checks that an error of 1e-9 of the largest derivative, in any
    /// single derivative, would be detected, and that `always_zero` derivatives are zero at every point.
    pub(super) fn check<P: Problem<OUTPUTS>, const OUTPUTS: usize>(
        problem: &P,
        always_zero: usize,
    ) {
        let mut on_tape = OnTape::default();
        let mut scratch = vec![f64::NAN; 3];
        let by_tape = of_all_points(problem, |point, derivatives| {
            on_tape.differentiate(problem, point, derivatives)
        });
        let by_hand = of_all_points(problem, |point, derivatives| {
            problem.by_hand(point, &mut scratch, derivatives)
        });
        let mut is_always_zero = vec![true; problem.derivative_count()];
        for ((point, tape), hand) in problem.points().rows().zip(&by_tape).zip(&by_hand) {
            let plain = problem.values(problem.shared(), point);
            assert!(disagreement(&tape.0, &plain) <= TOLERANCE);
            assert!(disagreement(&hand.0, &plain) <= TOLERANCE);
            let error = disagreement(&hand.1, &tape.1);
            assert!(error <= TOLERANCE, "{}: {error:e}", problem.name());
            for (zero, derivative) in is_always_zero.iter_mut().zip(&tape.1) {
                *zero &= *derivative == 0.0;
            }
            if tape.1.iter().any(|&derivative| derivative != 0.0) {
                let mut wrong = hand.1.clone();
                let largest = wrong.iter().fold(0.0_f64, |most, d| most.max(d.abs()));
                for at in 0..wrong.len() {
                    wrong[at] += 1e-9 * largest;
                    assert!(disagreement(&wrong, &tape.1) > TOLERANCE);
                    wrong[at] = hand.1[at];
                }
            }
        }
        let zeros = is_always_zero.iter().filter(|&&zero| zero).count();
        assert_eq!(zeros, always_zero, "{}", problem.name());
    }

    #[test]
    fn columns_are_the_transposed_rows() {
        let points = Points::new(3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(points.count(), 2);
        assert_eq!(
            points.rows().collect::<Vec<_>>(),
            [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
        );
        assert_eq!(points.columns(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    struct Finite;

    impl Visitor for Finite {
        fn visit<P: Problem<OUTPUTS>, const OUTPUTS: usize>(&mut self, problem: &P) {
            let mut sums = vec![0.0; problem.derivative_count()];
            let mut scratch = Vec::new();
            for point in problem.points().rows() {
                let values = problem.by_hand(point, &mut scratch, &mut sums);
                assert!(
                    values.iter().all(|value| value.is_finite()),
                    "{}",
                    problem.name()
                );
                assert!(sums.iter().all(|sum| sum.is_finite()), "{}", problem.name());
            }
        }
    }

    #[test]
    fn every_problem_is_finite_at_the_timed_points() {
        visit_compared(&mut Finite);
        visit_others(&mut Finite);
    }
}
