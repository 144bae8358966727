//! `ad_trait`: a thread-local graph of operations, differentiated in the backward pass.

use super::{Tool, wrap};
use ::ad_trait::reverse_ad::adr::adr;
use ::ad_trait::{AD, F64};
use benches::scalar_problems::{Number, Problem};

wrap!(
    /// The variable.
    Variable, adr, F64
);

// Generic over `AD`: its supertraits have these methods, and this avoids naming their crate.

#[inline(always)]
fn exp<T: AD>(x: T) -> T {
    x.exp()
}

#[inline(always)]
fn ln<T: AD>(x: T) -> T {
    x.ln()
}

#[inline(always)]
fn tanh<T: AD>(x: T) -> T {
    x.tanh()
}

impl Number for Variable {
    #[inline(always)]
    fn value(self) -> f64 {
        self.0.value()
    }

    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        Self(adr::constant(value))
    }

    #[inline(always)]
    fn exp(self) -> Self {
        Self(exp(self.0))
    }

    #[inline(always)]
    fn ln(self) -> Self {
        Self(ln(self.0))
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        Self(tanh(self.0))
    }

    #[inline(always)]
    fn recip(self) -> Self {
        Self(adr::div_l_scalar(1.0, self.0))
    }

    #[inline(always)]
    fn subtract_from(self, left: f64) -> Self {
        Self(adr::sub_l_scalar(left, self.0))
    }
}

/// Records into the thread's graph, which keeps its memory after a reset.
#[derive(Default)]
pub(crate) struct AdTrait {
    variables: Vec<Variable>,
}

impl Tool for AdTrait {
    const NAME: &'static str = "ad_trait 0.3.1";

    fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64 {
        self.variables.clear();
        let variables = x
            .iter()
            .enumerate()
            .map(|(i, &x)| Variable(adr::new_variable(x, i == 0)));
        self.variables.extend(variables);
        let result = problem.value(&self.variables).0;
        let adjoints = result.get_backwards_mode_grad();
        for (out, variable) in out.iter_mut().zip(&self.variables) {
            *out = adjoints.wrt(&variable.0);
        }
        result.value()
    }
}
