//! The matrix product, with checked extents.
//!
//! Products that do not gain from packing use this crate's kernels; the others use `gemm`. Without vector instructions
//! plain loops compute all products.
//!
//! A product with many terms is cut along its inner extent into runs of terms, which are formed separately and added
//! pairwise.

pub(crate) mod gemm;
#[cfg(test)]
mod tests;

pub use crate::matrix::{Factors, Matrix};

use crate::reduce::pairwise;
use crate::unpacked::{MAX_SEQUENTIAL_TERMS, TERMS_PER_RUN};
use crate::{Epilogue, Float, Scratch, Write, simd};

/// The largest inner extent that is passed to one kernel. A kernel adds terms to the result sequentially, so its error
/// grows with their number.
const MAX_KERNEL_TERMS: usize = 1 << 13;

/// Writes or adds `scale · a · b` to the row-major matrix `out`, on the calling thread.
///
/// Long sums are formed pairwise, so that the rounding error hardly grows with the inner extent.
///
/// # Panics
///
/// If the inner extents differ, or `out` does not have as many elements as the product.
pub fn matmul<T: Float>(
    scale: T,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
) {
    check(&a, &b, out);
    in_runs(
        &a,
        &b,
        MAX_KERNEL_TERMS,
        out,
        write,
        scratch,
        &mut |a, b, out, write| {
            short_product(scale, a, b, out, write, scratch);
            true
        },
    );
}

/// Like [`matmul`], with a `u8` left factor. Returns `false`, and writes nothing, if no kernel reads this layout.
///
/// # Panics
///
/// If the inner extents differ, or `out` does not have as many elements as the product.
pub fn matmul_with_left_bytes<T: Float>(
    scale: T,
    a: Matrix<'_, u8>,
    b: Matrix<'_, T>,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
) -> bool {
    check(&a, &b, out);
    in_runs(
        &a,
        &b,
        MAX_KERNEL_TERMS,
        out,
        write,
        scratch,
        &mut |a, b, out, write| T::unpacked_product_with_left_bytes(scale, a, b, out, write),
    )
}

/// Forms `scale · Σ aₗ · bₗ` along a binary tree over the products, and reads and writes each element of `out` once.
/// Returns `false`, and writes nothing, if there is no such kernel for these factors.
///
/// # Panics
///
/// If the inner extents of a pair differ, or the size of `out` differs from the size of a product.
pub fn sum_of_products<T: Float>(
    scale: T,
    factors: &[Factors<'_, T, T>],
    out: &mut [T],
    epilogue: Epilogue<T>,
) -> bool {
    factors.iter().for_each(|(a, b)| check(a, b, out));
    !factors.iter().any(is_long) && T::unpacked_sum(scale, factors, out, epilogue)
}

/// Like [`sum_of_products`], with `u8` right factors.
///
/// # Panics
///
/// If the inner extents of a pair differ, or `out` does not have as many elements as every product.
pub fn sum_of_products_with_right_bytes<T: Float>(
    scale: T,
    factors: &[Factors<'_, T, u8>],
    out: &mut [T],
    epilogue: Epilogue<T>,
    scratch: &impl Scratch,
) -> bool {
    factors.iter().for_each(|(a, b)| check(a, b, out));
    if !factors.iter().any(is_long) {
        return T::unpacked_sum_with_right_bytes(scale, factors, out, epilogue);
    }
    let ([(a, b)], Epilogue::Write(write)) = (factors, epilogue) else {
        return false;
    };
    in_runs(
        a,
        b,
        MAX_KERNEL_TERMS,
        out,
        write,
        scratch,
        &mut |a, b, out, write| {
            T::unpacked_sum_with_right_bytes(scale, &[(*a, *b)], out, Epilogue::Write(write))
        },
    )
}

/// Like [`matmul`], with an inner extent of at most [`MAX_KERNEL_TERMS`].
fn short_product<T: Float>(
    scale: T,
    a: &Matrix<'_, T>,
    b: &Matrix<'_, T>,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
) {
    if T::unpacked_product(scale, a, b, out, write) {
        return;
    }
    let simd_is_off = simd::is_off();
    // Plain loops add the terms sequentially, and so does `gemm` for a matrix times a vector.
    let is_sequential = simd_is_off || a.rows() == 1 || b.columns() == 1;
    let max_run_length = if is_sequential && a.columns() > MAX_SEQUENTIAL_TERMS {
        TERMS_PER_RUN
    } else {
        a.columns()
    };
    in_runs(
        a,
        b,
        max_run_length,
        out,
        write,
        scratch,
        &mut |a, b, out, write| {
            if simd_is_off {
                plain_loops(scale, a, b, out, write);
            } else {
                T::gemm(scale, a, b, out, write);
            }
            true
        },
    );
}

/// Like [`matmul`], by plain loops.
fn plain_loops<T: Float>(
    scale: T,
    a: &Matrix<'_, T>,
    b: &Matrix<'_, T>,
    out: &mut [T],
    write: Write,
) {
    if write == Write::Set {
        out.fill(T::default());
    }
    for (i, out) in out.chunks_exact_mut(b.columns().max(1)).enumerate() {
        for k in 0..a.columns() {
            let scaled = scale * a.at(i, k);
            for (j, out) in out.iter_mut().enumerate() {
                *out = *out + scaled * b.at(k, j);
            }
        }
    }
}

/// Calls `multiply` with runs of at most `max_run_length` terms of the inner extent, and adds the results pairwise.
/// Returns `false`, and writes nothing, if `multiply` does.
#[inline]
fn in_runs<A: Copy, B: Copy, T: Float>(
    a: &Matrix<'_, A>,
    b: &Matrix<'_, B>,
    max_run_length: usize,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
    multiply: &mut impl FnMut(&Matrix<'_, A>, &Matrix<'_, B>, &mut [T], Write) -> bool,
) -> bool {
    if a.columns() <= max_run_length {
        return multiply(a, b, out, write);
    }
    pairwise(
        0..a.columns(),
        max_run_length,
        out,
        write,
        scratch,
        &mut |run, out, write| {
            let (a, b) = (a.some_columns(run.clone()), b.some_rows(run));
            multiply(&a, &b, out, write)
        },
    )
}

/// Whether the inner extent is too long for one kernel.
fn is_long<A, B>((a, _): &Factors<'_, A, B>) -> bool {
    a.columns() > MAX_KERNEL_TERMS
}

/// # Panics
///
/// If the inner extents differ, or `out` does not have as many elements as the product.
fn check<A, B, T>(a: &Matrix<'_, A>, b: &Matrix<'_, B>, out: &[T]) {
    assert_eq!(
        a.columns(),
        b.rows(),
        "a product of {}×{} and {}×{}",
        a.rows(),
        a.columns(),
        b.rows(),
        b.columns()
    );
    assert_eq!(
        Some(out.len()),
        a.rows().checked_mul(b.columns()),
        "the output of a product has the wrong size"
    );
}
