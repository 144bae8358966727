//! The choice of a kernel for a product, by its extents and layout.

#[cfg(test)]
mod tests;

use super::{LISTED_ROWS, MAX_SEQUENTIAL_TERMS, MIN_LONG_DOT, NARROW, PRODUCTS};
use crate::Epilogue;
use crate::matrix::{Factors, Matrix};

/// The horizontal sum of a vector of fewer terms takes longer than the products.
const SHORT: usize = 16;

/// With fewer rows than this, `b` is read once. Transposing it then costs more than it saves, however short the dot
/// products are.
const FEW_ROWS: usize = 4;

/// Up to this many rows of `b`, a strip of its columns stays in the second-level cache while all rows of the result are
/// formed, so that packing does not pay.
const NEAR: usize = 512;

/// Like [`NEAR`], if the rows of `b` and the columns of `a` all start in one set of the caches, which then hold few of
/// them.
const NEAR_IF_ALIASED: usize = 192;

/// A kernel for products of unpacked operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// Every element is the dot product of a row of `a` and a column of `b`, both contiguous: `X Wᵀ`.
    Dot,
    /// Every row is a linear combination of the rows of `b`, which are contiguous: `Δᵀ X` and `Δ W`.
    Axpy,
    /// Like `Axpy` for contiguous columns of `b`, which are transposed one strip at a time: `X Wᵀ` with short dot
    /// products.
    AxpyTransposed,
}

impl Algorithm {
    /// The kernel for a product; `None` if packing pays, or for another layout.
    pub(super) fn of<A, B>(a: &Matrix<'_, A>, b: &Matrix<'_, B>) -> Option<Algorithm> {
        let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
        if a.column_stride() == 1 && b.row_stride() == 1 {
            // The more rows there are, the smaller a copy of `b` is next to the product.
            let pays = inner >= MIN_LONG_DOT || inner > 2 * rows || columns <= NARROW;
            if rows < FEW_ROWS || inner >= SHORT && pays {
                return Some(Algorithm::Dot);
            }
            // A copy of few columns is cheap as well, but does not pay for few rows or a single column.
            let pays = columns > NARROW || columns > 1 && rows >= NARROW;
            return pays.then_some(Algorithm::AxpyTransposed);
        }
        let near = if is_aliased::<A>(a.column_stride()) && is_aliased::<B>(b.row_stride()) {
            NEAR_IF_ALIASED
        } else {
            NEAR
        };
        let pays = rows <= NARROW || inner <= near;
        (b.column_stride() == 1 && pays).then_some(Algorithm::Axpy)
    }
}

/// Whether elements at this distance share a set of the first-level cache, whose ways have 4096 bytes.
fn is_aliased<T>(step: usize) -> bool {
    (step * size_of::<T>()).is_multiple_of(4096)
}

/// Whether [`Algorithm::Axpy`] is the kernel for all products.
pub(super) fn are_axpy<T>(factors: &[Factors<'_, T, T>]) -> bool {
    let mut algorithms = factors.iter().map(|(a, b)| Algorithm::of(a, b));
    algorithms.all(|algorithm| algorithm == Some(Algorithm::Axpy))
}

/// Whether a sum of products, or a descent along it, has the same bits as separately formed products: no product is cut
/// into runs, and, of several products, none has a single term, whose scale is rounded differently.
pub(super) fn is_tree<T, A, B>(factors: &[Factors<'_, A, B>], epilogue: &Epilogue<T>) -> bool {
    let least = if factors.len() > 1 { 2 } else { 1 };
    let fits = |(a, _): &Factors<'_, A, B>| (least..=MAX_SEQUENTIAL_TERMS).contains(&a.columns());
    matches!((factors, epilogue), ([_], Epilogue::Write(_)))
        || factors.len() <= PRODUCTS && factors.iter().all(fits)
}

/// Whether a list has room for all rows of bytes, and no product is cut into runs.
pub(super) fn are_listed<T>(factors: &[Factors<'_, T, u8>]) -> bool {
    let inner: usize = factors.iter().map(|(a, _)| a.columns()).sum();
    factors.len() + inner <= LISTED_ROWS
        && factors
            .iter()
            .all(|(a, _)| a.columns() <= MAX_SEQUENTIAL_TERMS)
}

/// Whether the columns of every `a` and the rows of every `b` are contiguous, as the kernel for bytes requires.
pub(super) fn are_read_along<T>(factors: &[Factors<'_, T, u8>]) -> bool {
    let mut factors = factors.iter();
    factors.all(|(a, b)| a.row_stride() == 1 && b.column_stride() == 1)
}
