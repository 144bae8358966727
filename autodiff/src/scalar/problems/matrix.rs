//! `Matrix`: a dense matrix for the solvers of `argmin`.

use super::error::ProblemError;
use crate::Number;
use crate::scalar::number::Scalar;
use crate::tensor::Real;
use argmin_math::{ArgminDot, ArgminInv, ArgminTranspose, Error};
use autodiff_kernels::reduce::RunningSum;
use std::ops::Index;

/// A dense matrix, row by row: a Jacobian or a Hessian matrix.
///
/// It has the operations that solvers of `argmin` need: the product with a vector and with a matrix, the transpose, and
/// the inverse.
///
/// ```
/// use argmin_math::{ArgminDot, ArgminInv, ArgminTranspose};
/// use autodiff::scalar::problems::Matrix;
///
/// let a = Matrix::from(vec![vec![1.0, 2.0], vec![0.0, 4.0]]);
/// assert_eq!(a[(0, 1)], 2.0);
/// assert_eq!(a.dot(&vec![1.0, 1.0]), [3.0, 4.0]);
/// assert_eq!(Vec::from(a.inv()?.t()), [[1.0, 0.0], [-0.5, 0.25]]);
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<T = f64> {
    columns: usize,
    entries: Vec<T>,
}

impl<T: Real + Scalar> Matrix<T> {
    /// Returns a matrix of zeros.
    pub(super) fn zeros(rows: usize, columns: usize) -> Self {
        Matrix {
            columns,
            entries: vec![T::default(); rows * columns],
        }
    }

    /// Returns the number of rows. A matrix without columns has none.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.entries.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Returns the number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the entries, row by row.
    #[must_use]
    pub fn entries(&self) -> &[T] {
        &self.entries
    }

    /// Returns the entries, row by row, to be changed.
    pub(super) fn entries_mut(&mut self) -> &mut [T] {
        &mut self.entries
    }

    /// Returns the rows.
    pub(super) fn each_row(&self) -> impl Iterator<Item = &[T]> {
        self.entries.chunks_exact(self.columns.max(1))
    }
}

/// The entry in a row and a column.
impl<T: Real + Scalar> Index<(usize, usize)> for Matrix<T> {
    type Output = T;

    #[track_caller]
    fn index(&self, (i, j): (usize, usize)) -> &T {
        let (rows, columns) = (self.rows(), self.columns);
        assert!(
            i < rows && j < columns,
            "index: there is no entry ({i}, {j}) in a matrix of {rows} × {columns}"
        );
        &self.entries[i * columns + j]
    }
}

impl<T: Real + Scalar> From<Vec<Vec<T>>> for Matrix<T> {
    #[track_caller]
    fn from(rows: Vec<Vec<T>>) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        assert!(
            rows.iter().all(|row| row.len() == columns),
            "matrix: the rows have different lengths"
        );
        Matrix {
            columns,
            entries: rows.concat(),
        }
    }
}

impl<T: Real + Scalar> From<Matrix<T>> for Vec<Vec<T>> {
    fn from(matrix: Matrix<T>) -> Self {
        matrix.each_row().map(<[T]>::to_vec).collect()
    }
}

impl<T: Real + Scalar> ArgminTranspose<Matrix<T>> for Matrix<T> {
    fn t(self) -> Matrix<T> {
        let mut transpose = Matrix::zeros(self.columns, self.rows());
        for (i, row) in self.each_row().enumerate() {
            for (j, &x) in row.iter().enumerate() {
                transpose.entries[j * transpose.columns + i] = x;
            }
        }
        transpose
    }
}

/// The product with a vector.
impl<T: Real + Scalar> ArgminDot<Vec<T>, Vec<T>> for Matrix<T> {
    #[track_caller]
    fn dot(&self, x: &Vec<T>) -> Vec<T> {
        let (columns, length) = (self.columns, x.len());
        assert!(
            columns == length,
            "dot: a matrix of {columns} columns and a vector of {length}"
        );
        self.each_row().map(|row| dot(row, x)).collect()
    }
}

/// The product with a matrix.
impl<T: Real + Scalar> ArgminDot<Matrix<T>, Matrix<T>> for Matrix<T> {
    #[track_caller]
    fn dot(&self, other: &Matrix<T>) -> Matrix<T> {
        let (columns, rows) = (self.columns, other.rows());
        assert!(
            columns == rows,
            "dot: a matrix of {columns} columns and one of {rows} rows"
        );
        let mut product = Matrix::zeros(self.rows(), other.columns);
        let width = other.columns.max(1);
        for (to, row) in product.entries.chunks_exact_mut(width).zip(self.each_row()) {
            for (&x, other) in row.iter().zip(other.each_row()) {
                add_multiple(to, x, other);
            }
        }
        product
    }
}

/// By Gauss and Jordan, with the largest pivot of each column.
impl<T: Real + Scalar> ArgminInv<Matrix<T>> for Matrix<T> {
    fn inv(&self) -> Result<Matrix<T>, Error> {
        let n = self.columns;
        if self.rows() != n {
            return Err(ProblemError::NotSquare {
                rows: self.rows(),
                columns: n,
            }
            .into());
        }
        // The matrix and the identity matrix next to it.
        let mut rows: Vec<Vec<T>> = self.each_row().map(<[T]>::to_vec).collect();
        for (i, row) in rows.iter_mut().enumerate() {
            row.resize(2 * n, T::default());
            row[n + i] = one();
        }
        for k in 0..n {
            let size = |row: &Vec<T>| Number::abs(row[k]);
            let largest = (k..n).reduce(|a, b| {
                let larger = size(&rows[b]) > size(&rows[a]);
                if larger { b } else { a }
            });
            rows.swap(k, largest.unwrap_or(k));
            let (pivot, is_regular) = (rows[k][k], size(&rows[k]) > T::default());
            if !is_regular {
                return Err(ProblemError::Singular.into());
            }
            let row: Vec<T> = rows[k].drain(..).map(|x| x / pivot).collect();
            for other in rows.iter_mut().filter(|other| !other.is_empty()) {
                let multiple = -other[k];
                add_multiple(other, multiple, &row);
            }
            rows[k] = row;
        }
        rows.iter_mut().for_each(|row| drop(row.drain(..n)));
        Ok(Matrix::from(rows))
    }
}

/// Returns the sum of some terms, added pairwise.
pub(super) fn sum_of<T: Scalar>(terms: impl IntoIterator<Item = T>) -> T {
    let mut sum = RunningSum::new();
    terms.into_iter().for_each(|x| sum.add(x.to_f64()));
    T::from_f64(sum.total())
}

/// Returns the product of two vectors of the same length.
fn dot<T: Real + Scalar>(a: &[T], b: &[T]) -> T {
    let products = a.iter().zip(b).map(|(&a, &b)| a * b);
    products.fold(T::default(), |sum, product| sum + product)
}

/// Adds a multiple of a vector to another one.
pub(super) fn add_multiple<T: Real + Scalar>(to: &mut [T], multiple: T, x: &[T]) {
    for (to, &x) in to.iter_mut().zip(x) {
        let sum = *to + multiple * x;
        *to = sum;
    }
}

/// The number 1.
pub(super) fn one<T: Scalar>() -> T {
    T::from_f64(1.0)
}
