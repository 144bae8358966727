//! Problems for the solvers of the crate `argmin`, with their derivatives.
//!
//! Needs the feature `argmin`, for version 0.11 of that crate, with the vectors of `argmin-math` 0.5. A [`Cost`] is a number that is to be minimized; it has a gradient and a Hessian matrix.
//! A [`LeastSquares`] problem is a list of residuals, whose sum of squares is to be minimized; it has a Jacobian
//! matrix. Both are made of a [`Program`](super::program::Program), or of a function that a tape records at each point.
//!
//! ```
//! use argmin::core::{Executor, State};
//! use argmin::solver::trustregion::{Steihaug, TrustRegion};
//! use autodiff::scalar::problems::Cost;
//! use autodiff::scalar::program::Program;
//!
//! // Rosenbrock's valley, with the minimum at (1, 1).
//! let valley = Program::new(0, 2, |_, x| {
//!     vec![(1.0 - x[0]).square() + 100.0 * (x[1] - x[0].square()).square()]
//! });
//! let solver = TrustRegion::new(Steihaug::new().with_max_iters(10));
//! let found = Executor::new(Cost::new(valley), solver)
//!     .configure(|state| state.param(vec![-1.2, 1.0]).max_iters(50).target_cost(1e-20))
//!     .run()?;
//! let x = found.state().get_best_param().expect("a point");
//! assert!((x[0] - 1.0).abs() < 1e-8 && (x[1] - 1.0).abs() < 1e-8);
//! # Ok::<(), argmin::core::Error>(())
//! ```
//!
//! Parameters, gradients and residuals are vectors. The second derivatives and the Jacobian matrix are a [`Matrix`],
//! which solvers multiply and invert.
//!
//! # Data
//!
//! A program is replayed on many points in vectors. So the residuals of a fit are a program of one measurement: the
//! parameters are its shared inputs, and each measurement is a point.
//!
//! ```
//! use argmin::core::{Executor, State};
//! use argmin::solver::gaussnewton::GaussNewton;
//! use autodiff::scalar::problems::LeastSquares;
//! use autodiff::scalar::program::Program;
//!
//! // The time and the size of a decaying quantity.
//! let measured = [0.0, 2.1, 1.0, 1.2, 2.0, 0.7, 3.0, 0.5];
//! let residual = Program::new(2, 2, |curve, point| {
//!     vec![curve[0] * (-curve[1] * point[0]).exp() - point[1]]
//! });
//! let problem = LeastSquares::with_data(residual, &measured)?;
//! let found = Executor::new(problem, GaussNewton::new())
//!     .configure(|state| state.param(vec![1.0, 1.0]).max_iters(20))
//!     .run()?;
//! let curve = found.state().get_best_param().expect("a curve");
//! assert!((curve[0] - 2.08299).abs() < 1e-5 && (curve[1] - 0.52362).abs() < 1e-5);
//! # Ok::<(), argmin::core::Error>(())
//! ```
//!
//! # Errors
//!
//! The methods of a problem return an `argmin::core::Error`, which contains a [`ProblemError`].
//!
//! # What it is not
//!
//! The matrices are dense. For a large problem, most of whose derivatives are zero, use [`sparse`](super::sparse).

mod at_data;
mod cost;
mod error;
mod least_squares;
mod matrix;
mod source;

pub use cost::Cost;
pub use error::ProblemError;
pub use least_squares::LeastSquares;
pub use matrix::Matrix;
