//! Factors of matrix products, transposed or not.

use crate::tensor::algebra::Algebra;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::buffer::Pooled;
use crate::tensor::storage::element::Real;
use autodiff_kernels::matmul::{self, Matrix};
use autodiff_kernels::{Epilogue, Write};
use std::fmt;
use std::ops::Range;

/// A factor of a matrix product, transposed or not; see [`plain`] and [`transposed`].
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

/// An array as a factor.
#[must_use]
pub fn plain<A>(array: &A) -> Factor<'_, A> {
    Factor {
        array,
        transposed: false,
    }
}

/// An array as a factor that is transposed; the data are not copied.
#[must_use]
pub fn transposed<A>(array: &A) -> Factor<'_, A> {
    Factor {
        array,
        transposed: true,
    }
}

impl<A: Algebra> fmt::Display for Factor<'_, A> {
    /// Writes the shape of the array, and a `ᵀ` if the factor is transposed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transposed = if self.transposed { "ᵀ" } else { "" };
        write!(f, "{}{transposed}", self.array.shape())
    }
}

/// Whether `a · b` exists and has the shape of `x`.
#[inline]
pub(crate) fn product_fits<A: Algebra>(x: &A, a: Factor<'_, A>, b: Factor<'_, A>) -> bool {
    let (Some([rows, inner]), Some([inner_of_b, columns])) = (a.if_matrix(), b.if_matrix()) else {
        return false;
    };
    inner == inner_of_b && plain(x).if_matrix() == Some([rows, columns])
}

/// Writes or adds some rows of the matrix product `scale · a · b` to `out`. Every matrix product is formed here.
///
/// A factor of bytes is read as bytes if a kernel supports its layout, and otherwise as numbers.
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
    matmul::matmul(scale, a, b.matrix(operation), out, write, &Pooled);
}

/// Like [`multiply`], if a factor is represented by bytes and a kernel reads them; returns whether it did.
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
        let bytes = a.read(bytes, a.extents(operation));
        let bytes = bytes.some_rows(rows.clone());
        if matmul::matmul_with_left_bytes(
            scale * factor,
            bytes,
            b.matrix(operation),
            out,
            write,
            &Pooled,
        ) {
            return true;
        }
    }
    let Some((bytes, factor)) = b.array.bytes() else {
        return false;
    };
    let a = a.matrix(operation).some_rows(rows);
    let bytes = b.read(bytes, b.extents(operation));
    let epilogue = Epilogue::Write(write);
    matmul::sum_of_products_with_right_bytes(scale * factor, &[(a, bytes)], out, epilogue, &Pooled)
}

impl<A: Clone> Factor<'_, A> {
    /// The factor with a clone of its array.
    pub(crate) fn kept(self) -> KeptFactor<A> {
        KeptFactor {
            array: self.array.clone(),
            transposed: self.transposed,
        }
    }
}

/// A [`Factor`] that owns its array.
#[derive(Clone, Debug)]
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
    /// Returns the transpose of the factor.
    #[must_use]
    pub fn t(self) -> Self {
        Factor {
            transposed: !self.transposed,
            ..self
        }
    }
}

impl<A: Algebra> Factor<'_, A> {
    /// The numbers of rows and columns; `None` if the array is not a matrix.
    #[inline(always)]
    fn if_matrix(self) -> Option<[usize; 2]> {
        self.array.with_shape(|shape| match shape[..] {
            [rows, columns] if self.transposed => Some([columns, rows]),
            [rows, columns] => Some([rows, columns]),
            _ => None,
        })
    }

    /// The numbers of rows and columns.
    ///
    /// # Panics
    ///
    /// If the array is not a matrix.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn extents(self, operation: &str) -> [usize; 2] {
        match self.if_matrix() {
            Some(extents) => extents,
            None => panic!(
                "{operation}: a matrix is needs_grad, and the shape is {}",
                self.array.shape()
            ),
        }
    }
}

impl<'a, T: Real> Factor<'a, Tensor<T>> {
    /// The factor as an argument of the matrix kernel.
    ///
    /// # Panics
    ///
    /// If the array is not a matrix.
    #[inline(always)]
    #[track_caller]
    pub(super) fn matrix(self, operation: &str) -> Matrix<'a, T> {
        self.read(self.array.data(), self.extents(operation))
    }

    /// The matrix of `rows × columns` elements, transposed if the factor is. `elements` are the elements of the array.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn read<E>(self, elements: &'a [E], [rows, columns]: [usize; 2]) -> Matrix<'a, E> {
        if self.transposed {
            Matrix::new(elements, columns, rows).transposed()
        } else {
            Matrix::new(elements, rows, columns)
        }
    }
}
