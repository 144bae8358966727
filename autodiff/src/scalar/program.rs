//! Functions that are recorded once and replayed on many points.
//!
//! A [`Program`] takes a closure, as a [tape](super::Tape) does, and records it at one point. It replays the recording
//! at as many points as you like, 64 at a time in vector instructions: values, gradients, sums over the points with
//! their gradients, Jacobian matrices, and products with Jacobian and Hessian matrices.
//!
//! It is for a function that is computed at hundreds of points or more, such as the residuals of a fit, the paths of a
//! simulation, the cells of a map or the starts of a search. A tape records the function again at each of them.
//!
//! # A first example
//!
//! A decay `a · exp(−b t)` is fitted to measurements `(t, y)`. All points share the inputs `a` and `b`; each point has
//! its own `t` and `y`.
//!
//! ```
//! # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
//! use autodiff::scalar::program::{Points, Program};
//!
//! let mut error = Program::new(2, 2, |curve, point| {
//!     let difference = curve[0] * (-curve[1] * point[0]).exp() - point[1];
//!     vec![difference.square()]
//! });
//!
//! let measured = [0.0, 2.1, 1.0, 1.2, 2.0, 0.7, 3.0, 0.5];
//! let (cost, gradient) = error.sum_and_gradient(&[2.0, 0.5], Points::Rows(&measured))?;
//!
//! let errors = measured.chunks(2).map(|m| 2.0 * (-0.5 * m[0]).exp() - m[1]);
//! let expected: f64 = errors.map(|e| e * e).sum();
//! assert!((cost - expected).abs() < 1e-15);
//! assert_eq!(gradient.len(), 2);
//! # Ok(()) }
//! ```
//!
//! # How it works
//!
//! - **Recording.** The closure is called with variables that note every operation, the line of code that made it, and
//!   every comparison. The operations form a graph, in which equal operations on equal operands are one node. The slopes
//!   of the [table](crate::elementwise), computed on symbols, add the derivatives to the graph: in reverse for gradients
//!   and Jacobian matrices, forward for tangents, forward over reverse for products with Hessian matrices. Constants are
//!   folded and unused nodes are dropped. Only identities that hold for every number are applied: `0 · x` stays.
//! - **Strips.** The graph becomes a list of instructions on registers. A register holds a number for each of 64 points,
//!   a *strip*, and an instruction is a loop over them in vectors. So choosing the next instruction costs 1/64 for each
//!   point. If a call has a single point, a loop runs over equal instructions that are independent of each other.
//! - **Stages.** What depends on shared inputs only is computed once before the points, and what depends on sums over the
//!   points once after them.
//! - **Guards and variants.** A recording holds the branches that were taken. Each comparison of variables is an
//!   instruction, a *guard*, which tests whether a point takes the same side. The points that do not are gathered, and
//!   follow another recording, a *variant*: the first whose guards hold for them. The first point that has none is
//!   recorded in its turn, up to [a limit](Program::max_variants); after that, points are left to a tape. A point
//!   contributes to a sum only after its last guard. So each point has the results of its own path, whatever the others
//!   do. [`Program::paths`] counts them. [`Var::select_less`] and functions such as `max` and `abs` choose without a
//!   branch.
//! - **Absorbing products.** On a tape a zero adjoint absorbs an infinite slope: the derivative of `√(x·x)` at 0 is 0.
//!   A program multiplies plainly. If a derivative of a strip is NaN, the strip is computed again by code whose products
//!   absorb, so that the result is the tape's.
//!
//! # Map the smallest repeated piece
//!
//! Record a residual, a path, a sample or a step in time: what is the same at every point. A loop inside the closure is
//! unrolled, so a loop over the points would make a program as long as the data, for one set of data only.
//!
//! ```
//! # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
//! use autodiff::scalar::program::{Points, Program};
//!
//! let x: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
//!
//! // Not so: 1,000 inputs, and an instruction for each operation on each of them.
//! let mut long = Program::new(0, 1000, |_, x| vec![x.iter().map(|x| x.sin()).sum()]);
//! // But so: 1 input, and 1,000 points.
//! let mut short = Program::new(0, 1, |_, x| vec![x[0].sin()]);
//!
//! let (_, of_one) = long.values_and_gradients(&[], Points::Rows(&x))?;
//! let (_, of_each) = short.values_and_gradients(&[], Points::Rows(&x))?;
//! assert!(of_one.iter().zip(&of_each).all(|(a, b)| (a - b).abs() < 1e-15));
//! # Ok(()) }
//! ```
//!
//! If the repeated piece is a step of a loop, call the program once for each step and carry the derivatives along: the
//! tangents of one step are the directions of the next in [`Program::jvp`], as in the example `sensitivity_map`.
//!
//! # Layouts
//!
//! [`Points`] are in rows (all numbers of the first point, then of the second) or in columns (the first number of all
//! points, then the second). Everything else that has an entry for each point, directions and results, has the layout
//! of the points. Columns are faster: a strip of a column lies in memory as in a register.
//!
//! With `count` points of `n` inputs and `m` outputs, the derivative of output `i` of point `p` with respect to its
//! input `j` is at `(p * m + i) * n + j` in rows, and at `(i * n + j) * count + p` in columns.
//!
//! # Threads and bits
//!
//! With [`Program::threads`] the points are cut at multiples of 1,024. The sum over each 1,024 points is computed by one
//! thread, and these sums are added pairwise in the order of the points.
//!
//! On CPUs with the same vector instructions, the bits of the results depend on
//!
//! - the closure, the limit of variants, the inputs and the order of the points,
//! - what the program recorded before: a variant is recorded at the first point that takes its path, and sums are added
//!   variant by variant. A new program has recorded nothing.
//!
//! They do not depend on the number of threads, on the layout, or on how often the program ran on its recorded paths.
//!
//! A value is computed by the operations of the function, in their order; functions such as `exp` and `sin` by the
//! vector kernels that tensors use, within [their errors](autodiff_kernels::elementary). Derivatives fuse a product
//! and a sum into one instruction where the CPU has it. So the last bits of a result may depend on how a point is computed:
//! alone, in a strip, by a tape, or again because a derivative in its strip is NaN.
//!
//! # Reading a program
//!
//! [`Program::listing`] shows the instructions. Those of the first example follow, for the sum and its gradient. A
//! register `r` holds a number for each point, and an `s` is the same for all points; the line of code behind each
//! instruction is left out here:
//!
//! ```text
//! once, before the points:
//!   s0 = shared[0]
//!   s1 = shared[1]
//! for each point:
//!   r0 = input[0]
//!   r1 = s1 * r0
//!   r1 = -r1
//!   r1 = exp(r1)
//!   r2 = s0 * r1
//!   r3 = input[1]
//!   r3 = r2 - r3
//!   r2 = r3 * r3
//!   r3 = r3 * 2
//!   r4 = r1 * r3
//!   r3 = s0 * r3
//!   r3 = r1 * r3
//!   r3 = r0 * r3
//!   r3 = -r3
//! ```
//!
//! The lines up to `r2 = r3 * r3` compute the value, in `r2`. The others are its derivative. The sums over the points of
//! `r2`, `r4` and `r3` are the results.
//!
//! # Which way for which problem
//!
//! For a function with `m` outputs, `n` inputs and `k` operations, at `p` points:
//!
//! | problem | way | cost, in operations |
//! |---|---|---|
//! | gradients at a few points, or along a path that differs at nearly every point | [`gradient`], [`Tape`] | recording `p k`, and a backward pass of `p k` for each output |
//! | the same function at many points | [`Program`] | recording and compiling once for each path, about the cost of a few hundred points on a tape; then `p` times the instructions, none of which records |
//! | derivatives with respect to one or two inputs; code generic over a number type | [`Dual`], [`derivative`] | `p k` with tangents for each input; no memory |
//! | a large Jacobian or Hessian matrix, most of it zero | [`sparse`](super::sparse) | a backward pass over what each output depends on, or a product for each colour; not one for each column |
//!
//! The instructions of a program for a point, relative to those of its values:
//!
//! | computation | instructions |
//! |---|---|
//! | [`jvp`](Program::jvp), [`vjp`](Program::vjp), [`values_and_gradients`](Program::values_and_gradients), [`sum_and_gradient`](Program::sum_and_gradient) | the values, and for each operation its slopes and a product and a sum for each operand, whatever the number of inputs |
//! | [`values_and_jacobians`](Program::values_and_jacobians) | the values, and such a backward pass for each output; a few products by `jvp` cost less if there are fewer inputs than outputs |
//! | [`hvp`](Program::hvp) | the gradient, and such a forward pass through it |
//!
//! A point on the `v`-th path is computed on the first path and on its own, and tested by the guards of those between. If
//! no more than 64 points leave the first path, they are computed on those between instead. Where nearly every point
//! takes a path of its own, use a tape.
//!
//! # What it is not
//!
//! - It is not a compiler to machine code: the instructions are interpreted, on 64 points at a time.
//! - There are no loops in a program, and no indices that depend on inputs. A value that leaves the recording as a plain
//!   number, by [`Var::value`] for instance, is an error that names the line: [`ProgramError::Escaped`]. So is an
//!   operation with a closure on plain numbers, such as [`custom`](super::custom); a
//!   [`CustomFunction`](super::CustomFunction) can be replayed.
//! - What the closure captures becomes a constant of the recording. What is to change from call to call is a shared
//!   input.
//! - The numbers are `f64` or `f32`. Derivatives of higher order than [`Program::hvp`] need tapes of other numbers: see
//!   [`general`](super::general).
//!
//! # Where to go next
//!
//! - The methods of [`Program`], and of each the form that writes into your slices and allocates nothing.
//! - The examples of the crate: `monte_carlo_greeks` (a sum over paths), `ode_fit` (Jacobian matrices of many data sets
//!   at once), `sensitivity_map` (tangents along a trajectory), `bundle_adjustment` (blocks of a sparse matrix).
//! - The [tape](super::Tape), for a function at a few points, and [`sparse`](super::sparse), for matrices with few
//!   nonzeros.
//!
//! [`Dual`]: super::Dual
//! [`Tape`]: super::Tape
//! [`derivative`]: super::derivative
//! [`gradient`]: super::gradient
//! [`Var::select_less`]: super::Var::select_less
//! [`Var::value`]: super::Var::value

mod code;
mod compile;
mod computing;
mod derive;
mod error;
mod fallback;
mod graph;
mod instruction;
mod listing;
mod lower;
mod methods;
mod paths;
mod points;
mod recording;
mod registers;
mod request;
mod run;
mod runs;
mod schedule;
mod simplify;
mod single;
pub(super) mod sparse;
mod strip;
mod symbol;
mod variant;
mod variants;

pub use compile::Computation;
pub use error::ProgramError;
pub use listing::Listing;
pub use methods::Program;
pub use paths::Paths;
pub use points::Points;

pub(super) use graph::Relation;
pub(super) use recording::Recording;
