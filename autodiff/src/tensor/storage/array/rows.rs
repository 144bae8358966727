//! Ranges and lists of rows.

use super::Tensor;
use crate::tensor::storage::element::Element;
use crate::tensor::storage::shape::Shape;
use std::ops::Range;

/// Rows and views.
impl<T: Element> Tensor<T> {
    /// Returns the sub-tensor of a range along the first axis, in shared memory.
    ///
    /// # Panics
    ///
    /// If the tensor is a scalar, or the range is not inside the first axis.
    #[must_use]
    #[track_caller]
    pub fn rows(&self, range: Range<usize>) -> Tensor<T> {
        let Some((&rows, rest)) = self.shape().split_first() else {
            panic!("rows: a scalar has no rows")
        };
        assert!(
            range.start <= range.end && range.end <= rows,
            "rows: {range:?} lies outside of shape {}",
            self.shape()
        );
        if range.len() == rows {
            return self.clone();
        }
        let row: usize = rest.iter().product();
        let mut extents = self.shape().clone();
        extents.set(0, range.len());
        self.piece(range.start * row, &extents)
    }

    /// Returns the `shape.size()` elements from `offset` on as a tensor of that shape, in shared memory.
    ///
    /// # Panics
    ///
    /// If `offset + shape.size()` exceeds the number of elements.
    #[must_use]
    #[track_caller]
    pub fn view(&self, offset: usize, shape: impl Into<Shape>) -> Tensor<T> {
        let shape = shape.into();
        let inside = offset
            .checked_add(shape.size())
            .is_some_and(|end| end <= self.size());
        assert!(
            inside,
            "view: shape {shape} at {offset} lies outside of a tensor of {} elements",
            self.size()
        );
        self.piece(offset, &shape)
    }

    /// Returns the tensor of the rows with the given numbers, copied.
    ///
    /// # Panics
    ///
    /// If the tensor is a scalar, or a number is not below the extent of the first axis.
    #[must_use]
    #[track_caller]
    pub fn gather_rows(&self, numbers: &[usize]) -> Tensor<T> {
        let Some((&rows, rest)) = self.shape().split_first() else {
            panic!("gather_rows: a scalar has no rows")
        };
        if let Some(outside) = numbers.iter().find(|&&number| number >= rows) {
            panic!(
                "gather_rows: row {outside} lies outside of shape {}",
                self.shape()
            );
        }
        let row: usize = rest.iter().product();
        let mut shape = self.shape().clone();
        shape.set(0, numbers.len());
        Tensor::made(shape, |out| {
            for (out, &number) in out.chunks_exact_mut(row.max(1)).zip(numbers) {
                out.copy_from_slice(&self.data()[number * row..][..row]);
            }
        })
    }
}
