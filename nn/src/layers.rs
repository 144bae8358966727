//! Layers: functions of tensors with parameters of their own.
//!
//! A layer holds the indices of its parameters, so that it is cheap to copy; a [`Pass`] holds their values. A model is
//! a struct of layers.

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
///
/// ```
/// use autodiff::tensor::Algebra;
/// use nn::layers::{Layer, Linear};
/// use nn::{Builder, Pass};
///
/// /// Two affine layers, `x ↦ W₂ tanh(W₁ x + b₁) + b₂ + x`.
/// struct Block([Linear; 2]);
///
/// impl Block {
///     fn new(b: &Builder, width: usize) -> Block {
///         Block(["first", "second"].map(|name| Linear::new(&b.at(name), width, width)))
///     }
/// }
///
/// impl Layer for Block {
///     fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A {
///         let [first, second] = &self.0;
///         second.forward(pass, &first.forward(pass, x).tanh()) + x
///     }
/// }
/// ```
pub trait Layer: Send + Sync {
    /// Returns the value at `x`, whose first axis is the samples.
    #[track_caller]
    fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A;
}

impl Layer for Activation {
    fn forward<A: Algebra>(&self, _: &Pass<'_, A>, x: &A) -> A {
        self.apply(x)
    }
}

/// An elementwise function of autodiff's table is a layer without parameters.
impl Layer for Unary {
    fn forward<A: Algebra>(&self, _: &Pass<'_, A>, x: &A) -> A {
        x.unary(*self)
    }
}
