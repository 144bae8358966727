//! The matrix product, with checked extents: by the `gemm` crate, or, where packing does not pay, by kernels that read the factors where
//! they lie.
#![allow(unsafe_code)]

#[cfg(test)]
mod tests;

use crate::reduce::pairwise;
use crate::unpacked::{Factors, RUN, UNCUT, Unpacked};
use crate::{Epilogue, Float, Scratch, Write};
use std::ops::Range;

/// The most terms of an element of the result that are left to one kernel. A kernel cuts them into blocks and adds these to
/// the result one after the other, so that its error grows with their number.
const LONG: usize = 1 << 13;

/// A row-major matrix, read as it lies or transposed, or some rows or columns of it.
///
/// Kernels take it by reference: a copy would be read as soon as it is written, and wait for that.
///
/// The element at (i, j) is that at `i · row_step + j · column_step` of the data, and lies inside them.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// The matrix whose rows lie one after the other in `data`.
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        assert_eq!(
            Some(data.len()),
            rows.checked_mul(columns),
            "a {rows}×{columns} matrix of {} elements",
            data.len()
        );
        Matrix {
            data,
            rows,
            columns,
            row_step: columns,
            column_step: 1,
        }
    }

    /// The same data with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Matrix {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
        }
    }

    /// Some of its rows.
    ///
    /// # Panics
    ///
    /// If there are no such rows.
    #[inline]
    pub fn some_rows(self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.rows,
            "rows {range:?} of {}",
            self.rows
        );
        // Behind the last element, and without columns, there may be none to begin with.
        let begin = (range.start * self.row_step).min(self.data.len());
        Matrix {
            data: &self.data[begin..],
            rows: range.len(),
            ..self
        }
    }

    /// Some of its columns.
    ///
    /// # Panics
    ///
    /// If there are no such columns.
    #[inline]
    pub fn some_columns(self, range: Range<usize>) -> Self {
        self.transposed().some_rows(range).transposed()
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The data, from the element at (0, 0) on. Others may lie between its rows, and behind them.
    #[cfg(target_arch = "x86_64")]
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// Whether every element lies inside the data, as it always does.
    #[cfg(target_arch = "x86_64")]
    pub fn lies_inside(&self) -> bool {
        let last = self.rows.saturating_sub(1) * self.row_step
            + self.columns.saturating_sub(1) * self.column_step;
        self.rows == 0 || self.columns == 0 || last < self.data.len()
    }

    /// How far apart two rows are in the data: 1, or at least the number of columns.
    pub fn row_step(&self) -> usize {
        self.row_step
    }

    /// How far apart two columns are in the data: 1, or at least the number of rows.
    pub fn column_step(&self) -> usize {
        self.column_step
    }
}

impl<T: Copy> Matrix<'_, T> {
    /// The element at (i, j).
    ///
    /// # Safety
    ///
    /// There are more than i rows and j columns.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub unsafe fn get_unchecked(&self, i: usize, j: usize) -> T {
        // SAFETY: this is an element of the data, as every (i, j) within the extents is.
        unsafe {
            *self
                .data
                .get_unchecked(i * self.row_step + j * self.column_step)
        }
    }

    /// The element at (i, j).
    #[cfg(test)]
    pub fn at(&self, i: usize, j: usize) -> T {
        self.data[i * self.row_step + j * self.column_step]
    }
}

/// Writes or adds `scale · a · b` to the row-major matrix `out`, on the calling thread.
///
/// Long sums are formed pairwise, so that the rounding error hardly grows with the inner extent.
///
/// # Panics
///
/// If the inner extents differ, or `out` has not as many elements as the product.
pub fn matmul<T: Float>(
    scale: T,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
) {
    check(&a, &b, out);
    in_parts(
        &a,
        &b,
        LONG,
        out,
        write,
        scratch,
        &mut |a, b, out, write| {
            product(scale, a, b, out, write, scratch);
            true
        },
    );
}

/// As [`matmul`], by one kernel.
fn product<T: Float>(
    scale: T,
    a: &Matrix<'_, T>,
    b: &Matrix<'_, T>,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
) {
    // SAFETY: `matmul` has checked the extents.
    if unsafe { T::unpacked_product(scale, a, b, out, write) } {
        return;
    }
    // `gemm` adds up the terms of a matrix times a vector one after the other.
    let is_vector = a.rows == 1 || b.columns == 1;
    let most = if is_vector && a.columns > UNCUT {
        RUN
    } else {
        a.columns
    };
    in_parts(a, b, most, out, write, scratch, &mut |a, b, out, write| {
        // SAFETY: `matmul` has checked the extents, and parts of the factors fit as they do.
        unsafe { T::gemm(scale, *a, *b, out, write) };
        true
    });
}

