//! Factors of matrix products, and products that are added to what is there.

use super::array::Tensor;
use super::element::Real;
use super::kernels::Write;
use super::kernels::matmul::{self, Matrix};
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
    let [rows, _] = a.extents("add_product");
    multiply("add_product", scale, a, b, 0..rows, sum, Write::Add);
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
    multiply("add_product", scale, a, b, rows, sum, Write::Add);
}

/// Writes or adds some rows of the matrix product `scale · a · b` to `out`: every product of two tensors comes by here.
///
/// A factor of bytes is read as it lies where a kernel does so, and otherwise as the numbers that it is.
///
/// # Panics
///
/// As [`add_product_rows`].
#[track_caller]
pub(crate) fn multiply<T: Real>(
    operation: &str,
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    rows: Range<usize>,
    out: &mut [T],
    write: Write,
) {
    let of_bytes = a.array.bytes().is_some() || b.array.bytes().is_some();
    if of_bytes && multiply_bytes(operation, scale, a, b, rows.clone(), out, write) {
        return;
    }
    let a = a.matrix(operation).some_rows(rows);
    matmul::matmul(scale, a, b.matrix(operation), out, write);
}

/// As [`multiply`], where a factor is made of bytes, if a kernel reads them as they lie; tells whether there was one.
#[inline(never)]
#[track_caller]
fn multiply_bytes<T: Real>(
    operation: &str,
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    rows: Range<usize>,
    out: &mut [T],
    write: Write,
) -> bool {
    if let Some((bytes, factor)) = a.array.bytes() {
        let bytes = a.read(bytes, operation).some_rows(rows.clone());
        if matmul::bytes_times(scale * factor, bytes, b.matrix(operation), out, write) {
            return true;
        }
    }
    let Some((bytes, factor)) = b.array.bytes() else {
        return false;
    };
    let (a, bytes) = (
        a.matrix(operation).some_rows(rows),
        b.read(bytes, operation),
    );
    matmul::times_bytes(scale * factor, a, bytes, out, write)
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
    /// The numbers of rows and columns.
    ///
    /// # Panics
    ///
    /// If it is not a matrix.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn extents(self, operation: &str) -> [usize; 2] {
        match self.array.shape()[..] {
            [rows, columns] if self.transposed => [columns, rows],
            [rows, columns] => [rows, columns],
            _ => panic!(
                "{operation}: a matrix is wanted, and the shape is {}",
                self.array.shape()
            ),
        }
    }

    /// The factor as the matrix kernel takes it.
    ///
    /// # Panics
    ///
    /// If it is not a matrix.
    #[inline(always)]
    #[track_caller]
    fn matrix(self, operation: &str) -> Matrix<'a, T> {
        self.read(self.array.data(), operation)
    }

    /// The elements in the order in which the factor is read.
    #[inline(always)]
    #[track_caller]
    fn read<E>(self, elements: &'a [E], operation: &str) -> Matrix<'a, E> {
        let [rows, columns] = self.extents(operation);
        if self.transposed {
            Matrix::new(elements, columns, rows).transposed()
        } else {
            Matrix::new(elements, rows, columns)
        }
    }
}
