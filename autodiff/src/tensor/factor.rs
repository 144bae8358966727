//! Factors of matrix products, and products that are added to what is there.

use super::array::Tensor;
use super::element::Real;
use super::kernels::{Write, matmul};
use std::ops::Range;

/// A factor of a matrix product, read as it lies or transposed; made by [`plain`] and [`transposed`].
#[derive(Debug)]
pub struct Factor<'a, A> {
    pub(crate) array: &'a A,
    pub(crate) transposed: bool,
}

impl<A> Clone for Factor<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Factor<'_, A> {}

/// Adds the matrix product `scale · a · b` to `sum`, row by row.
///
/// # Panics
///
/// If a factor is not a matrix, the inner extents differ, or `sum` has not as many elements as the product.
#[track_caller]
pub fn add_product<T: Real>(
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    sum: &mut [T],
) {
    let (a, b) = (a.matrix("add_product"), b.matrix("add_product"));
    matmul::matmul(scale, a, b, sum, Write::Add);
}

/// Adds some rows of the matrix product `scale · a · b` to `sum`, row by row.
///
/// # Panics
///
/// If a factor is not a matrix, the inner extents differ, there are no such rows, or `sum` has not as many elements as
/// they have.
#[track_caller]
pub fn add_product_rows<T: Real>(
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    rows: Range<usize>,
    sum: &mut [T],
) {
    let (a, b) = (a.matrix("add_product"), b.matrix("add_product"));
    matmul::matmul(scale, a.some_rows(rows), b, sum, Write::Add);
}

impl<A: Clone> Factor<'_, A> {
    /// The factor with an array of its own, for later.
    pub(crate) fn kept(self) -> KeptFactor<A> {
        KeptFactor {
            array: self.array.clone(),
            transposed: self.transposed,
        }
    }
}

/// A [`Factor`] that holds its array.
#[derive(Debug)]
pub(crate) struct KeptFactor<A> {
    array: A,
    transposed: bool,
}

impl<A> KeptFactor<A> {
    pub(crate) fn as_factor(&self) -> Factor<'_, A> {
        Factor {
            array: &self.array,
            transposed: self.transposed,
        }
    }
}

impl<A> Factor<'_, A> {
    /// The transpose of the factor.
    #[must_use]
    pub fn flipped(self) -> Self {
        Factor {
            transposed: !self.transposed,
            ..self
        }
    }
}

/// A factor as it lies.
#[must_use]
pub fn plain<A>(array: &A) -> Factor<'_, A> {
    Factor {
        array,
        transposed: false,
    }
}

/// A factor transposed, without moving its data.
#[must_use]
pub fn transposed<A>(array: &A) -> Factor<'_, A> {
    Factor {
        array,
        transposed: true,
    }
}

impl<'a, T: Real> Factor<'a, Tensor<T>> {
    /// The factor as the matrix kernel takes it.
    ///
    /// # Panics
    ///
    /// If it is not a matrix.
    #[track_caller]
    pub(crate) fn matrix(self, operation: &str) -> matmul::Matrix<'a, T> {
        let &[rows, columns] = &self.array.shape()[..] else {
            panic!(
                "{operation}: a matrix is wanted, and the shape is {}",
                self.array.shape()
            );
        };
        let matrix = matmul::Matrix::new(self.array.data(), rows, columns);
        if self.transposed {
            matrix.transposed()
        } else {
            matrix
        }
    }
}
