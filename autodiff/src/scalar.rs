//! Derivatives of functions of numbers, by a tape.
//!
//! A [`Tape`] records the operations on its variables. One backward pass over the recording returns the derivatives of
//! a result with respect to all variables, for a small multiple of the cost of computing the result.
//!
//! This module is for functions of numbers with any control flow: a simulation, a pricing formula, a cost with
//! branches. For arrays of many numbers on which each operation acts as a whole, use the [`tensor`](crate::tensor)
//! tape.
//!
//! # A first example
//!
//! ```
//! use autodiff::scalar::Tape;
//!
//! let tape = Tape::new();
//! let [x, y] = tape.vars([0.5, 4.2]);
//! let z = x * y + x.sin();
//!
//! let gradients = z.gradients();
//! assert_eq!(gradients.wrt(x), 4.2 + 0.5_f64.cos());
//! assert_eq!(gradients.wrt(y), 0.5);
//! ```
//!
//! To differentiate a closure at a point you need no tape of your own: call [`gradient`], [`jacobian`], [`hessian`],
//! [`jvp`], [`vjp`] or [`hvp`].
//!
//! ```
//! use autodiff::scalar::{gradient, hessian};
//!
//! assert_eq!(gradient(|[x, y]| x * x * y, [2.0, 3.0]), [12.0, 4.0]);
//! assert_eq!(hessian(|[x, y]| x * x * y, [2.0, 3.0]), [[6.0, 4.0], [4.0, 0.0]]);
//! ```
//!
//! # How it works
//!
//! A [`Var`] is a few words that are copied freely: its value, its tape, a node of that tape, and its slope (its
//! derivative) with respect to the node.
//!
//! - A **function of one variable** updates the value, and the slope by the chain rule. It writes nothing to the tape:
//!   `(2 x + 1).sin()` refers to the node of `x`, with the slope `2 cos(2 x + 1)`.
//! - An **operation on two different nodes** adds a node. The tape stores the indices of both inputs and the slope
//!   towards each, 24 bytes in all. For `x · y` the slope towards `x` is the value of `y`, and vice versa.
//! - Two operands on the **same node** add their slopes, and a **constant** contributes nothing. Where the slope towards
//!   the other operand is exactly 0, as in `x · 0`, the result is a constant as well.
//! - A sum, [`dot`] product, [`linear_combination`], [`norm`] or [`log_sum_exp`] is **one node with many inputs**, of
//!   12 bytes each.
//!
//! The inputs of a node precede it, so the backward pass is a single loop from the end. It starts with the adjoint 1 at
//! the result. Each node multiplies its adjoint by the slope towards an input, and adds the product to the adjoint of
//! that input. After the loop the adjoint of each variable is the derivative with respect to it.
//!
//! The adjoints are returned as [`Gradients`], separate from the tape. The tape does not change, so one recording
//! serves backward passes from any number of results. To record again, [reset](Tape::reset) the tape, which keeps its
//! memory, or [rewind](Tape::rewind) it to a mark. The compiler rejects any use of an earlier variable.
//!
//! Only nodes have an adjoint. To get derivatives with respect to an intermediate result that is not a node,
//! [retain](Var::retain) it first.
//!
//! # One text for plain numbers and variables
//!
//! A function that is generic over [`Scalar`] computes with `f64`, as fast as a function of `f64` does, and its
//! derivatives with [`Dual`] or `Var`:
//!
//! ```
//! use autodiff::scalar::{Scalar, forward, general, log_sum_exp};
//!
//! fn cost<T: Scalar<Plain = f64>>(x: &[T]) -> T {
//!     let mut penalty = T::default();
//!     for &x in x {
//!         penalty += x * x * 0.5;
//!     }
//!     log_sum_exp(x) + penalty
//! }
//!
//! let x = [0.0, 0.0];
//! assert_eq!(cost(&x), 2.0_f64.ln());
//! assert_eq!(general::gradient(|x| cost(x), &x), [0.5, 0.5]);
//! assert_eq!(forward::jacobian::<2, _>(|x| vec![cost(x)], &x), [[0.5, 0.5]]);
//! ```
//!
//! The functions of slices, [`dot`], [`linear_combination`], [`norm`] and [`log_sum_exp`], take any of these numbers. On
//! plain numbers they are loops in vectors, on variables one node.
//!
//! - With the bound `T: Scalar<Plain = f64>`, a plain number on the **right** of `+`, `-`, `*` or `/` is an `f64`. With
//!   `T: Scalar` alone it is a `T::Plain`, in either precision. Everywhere else, as in a comparison or in `x.max(…)`,
//!   [`from_f64`](Scalar::from_f64) and [`from_plain`](Scalar::from_plain) make constants.
//! - A plain number on the **left** needs a bound of its own, because a trait cannot promise operators of another type:
//!
//!   ```
//!   use autodiff::scalar::{Scalar, gradient};
//!   use std::ops::{Mul, Sub};
//!
//!   fn logistic_map<T>(x: T) -> T
//!   where
//!       T: Scalar<Plain = f64>,
//!       f64: Mul<T, Output = T> + Sub<T, Output = T>,
//!   {
//!       3.5 * x * (1.0 - x)
//!   }
//!   assert_eq!(logistic_map(0.25), 0.65625);
//!   assert_eq!(gradient(|[x]| logistic_map(x), [0.25]), [1.75]);
//!   ```
//! - A generic function is passed on in a closure, `|x| cost(x)`. Its bare name would stand for the function of one type,
//!   and the type of a variable depends on its tape.
//! - For the same reason, write a closure in the call that takes it. One that is kept in a variable is a function of the
//!   variables of one tape, and the compiler says that a lifetime is too short. To use it twice, write a `fn`.
//!
//! # Where to go next
//!
//! - **Few inputs, many outputs**: [`forward`] mode needs no tape, and takes several directions at a time.
//! - **The same function again and again**: the derivative functions are also methods of [`Tape`], which reuse its
//!   memory. [`Tape::leaves`] records many variables without a vector of them.
//! - **Many points**: a [program] is recorded once and replayed on many points, in vectors.
//! - **Sparse matrices**: [`sparse`] computes large Jacobian and Hessian matrices of which most entries are 0.
//! - **Higher orders**: the numbers on a tape can be any [`Scalar`]: `f32`, `f64`, the forward-mode [`Dual`], or the
//!   `Var` of another tape. So derivatives can be differentiated again. The functions in [`general`] work for all of
//!   these numbers, and for slices of any length.
//! - **Kinks and poles**: the [table](crate::elementwise) documents the slope of each function at a kink, a tie or a
//!   pole. A zero absorbs an infinite slope: the derivative of `√(x·x)` at 0 is 0, not NaN.
//! - **Your own functions**: [`Var::custom`] and [`custom`] take a value and slopes from you.
//! - **Long loops**: a [`checkpoint`] is recomputed during the backward pass instead of being stored. In a
//!   [scope](Tape::scope) its function may borrow.
//! - **Long functions of few variables**: [`preaccumulate`] records only their slopes.
//! - **NaN**: a [traced](Tape::traced) tape stores every operation with its operands and the line of code that recorded
//!   it. It returns [the origin of a NaN](Tape::first_non_finite), and can be [drawn as a graph](Tape::to_dot).
//! - **Existing code**: a function that is generic over [`num_traits::Float`] is differentiated unchanged.
//! - **Checking**: [`gradcheck`](crate::gradcheck) compares derivatives with finite differences.
//!
//! # What it is not
//!
//! - A recording is not a program: it holds the slopes at one point, and a branch is recorded as it was taken. Record
//!   again for another point. A [`Program`](program::Program) is recorded for all points: it holds the operations, and
//!   records a branch again only when a point takes its other side.
//! - A variable borrows its tape. It cannot be `'static`, and it is neither `Send` nor `Sync`; a tape can be sent to
//!   another thread.
//! - A tape is limited to 2³¹ − 1 operations on two variables.
//!
//! # With nalgebra
//!
//! With the feature `nalgebra`, [`Dual`] is a `RealField`, so nalgebra's routines are differentiated unchanged, in
//! forward mode. A `Var` cannot be a `RealField`: nalgebra requires `'static`, and a `Var` borrows its tape. To use a
//! routine of nalgebra in the middle of a recording, pass its slopes to [`custom`], with one forward pass for each
//! input:
//!
//! ```
//! # #[cfg(feature = "nalgebra")] {
//! use autodiff::scalar::{Dual, Tape, custom};
//! use nalgebra::{Matrix2, RealField};
//!
//! fn determinant<R: RealField + Copy>(m: [R; 4]) -> R {
//!     Matrix2::from_row_slice(&m).lu().determinant()
//! }
//!
//! let tape = Tape::new();
//! let m = tape.vars([3.0, 1.0, 2.0, 4.0]);
//! let result = custom(&m, |m| {
//!     let m = [m[0], m[1], m[2], m[3]];
//!     let slope = |i: usize| {
//!         let mut m = m.map(Dual::constant);
//!         m[i] = Dual::var(m[i].value);
//!         determinant(m).tangent()
//!     };
//!     (determinant(m), (0..4).map(slope).collect())
//! });
//! let cofactors = [4.0, -2.0, -1.0, 3.0];
//! for (slope, cofactor) in result.gradients().wrt_all(&m).iter().zip(cofactors) {
//!     assert!((slope - cofactor).abs() < 1e-14);
//! }
//! # }
//! ```

