//! Diagonals and triangles of matrices, over the last two axes.
//!
//! ```text
//! diagonal      yᵢ = x_{i, i+k}              x̄ = ȳ on the diagonal, and 0 elsewhere
//! to_diagonal   y_{i, i+k} = xᵢ, and 0       x̄ = ȳ on the diagonal
//! tril          y_ij = x_ij if j − i ≤ k     x̄ = ȳ in the triangle, and 0 elsewhere
//! triu          y_ij = x_ij if j − i ≥ k
//! ```
//!
//! In row-major order, the elements of a diagonal are at equal distances: a diagonal is a slice of the flat matrix.
//! A triangle is selected instead of multiplied by a mask, so that a NaN outside of it does not spread.

use super::prelude::*;
use crate::tensor::storage::slices::{AxisRange, step};

/// The axes before the last two, and the extents of the last two.
///
/// # Panics
///
/// If there are not two axes.
#[track_caller]
fn matrices<'a>(operation: &str, shape: &'a Shape) -> (&'a [usize], [usize; 2]) {
    match shape[..] {
        [.., rows, columns] => (&shape[..shape.rank() - 2], [rows, columns]),
        _ => panic!("{operation}: shape {shape} does not have two axes"),
    }
}

/// The positions of the `count` elements of diagonal number `offset` in a flat matrix with `columns` columns.
fn positions(columns: usize, offset: isize, count: usize) -> AxisRange {
    let first = match offset {
        0.. => offset.unsigned_abs(),
        _ if count == 0 => 0,
        _ => offset.unsigned_abs() * columns,
    };
    match count {
        0 => AxisRange::from(0..0_usize),
        1 => AxisRange::from(first..first + 1),
        _ => {
            let distance = columns + 1;
            let end = first + (count - 1) * distance + 1;
            step(first..end, isize::try_from(distance).unwrap_or(isize::MAX))
        }
    }
}

/// The shape with each matrix flattened to one axis, and the positions of a diagonal along it.
///
/// # Panics
///
/// If there are not two axes.
#[track_caller]
fn diagonal_of(shape: &Shape, offset: isize) -> (Shape, AxisRange) {
    let (before, [rows, columns]) = matrices("diagonal", shape);
    let distance = offset.unsigned_abs();
    let count = if offset >= 0 {
        rows.min(columns.saturating_sub(distance))
    } else {
        rows.saturating_sub(distance).min(columns)
    };
    let flat = Shape::joined([before, &[rows * columns], &[]]);
    (flat, positions(columns, offset, count))
}

/// The shape of the matrices with diagonals of the given shape, their number of elements, and the positions of the
/// diagonals in the flat matrices.
///
/// # Panics
///
/// If the shape has no axis, or the matrices have more elements than can be counted.
#[track_caller]
fn matrix_of(shape: &Shape, offset: isize) -> (Shape, usize, AxisRange) {
    let Some((&count, before)) = shape.split_last() else {
        panic!("to_diagonal: a scalar has no axis to put on a diagonal")
    };
    let extent = count.checked_add(offset.unsigned_abs());
    let matrix = extent.map(|extent| (Shape::joined([before, &[extent], &[extent]]), extent));
    match matrix.filter(|(matrix, _)| matrix.checked_size().is_some()) {
        Some((matrix, extent)) => (matrix, extent * extent, positions(extent, offset, count)),
        None => panic!(
            "to_diagonal: the matrix with shape {shape} on diagonal {offset} has more elements than can be counted"
        ),
    }
}

/// The mask of `holds(j − i, k)`, for each row `i` and column `j` of the matrices of a shape.
///
/// # Panics
///
/// If there are not two axes.
#[track_caller]
fn mask(operation: &str, shape: &Shape, k: isize, holds: fn(&i128, &i128) -> bool) -> Tensor<u8> {
    let (_, [rows, columns]) = matrices(operation, shape);
    if shape.size() == 0 {
        // There may be no matrices, but of a size for which there is no memory.
        return Tensor::zeros(shape);
    }
    Tensor::from_fn([rows, columns], |[i, j]| {
        u8::from(holds(&(j as i128 - i as i128), &(k as i128)))
    })
}

