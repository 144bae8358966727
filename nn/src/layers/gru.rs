//! The gated recurrent unit.

use super::{Layer, Linear};
use crate::{Builder, Pass};
use autodiff::tensor::{Algebra, Tensor};

/// A gated recurrent unit (Cho et al., 2014), in the form of PyTorch's `GRU`. A step computes the next state from an
/// input x and a state h:
///
/// ```text
/// r = σ(Wᵣ x + bᵣ + Uᵣ h + cᵣ)
/// z = σ(W_z x + b_z + U_z h + c_z)
/// n = tanh(Wₙ x + bₙ + r ⊙ (Uₙ h + cₙ))
/// h ← (1 − z) ⊙ n + z ⊙ h
/// ```
///
/// As a [`Layer`] it maps a sequence for each sample, (samples, steps, inputs), to the last state, (samples, width).
/// The first state is h = 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gru {
    /// W and b of r, z and n, stacked in this order.
    pub input: Linear,
    /// U and c of r, z and n, stacked in this order.
    pub state: Linear,
    width: usize,
}

impl Gru {
    /// Returns a unit with new parameters.
    ///
    /// # Panics
    ///
    /// If the builder already has parameters of these names.
    #[must_use]
    #[track_caller]
    pub fn new(b: &Builder, inputs: usize, width: usize) -> Gru {
        Gru {
            input: Linear::new(&b.at("input"), inputs, 3 * width),
            state: Linear::new(&b.at("state"), width, 3 * width),
            width,
        }
    }

    /// Returns the state after one step with input `x` from state `h`, with a row for each sample.
    ///
    /// # Panics
    ///
    /// If the shapes are not `[samples, inputs]` and `[samples, width]`.
    #[must_use]
    #[track_caller]
    pub fn step<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A, h: &A) -> A {
        let (x, u) = (self.input.forward(pass, x), self.state.forward(pass, h));
        let part = |of: &A, gate: usize| of.narrow(1, gate * self.width..(gate + 1) * self.width);
        let r = (part(&x, 0) + part(&u, 0)).sigmoid();
        let z = (part(&x, 1) + part(&u, 1)).sigmoid();
        let n = (part(&x, 2) + r * part(&u, 2)).tanh();
        (h - &n) * z + n
    }
}

impl Layer for Gru {
    /// # Panics
    ///
    /// If the shape of `x` is not `[samples, steps, inputs]`.
    #[track_caller]
    fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A {
        let shape = x.shape();
        let &[samples, steps, inputs] = &shape[..] else {
            panic!("gru: shape {shape} is not [samples, steps, inputs]")
        };
        let mut h = pass.constant(Tensor::zeros([samples, self.width]));
        for step in 0..steps {
            let x = x.narrow(1, step..step + 1).reshape([samples, inputs]);
            h = self.step(pass, &x, &h);
        }
        h
    }
}
