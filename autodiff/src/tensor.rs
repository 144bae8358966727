//! Tensors, and the tape of tensor operations.
//!
//! A [`Tape`] records what is computed with its variables, a node for each operation, and is walked backward to give
//! the gradient of one number with respect to all of them:
//!
//! ```
//! use autodiff::tensor::{Tape, Tensor};
//!
//! let tape = Tape::new();
//! let images = tape.constant(Tensor::<f32>::zeros([2, 784])); // a sample a row
//! let weight = tape.var(Tensor::full([10, 784], 0.01)); // (out, in)
//! let bias = tape.var(Tensor::zeros([10]));
//!
//! let logits = images.linear(weight, bias);
//! let loss = logits.cross_entropy(Tensor::from([3_u32, 7]));
//!
//! let gradients = loss.gradients();
//! assert_eq!(gradients.wrt(weight).shape()[..], [10, 784]);
//! ```
//!
//! The pieces: [`Tensor`] is an array of numbers; [`Var`] is a tensor on a tape; [`Gradients`] are what a backward pass
//! gives, and [`KeptGradients`] those of them that outlive the recording, where a [`Gradient`] may be a product that is
//! not computed yet; [`Algebra`] is what both tensors and variables can do, for code that is to run on either; [`Op`] is
//! an operation, to which users can add their own. [`catalogue`] lists the built-in operations, with sample inputs.

mod adjoints;
mod algebra;
mod array;
mod bound;
mod buffer;
mod element;
mod factor;
mod gradients;
mod kernels;
mod methods_macro;
mod node;
mod non_finite;
mod op;
mod ops;
mod picture;
mod place;
mod recycle;
mod sample;
mod saved;
mod shape;
mod sweep;
mod tape;
mod var;

pub use adjoints::Adjoints;
pub use algebra::{Algebra, Dispatch, Operand, Operators};
pub use array::Tensor;
pub use bound::largest_magnitude;
pub use buffer::release_memory;
pub use element::{Element, Real};
pub use factor::{
    Factor, add_product, add_product_rows, descend_products_rows, plain, transposed,
    write_products_rows,
};
pub use gradients::{Gradient, Gradients, KeptGradients};
pub use kernels::elementary;
pub use kernels::simd::vectorized;
pub use non_finite::NonFinite;
pub use op::{Op, Point};
pub use ops::{CrossEntropy, Targets, catalogue, methods};
pub use sample::Sample;
pub use saved::Saved;
pub use shape::Shape;
pub use tape::Tape;
pub use var::Var;