/// The elements where the mask, which is broadcast, is 0, and zeros elsewhere.
#[track_caller]
fn without<T: Element>(x: &Tensor<T>, mask: &Tensor<u8>) -> Tensor<T> {
    let masks = mask.data().iter().cycle();
    Tensor::made(x.shape().clone(), |out| {
        for ((out, &x), &mask) in out.iter_mut().zip(x.data()).zip(masks) {
            *out = if mask == 0 { x } else { T::default() };
        }
    })
}

methods! {
    /// Diagonals and triangles of matrices.
    pub trait DiagonalMethods for any element;

    /// Returns a diagonal of the matrix, or of each matrix in the last two axes: the main diagonal if `offset` is 0,
    /// one above it if `offset` is positive, and one below it if `offset` is negative. The two axes are replaced by
    /// one.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.diagonal(0).data(), [1, 5]);
    /// assert_eq!(x.diagonal(1).data(), [2, 6]);
    /// assert_eq!(x.diagonal(-1).data(), [4]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the tensor has fewer than two axes.
    #[doc(alias("diag", "trace"))]
    pub fn diagonal(self, offset: isize) -> Self {
        let (flat, positions) = diagonal_of(&self.shape(), offset);
        self.reshape(flat).slice_axis(-1, positions)
    }

    /// Returns the square matrix with the vector on a diagonal and zeros elsewhere, or such a matrix for each vector in
    /// the last axis. `offset` is the number of the diagonal, as in [`diagonal`](Tensor::diagonal). The last axis is
    /// replaced by two.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([1, 2]);
    /// assert_eq!(x.to_diagonal(0), Tensor::from([[1, 0], [0, 2]]));
    /// assert_eq!(x.to_diagonal(1), Tensor::from([[0, 1, 0], [0, 0, 2], [0, 0, 0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the tensor is a scalar, or there is not enough memory.
    #[doc(alias("diag", "diagflat", "diag_embed"))]
    pub fn to_diagonal(self, offset: isize) -> Self {
        let (matrix, size, positions) = matrix_of(&self.shape(), offset);
        self.spread(-1, positions, size).reshape(matrix)
    }

    /// Returns the lower triangle of the matrix, or of each matrix in the last two axes: the elements on diagonal `k`
    /// and below it, and zeros above it.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
    /// assert_eq!(x.tril(0), Tensor::from([[1, 0, 0], [4, 5, 0], [7, 8, 9]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the tensor has fewer than two axes.
    #[doc(alias = "band_part")]
    pub fn tril(self, k: isize) -> Self {
        self.masked_fill(&mask("tril", &self.shape(), k, i128::gt), 0.0)
    } on tensors {
        without(self, &mask("tril", self.shape(), k, i128::gt))
    }

    /// Returns the upper triangle of the matrix, or of each matrix in the last two axes: the elements on diagonal `k`
    /// and above it, and zeros below it.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
    /// assert_eq!(x.triu(1), Tensor::from([[0, 2, 3], [0, 0, 6], [0, 0, 0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the tensor has fewer than two axes.
    #[doc(alias = "band_part")]
    pub fn triu(self, k: isize) -> Self {
        self.masked_fill(&mask("triu", &self.shape(), k, i128::lt), 0.0)
    } on tensors {
        without(self, &mask("triu", self.shape(), k, i128::lt))
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], isize); 12] = [
        (&[1, 1], 0),
        (&[0, 0], 0),
        (&[0, 2], 1),
        (&[2, 0], -1),
        (&[3, 3], 0),
        (&[3, 4], 1),
        (&[4, 3], -2),
        (&[3, 2], 5),
        (&[2, 3], -5),
        (&[2, 2, 3], 0),
        (&[2, 3, 2], -1),
        (&[2, 2, 2, 2], 1),
    ];
    let mut checks = Vec::new();
    for (shape, k) in cases {
        checks.push(CheckCase::new("diagonal", &[shape], move |x| {
            x[0].diagonal(k)
        }));
        checks.push(CheckCase::new("tril", &[shape], move |x| x[0].tril(k)));
        checks.push(CheckCase::new("triu", &[shape], move |x| x[0].triu(k)));
    }
    let cases: [(&[usize], isize); 10] = [
        (&[1], 0),
        (&[0], 0),
        (&[0], -2),
        (&[1], 2),
        (&[3], 0),
        (&[4], 1),
        (&[2], -2),
        (&[2, 3], 0),
        (&[3, 2], -1),
        (&[2, 1, 2], 1),
    ];
    for (shape, offset) in cases {
        checks.push(CheckCase::new("to_diagonal", &[shape], move |x| {
            x[0].to_diagonal(offset)
        }));
    }
    checks
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn a_diagonal_is_where_the_columns_are_ahead_of_the_rows_by_its_offset() {
        let x = Tensor::from_flat_fn([2, 3, 4], |i| i as i32);
        for offset in (-5..=5).chain([isize::MIN, isize::MAX]) {
            let expected = |batch: usize| {
                let rows = (0..3).map(|row| (row, row as i128 + offset as i128));
                let inside = rows.filter(|(_, column)| (0..4).contains(column));
                inside.map(move |(row, column)| (12 * batch + 4 * row) as i32 + column as i32)
            };
            let expected: Vec<i32> = expected(0).chain(expected(1)).collect();
            assert_eq!(x.diagonal(offset).data(), expected, "{offset}");
        }
        let tall = Tensor::from([[1_u8, 2], [3, 4], [5, 6]]);
        assert_eq!(tall.diagonal(-1).data(), [3, 6]);
        assert_eq!(tall.diagonal(-2).data(), [5]);
        let many = Tensor::<u8>::zeros([0, 1 << 40, 1 << 20]);
        assert_eq!(many.diagonal(-7).shape(), [0, 1 << 20]);
        assert_eq!(many.tril(0).shape(), [0, 1 << 40, 1 << 20]);
    }

    #[test]
    fn a_matrix_has_the_vector_on_its_diagonal() {
        let x = Tensor::from([[1_u8, 2], [3, 4]]);
        for offset in -3..=3 {
            let matrix = x.to_diagonal(offset);
            assert_eq!(matrix.diagonal(offset), x, "{offset}");
            let sum: u8 = matrix.data().iter().sum();
            assert_eq!(sum, 10);
        }
        let below = Tensor::from([[0_u8, 0, 0], [1, 0, 0], [0, 2, 0]]);
        assert_eq!(Tensor::from([1_u8, 2]).to_diagonal(-1), below);
        assert_eq!(
            Tensor::<u8>::zeros([0]).to_diagonal(2),
            Tensor::zeros([2, 2])
        );
    }

    #[test]
    fn the_gradient_of_a_trace_is_the_unit_matrix() {
        let tape = Tape::new();
        let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
        let trace = x.diagonal(0).sum();
        assert_eq!(trace.item(), 5.0);
        let unit = Tensor::from([1.0, 1.0]).to_diagonal(0);
        assert_eq!(trace.gradients().wrt(x), unit);
    }

    #[test]
    fn triangles_share_the_diagonal_that_is_named() {
        let x = Tensor::from_flat_fn([2, 3, 4], |i| i as i32 + 1);
        for k in [-4, -1, 0, 2, 5] {
            let (lower, upper) = (x.tril(k), x.triu(k + 1));
            for ((&x, &lower), &upper) in x.data().iter().zip(lower.data()).zip(upper.data()) {
                assert!((lower, upper) == (x, 0) || (lower, upper) == (0, x), "{k}");
            }
            assert_eq!(lower.diagonal(k), x.diagonal(k));
            assert_eq!(upper.diagonal(k), Tensor::zeros(x.diagonal(k).shape()));
        }
    }

    #[test]
    fn a_nan_outside_of_a_triangle_does_not_spread() {
        let tape = Tape::new();
        let x = tape.var([[1.0, -1.0], [4.0, 9.0]]);
        let y = x.sqrt().tril(0).sum();
        assert_eq!(y.item(), 6.0);
        let gradient = y.gradients().wrt(x);
        assert_eq!(gradient, Tensor::from([[0.5, 0.0], [0.25, 1.0 / 6.0]]));
        let plain = Tensor::from([[1.0, f64::NAN], [2.0, 3.0]]);
        assert_eq!(plain.tril(0), Tensor::from([[1.0, 0.0], [2.0, 3.0]]));
        assert_eq!(
            plain.transpose().triu(0),
            Tensor::from([[1.0, 2.0], [0.0, 3.0]])
        );
    }
}
