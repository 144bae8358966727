//! The matrix product, behind one checked door: from the `gemm` crate, or, where packing does not pay, from [`unpacked`](super::unpacked).
#![allow(unsafe_code)]

use super::Write;
use super::unpacked::{Factors, Unpacked};
use std::ops::Range;

/// A row-major matrix, read as it lies or transposed, or some rows of it.
///
/// Kernels take it by reference: a copy would be read as soon as it is written, and wait for that.
///
/// The element at (i, j) is that at `i · row_step + j · column_step` of the data, and lies inside them.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// The matrix whose rows lie one after the other in `data`.
    pub(crate) fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
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
    pub(crate) fn transposed(self) -> Self {
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
    pub(crate) fn some_rows(self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.rows,
            "rows {range:?} of {}",
            self.rows
        );
        let data = if self.column_step == 1 {
            &self.data[range.start * self.columns..range.end * self.columns]
        } else {
            // The rows lie interleaved: without columns there are no data to begin in.
            &self.data[range.start.min(self.data.len())..]
        };
        Matrix {
            data,
            rows: range.len(),
            ..self
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The data: rows × columns elements, unless they are [some rows](Matrix::some_rows) of a transposed matrix.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn data(&self) -> &'a [T] {
        self.data
    }

    /// How far apart two rows are in the data: 1, or the number of columns.
    pub(crate) fn row_step(&self) -> usize {
        self.row_step
    }

    /// How far apart two columns are in the data: 1, or the number of rows.
    pub(crate) fn column_step(&self) -> usize {
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
    pub(crate) unsafe fn get_unchecked(&self, i: usize, j: usize) -> T {
        // SAFETY: this is an element of the data, as every (i, j) within the extents is.
        unsafe {
            *self
                .data
                .get_unchecked(i * self.row_step + j * self.column_step)
        }
    }

    /// The element at (i, j).
    #[cfg(test)]
    pub(crate) fn at(&self, i: usize, j: usize) -> T {
        self.data[i * self.row_step + j * self.column_step]
    }
}

/// Writes or adds `scale · a · b` to the row-major matrix `out`, on the calling thread.
///
/// # Panics
///
/// If the inner extents differ, or `out` has not as many elements as the product.
pub(crate) fn matmul<T: Gemm>(
    scale: T,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    out: &mut [T],
    write: Write,
) {
    check(&a, &b, out);
    if !T::unpacked_product(scale, &a, &b, out, write) {
        T::gemm(scale, a, b, out, write);
    }
}

/// As [`matmul`], with bytes on the left, if there is a kernel that reads them as they lie; tells whether there was.
///
/// # Panics
///
/// As [`matmul`].
pub(crate) fn bytes_times<T: Gemm>(
    scale: T,
    a: Matrix<'_, u8>,
    b: Matrix<'_, T>,
    out: &mut [T],
    write: Write,
) -> bool {
    check(&a, &b, out);
    T::unpacked_bytes_times(scale, &a, &b, out, write)
}

/// Writes or adds `scale · Σ aₗ · bₗ` to `out`, if there is a kernel that does so in one go; tells whether there was.
///
/// # Panics
///
/// As [`matmul`], for any pair of factors.
pub(crate) fn sum_of_products<T: Gemm>(
    scale: T,
    factors: &[Factors<'_, T, T>],
    out: &mut [T],
    write: Write,
) -> bool {
    factors.iter().for_each(|(a, b)| check(a, b, out));
    T::unpacked_sum(scale, factors, out, write)
}

/// As [`sum_of_products`], with bytes on the right.
///
/// # Panics
///
/// As [`matmul`], for any pair of factors.
pub(crate) fn sum_of_products_with_bytes<T: Gemm>(
    scale: T,
    factors: &[Factors<'_, T, u8>],
    out: &mut [T],
    write: Write,
) -> bool {
    factors.iter().for_each(|(a, b)| check(a, b, out));
    T::unpacked_sum_of_bytes(scale, factors, out, write)
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
#[expect(private_bounds, reason = "a sealed trait")]
pub trait Gemm: private::Product + Unpacked {}
impl Gemm for f32 {}
impl Gemm for f64 {}

pub(crate) mod private {
    use super::{Matrix, Write};

    /// The raw product; its callers have checked the extents.
    pub trait Product: Copy {
        #[expect(
            private_interfaces,
            reason = "a sealed trait, called by `matmul` alone"
        )]
        fn gemm(
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
            #[expect(
                private_interfaces,
                reason = "a sealed trait, called by `matmul` alone"
            )]
            fn gemm(scale: $T, a: Matrix<'_, $T>, b: Matrix<'_, $T>, out: &mut [$T], write: Write) {
                let (m, n, k) = (a.rows, b.columns, a.columns);
                // SAFETY: every (i, j) within the extents of a `Matrix` is an element of its slice, at
                // i · row_step + j · column_step; `matmul` has checked that the inner extents agree and that `out`
                // holds m × n elements. `out` is borrowed mutably, so it overlaps neither factor.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The product as its definition says, for every orientation.
    #[test]
    fn it_agrees_with_the_plain_loop() {
        for (m, k, n) in [
            (1, 1, 1),
            (3, 5, 2),
            (10, 7, 33),
            (17, 64, 10),
            (4, 0, 3),
            (0, 4, 3),
            (2, 3, 0),
        ] {
            let a: Vec<f64> = (0..m * k).map(|i| (i as f64 * 0.37).sin()).collect();
            let b: Vec<f64> = (0..k * n).map(|i| (i as f64 * 0.71).cos()).collect();
            for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
                let left = if ta {
                    Matrix::new(&a, k, m).transposed()
                } else {
                    Matrix::new(&a, m, k)
                };
                let right = if tb {
                    Matrix::new(&b, n, k).transposed()
                } else {
                    Matrix::new(&b, k, n)
                };
                let mut set = vec![f64::NAN; m * n];
                matmul(2.0, left, right, &mut set, Write::Set);
                let mut added = vec![1.0; m * n];
                matmul(2.0, left, right, &mut added, Write::Add);
                for i in 0..m {
                    for j in 0..n {
                        let sum: f64 = (0..k).map(|l| left.at(i, l) * right.at(l, j)).sum();
                        assert!(
                            (set[i * n + j] - 2.0 * sum).abs() < 1e-13,
                            "{m}×{k}·{k}×{n} {ta} {tb}"
                        );
                        assert!((added[i * n + j] - 1.0 - 2.0 * sum).abs() < 1e-13);
                    }
                }
            }
        }
    }

    #[test]
    fn some_rows_of_a_factor_give_those_of_the_product() {
        for (m, k, n) in [
            (7, 5, 3),
            (7, 1, 20),
            (1, 4, 3),
            (23, 300, 9),
            (40, 20, 33),
            (5, 0, 2),
        ] {
            let a: Vec<f64> = (0..m * k).map(|i| (i as f64 * 0.37).sin()).collect();
            let b: Vec<f64> = (0..k * n).map(|i| (i as f64 * 0.71).cos()).collect();
            let right = Matrix::new(&b, k, n);
            for left in [Matrix::new(&a, m, k), Matrix::new(&a, k, m).transposed()] {
                let mut whole = vec![1.0; m * n];
                matmul(2.0, left, right, &mut whole, Write::Add);
                for rows in [0..m, 0..1, m / 3..m, m / 2..m / 2, m..m] {
                    let mut some = vec![1.0; rows.len() * n];
                    matmul(
                        2.0,
                        left.some_rows(rows.clone()),
                        right,
                        &mut some,
                        Write::Add,
                    );
                    let expected = &whole[rows.start * n..rows.end * n];
                    let differ = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-12;
                    assert!(
                        !some.iter().zip(expected).any(differ),
                        "{m}×{k}·{k}×{n} {rows:?}"
                    );
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "rows 1..4 of 3")]
    fn rows_that_do_not_exist_are_refused() {
        let _ = Matrix::new(&[0.0; 6], 2, 3).transposed().some_rows(1..4);
    }

    #[test]
    #[should_panic(expected = "a product of 2×3 and 2×3")]
    fn inner_extents_that_differ_are_refused() {
        let x = [0.0; 6];
        matmul(
            1.0,
            Matrix::new(&x, 2, 3),
            Matrix::new(&x, 2, 3),
            &mut [0.0; 4],
            Write::Set,
        );
    }
}
