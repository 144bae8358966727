//! Sparse Jacobian and Hessian matrices of functions of many variables.
//!
//! A function of thousands of variables often has a Jacobian matrix of which most entries are 0 everywhere, because each
//! output depends on a few variables. [`SparseJacobian`] finds these entries in a recording of the function, and
//! computes the others, the *nonzeros*. [`SparseHessian`] does the same for second derivatives.
//!
//! The following function is the energy of a chain of springs. Each mass interacts with its neighbours only:
//!
//! ```
//! use autodiff::scalar::Var;
//! use autodiff::scalar::sparse::SparseHessian;
//!
//! let mut hessian = SparseHessian::new(
//!     |x| x.windows(2).map(|pair| (pair[1] - pair[0] - 1.0).powi(4)).sum::<Var>(),
//!     &[0.0, 1.5, 2.0, 4.0],
//! )?;
//! assert_eq!(
//!     hessian.pattern().to_string(),
//!     "× · · ·\n\
//!      × × · ·\n\
//!      · × × ·\n\
//!      · · × ×"
//! );
//!
//! // Another point: the instructions are executed again, without the function.
//! let (value, gradient, nonzeros) = hessian.value_gradient_and_hessian(&[0.0, 2.0, 3.0, 3.0])?;
//! assert_eq!(value, 2.0);
//! assert_eq!(gradient, [-4.0, 4.0, 4.0, -4.0]);
//! assert_eq!(nonzeros, [12.0, -12.0, 12.0, 0.0, 12.0, -12.0, 12.0]);
//! # Ok::<(), autodiff::scalar::program::ProgramError>(())
//! ```
//!
//! The nonzeros are in compressed sparse rows (CSR), as solvers of linear equations take them: their columns are the
//! [`indices`](Pattern::indices) of the pattern, and row `i` begins at its [`offsets`](Pattern::offsets). With the
//! features `faer` and `nalgebra-sparse` they are written into a sparse matrix of these crates, by `Pattern::to_faer`
//! and `Pattern::to_nalgebra`.
//!
//! A function is recorded in the same way as a [program](super::program), which computes small functions at many points;
//! the limits and errors are the same. For a matrix without many zeros, use
//! [`jacobian`](super::jacobian()) or [`hessian`](super::hessian()).
//!
//! # Colourings
//!
//! A forward pass computes the product of a Jacobian with a vector, and a backward pass the product of a vector with
//! the Jacobian. With one product for each column or row, the cost of a matrix grows with its size. In a sparse matrix
//! many columns can share a product: if no two columns of a group have a nonzero in the same row, the product with the
//! sum of their unit vectors contains each of their nonzeros, unmixed. To find few such groups is to colour a graph
//! with few colours.
//!
//! A [`Pattern`] says where a matrix may be nonzero. A [`Colouring`] groups its columns and rows, and says where the
//! products hold each nonzero. In the following matrix, three products are enough for any number of columns:
//!
//! ```
//! use autodiff::scalar::sparse::{Colouring, Pattern};
//!
//! let tridiagonal = Pattern::from_rows(5, [&[0, 1][..], &[0, 1, 2], &[1, 2, 3], &[2, 3, 4], &[3, 4]]);
//! assert_eq!(
//!     tridiagonal.to_string(),
//!     "× × · · ·\n\
//!      × × × · ·\n\
//!      · × × × ·\n\
//!      · · × × ×\n\
//!      · · · × ×"
//! );
//!
//! let colouring = Colouring::of_jacobian(&tridiagonal);
//! assert_eq!(colouring.products(), 3);
//! assert_eq!(colouring.column_groups().row(0), [0, 3]);
//!
//! // The products of the matrix of ones with the three groups: entry i of product c counts the nonzeros of row i in
//! // columns of group c.
//! let products = [[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0, 0.0]];
//! assert_eq!(colouring.recover(&products), [1.0; 13]);
//! ```

mod colouring;
#[cfg(feature = "faer")]
mod faer;
#[cfg(feature = "nalgebra-sparse")]
mod nalgebra;
mod pattern;

pub use super::program::sparse::{SparseHessian, SparseJacobian};
pub use colouring::{Colouring, Source};
pub use pattern::Pattern;
