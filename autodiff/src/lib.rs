//! Tape-based reverse-mode automatic differentiation of numbers and tensors.
//!
//! A *tape* records the operations of a computation. A backward pass over the recording returns the derivative of a
//! result with respect to every variable, for a small multiple of the cost of the computation itself.
//!
//! The crate is for ordinary Rust code that needs exact derivatives: optimization, sensitivities of a simulation, risk
//! figures, the training of networks. It has two tapes, which use the same names and the same
//! [table of functions](elementwise):
//!
//! - [`scalar`] records single numbers, for functions with loops and branches. A variable is `Copy`, and derivatives of
//!   any order are computed by nesting. A [program](scalar::program) is a recording that is replayed on many points.
//! - [`tensor`] records arrays, for networks. Each operation is a node, the gradient can itself be recorded, and a step
//!   on a reused tape allocates nothing.
//!
//! # A first example
//!
//! ```
//! // The value and the gradient of a function of numbers, by one backward pass.
//! use autodiff::scalar;
//!
//! let (value, slopes) = scalar::value_and_gradient(|[x, y]| x * y + x.sin(), [0.5, 4.2]);
//! assert_eq!(value, 0.5 * 4.2 + 0.5_f64.sin());
//! assert_eq!(slopes, [4.2 + 0.5_f64.cos(), 0.5]);
//!
//! // The gradient of the cost of a layer of neurons, with respect to every weight.
//! use autodiff::tensor::{Tape, Tensor};
//!
//! let tape = Tape::new();
//! let weight = tape.var([[0.5, -0.5], [1.0, 0.0]]);
//! let bias = tape.var([0.0, 0.1]);
//! let samples = tape.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
//! let cost = samples.linear(weight, bias).cross_entropy(Tensor::from([0_u32, 1, 1]));
//! assert_eq!(cost.gradients().wrt(weight).shape()[..], [2, 2]);
//! ```
//!
//! # Where to go next
//!
//! | you want to | read |
//! |---|---|
//! | differentiate a closure at a point | [`scalar::gradient`], [`scalar::jacobian`], [`scalar::hessian`] |
//! | differentiate a function of few inputs without a tape | [`scalar::forward`] |
//! | record a longer computation, or reuse a tape | [`scalar`], [`scalar::Tape`] |
//! | compute a function and its derivatives at many points, in vectors and on threads | [`scalar::program`] |
//! | compute a large Jacobian or Hessian matrix that is mostly zero | [`scalar::sparse`] |
//! | differentiate code that is generic over `num_traits::Float`, or a routine of `nalgebra` | [`scalar`] |
//! | train a model | [`tensor`], and the crate `nn` in the same repository |
//! | create a tensor, from a formula, a range, random numbers, vectors or arrays | [`Tensor`] |
//! | write a function once, for plain numbers and for its derivatives | [`scalar::Scalar`] |
//! | write a function that runs on numbers, variables and tensors | [`Number`] |
//! | write a model that runs with and without a tape | [`tensor::Algebra`] |
//! | add an operation with your own derivative | [`scalar::custom`], [`tensor::Op`] |
//! | look up a function, and its slope at a kink or a pole | [`elementwise`] |
//! | check a derivative against finite differences | [`gradcheck`] |
//!
//! # Features
//!
//! All are off by default.
//!
//! | feature | adds |
//! |---|---|
//! | `argmin` | the module `scalar::problems`: problems for the solvers of `argmin`, with their derivatives |
//! | `faer` | `Pattern::to_faer`: sparse matrices of `faer`, into which a [sparse](scalar::sparse) derivative is written |
//! | `nalgebra` | [`scalar::Dual`] is a `RealField`, so routines of `nalgebra` are differentiated unchanged |
//! | `nalgebra-sparse` | `Pattern::to_nalgebra`: the same for `nalgebra-sparse` |
//! | `ndarray` | views of a [`Tensor`] without a copy (`as_ndarray`), and conversion in both directions |
//! | `npy` | [`Tensor`]s in NumPy's formats: `read_npy`, `write_npy`, and `tensor::{NpzReader, NpzWriter}` for archives |
//! | `serde` | `Serialize` and `Deserialize` for [`Tensor`], as a structure of `shape` and `data` |
//!
//! # What it is not
//!
//! - It is not a compiler: a tape records the operations that are executed, and is recorded again for each point. A
//!   [program](scalar::program) is recorded once, and interpreted.
//! - It runs on the CPU only, in `f32` and `f64`. The type of the elements is fixed at compile time.
//! - There is no global tape, and an operation is recorded only if one of its operands is a variable.
//! - Tensors have no strides, and there is no convolution.

pub mod elementwise;
pub mod gradcheck;
mod recording;
pub mod scalar;
pub mod tensor;

pub use elementwise::Number;
pub use tensor::Tensor;

/// Compiles and runs the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
