//! `xad-rs`: a thread-local tape of statements with any number of operands.

use super::{Tool, wrap};
use benches::scalar_problems::{Number, Problem};
use bytemuck::TransparentWrapper;
use std::cell::Cell;
use xad_rs::math::ad;
use xad_rs::{AReal, Tape, compute_gradient_rev_with};

wrap!(
    /// The variable.
    Variable, AReal<f64>, std::convert::identity
);

thread_local! {
    /// The terms of a sum, which the tool takes as a slice. The memory is reused: a million terms in newly allocated
    /// memory take longer than their sum.
    static TERMS: Cell<Vec<Variable>> = const { Cell::new(Vec::new()) };
}

impl Number for Variable {
    #[inline(always)]
    fn value(self) -> f64 {
        self.0.value()
    }

    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        Self(AReal::new(value))
    }

    #[inline(always)]
    fn exp(self) -> Self {
        Self(ad::exp(&self.0))
    }

    #[inline(always)]
    fn ln(self) -> Self {
        Self(ad::ln(&self.0))
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        Self(ad::tanh(&self.0))
    }

    #[inline(always)]
    fn recip(self) -> Self {
        Self(1.0 / self.0)
    }

    #[inline(always)]
    fn subtract_from(self, left: f64) -> Self {
        Self(left - self.0)
    }

    // The documentation recommends recording a sum as one statement.
    #[inline(always)]
    fn sum(terms: impl Iterator<Item = Self>) -> Self {
        let mut collected = TERMS.take();
        collected.clear();
        collected.extend(terms);
        let sum = Self(ad::sum(Self::peel_slice(&collected)));
        TERMS.set(collected);
        sum
    }

    #[inline(always)]
    fn dot(a: &[Self], b: &[Self]) -> Self {
        Self(ad::dot(Self::peel_slice(a), Self::peel_slice(b)))
    }

    #[inline(always)]
    fn dot_constants(a: &[Self], c: &[f64]) -> Self {
        Self(ad::weighted_sum(c, Self::peel_slice(a)))
    }

    #[inline(always)]
    fn squared_norm(a: &[Self]) -> Self {
        Self::dot(a, a)
    }
}

/// Reuses the tape, as the documentation recommends for many gradients.
pub(crate) struct Xad {
    tape: Tape<f64>,
}

impl Default for Xad {
    fn default() -> Self {
        Xad {
            tape: Tape::new(false),
        }
    }
}

impl Tool for Xad {
    const NAME: &'static str = "xad-rs 1.0.0";

    fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64 {
        let (value, gradient) = compute_gradient_rev_with(&mut self.tape, x, |x| {
            problem.value(Variable::wrap_slice(x)).0
        });
        out.copy_from_slice(&gradient);
        value
    }
}
