//! Layers: functions of tensors with parameters of their own.
//!
//! A layer is a few numbers of parameters, and is copied freely; a [`Pass`] has the values. A model is a struct of layers.

mod batch_norm;
mod dropout;
mod embedding;
mod gru;
mod linear;
mod sequential;

pub use batch_norm::BatchNorm1d;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use gru::Gru;
pub use linear::Linear;
pub use sequential::Sequential;

use crate::{Activation, Pass};
use autodiff::elementwise::Unary;
use autodiff::tensor::Algebra;

/// A function from a tensor to a tensor, with parameters.
pub trait Layer: Send + Sync {
    /// The value at `x`, whose first axis is the samples.
    #[track_caller]
    fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A;
}

impl Layer for Activation {
    fn forward<A: Algebra>(&self, _: &Pass<'_, A>, x: &A) -> A {
        self.apply(x)
    }
}

/// An elementwise function of the table.
impl Layer for Unary {
    fn forward<A: Algebra>(&self, _: &Pass<'_, A>, x: &A) -> A {
        x.unary(*self)
    }
}
