//! Matrix products of unpacked operands, for shapes where packing costs more than it saves.
//!
//! In the paper's network a product has ten rows or columns. A batch of one sample has one row, and a chunk of samples
//! has few rows next to a wide layer. Operands that stay in a cache need no copy either. [`Algorithm`] lists the
//! kernels for the layouts that occur. Each keeps a block of the result in registers.
//!
//! Kernels with `u8` operands skip vectors of zeros. Sums of products are formed in one pass, along a binary tree.
//!
//! Each kernel is written once and compiled for AVX-512 and AVX2, in both precisions. How a result is rounded depends
//! only on the extents, the layout and the class of CPU. An element of [`Algorithm::Dot`] depends only on its own row
//! and column.
#![allow(unsafe_code)]

mod algorithm;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::matrix::{Factors, Matrix};
use crate::{Epilogue, Write, simd};
use algorithm::Algorithm;

/// The largest number of columns that counts as narrow: the paper's ten digits, and a few more.
const NARROW: usize = 16;

/// From this length on, the horizontal sum is a negligible part of a dot product.
const MIN_LONG_DOT: usize = 256;

/// A combination adds at most this many terms sequentially. A longer product is cut into runs of [`TERMS_PER_RUN`] terms.
pub(crate) const MAX_SEQUENTIAL_TERMS: usize = 512;
pub(crate) const TERMS_PER_RUN: usize = 128;

/// The capacity of a list of nonzero rows of bytes: row numbers, and a count for each pair of factors.
const LISTED_ROWS: usize = 1152;

/// The number of levels of the tree along which products are added, and the largest number of products.
const LEVELS: usize = 4;
const PRODUCTS: usize = 1 << LEVELS;

/// A type that the unpacked kernels are compiled for.
///
/// Each method writes or adds `scale` times a product, or a sum of products, to the row-major `out`. It returns
/// `false`, and writes nothing, if there is no kernel for the operands. Extents that do not fit panic.
pub trait Unpacked: Copy {
    /// `scale · a · b`.
    fn unpacked_product(
        scale: Self,
        a: &Matrix<'_, Self>,
        b: &Matrix<'_, Self>,
        out: &mut [Self],
        write: Write,
    ) -> bool;

    /// `scale · a · b` with bytes on the left, which are converted when they are loaded.
    fn unpacked_product_with_left_bytes(
        scale: Self,
        a: &Matrix<'_, u8>,
        b: &Matrix<'_, Self>,
        out: &mut [Self],
        write: Write,
    ) -> bool;

    /// `scale · Σ aₗ · bₗ` along a binary tree. Each element of `out` is read and written once. The bits are the same
    /// as if [`unpacked_product`](Unpacked::unpacked_product) added each product to zeros, and these were then added.
    fn unpacked_sum(
        scale: Self,
        factors: &[Factors<'_, Self, Self>],
        out: &mut [Self],
        epilogue: Epilogue<Self>,
    ) -> bool;

    /// Like [`unpacked_sum`](Unpacked::unpacked_sum), with bytes on the right, which are converted when loaded.
    fn unpacked_sum_with_right_bytes(
        scale: Self,
        factors: &[Factors<'_, Self, u8>],
        out: &mut [Self],
        epilogue: Epilogue<Self>,
    ) -> bool;
}

macro_rules! unpacked {
    ($T:ty: $avx512:ident, $avx2:ident) => {
        impl Unpacked for $T {
            fn unpacked_product(
                scale: $T,
                a: &Matrix<'_, $T>,
                b: &Matrix<'_, $T>,
                out: &mut [$T],
                write: Write,
            ) -> bool {
                match Algorithm::of(a, b) {
                    Some(Algorithm::Dot) => unpacked!(dot(scale, a, b, out, write) in $avx512, $avx2),
                    Some(Algorithm::Axpy) => {
                        let (factors, epilogue) = (&[(*a, *b)], Epilogue::<$T>::Write(write));
                        unpacked!(axpy(scale, factors, out, epilogue) in $avx512, $avx2)
                    }
                    Some(Algorithm::AxpyTransposed) => {
                        unpacked!(axpy_transposed(scale, a, b, out, write) in $avx512, $avx2)
                    }
                    None => false,
                }
            }

            fn unpacked_product_with_left_bytes(
                scale: $T,
                a: &Matrix<'_, u8>,
                b: &Matrix<'_, $T>,
                out: &mut [$T],
                write: Write,
            ) -> bool {
                Algorithm::of(a, b) == Some(Algorithm::Dot)
                    && unpacked!(dot_bytes(scale, a, b, out, write) in $avx512, $avx2)
            }

            fn unpacked_sum(
                scale: $T,
                factors: &[Factors<'_, $T, $T>],
                out: &mut [$T],
                epilogue: Epilogue<$T>,
            ) -> bool {
                algorithm::are_axpy(factors)
                    && algorithm::is_tree(factors, &epilogue)
                    && unpacked!(axpy(scale, factors, out, epilogue) in $avx512, $avx2)
            }

            fn unpacked_sum_with_right_bytes(
                scale: $T,
                factors: &[Factors<'_, $T, u8>],
                out: &mut [$T],
                epilogue: Epilogue<$T>,
            ) -> bool {
                let is_written = matches!((factors, epilogue), ([_], Epilogue::Write(_)));
                algorithm::are_read_along(factors)
                    && algorithm::is_tree(factors, &epilogue)
                    && (is_written || algorithm::are_listed(factors))
                    && unpacked!(axpy_bytes(scale, factors, out, epilogue) in $avx512, $avx2)
            }
        }
    };
    // Calls the kernel for the current instruction set; `false` if that is neither of the two.
    ($kernel:ident($($argument:ident),*) in $avx512:ident, $avx2:ident) => {
        match simd::arch() {
            #[cfg(target_arch = "x86_64")]
            pulp::Arch::V4(_) => {
                // SAFETY: a `V4` exists only if the processor has AVX-512, AVX2 and FMA.
                unsafe { x86::$avx512::$kernel($($argument),*) };
                true
            }
            #[cfg(target_arch = "x86_64")]
            pulp::Arch::V3(_) => {
                // SAFETY: a `V3` exists only if the processor has AVX2 and FMA.
                unsafe { x86::$avx2::$kernel($($argument),*) };
                true
            }
            _ => {
                let _ = ($($argument),*);
                false
            }
        }
    };
}
unpacked!(f32: f32_avx512, f32_avx2);
unpacked!(f64: f64_avx512, f64_avx2);
