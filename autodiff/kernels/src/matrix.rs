//! Matrices as views of slices.

use std::ops::Range;

/// A view of a slice as a row-major matrix, possibly transposed, or as a range of its rows and columns.
///
/// The element at (i, j) is `data[i · row_stride + j · column_stride]`, which is always inside `data`.
///
/// Kernels take it by reference: a copy would be loaded right after it was stored, which stalls.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

/// The two factors of a product.
pub type Factors<'a, A, B> = (Matrix<'a, A>, Matrix<'a, B>);

impl<'a, T> Matrix<'a, T> {
    /// Creates the matrix whose rows are contiguous in `data`, one after another.
    ///
    /// # Panics
    ///
    /// If `data` does not have `rows · columns` elements.
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
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// Returns the transpose, a view of the same data.
    pub fn transposed(self) -> Self {
        Matrix {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// Returns a range of the rows.
    ///
    /// # Panics
    ///
    /// If the range is not inside the rows.
    #[inline]
    pub fn some_rows(self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.rows,
            "rows {range:?} of {}",
            self.rows
        );
        // An empty range may begin past the last element, and so may any range of a matrix without columns.
        let begin = (range.start * self.row_stride).min(self.data.len());
        Matrix {
            data: &self.data[begin..],
            rows: range.len(),
            ..self
        }
    }

    /// A range of the columns.
    ///
    /// # Panics
    ///
    /// If the range is not inside the columns.
    #[inline]
    pub(crate) fn some_columns(self, range: Range<usize>) -> Self {
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

    /// The data from the element at (0, 0) on. They may hold other elements between the rows and after the last row.
    pub(crate) fn data(&self) -> &'a [T] {
        self.data
    }

    /// Whether every element is inside the data. This is an invariant, which unchecked loads rely on.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn lies_inside(&self) -> bool {
        let last = self.rows.saturating_sub(1) * self.row_stride
            + self.columns.saturating_sub(1) * self.column_stride;
        self.rows == 0 || self.columns == 0 || last < self.data.len()
    }

    /// The distance between two rows in the data: 1, or at least the number of columns.
    pub(crate) fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// The distance between two columns in the data: 1, or at least the number of rows.
    pub(crate) fn column_stride(&self) -> usize {
        self.column_stride
    }
}

impl<T: Copy> Matrix<'_, T> {
    /// The element at (i, j).
    pub(crate) fn at(&self, i: usize, j: usize) -> T {
        self.data[i * self.row_stride + j * self.column_stride]
    }
}
