//! Sparse derivatives of one recording at single points.

mod cones;
mod dependencies;
mod hessian;
mod jacobian;
mod paths;
mod point;
mod structure;

pub use hessian::SparseHessian;
pub use jacobian::SparseJacobian;
