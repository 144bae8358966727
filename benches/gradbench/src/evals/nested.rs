//! Gradients of functions that compute gradients themselves, each in forward or in reverse mode.

use autodiff::scalar::{Dual, Gradients, Scalar, Tape, Var};

/// A function of `N` numbers whose parameters are numbers `T`. It can be computed with any number `S` into which those
/// can be turned; its parameters are constants then.
///
/// So the type of a number tells to which derivative it belongs, and nested derivatives cannot be confused.
pub(super) trait Objective<T: Scalar, const N: usize> {
    /// Returns the value at `x`.
    fn value<S: Scalar>(&self, x: [S; N], constant: impl Fn(T) -> S) -> S;
}

/// How a gradient is computed.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    /// By a tape.
    Reverse,
    /// By a pass for each input.
    Forward,
}

impl Mode {
    /// Returns the modes that the name of a function stands for: of the outer gradient, and of the inner one.
    pub(super) fn pair(name: &str) -> Option<[Mode; 2]> {
        Some(match name {
            "rr" => [Mode::Reverse, Mode::Reverse],
            "rf" => [Mode::Reverse, Mode::Forward],
            "fr" => [Mode::Forward, Mode::Reverse],
            "ff" => [Mode::Forward, Mode::Forward],
            _ => return None,
        })
    }
}

/// Computes gradients, all with the same memory.
pub(super) struct Differentiator<T: Scalar> {
    mode: Mode,
    tape: Tape<T>,
    gradients: Gradients<T>,
}

impl<T: Scalar> Differentiator<T> {
    /// Returns a differentiator of this mode.
    pub(super) fn new(mode: Mode) -> Self {
        Differentiator {
            mode,
            tape: Tape::default(),
            gradients: Gradients::default(),
        }
    }

    /// Returns the gradient of a function.
    pub(super) fn gradient<const N: usize>(
        &mut self,
        f: &impl Objective<T, N>,
        x: [T; N],
    ) -> [T; N] {
        match self.mode {
            Mode::Reverse => {
                self.tape.reset();
                let x = self.tape.vars(x);
                self.gradients.update([f.value(x, Var::constant)]);
                x.map(|x| self.gradients.wrt(x))
            }
            Mode::Forward => std::array::from_fn(|i| {
                let mut x = x.map(Dual::constant);
                x[i] = Dual::var(x[i].value);
                f.value(x, Dual::constant).tangent()
            }),
        }
    }
}
