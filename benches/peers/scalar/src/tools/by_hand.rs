//! The gradients written out by hand, with which all others must agree.

use super::Tool;
use benches::scalar_problems::Problem;

/// The gradients written out by hand.
pub(crate) struct ByHand;

impl Tool for ByHand {
    const NAME: &'static str = "by hand";

    fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64 {
        problem.gradient(x, out)
    }
}