/// Forms a product of factors that fit by `product`, which is given at most `most` terms at a time: parts of the inner
/// extent, which are added pairwise. False if `product` returns that.
#[inline]
fn in_parts<A, B, T: Float>(
    a: &Matrix<'_, A>,
    b: &Matrix<'_, B>,
    most: usize,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
    product: &mut impl FnMut(&Matrix<'_, A>, &Matrix<'_, B>, &mut [T], Write) -> bool,
) -> bool
where
    A: Copy,
    B: Copy,
{
    if a.columns <= most {
        return product(a, b, out, write);
    }
    pairwise(
        0..a.columns,
        most,
        out,
        write,
        scratch,
        &mut |part, out, write| {
            let (a, b) = (a.some_columns(part.clone()), b.some_rows(part));
            product(&a, &b, out, write)
        },
    )
}

/// As [`matmul`], with bytes on the left, if there is a kernel that reads them as they lie; tells whether there was.
///
/// # Panics
///
/// As [`matmul`].
pub fn bytes_times<T: Float>(
    scale: T,
    a: Matrix<'_, u8>,
    b: Matrix<'_, T>,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
) -> bool {
    check(&a, &b, out);
    in_parts(
        &a,
        &b,
        LONG,
        out,
        write,
        scratch,
        &mut |a, b, out, write| {
            // SAFETY: the extents were just checked, and parts of the factors fit as they do.
            unsafe { T::unpacked_bytes_times(scale, a, b, out, write) }
        },
    )
}

/// Forms `scale · Σ aₗ · bₗ` along a binary tree over the products, if there is a kernel that does so in one go; tells whether
/// there was.
///
/// # Panics
///
/// As [`matmul`], for any pair of factors.
pub fn sum_of_products<T: Float>(
    scale: T,
    factors: &[Factors<'_, T, T>],
    out: &mut [T],
    epilogue: Epilogue<T>,
) -> bool {
    factors.iter().for_each(|(a, b)| check(a, b, out));
    // SAFETY: the extents were just checked.
    !factors.iter().any(is_long) && unsafe { T::unpacked_sum(scale, factors, out, epilogue) }
}

/// As [`sum_of_products`], with bytes on the right.
///
/// # Panics
///
/// As [`matmul`], for any pair of factors.
pub fn sum_of_products_with_bytes<T: Float>(
    scale: T,
    factors: &[Factors<'_, T, u8>],
    out: &mut [T],
    epilogue: Epilogue<T>,
    scratch: &impl Scratch,
) -> bool {
    factors.iter().for_each(|(a, b)| check(a, b, out));
    if !factors.iter().any(is_long) {
        // SAFETY: the extents were just checked.
        return unsafe { T::unpacked_sum_of_bytes(scale, factors, out, epilogue) };
    }
    let ([(a, b)], Epilogue::Write(write)) = (factors, epilogue) else {
        return false;
    };
    in_parts(a, b, LONG, out, write, scratch, &mut |a, b, out, write| {
        // SAFETY: the extents were just checked, and parts of the factors fit as they do.
        unsafe { T::unpacked_sum_of_bytes(scale, &[(*a, *b)], out, Epilogue::Write(write)) }
    })
}

/// Whether the product of two factors is one of long sums.
fn is_long<A, B>((a, _): &Factors<'_, A, B>) -> bool {
    a.columns > LONG
}

/// # Panics
///
/// If the inner extents differ, or `out` has not as many elements as the product.
fn check<A, B, T>(a: &Matrix<'_, A>, b: &Matrix<'_, B>, out: &[T]) {
    assert_eq!(
        a.columns, b.rows,
        "a product of {}×{} and {}×{}",
        a.rows, a.columns, b.rows, b.columns
    );
    assert_eq!(
        Some(out.len()),
        a.rows.checked_mul(b.columns),
        "the output of a product has the wrong size"
    );
}

/// A type that the matrix product is compiled for.
pub trait Gemm: private::Product + Unpacked {}
impl Gemm for f32 {}
impl Gemm for f64 {}

pub(crate) mod private {
    use super::{Matrix, Write};

    /// The product of the `gemm` crate.
    pub trait Product: Copy {
        /// Writes or adds `scale · a · b` to `out`.
        ///
        /// # Safety
        ///
        /// The inner extents agree, and `out` has as many elements as the product.
        unsafe fn gemm(
            scale: Self,
            a: Matrix<'_, Self>,
            b: Matrix<'_, Self>,
            out: &mut [Self],
            write: Write,
        );
    }
}

macro_rules! product {
    ($T:ty) => {
        impl private::Product for $T {
            unsafe fn gemm(
                scale: $T,
                a: Matrix<'_, $T>,
                b: Matrix<'_, $T>,
                out: &mut [$T],
                write: Write,
            ) {
                let (m, n, k) = (a.rows, b.columns, a.columns);
                // SAFETY: every (i, j) within the extents of a `Matrix` is an element of its slice, at
                // i · row_step + j · column_step; the caller vouches that the inner extents agree and that `out` holds
                // m × n elements. `out` is borrowed mutably, so it overlaps neither factor.
                unsafe {
                    gemm::gemm(
                        m,
                        n,
                        k,
                        out.as_mut_ptr(),
                        1,
                        n as isize,
                        write == Write::Add,
                        a.data.as_ptr(),
                        a.column_step as isize,
                        a.row_step as isize,
                        b.data.as_ptr(),
                        b.column_step as isize,
                        b.row_step as isize,
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
product!(f32);
product!(f64);
