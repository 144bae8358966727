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
//! computes; [`Algebra`] is what both tensors and variables can do, for models that are to run on
//! either; [`methods`] are those of the operations there; [`Op`] is an operation, to which users can add their own. [`catalogue`] lists the built-in operations, with sample inputs.

mod algebra;
mod engine;
mod loops;
mod op;
mod ops;
#[doc(hidden)]
pub mod raw;
mod storage;
mod var;

pub use algebra::{Algebra, Dispatch, Operand, Operators};
pub use autodiff_kernels::Float;
pub use engine::NonFinite;
pub use engine::adjoints::Adjoints;
pub use engine::gradients::Gradients;
pub use engine::tape::Tape;
pub use op::{Op, Point, Saved};
pub use ops::{CrossEntropy, Sample, Targets, catalogue, methods};
pub use storage::array::Tensor;
pub use storage::axes::Axes;
pub use storage::buffer::release_memory;
pub use storage::element::{Element, Real};
pub use storage::shape::Shape;
pub use var::Var;