// The modules are in reading order, which is also the order of the sections on the pages of `Tape` and `Var`. Only
// `tape` and `var` depend on each other: a tape makes variables, and a variable borrows its tape.

// Numbers, and the tape that records them.
mod dual;
mod node_ref;
mod number;
mod store;
mod tape;
mod values;
mod var;

// After `tape`, whose page it continues.
mod leaves;

// Operations.
mod common;
#[cfg(feature = "nalgebra")]
mod field;
mod float;
mod nary;
mod operators;
mod pairwise;
mod slices;
mod softmax;
mod sum;

// Derivatives.
mod backward;
mod custom;
mod derivatives;
pub mod forward;
pub mod general;
pub mod sparse;
mod sweep;

// Parts of a recording that are removed, recomputed, or reduced to their slopes.
mod checkpoint;
mod preaccumulate;
mod rewind;
mod scope;

// Functions that are recorded once and replayed on many points.
pub mod program;
mod replay;

// Problems for solvers.
#[cfg(feature = "argmin")]
pub mod problems;

// Inspection.
mod inspect;
mod trace;
mod tracing;

// Reports of a traced tape.
mod report;

pub use checkpoint::{Recomputable, checkpoint};
pub use custom::{CustomFunction, custom, custom_function};
pub use derivatives::{
    derivative, gradient, hessian, hvp, jacobian, jacobian_by, jvp, value_and_gradient,
    value_and_hessian, value_and_jacobian, vjp,
};
pub use dual::Dual;
pub use general::Mode;
pub use inspect::Node;
pub use leaves::Leaves;
pub use number::{Plain, Scalar};
pub use preaccumulate::preaccumulate;
pub use report::{NonFinite, NonFiniteCause};
pub use rewind::Mark;
pub use scope::Scope;
pub use slices::{dot, linear_combination, log_sum_exp, norm};
pub use sweep::Gradients;
pub use tape::Tape;
pub use trace::{Input, Operation, TraceEntry};
pub use values::Values;
pub use var::Var;
