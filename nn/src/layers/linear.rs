//! The affine layer.

use super::Layer;
use crate::{Builder, Initializer, Param, Pass};
use autodiff::tensor::Algebra;

/// The affine layer `x Wᵀ + b`, for samples as rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// The weights, (out, in).
    pub weight: Param,
    /// The biases, (out).
    pub bias: Param,
}

impl Linear {
    /// A layer with parameters of its own, drawn [after He](Initializer::HeNormal).
    ///
    /// # Panics
    ///
    /// If the builder has a `weight` or `bias` already.
    #[must_use]
    #[track_caller]
    pub fn new(b: &Builder, inputs: usize, outputs: usize) -> Linear {
        Linear::with(b, inputs, outputs, Initializer::HeNormal)
    }

    /// A layer whose weights are drawn by an initializer.
    ///
    /// # Panics
    ///
    /// As [`new`](Linear::new).
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
