//! Tensors, and a tape that differentiates tensor operations in reverse mode.
//!
//! For programs that compute with arrays and need gradients: models trained by gradient descent, fits, sensitivities.
//! A [`Tape`] records each operation on its variables as a node. A backward pass over the tape returns the gradient of
//! one number with respect to every variable:
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
//! The result of an operation is computed immediately and recorded. One recording can be walked back many times, and
//! [`Var::recorded_gradients`] records a gradient as operations that can be differentiated again.
//!
//! # Where to go next
//!
//! - [`Tensor`] is the array: construction, views, and every operation without a tape.
//! - [`Var`] is a tensor on a tape. [`Gradients`] are the result of a backward pass.
//! - [`Algebra`] is the trait that tensors and variables share, for models that run on either; [`methods`] lists its
//!   operations.
//! - [`Op`] defines an operation of your own. [Zero meets infinity](Op#zero-meets-infinity) says what a zero slope does
//!   to an infinite adjoint.
//! - [`catalogue`] lists the built-in operations with inputs, for checks and measurements.
//!
//! # What it is not
//!
//! Tensors are contiguous arrays of numbers in main memory: there are no strides, no other devices, and no
//! convolutions. Gradients are computed in `f32` and `f64` only. There are no layers, optimizers or training loops.
//! For functions of single numbers, use the tape in [`scalar`](crate::scalar).

// These come first because the order of the modules is the order of the sections in the documentation of `Tensor` and
// `Var`: construction and shape before the operations.
mod storage;
mod var;

mod algebra;
mod engine;
mod loops;
mod op;
mod ops;
#[doc(hidden)]
pub mod raw;

pub use algebra::{Algebra, Dispatch, Operand, Operators};
pub use autodiff_kernels::Float;
pub use engine::NonFinite;
pub use engine::adjoints::Adjoints;
pub use engine::gradients::Gradients;
pub use engine::tape::Tape;
pub use op::{Op, Point, Saved};
pub use ops::{CheckCase, CrossEntropy, Targets, catalogue, methods};
pub use storage::array::Tensor;
pub use storage::axes::{Axes, Axis};
pub use storage::buffer::release_memory;
pub use storage::element::{Element, Real};
pub use storage::shape::Shape;
pub use var::Var;
