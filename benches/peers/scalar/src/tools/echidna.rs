//! `echidna`: Adept's two stacks, with a thread-local tape.

use super::{Tool, wrap};
use benches::scalar_problems::{Number, Problem};
use bytemuck::TransparentWrapper;
use num_traits::Float;

wrap!(
    /// The variable.
    Variable, echidna::Reverse<f64>, std::convert::identity
);

impl Number for Variable {
    #[inline(always)]
    fn value(self) -> f64 {
        echidna::Scalar::value(&self.0)
    }

    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        Self(echidna::Reverse::constant(value))
    }

    #[inline(always)]
    fn exp(self) -> Self {
        Self(self.0.exp())
    }

    #[inline(always)]
    fn ln(self) -> Self {
        Self(self.0.ln())
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        Self(self.0.tanh())
    }

    #[inline(always)]
    fn recip(self) -> Self {
        Self(self.0.recip())
    }

    #[inline(always)]
    fn subtract_from(self, left: f64) -> Self {
        Self(left - self.0)
    }
}

/// Uses the function `grad`, which takes a tape from a thread-local pool and so reuses its memory.
pub(crate) struct Echidna;

impl Tool for Echidna {
    const NAME: &'static str = "echidna 0.15.0";

    fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64 {
        let mut value = f64::NAN;
        let gradient = echidna::grad(
            |x| {
                let result = problem.value(Variable::wrap_slice(x));
                value = result.value();
                result.0
            },
            x,
        );
        out.copy_from_slice(&gradient);
        value
    }
}
