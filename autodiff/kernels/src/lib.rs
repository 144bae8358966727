//! Loops over slices of numbers: matrix products, sums, maxima, softmax and elementary functions, in the widest vectors
//! that the processor has.
//!
//! For the crate `autodiff`, and for programs that need such a loop without a tensor or a tape. Numbers in, numbers
//! out: a kernel takes slices, extents and strides. The caller provides memory for intermediate results, as a
//! [`Scratch`]. Extents that do not fit the slices panic.
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
//! # Where to go next
//!
//! - [`matmul`] has matrix products, and [`reduce`] has sums and maxima along an axis.
//! - [`elementary`] has functions of many numbers, with their errors, and [`softmax`](mod@softmax) normalizes rows.
//! - [`broadcast`] walks two broadcast operands, and [`permute`] reorders axes.
//! - [`simd`] compiles your own loop for every instruction set, and describes the environment variable `AUTODIFF_SIMD`,
//!   which limits the instruction set down to plain loops.
//!
//! # What it is not
//!
//! There are no shapes, tensors, tapes or gradients, and no threads: a kernel runs on the calling thread. The interface
//! follows the needs of `autodiff` and may change with them.

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
    /// The result replaces the output.
    Set,
    /// The result is added to the output.
    Add,
}

/// What a kernel does with a sum of products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Epilogue<T> {
    /// The sum is written or added to the output.
    Write(Write),
    /// The sum times this rate is subtracted from the output. The product with the rate is rounded separately.
    Descend(T),
}
