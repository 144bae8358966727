//! Sparsity patterns, and how a sparse Jacobian or Hessian matrix is computed from a few products.
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
mod pattern;

pub use super::program::sparse::{SparseHessian, SparseJacobian};
pub use colouring::{Colouring, Source};
pub use pattern::Pattern;
