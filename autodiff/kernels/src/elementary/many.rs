//! Functions of many numbers with two results, two arguments or a parameter.

use super::value;
use crate::Float;
use crate::simd::{MultiplyAdd, vectorized_with};

/// Computes sin x and cos x for every number x; both are NaN at ±∞.
///
/// # Panics
///
/// If the slices differ in length.
pub fn sin_cos<T: Float>(x: &[T], sin: &mut [T], cos: &mut [T]) {
    // Not `any`: a loop that ends early is not vectorized.
    let beyond = |any, &x: &T| any | value::is_beyond_trig_range(x);
    if x.iter().fold(false, beyond) {
        let libm = |x: T| {
            let (sin, cos) = x.to_f64().sin_cos();
            (T::from_f64(sin), T::from_f64(cos))
        };
        return two_results(
            x,
            sin,
            cos,
            #[inline(always)]
            move |x, how| {
                if value::is_beyond_trig_range(x) {
                    libm(x)
                } else {
                    value::sin_cos(x, how)
                }
            },
        );
    }
    two_results(x, sin, cos, value::sin_cos);
}

/// Computes tanh x and its slope 1 / cosh² x for every number x.
///
/// # Panics
///
/// If the slices differ in length.
pub fn tanh_and_slope<T: Float>(x: &[T], tanh: &mut [T], slope: &mut [T]) {
    two_results(x, tanh, slope, value::tanh_and_slope);
}

/// Computes the logistic function and its slope 1 / (4 cosh² ½x) for every number x.
///
/// # Panics
///
/// If the slices differ in length.
pub fn sigmoid_and_slope<T: Float>(x: &[T], sigmoid: &mut [T], slope: &mut [T]) {
    two_results(x, sigmoid, slope, value::sigmoid_and_slope);
}

#[inline(always)]
fn two_results<T: Float>(
    x: &[T],
    first: &mut [T],
    second: &mut [T],
    kernel: impl Fn(T, MultiplyAdd) -> (T, T),
) {
    assert!(
        first.len() == x.len() && second.len() == x.len(),
        "the slices differ in length"
    );
    vectorized_with(
        #[inline(always)]
        move |how| {
            for ((first, second), x) in first.iter_mut().zip(second).zip(x) {
                (*first, *second) = kernel(*x, how);
            }
        },
    );
}

/// Replaces every number x by xⁿ.
///
/// # Panics
///
/// If |n| is larger than 15.
pub fn powi<T: Float>(x: &mut [T], n: i32) {
    assert!((-15..=15).contains(&n), "the power {n} is not small");
    vectorized_with(
        #[inline(always)]
        move |_| {
            for x in x {
                *x = value::powi(*x, n);
            }
        },
    );
}

/// Replaces every number a by `√(a² + b²)`, without overflow or underflow on the way.
///
/// # Panics
///
/// If the slices differ in length.
pub fn hypot<T: Float>(a: &mut [T], b: &[T]) {
    assert!(a.len() == b.len(), "the slices differ in length");
    vectorized_with(
        #[inline(always)]
        move |how| {
            for (a, b) in a.iter_mut().zip(b) {
                *a = value::hypot(*a, *b, how);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_computed_as_single_numbers_are() {
        let x: Vec<f64> = (-100..100)
            .map(|i| f64::from(i) * 0.37)
            .chain([1e9])
            .collect();
        let (mut first, mut second) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        sin_cos(&x, &mut first, &mut second);
        for ((x, sin), cos) in x.iter().zip(&first).zip(&second) {
            assert!((sin - x.sin()).abs() < 1e-15 && (cos - x.cos()).abs() < 1e-15);
        }
        tanh_and_slope(&x, &mut first, &mut second);
        for ((x, tanh), slope) in x.iter().zip(&first).zip(&second) {
            assert!((tanh - x.tanh()).abs() < 1e-15 && (slope - x.cosh().powi(-2)).abs() < 1e-15);
        }
        sigmoid_and_slope(&x, &mut first, &mut second);
        for ((x, y), slope) in x.iter().zip(&first).zip(&second) {
            let expected = 1.0 / (1.0 + (-x).exp());
            assert!((y - expected).abs() < 1e-15 && (slope - y * (1.0 - expected)).abs() < 1e-15);
        }
        let mut cubes = x.clone();
        powi(&mut cubes, 3);
        let mut radii = x.clone();
        hypot(&mut radii, &cubes);
        for ((x, cube), radius) in x.iter().zip(&cubes).zip(&radii) {
            assert!((cube - x * x * x).abs() <= 1e-15 * cube.abs());
            assert!((radius - x.hypot(*cube)).abs() <= 1e-15 * radius);
        }
    }

    #[test]
    #[should_panic(expected = "the slices differ in length")]
    fn slices_of_different_lengths_are_refused() {
        sin_cos(&[1.0], &mut [0.0], &mut []);
    }
}
