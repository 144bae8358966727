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
//! let images = tape.constant(Tensor::<f32>::zeros([2, 784])); // one sample per row
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
//! The result of an operation is computed immediately and recorded. One recording can be differentiated many times, and
//! [`Var::recorded_gradients`] records a gradient as operations that can be differentiated again.
//!
//! To differentiate a closure at a point you need no tape of your own: call [`gradient`], [`jacobian`], [`hessian`],
//! [`jvp`], [`vjp`] or [`hvp`].
//!
//! ```
//! use autodiff::tensor::{Tensor, gradient};
//!
//! let [slope] = gradient(|[x]| x.square().sum(), [Tensor::from([1.0, 2.0])]);
//! assert_eq!(slope.data(), [2.0, 4.0]);
//! ```
//!
//! # A training loop
//!
//! One tape serves all steps: a reset drops the recording and keeps the memory, and the compiler rejects any use of a
//! variable from an earlier step. [`Gradients::update`] keeps its memory too, so that a step like the one before
//! allocates nothing.
//!
//! ```
//! use autodiff::tensor::{Gradients, Tape, Tensor};
//!
//! let x = Tensor::from([[0.0], [1.0], [2.0], [3.0]]);
//! let target = Tensor::from([[1.0], [3.0], [5.0], [7.0]]); // 2 x + 1
//! let (mut weight, mut bias) = (Tensor::from([[0.0]]), Tensor::from([0.0]));
//!
//! let (mut tape, mut gradients) = (Tape::new(), Gradients::default());
//! for _ in 0..500 {
//!     let [w, b] = [&weight, &bias].map(|parameter| tape.var(parameter));
//!     let cost = (tape.constant(&x).linear(w, b) - &target).square().mean();
//!     gradients.update(cost);
//!     gradients.add_to(w, -0.1, weight.data_mut());
//!     gradients.add_to(b, -0.1, bias.data_mut());
//!     tape.reset();
//! }
//! assert!((weight.item() - 2.0_f64).abs() < 1e-6 && (bias.item() - 1.0).abs() < 1e-6);
//! ```
//!
//! # A layer or model of your own
//!
//! A function that is generic over [`Algebra`] runs on tensors, where nothing is recorded, and on variables. It has all
//! operations, and the operators `+ − * /` on values, references and numbers. No import is needed.
//!
//! ```
//! use autodiff::tensor::{Algebra, Tape, Tensor};
//!
//! /// A residual layer: x + tanh(x W + b).
//! fn residual<A: Algebra>(x: &A, weight: &A, bias: &A) -> A {
//!     x + (x.matmul(weight) + bias).tanh()
//! }
//!
//! let (x, weight, bias) = (Tensor::ones([2, 3]), Tensor::zeros([3, 3]), Tensor::zeros([3]));
//! let computed = residual(&x, &weight, &bias);
//! let tape = Tape::new();
//! let recorded = residual(&tape.var(&x), &tape.var(&weight), &tape.var(&bias));
//! assert_eq!(recorded.value(), computed);
//! # let _: Tensor<f64> = computed;
//! ```
//!
//! # An operation of your own
//!
//! Implement [`Op`]: a function that computes the value, and a rule for the adjoints of the inputs. The rule is generic
//! over [`Algebra`], so one rule serves derivatives of every order. Generic models call the operation with
//! [`Algebra::apply`]. Check the rule with [`gradcheck`](crate::gradcheck).
//!
//! # Higher derivatives, and derivatives of solutions
//!
//! - [`Var::recorded_gradients`] records a gradient as operations, so that it can be part of a cost.
//! - The functions in [`recorded`] do the same for closures; they can be nested to any order.
//! - [`fixed_point`] and [`minimum`] differentiate the solution of an equation without recording how it was found.
//! - [`per_sample_gradients`] returns the gradient of each sample by one backward pass.
//!
//! ```
//! use autodiff::tensor::{Tape, recorded};
//!
//! // The curvature of sin at three points, as a physics-informed network needs it.
//! let tape = Tape::new();
//! let x = tape.var([0.0, 0.5, 1.0]);
//! let slope = |x| recorded::gradient(|[x]| x.sin().sum(), x)[0];
//! let [curvature] = recorded::gradient(|x| slope(x).sum(), [x]);
//! assert_eq!(curvature.value(), (-x.sin()).value());
//! ```
//!
//! # Memory
//!
//! - A tape keeps every value until it is reset. [`Tape::summary`] returns the bytes, and [`checkpoint`] recomputes a
//!   segment in the backward pass instead of keeping its values.
//! - The gradient of a weight matrix is stored as an unevaluated product; [`Gradients::add_to`] adds it without a
//!   temporary matrix. The gradient of a table of embeddings stores only the rows that were used
//!   ([`Gradients::rows_wrt`]).
//! - Each thread keeps the memory of dropped tensors in a free list; [`release_memory`] returns it to the system.
//!
//! # Where to go next
//!
//! - [`Tensor`] is the array: construction, views, and every operation without a tape.
//! - [`Var`] is a tensor on a tape. [`Gradients`] are the result of a backward pass.
//! - [`methods`] lists the operations of generic tensors.
//! - [Zero meets infinity](Op#zero-meets-infinity) says what a zero slope does to an infinite adjoint, and the
//!   [table](crate::elementwise) what a slope is at a kink or a pole.
//! - [`Tape::first_non_finite`] and [`Var::first_non_finite_adjoint`] find the operation that first made a value
//!   infinite or NaN; [`Tape::to_dot`] draws the recording.
//! - [`catalogue`] lists the built-in operations with inputs, for checks and measurements.
//! - The folder `examples` has whole programs: a recurrent network, word vectors, a physics-informed network, and more.
//!
//! # What it is not
//!
//! - Tensors are contiguous arrays of numbers in main memory: there are no strides and no other devices. `transpose`
//!   copies.
//! - Gradients are computed in `f32` and `f64` only; there are no complex numbers, and no types chosen at run time.
//! - Nothing is recorded behind the user's back: there is no global tape, and no switch that turns recording off. To
//!   compute without recording, use tensors.
//! - Variables are `Copy` and borrow their tape; they are not sent to other threads. Threads use a tape each.
//! - There are no convolutions, layers, optimizers or training loops.
//! - For functions of single numbers, use the tape in [`scalar`](crate::scalar).

