//! Loops over slices of numbers: matrix products, sums, maxima, softmax and elementary functions, in the widest vectors
//! that the processor has.
//!
//! Numbers in, numbers out: a kernel takes slices, extents and strides, and knows nothing of tensors, tapes or gradients.
//! Memory for intermediate results comes from the caller, as a [`Scratch`]. Extents that do not fit the slices panic.
//!
//! The environment variable `AUTODIFF_SIMD` limits the instruction set, down to plain loops: see [`simd`].
//!
//! ```
//! use autodiff_kernels::{Heap, Write, matmul::{Matrix, matmul}};
//!
//! let (a, b) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0]);
//! let mut y = [0.0; 2];
//! matmul(1.0, Matrix::new(&a, 2, 2), Matrix::new(&b, 2, 1), &mut y, Write::Set, &Heap);
//! assert_eq!(y, [17.0, 39.0]);
//! ```
//!
//! This crate is a part of `autodiff`: its interface follows the needs of that crate.

pub mod broadcast;
mod bytes;
pub mod elementary;
mod float;
pub mod matmul;
mod matrix;
mod permute;
pub mod reduce;
mod scratch;
pub mod simd;
pub mod softmax;
mod unpacked;

pub use bytes::scale_bytes;
pub use float::Float;
pub use permute::permute;
pub use scratch::{Heap, Scratch};

/// How a kernel stores its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// It replaces the output.
    Set,
    /// It is added to the output.
    Add,
}

/// What a kernel does with a sum of products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Epilogue<T> {
    /// It is written or added to the output.
    Write(Write),
    /// This many times the sum is subtracted from the output; the multiple is rounded first.
    Descend(T),
}
