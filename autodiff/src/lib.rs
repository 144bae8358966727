//! autodiff
pub mod elementwise;
pub use elementwise::Number;
