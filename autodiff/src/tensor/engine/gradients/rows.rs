//! Rows of gradients and of their sums, so that several threads can share a gradient, or one can form it in pieces.

use super::{Gradient, add_scaled, check_size, update};
use crate::tensor::engine::adjoints::Adjoint;
use crate::tensor::engine::products::{add_product_rows, products_rows_with};
use crate::tensor::storage::element::Real;
use autodiff_kernels::{Epilogue, Write};
use smallvec::SmallVec;
use std::ops::Range;

/// Adds `scale` times the given rows of a gradient, a range along its first axis, to `sum`.
///
/// # Panics
///
/// If a row does not exist, or `sum` and the rows do not have the same number of elements.
#[track_caller]
pub fn add_rows_to<T: Real>(
    gradient: Gradient<'_, T>,
    scale: T,
    rows: Range<usize>,
    sum: &mut [T],
) {
    let extent = match gradient.0 {
        Adjoint::Product(a, b) => {
            return add_product_rows(scale, a.as_factor(), b.as_factor(), rows, sum);
        }
        Adjoint::Array(gradient) => gradient.shape().first(),
        Adjoint::RowSum(rows) => rows.shape().get(1),
        Adjoint::Scattered(slices) => Some(&slices.extent),
    };
    if rows.start == 0 && extent == Some(&rows.end) {
        return gradient.add_to(scale, sum);
    }
    let rows = gradient.tensor().rows(rows);
    check_size("add_rows_to", rows.size(), sum);
    add_scaled(scale, rows.data(), sum);
}

/// Writes the given rows of the sum of several gradients to `out`, if all are products and there is a kernel for their
/// sum; returns whether there was.
///
/// For example, the gradients are those with respect to one variable from the shards of a batch. They are added along a
/// [tree](crate::tensor::raw::write_products_rows).
///
/// ```
/// # use autodiff::tensor::{Tape, raw};
/// # let tape = Tape::new();
/// # let weight = tape.var([[0.5, -0.5]]);
/// # let bias = tape.var([0.0]);
/// let parts = [[[1.0, 2.0], [0.0, 1.0]], [[3.0, 4.0], [1.0, 1.0]]];
/// let parts = parts.map(|x| tape.constant(x).linear(weight, bias).sum().gradients());
/// // The weight is the first variable of the tape.
/// let gradients = parts.each_ref().map(|part| raw::gradient(part, 0).unwrap());
/// let mut sum = [0.0, 0.0];
/// if !raw::write_rows_of_sum(gradients, 0..1, &mut sum) {
///     for gradient in gradients {
///         raw::add_rows_to(gradient, 1.0, 0..1, &mut sum);
///     }
/// }
/// assert_eq!(sum, [5.0, 8.0]);
/// ```
///
/// # Panics
///
/// As [`add_rows_to`], for any gradient.
#[track_caller]
pub fn write_rows_of_sum<'a, T: Real>(
    gradients: impl IntoIterator<Item = Gradient<'a, T>>,
    rows: Range<usize>,
    out: &mut [T],
) -> bool {
    let write = Epilogue::Write(Write::Set);
    rows_of_sum_with(gradients.into_iter(), rows, out, write)
}

/// Subtracts `rate` times the sum that [`write_rows_of_sum`] writes from `out`, if there is a kernel for it; returns
/// whether there was. The product with `rate` is rounded separately. A single gradient can also be an array or one row.
///
/// # Panics
///
/// As [`add_rows_to`], for any gradient.
#[track_caller]
pub fn descend_rows_of_sum<'a, T: Real>(
    gradients: impl IntoIterator<Item = Gradient<'a, T>, IntoIter: Clone>,
    rate: T,
    rows: Range<usize>,
    out: &mut [T],
) -> bool {
    let gradients = gradients.into_iter();
    let mut first = gradients.clone();
    if let (Some(gradient), None) = (first.next(), first.next()) {
        return descend_rows(gradient, rate, rows, out);
    }
    rows_of_sum_with(gradients, rows, out, Epilogue::Descend(rate))
}

/// Like [`descend_rows_of_sum`], for one gradient.
#[track_caller]
fn descend_rows<T: Real>(
    gradient: Gradient<'_, T>,
    rate: T,
    rows: Range<usize>,
    out: &mut [T],
) -> bool {
    let formed = match gradient.0 {
        Adjoint::Product(a, b) => {
            let product = [a.as_factor(), b.as_factor()];
            return products_rows_with(&[product], rows, out, Epilogue::Descend(rate));
        }
        Adjoint::Array(gradient) => gradient,
        Adjoint::RowSum(rows) if rows.shape()[0] == 1 => rows,
        Adjoint::RowSum(_) | Adjoint::Scattered(_) => return false,
    };
    let is_whole = formed.size() == out.len();
    if is_whole {
        // The zero is added because a sum of gradients starts from zeros, which turns −0 into 0.
        update(
            out,
            formed.data(),
            #[inline(always)]
            move |x, g| x - rate * (T::default() + g),
        );
    }
    is_whole
}

/// Forms the given rows of the sum, if all gradients are products and there is a kernel for it; returns whether there
/// was.
#[track_caller]
fn rows_of_sum_with<'a, T: Real>(
    gradients: impl Iterator<Item = Gradient<'a, T>>,
    rows: Range<usize>,
    out: &mut [T],
    epilogue: Epilogue<T>,
) -> bool {
    let product = |gradient: Gradient<'a, T>| match gradient.0 {
        Adjoint::Product(a, b) => Some([a.as_factor(), b.as_factor()]),
        _ => None,
    };
    let products: Option<SmallVec<[_; 16]>> = gradients.map(product).collect();
    let Some(products) = products else {
        return false;
    };
    products_rows_with(&products, rows, out, epilogue)
}
