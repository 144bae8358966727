//! Derivatives of functions of numbers, by a tape.
//!
//! A [`Tape`] records what is computed from its variables. Walking back over the recording gives the derivatives of a
//! result with respect to all variables at once, for a few times the cost of computing the result.
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
//! If you have a function and a point, you need not see the tape at all: call [`gradient`], [`jacobian`], [`hessian`],
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
//! A [`Var`] is a few words that can be copied freely: its value, its tape, a node of that tape, and its slope with
//! respect to the node.
//!
//! - A **function of one variable** updates the value, and the slope by the chain rule. It writes nothing to the tape:
//!   `(2 x + 1).sin()` still refers to the node of `x`, now with slope `2 cos(2 x + 1)`.
//! - An **operation on two different nodes** adds a node. The tape keeps the indices of the two and the slope towards
//!   each, 24 bytes in all. For `x · y` the slope towards `x` is the value of `y`, and the other way round.
//! - Two operands on the **same node** just add their slopes, and a **constant** contributes nothing.
//! - A sum, [`dot`] product, [`linear_combination`], [`norm`] or [`log_sum_exp`] is **one node with many inputs**, 12
//!   bytes each.
//!
//! A node always comes after its inputs, so the walk back is a single loop from the end. It starts with the adjoint 1
//! at the result. Each node adds its own adjoint, times the slope towards an input, to the adjoint of that input. When
//! the loop is done, the adjoint of each variable is the derivative with respect to it.
//!
//! The adjoints are returned as [`Gradients`], separate from the tape. The tape itself does not change, so one recording
//! can be walked back from any number of results. To record afresh, [reset](Tape::reset) the tape, which keeps its
//! memory, or [rewind](Tape::rewind) it to a mark. The compiler rejects any use of a variable from before.
//!
//! Only nodes have an adjoint. To get derivatives with respect to an intermediate result that is not a node,
//! [anchor](Var::retain) it first.
//!
//! # More
//!
//! - **Higher orders**: the numbers on a tape can be any [`Scalar`]: `f32`, `f64`, the forward-mode [`Dual`], or the
//!   `Var` of another tape. Derivatives can thus be differentiated again; the functions in [`general`] work for all of
//!   them.
//! - **Kinks and poles**: the [table](crate::elementwise) says for each function what its slope is at a kink, a tie or a
//!   pole. When a zero meets an infinite slope, zero wins: the derivative of `√(x·x)` at 0 is 0, not NaN.
//! - **Your own functions**: [`Var::custom`] and [`custom`] take a value and slopes from you.
//! - **Long loops**: a [`checkpoint`] is recomputed during the walk back instead of being kept.
//! - **NaN**: a [traced](Tape::traced) tape keeps every operation with its operands and the line of code that recorded
//!   it. It can tell [where a NaN came from](Tape::first_non_finite) and be [drawn as a graph](Tape::to_dot).
//! - **Existing code**: a function that is generic over [`num_traits::Float`] can be differentiated as it stands.
//!
//! # With nalgebra
//!
//! With the feature `nalgebra`, [`Dual`] is a `RealField`, so nalgebra's routines can be differentiated as they stand, in
//! forward mode. A `Var` cannot be one: nalgebra requires `'static`, and a `Var` borrows its tape. To use such a routine
//! in the middle of a recording, hand its slopes to [`custom`], one forward sweep for each input:
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
//!         m[i].tangent = 1.0;
//!         determinant(m).tangent
//!     };
//!     (determinant(m), (0..4).map(slope).collect())
//! });
//! let cofactors = [4.0, -2.0, -1.0, 3.0];
//! for (slope, cofactor) in result.gradients().wrt_all(&m).iter().zip(cofactors) {
//!     assert!((slope - cofactor).abs() < 1e-14);
//! }
//! # }
//! ```

// Where to read on: `var` is what an operation does, `tape` and `store` are what is kept of it, `nary` and `sum` make the
// nodes with many inputs, and `sweep` is the walk back. Everything else builds on these. No two files need each other but
// `tape` and `var`: a tape makes variables, and a variable borrows its tape.
mod backward;
mod checkpoint;
mod common;
mod derivatives;
mod dual;
#[cfg(feature = "nalgebra")]
mod field;
mod float;
pub mod general;
mod inspect;
mod nary;
mod node_ref;
mod number;
mod operators;
mod pairwise;
mod report;
mod rewind;
mod store;
mod sum;
mod sweep;
mod tape;
mod trace;
mod tracing;
mod values;
mod var;

pub use checkpoint::{Recomputable, checkpoint};
pub use derivatives::{
    derivative, gradient, hessian, hvp, jacobian, jacobian_by, jvp, value_and_gradient, vjp,
};
pub use dual::Dual;
pub use general::Mode;
pub use inspect::Node;
pub use nary::{custom, dot, linear_combination, log_sum_exp, norm};
pub use number::Scalar;
pub use report::{NonFinite, NonFiniteCause};
pub use rewind::Mark;
pub use sweep::Gradients;
pub use tape::Tape;
pub use trace::{Input, Operation, TraceEntry};
pub use values::Values;
pub use var::Var;
