//! The affine layer.

use super::Layer;
use crate::{Builder, Initializer, Param, Pass};
use autodiff::tensor::Algebra;

/// The affine layer `x Wᵀ + b`. Each row of x is a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// The weights, (out, in).
    pub weight: Param,
    /// The biases, (out).
    pub bias: Param,
}

impl Linear {
    /// Returns a layer with new parameters: weights drawn by [`HeNormal`](Initializer::HeNormal), and biases of 0.
    ///
    /// # Panics
    ///
    /// If the builder already has a parameter `weight` or `bias`.
    #[must_use]
    #[track_caller]
    pub fn new(b: &Builder, inputs: usize, outputs: usize) -> Linear {
        Linear::with(b, inputs, outputs, Initializer::HeNormal)
    }

    /// Returns a layer whose weights are drawn by the given initializer. The biases are 0.
    ///
    /// # Panics
    ///
    /// If the builder already has a parameter `weight` or `bias`.
    #[must_use]
    #[track_caller]
    pub fn with(b: &Builder, inputs: usize, outputs: usize, weights: Initializer) -> Linear {
        Linear {
            weight: b.param("weight", [outputs, inputs], weights),
            bias: b.param("bias", [outputs], Initializer::Constant(0.0)),
        }
    }
}

impl Layer for Linear {
    /// # Panics
    ///
    /// If `x` is not a matrix with a column for each input.
    #[track_caller]
    fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A {
        x.linear(&pass[self.weight], &pass[self.bias])
    }
}
