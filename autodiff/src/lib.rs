//! Tape-based reverse-mode automatic differentiation of numbers and tensors.

pub mod elementwise;
pub mod gradcheck;
pub mod scalar;
pub mod tensor;

pub use elementwise::Number;
pub use tensor::Tensor;
