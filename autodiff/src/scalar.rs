//! Derivatives of functions of numbers, by a tape.
//!
//! A [`Tape`] records what is computed from its variables, and is walked backward to give the derivative of a result
//! with respect to all of them at once, for a few times the price of the function itself.
//!
//! ```
//! use autodiff::scalar::Tape;
//!
//! let tape = Tape::new();
//! let [x, y] = tape.variables([0.5, 4.2]);
//! let z = x * y + x.sin();
//!
//! let gradients = z.gradients();
//! assert_eq!(gradients.wrt(x), 4.2 + 0.5_f64.cos());
//! assert_eq!(gradients.wrt(y), 0.5);
//! ```
//!
//! Where no tape needs to be in sight there are [`gradient`], [`jacobian`], [`hessian`], [`jvp`], [`vjp`] and [`hvp`]:
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
//! A [`Var`] is a few words that can be copied: its value, a node of the tape, and its slope with respect to that node.
//!
//! - A **function of one variable** changes value and slope, by the chain rule, and writes nothing: `(2 x + 1).sin()`
//!   hangs on the node of `x` with slope `2 cos(2 x + 1)`.
//! - An **operation that joins two different nodes** makes a new one. Of it the tape keeps the indices of the two and
//!   the slope towards each, 24 bytes. Of `x · y` that is `(x, y)` and `(value of y, value of x)`.
//! - Two operands on the **same node** add up their slopes, and a **constant** takes no part.
//! - A sum, [`dot`] product, [`linear_combination`], [`norm`] or [`log_sum_exp`] is **one node with many inputs**, 12
//!   bytes for each.
//!
//! Nodes are in the order in which they were computed, so all inputs of a node lie before it. The walk back is one loop
//! from the end: starting with the adjoint 1 for the result, each node adds its adjoint, times the slope towards an
//! input, to the adjoint of that input. When the loop is done, the adjoint of each variable is its derivative.
//!
//! The adjoints are the [`Gradients`]. They live apart from the tape, which is never changed, so one recording can be
//! walked back from several results. For the next recording a tape is [reset](Tape::reset), which keeps its memory, or
//! [rewound](Tape::rewind) to a mark. Variables from before cannot be used any more, by the rules of the language.
//!
//! A variable that is no node has no adjoint of its own. To ask for derivatives with respect to an intermediate
//! result, [anchor](Var::anchor) it.
//!
//! # More
//!
//! - **Any order**: a tape can be made of any [`Scalar`]: `f32`, `f64`, the forward-mode [`Dual`], or the `Var` of
//!   another tape. So derivatives can be differentiated; [`general`] has the functions for it.
//! - **Kinks and poles**: what a slope is at a kink, a tie or a pole is said with each function of the
//!   [table](crate::elementwise). Everywhere a slope or adjoint of exactly zero wins over an infinite one: the
//!   derivative of `√(x·x)` at 0 is 0.
//! - **Your own functions**: [`Var::custom`] and [`custom`] take a value and slopes from the caller.
//! - **Long loops**: a [`checkpoint`] is recomputed in the walk back instead of kept.
//! - **NaN**: a [traced](Tape::traced) tape keeps every operation with its operands and the line that recorded it, tells
//!   [where a NaN came from](Tape::find_nan), and can be [drawn](Tape::to_dot).
//! - **Existing code**: a function generic over [`num_traits::Float`] is differentiated unchanged. With the feature
//!   `nalgebra`, [`Dual`] is a `RealField`, so routines such as an LU decomposition are too. (A `Var` borrows its tape,
//!   and nalgebra's fields must be `'static`; for a gradient through such a routine, take one `Dual` sweep for each
//!   variable, or give the routine's slopes to [`custom`].)

// To read on: `var` is what an operation does, `tape` and `store` are what is kept of it, `many` makes the nodes of many
// inputs, and `sweep` is the walk back. The others stand on these.
mod backward;
mod checkpoint;
mod derivatives;
mod dual;
#[cfg(feature = "nalgebra")]
mod field;
mod float;
pub mod general;
mod many;
mod marks;
mod nodes;
mod number;
mod operators;
mod place;
mod point;
mod report;
mod store;
mod sweep;
mod tape;
mod trace;
mod var;

pub use checkpoint::checkpoint;
pub use derivatives::{
    Mode, derivative, gradient, hessian, hvp, jacobian, jacobian_by, jvp, value_and_gradient, vjp,
};
pub use dual::Dual;
pub use many::{custom, dot, linear_combination, log_sum_exp, norm};
pub use marks::Mark;
pub use nodes::Node;
pub use number::Scalar;
pub use point::Point;
pub use report::{Finding, Trouble};
pub use sweep::Gradients;
pub use tape::Tape;
pub use trace::{Operand, Operation, Step};
pub use var::Var;
