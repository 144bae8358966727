//! `num-dual`: forward mode, a value with its derivatives in several directions.

use super::{Tool, wrap};
use ::num_dual::{DualNum, DualSVec64};
use benches::scalar_problems::{Number, Problem};

/// The number of directions in a pass: enough to share the work on the value, few enough for the registers.
const LANES: usize = 8;

wrap!(
    /// The number type.
    Dual, DualSVec64<LANES>, std::convert::identity
);

impl Number for Dual {
    #[inline(always)]
    fn value(self) -> f64 {
        self.0.re
    }

    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        Self(DualSVec64::from_re(value))
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
}

/// Computes the gradient with one pass for every [`LANES`] parameters.
#[derive(Default)]
pub(crate) struct NumDual {
    parameters: Vec<Dual>,
}

impl Tool for NumDual {
    const NAME: &'static str = "num-dual 0.15.1 (forward, 8 lanes)";

    // The time is proportional to parameters × operations: a million parameters would take half an hour.
    fn suits(parameters: usize) -> bool {
        parameters <= 20_000
    }

    fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64 {
        self.parameters.clear();
        self.parameters
            .extend(x.iter().map(|&x| Dual(DualSVec64::from_re(x))));
        let mut value = f64::NAN;
        for (pass, out) in out.chunks_mut(LANES).enumerate() {
            let own = pass * LANES..pass * LANES + out.len();
            for (lane, parameter) in self.parameters[own.clone()].iter_mut().enumerate() {
                *parameter = Dual(parameter.0.derivative(lane));
            }
            let result = problem.value(&self.parameters).0;
            value = result.re;
            for (lane, out) in out.iter_mut().enumerate() {
                *out = result.eps.0.map_or(0.0, |slopes| slopes[lane]);
            }
            for (parameter, &x) in self.parameters[own.clone()].iter_mut().zip(&x[own]) {
                *parameter = Dual(DualSVec64::from_re(x));
            }
        }
        value
    }
}
