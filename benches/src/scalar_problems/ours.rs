//! The problems on this project's tape.

use super::{Number, Problem};
use autodiff::scalar::{Gradients, Tape, Var, dot, linear_combination, log_sum_exp};

impl Number for Var<'_> {
    #[inline]
    fn value(self) -> f64 {
        Var::value(self)
    }

    #[inline]
    fn constant(self, value: f64) -> Self {
        Var::constant(value)
    }

    #[inline]
    fn exp(self) -> Self {
        self.exp()
    }

    #[inline]
    fn ln(self) -> Self {
        self.ln()
    }

    #[inline]
    fn tanh(self) -> Self {
        self.tanh()
    }

    #[inline]
    fn recip(self) -> Self {
        self.recip()
    }

    #[inline]
    fn square(self) -> Self {
        self.square()
    }

    #[inline]
    fn subtract_from(self, left: f64) -> Self {
        left - self
    }

    #[inline]
    fn sigmoid(self) -> Self {
        self.sigmoid()
    }

    #[inline]
    fn sum(terms: impl Iterator<Item = Self>) -> Self {
        terms.sum()
    }

    #[inline]
    fn dot(a: &[Self], b: &[Self]) -> Self {
        dot(a, b)
    }

    // Four terms do not repay the setup of a node with many inputs.
    #[inline(always)]
    fn dot_constants(a: &[Self], c: &[f64]) -> Self {
        match (a, c) {
            (&[a0, a1, a2, a3], &[c0, c1, c2, c3]) => (a0 * c0 + a1 * c1) + (a2 * c2 + a3 * c3),
            _ => linear_combination(c, a),
        }
    }

    #[inline]
    fn squared_norm(a: &[Self]) -> Self {
        dot(a, a)
    }

    #[inline]
    fn log_sum_exp(x: &[Self]) -> Self {
        log_sum_exp(x)
    }
}

/// A tape and adjoints that are reused for every gradient.
#[derive(Default)]
pub struct Ours {
    tape: Tape,
    gradients: Gradients,
}

impl Ours {
    /// Writes the gradient of `problem` at `x` to `out` and returns the value.
    pub fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64 {
        self.tape.reset();
        let x = self.tape.vars(x);
        let y = problem.value(&x);
        self.gradients.update([y]);
        for (out, &x) in out.iter_mut().zip(&x) {
            *out = self.gradients.wrt(x);
        }
        y.value()
    }

    /// The nodes and bytes of the last recording.
    pub fn size(&self) -> (usize, usize) {
        (self.tape.len(), self.tape.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar_problems::{Visitor, disagreement, visit_all};

    struct AgreesWithTheHandWrittenOne(Ours);

    impl Visitor for AgreesWithTheHandWrittenOne {
        fn visit<P: Problem>(&mut self, problem: &P) {
            let x = problem.parameters();
            let (mut by_hand, mut ours) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            let expected = problem.gradient(x, &mut by_hand);
            let value = self.0.gradient(problem, x, &mut ours);
            assert!(
                (value - expected).abs() <= 1e-11 * expected.abs(),
                "{}",
                problem.name()
            );
            let distance = disagreement(&ours, &by_hand);
            assert!(distance <= 1e-11, "{}: {distance:e}", problem.name());
            // The check would detect an error.
            ours[0] += 1e-9
                * by_hand
                    .iter()
                    .fold(0.0_f64, |largest, g| largest.max(g.abs()));
            assert!(disagreement(&ours, &by_hand) > 1e-11);
        }
    }

    #[test]
    fn gradients_agree_with_the_hand_written_ones() {
        visit_all(&mut AgreesWithTheHandWrittenOne(Ours::default()));
    }
}
