//! autodiff
pub mod elementwise;
pub mod scalar;
pub use elementwise::Number;
