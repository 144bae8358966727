//! The product of packed factors, by the crate `gemm`.
#![allow(unsafe_code)]

use super::{Matrix, check};
use crate::Write;

/// A type that the crate `gemm` supports.
pub trait Gemm: Copy {
    /// Writes or adds `scale · a · b` to the row-major matrix `out`.
    ///
    /// # Panics
    ///
    /// As [`matmul`](super::matmul).
    fn gemm(
        scale: Self,
        a: &Matrix<'_, Self>,
        b: &Matrix<'_, Self>,
        out: &mut [Self],
        write: Write,
    );
}

macro_rules! gemm {
    ($T:ty) => {
        impl Gemm for $T {
            fn gemm(
                scale: $T,
                a: &Matrix<'_, $T>,
                b: &Matrix<'_, $T>,
                out: &mut [$T],
                write: Write,
            ) {
                check(a, b, out);
                let (m, n, k) = (a.rows(), b.columns(), a.columns());
                // SAFETY: element (i, j) of a `Matrix` is at i · row_stride + j · column_stride of its slice, for all i and
                // j within its extents. The inner extents agree and `out` has m × n elements, as checked above. `out`
                // is borrowed mutably, so that it overlaps neither factor.
                unsafe {
                    gemm::gemm(
                        m,
                        n,
                        k,
                        out.as_mut_ptr(),
                        1,
                        n as isize,
                        write == Write::Add,
                        a.data().as_ptr(),
                        a.column_stride() as isize,
                        a.row_stride() as isize,
                        b.data().as_ptr(),
                        b.column_stride() as isize,
                        b.row_stride() as isize,
                        1.0,
                        scale,
                        false,
                        false,
                        false,
                        gemm::Parallelism::None,
                    );
                }
            }
        }
    };
}
gemm!(f32);
gemm!(f64);
