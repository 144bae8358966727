//! Integer powers, and the distance of a point from the origin.

use crate::Float;
use crate::float::{abs, one};
use crate::simd::MultiplyAdd;

/// xⁿ for |n| ≤ 15, as a product. The power 0 is 1.
///
/// It is vectorized in a loop in which n does not change.
#[inline(always)]
pub fn powi<T: Float>(x: T, n: i32) -> T {
    debug_assert!((-15..=15).contains(&n), "the power {n} is not small");
    // The power of the reciprocal overflows and underflows where the result does.
    let base = if n < 0 { one::<T>() / x } else { x };
    let bits = n.unsigned_abs();
    let factor = |bit: u32, power: T| {
        if bits & bit == 0 { one() } else { power }
    };
    let square = base * base;
    let fourth = square * square;
    let (low, high) = (
        factor(1, base) * factor(2, square),
        factor(4, fourth) * factor(8, fourth * fourth),
    );
    low * high
}

/// √(a² + b²), without overflow or underflow on the way. It is infinite if a or b is.
#[inline(always)]
pub fn hypot<T: Float>(a: T, b: T, how: MultiplyAdd) -> T {
    let (a, b) = (abs(a), abs(b));
    let (larger, smaller) = if a > b { (a, b) } else { (b, a) };
    // At the origin, and if one is 0 and the other NaN, the quotient is the smaller one.
    let ratio = if larger == T::default() {
        smaller
    } else {
        smaller / larger
    };
    let y = larger * T::multiply_add(how, ratio, ratio, one()).square_root();
    let is_infinite = (a == T::INFINITY) | (b == T::INFINITY);
    if is_infinite { T::INFINITY } else { y }
}
