//! `reverse`: a tape of nodes with two weights, one node for every operation.

use super::{Tool, wrap};
use benches::scalar_problems::{Number, Problem};
use bytemuck::TransparentWrapper;
use reverse::{Gradient, Tape, Var};

wrap!(
    /// The variable.
    Variable<'t>, Var<'t>, std::convert::identity
);

impl Number for Variable<'_> {
    #[inline(always)]
    fn value(self) -> f64 {
        self.0.val()
    }

    // A variable needs a node here, so constants are nodes.
    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        Self(self.0.tape.add_var(value))
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

/// Reuses the memory of the tape. The adjoints are a new vector for each gradient; the tool offers no alternative.
#[derive(Default)]
pub(crate) struct Reverse {
    tape: Tape,
}

impl Tool for Reverse {
    const NAME: &'static str = "reverse 0.2.2";

    fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64 {
        self.tape.clear();
        let variables = self.tape.add_vars(x);
        let result = problem.value(Variable::wrap_slice(&variables)).0;
        let adjoints = result.grad();
        for (out, variable) in out.iter_mut().zip(&variables) {
            *out = adjoints.wrt(variable);
        }
        result.val()
    }
}
