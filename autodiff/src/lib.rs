//! Tape-based reverse-mode automatic differentiation of numbers and tensors.
//!
//! **A tape records what you compute, and is walked backward to give every derivative.** There are two tapes, with the
//! same words and the same table of functions:
//!
//! - [`scalar`]: single numbers, for functions with loops and branches. A variable is `Copy`, a step of the chain rule
//!   costs a few nanoseconds, and derivatives of any order come by nesting.
//! - [`tensor`]: arrays, for networks. An operation is a node, its gradient can itself be recorded, and a step on a
//!   reused tape allocates nothing.
//!
//! ```
//! // A function of numbers, its value and its gradient, by one reverse sweep.
//! use autodiff::scalar;
//!
//! let (value, slopes) = scalar::value_and_gradient(|[x, y]| x * y + x.sin(), [0.5, 4.2]);
//! assert_eq!(value, 0.5 * 4.2 + 0.5_f64.sin());
//! assert_eq!(slopes, [4.2 + 0.5_f64.cos(), 0.5]);
//!
//! // A layer of neurons, and the gradient of its cost with respect to every weight.
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
//! Every elementwise function, with its value, slope and documentation, is one row of a [table](elementwise), from
//! which the methods of numbers, variables and tensors are made. [`gradcheck`] holds any gradient against finite
//! differences; the crate's own tests do so for every operation there is.

pub mod elementwise;
pub mod gradcheck;
pub mod scalar;
pub mod tensor;

pub use elementwise::Number;
pub use tensor::Tensor;

/// The README's example, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
