//! What the slopes of several rows share: formulas whose own slopes, and the slopes of these, are accurate too.

use super::number::Number;

/// A slope; outside of the domain the value of the function instead. It is NaN there, and so are its slopes.
#[inline(always)]
pub(super) fn nan_where<N: Number>(is_outside: &N::Mask, value: N, slope: N) -> N {
    Number::select(is_outside, value, slope)
}

/// The same number, but +0 instead of −0, whose reciprocal would have the wrong sign at the edge of a domain.
#[inline(always)]
pub(super) fn plus_zero<N: Number>(x: N) -> N {
    x + x.constant(0.0)
}

/// `1 − x²`. The product `(1 − x)(1 + x)` is accurate near ±1; near 0 the two terms of its slope would cancel.
#[inline(always)]
pub(super) fn one_minus_square<N: Number>(x: N) -> N {
    let c = |c| x.constant(c);
    let square = x * x;
    let product = (c(1.0) - x) * (c(1.0) + x);
    Number::select(&square.less(c(0.25)), c(1.0) - square, product)
}

/// `e^(−x²)`. A rounding error of x², which grows with x, would be a relative error of the power. So x² is split into the
/// square of x rounded to sixteenths, which is exact, and a small rest.
#[inline(always)]
pub(super) fn gaussian<N: Number>(x: N) -> N {
    // Beyond this the power is 0, and so is its slope.
    let x = x.clamp(-40.0, 40.0);
    let c = |c| x.constant(c);
    let rounded = (x * c(16.0)).round() * c(1.0 / 16.0);
    let rest = (x - rounded) * (x + rounded);
    (-(rounded * rounded)).exp() * (-rest).exp()
}