// These come first because the order of the modules is the order of the sections in the documentation of `Tensor` and
// `Var`: construction and shape before the operations.
mod storage;
mod var;

mod algebra;
mod checkpoint;
mod derivatives;
mod engine;
mod implicit;
mod list;
mod loops;
mod op;
mod ops;
#[doc(hidden)]
pub mod raw;

pub use algebra::{Algebra, Dispatch, Operand, Operators};
pub use autodiff_kernels::Float;
pub use checkpoint::checkpoint;
pub use derivatives::{
    general, gradient, hessian, hvp, jacobian, jvp, per_sample_gradients, recorded,
    value_and_gradient, value_and_jacobian, vjp,
};
pub use engine::adjoints::Adjoints;
pub use engine::gradients::{Gradients, RowGradient};
pub use engine::tape::Tape;
pub use engine::{NonFinite, NonFiniteAdjoint, Summary};
pub use implicit::{Convergence, NotConverged, fixed_point, minimum};
pub use list::List;
pub(crate) use loops::Loops;
pub use op::{Op, Point, Saved};
pub use ops::{CheckCase, CrossEntropy, Padding, Targets, catalogue, methods};
pub use storage::array::Tensor;
#[cfg(feature = "npy")]
pub use storage::array::npy::{NpyError, NpzReader, NpzWriter};
pub use storage::axes::{Axes, Axis};
pub use storage::buffer::release_memory;
pub use storage::element::{Element, Real};
pub use storage::shape::Shape;
pub use storage::slices::{AxisRange, AxisSlice, Slices, step};
pub use var::Var;
