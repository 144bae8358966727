//! Some rows of gradients and of their sums: so several threads can share a gradient, or one form it piece by piece.

use super::{Gradient, add_scaled, check_size, update};
use crate::tensor::engine::adjoints::Adjoint;
use crate::tensor::engine::products::{add_product_rows, products_rows_with};
use crate::tensor::storage::element::Real;
use autodiff_kernels::{Epilogue, Write};
use smallvec::SmallVec;
use std::ops::Range;

/// Adds `scale` times some rows of a gradient, a run along its first axis, to `sum`.
///
/// # Panics
///
/// If there are no such rows, or `sum` has not as many elements as they have.
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
    };
    if rows.start == 0 && extent == Some(&rows.end) {
        return gradient.add_to(scale, sum);
    }
    let rows = gradient.tensor().rows(rows);
    check_size("add_rows_to", rows.size(), sum);
    add_scaled(scale, rows.data(), sum);
}

/// Writes some rows of the sum of several gradients, those of one variable by the parts of a batch, say, if they are
/// products for whose sum there is a kernel; returns whether there was. They are added along a
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
/// As [`add_rows_to`], for any of them.
#[track_caller]
pub fn write_rows_of_sum<'a, T: Real>(
    gradients: impl IntoIterator<Item = Gradient<'a, T>>,
    rows: Range<usize>,
    out: &mut [T],
) -> bool {
    let write = Epilogue::Write(Write::Set);
    rows_of_sum_with(gradients.into_iter(), rows, out, write)
}

/// Subtracts `rate` times what [`write_rows_of_sum`] writes from `out`, if there is a kernel for that; returns whether there
/// was. The product with `rate` is rounded by itself. A single gradient that is there need not be a product.
///
/// # Panics
///
/// As [`add_rows_to`], for any of them.
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

/// As [`descend_rows_of_sum`], along one gradient.
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
        Adjoint::RowSum(_) => return false,
    };
    let is_whole = formed.size() == out.len();
    if is_whole {
        // As if the gradient were first added to zeros.
        update(
            out,
            formed.data(),
            #[inline(always)]
            move |x, g| x - rate * (T::default() + g),
        );
    }
    is_whole
}

/// Forms the sum of some rows, if all gradients are products and there is a kernel for it; returns whether there was.
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
