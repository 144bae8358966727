//! Expressions that the slopes of several rows share.
//!
//! An accurate slope need not have an accurate slope: the terms of the slope of `1 / ((1 − x)(1 + x))` cancel near 0.
//! So the rows of the table use only these tools, each of which has a slope as accurate as its value:
//!
//! - the functions of the table;
//! - [`Number::select`] for a branch, which keeps a NaN of the other branch out of every order;
//! - [`Number::absorbing_mul`] where a factor of exactly zero meets an infinite one;
//! - the expressions of this module;
//! - rows that are slopes. A slope, or a mixed second derivative, is a row of its own where it needs scaling or special
//!   cases. Its value is plain code, and its slopes are the second derivatives. A mixed derivative that is one row
//!   makes the Hessian symmetric.

use super::number::Number;

/// Returns `slope`, and outside the domain the function's `value` instead, which is NaN there and has NaN slopes.
#[inline]
pub(super) fn nan_where<N: Number>(is_outside: &N::Mask, value: N, slope: N) -> N {
    Number::select(is_outside, value, slope)
}

/// Returns `x`, with +0 for −0. At the edge of a domain the reciprocal of −0 would have the wrong sign.
#[inline]
pub(super) fn plus_zero<N: Number>(x: N) -> N {
    x + x.constant(0.0)
}

/// `1 − x²`. The product `(1 − x)(1 + x)` is accurate near ±1; near 0 the two terms of its slope would cancel.
#[inline]
pub(super) fn one_minus_square<N: Number>(x: N) -> N {
    let c = |c| x.constant(c);
    let square = x * x;
    let product = (c(1.0) - x) * (c(1.0) + x);
    Number::select(&square.less(c(0.25)), c(1.0) - square, product)
}

/// `e^(−x²)`. The absolute rounding error of x², which grows with x, would become a relative error of the result. So x²
/// is split into the square of x rounded to sixteenths, which is exact, and a small rest.
#[inline]
pub(super) fn gaussian<N: Number>(x: N) -> N {
    // Outside this interval the result and its slope are 0.
    let x = x.clamp(-40.0, 40.0);
    let c = |c| x.constant(c);
    let rounded = (x * c(16.0)).round() * c(1.0 / 16.0);
    let rest = (x - rounded) * (x + rounded);
    (-(rounded * rounded)).exp() * (-rest).exp()
}
