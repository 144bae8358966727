//! Zeros, infinities, NaN, overflow and gradual underflow.

use super::cases::sin_of_any;
use super::value;
use crate::Float;
use crate::simd::MultiplyAdd;
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LOG2_E, PI};

#[test]
fn zeros_infinities_nan_overflow_and_underflow_in_single_precision() {
    check_edges::<f32>(88.722_83, -103.972_08);
}

#[test]
fn zeros_infinities_nan_overflow_and_underflow_in_double_precision() {
    check_edges::<f64>(709.782_712_893_384, -745.133_219_101_941_1);
}

const INFINITY: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Checks the exact results at zeros and infinities and at the limits of overflow and underflow.
fn check_edges<T: Float>(largest_exponent: f64, smallest_exponent: f64) {
    for how in [MultiplyAdd::Fused, MultiplyAdd::Separate] {
        exponentials_and_logarithms::<T>(how, largest_exponent, smallest_exponent);
        logistic_functions::<T>(how, smallest_exponent);
        error_functions::<T>(how, smallest_exponent);
        sine_and_cosine::<T>(how);
    }
}

/// Checks that a function has exactly these values.
fn check<T: Float>(how: MultiplyAdd, f: fn(T, MultiplyAdd) -> T, pairs: &[(f64, f64)]) {
    for &(x, expected) in pairs {
        let computed = f(T::from_f64(x), how).to_f64();
        let expected = T::from_f64(expected).to_f64();
        assert!(
            computed.to_bits() == expected.to_bits() || computed.is_nan() && expected.is_nan(),
            "{computed:e} is not {expected:e} at {x:e}"
        );
    }
}

fn exponentials_and_logarithms<T: Float>(
    how: MultiplyAdd,
    largest_exponent: f64,
    smallest_exponent: f64,
) {
    let check = |f, pairs: &[_]| check::<T>(how, f, pairs);
    let (over, under) = (largest_exponent * 1.001, smallest_exponent * 1.001);
    check(
        value::exp,
        &[
            (0.0, 1.0),
            (-0.0, 1.0),
            (INFINITY, INFINITY),
            (-INFINITY, 0.0),
            (NAN, NAN),
        ],
    );
    check(
        value::exp,
        &[
            (over, INFINITY),
            (1e30, INFINITY),
            (under, 0.0),
            (-1e30, 0.0),
        ],
    );
    assert!(value::exp(T::from_f64(largest_exponent * 0.999), how) < T::INFINITY);
    assert!(value::exp(T::from_f64(smallest_exponent * 0.999), how) > T::default());
    check(
        value::ln,
        &[
            (1.0, 0.0),
            (0.0, -INFINITY),
            (-0.0, -INFINITY),
            (INFINITY, INFINITY),
            (NAN, NAN),
        ],
    );
    check(value::ln, &[(-1.0, NAN), (-1e-40, NAN), (-INFINITY, NAN)]);
    check(
        value::exp_m1,
        &[
            (0.0, 0.0),
            (-0.0, -0.0),
            (1e-40, 1e-40),
            (-1e-40, -1e-40),
            (INFINITY, INFINITY),
            (-INFINITY, -1.0),
            (NAN, NAN),
            (over, INFINITY),
            (1e30, INFINITY),
            (under, -1.0),
            (-1e30, -1.0),
        ],
    );
    assert!(value::exp_m1(T::from_f64(largest_exponent * 0.999), how) < T::INFINITY);
    let (log2_over, log2_under) = (over * LOG2_E, under * LOG2_E);
    check(
        value::exp2,
        &[
            (0.0, 1.0),
            (-0.0, 1.0),
            (3.0, 8.0),
            (-100.0, (-100_f64).exp2()),
            (INFINITY, INFINITY),
            (-INFINITY, 0.0),
            (NAN, NAN),
            (log2_over, INFINITY),
            (1e30, INFINITY),
            (log2_under, 0.0),
            (-1e30, 0.0),
        ],
    );
    let log2_most = T::from_f64(largest_exponent * 0.999 * LOG2_E);
    assert!(value::exp2(log2_most, how) < T::INFINITY);
    check(
        value::exp2_slope,
        &[
            (0.0, LN_2),
            (INFINITY, INFINITY),
            (1e30, INFINITY),
            (-INFINITY, 0.0),
            (NAN, NAN),
        ],
    );
    check(
        value::ln_1p,
        &[
            (0.0, 0.0),
            (-0.0, -0.0),
            (1e-40, 1e-40),
            (-1e-40, -1e-40),
            (INFINITY, INFINITY),
            (-1.0, -INFINITY),
            (-1.5, NAN),
            (-INFINITY, NAN),
            (NAN, NAN),
        ],
    );
}

fn logistic_functions<T: Float>(how: MultiplyAdd, smallest_exponent: f64) {
    let check = |f, pairs: &[_]| check::<T>(how, f, pairs);
    let under = smallest_exponent * 1.001;
    check(
        value::tanh,
        &[
            (0.0, 0.0),
            (-0.0, -0.0),
            (INFINITY, 1.0),
            (-INFINITY, -1.0),
            (NAN, NAN),
        ],
    );
    check(
        value::tanh,
        &[(1e-40, 1e-40), (-1e-40, -1e-40), (1e30, 1.0), (-50.0, -1.0)],
    );
    check(
        value::sigmoid,
        &[
            (0.0, 0.5),
            (-0.0, 0.5),
            (INFINITY, 1.0),
            (-INFINITY, 0.0),
            (NAN, NAN),
        ],
    );
    check(value::sigmoid, &[(1e30, 1.0), (-1e30, 0.0), (under, 0.0)]);
    check(
        value::softplus,
        &[
            (INFINITY, INFINITY),
            (-INFINITY, 0.0),
            (NAN, NAN),
            (1e30, 1e30),
            (under, 0.0),
        ],
    );
    check(
        value::log_sigmoid,
        &[
            (INFINITY, -0.0),
            (-INFINITY, -INFINITY),
            (NAN, NAN),
            (-1e30, -1e30),
            (-under, -0.0),
        ],
    );
    check(
        value::silu,
        &[
            (0.0, 0.0),
            (-0.0, -0.0),
            (1e-40, 0.5e-40),
            (INFINITY, INFINITY),
            (-INFINITY, -0.0),
            (NAN, NAN),
            (1e30, 1e30),
            (-1e30, -0.0),
        ],
    );
    check(
        value::silu_slope,
        &[
            (0.0, 0.5),
            (INFINITY, 1.0),
            (1e30, 1.0),
            (-INFINITY, -0.0),
            (-1e30, -0.0),
            (NAN, NAN),
        ],
    );
    check(
        value::log_sigmoid_slope,
        &[(0.0, 0.5), (INFINITY, 0.0), (-INFINITY, 1.0), (NAN, NAN)],
    );
    // 4 e^−2|x| underflows later than e^−2|x|.
    let half_under = 0.5 * under;
    assert!(value::tanh_slope(T::from_f64(half_under), how) > T::default());
    for slope in [value::tanh_slope, value::sigmoid_slope] {
        check(
            slope,
            &[
                (INFINITY, 0.0),
                (-INFINITY, 0.0),
                (1e30, 0.0),
                (-1e30, 0.0),
                (NAN, NAN),
            ],
        );
    }
    check(
        value::tanh_slope,
        &[(0.0, 1.0), (-0.0, 1.0), (1e-40, 1.0), (0.51 * under, 0.0)],
    );
    check(
        value::sigmoid_slope,
        &[(0.0, 0.25), (-0.0, 0.25), (1e-40, 0.25), (under, 0.0)],
    );
}

fn error_functions<T: Float>(how: MultiplyAdd, smallest_exponent: f64) {
    let check = |f, pairs: &[_]| check::<T>(how, f, pairs);
    check(
        value::erf,
        &[
            (0.0, 0.0),
            (-0.0, -0.0),
            (INFINITY, 1.0),
            (-INFINITY, -1.0),
            (NAN, NAN),
            (1e30, 1.0),
            (-7.0, -1.0),
        ],
    );
    check(
        value::erfc,
        &[
            (0.0, 1.0),
            (-0.0, 1.0),
            (1e-40, 1.0),
            (INFINITY, 0.0),
            (-INFINITY, 2.0),
            (NAN, NAN),
            (1e30, 0.0),
            (-7.0, 2.0),
        ],
    );
    // e^(−x²) and erfc x shrink to subnormal numbers, and then to 0.
    let root = (-smallest_exponent).sqrt();
    let ratio = 1.0 / (root * PI.sqrt());
    let erfc_root = (-smallest_exponent + ratio.ln()).sqrt();
    check(
        value::gaussian,
        &[
            (0.0, 1.0),
            (-0.0, 1.0),
            (1e-40, 1.0),
            (root * 1.001, 0.0),
            (-root * 1.001, 0.0),
            (INFINITY, 0.0),
            (NAN, NAN),
        ],
    );
    check(value::erfc, &[(erfc_root * 1.001, 0.0)]);
    assert!(value::gaussian(T::from_f64(root * 0.999), how) > T::default());
    assert!(value::erfc(T::from_f64(erfc_root * 0.999), how) > T::default());
    check(
        value::erf_slope,
        &[
            (0.0, FRAC_2_SQRT_PI),
            (-INFINITY, 0.0),
            (1e30, 0.0),
            (NAN, NAN),
        ],
    );
    check(
        value::erfc_slope,
        &[(0.0, -FRAC_2_SQRT_PI), (INFINITY, -0.0), (NAN, NAN)],
    );
}

fn sine_and_cosine<T: Float>(how: MultiplyAdd) {
    let check = |f, pairs: &[_]| check::<T>(how, f, pairs);
    check(
        value::sin,
        &[(0.0, 0.0), (-0.0, -0.0), (1e-40, 1e-40), (NAN, NAN)],
    );
    check(
        value::cos,
        &[(0.0, 1.0), (-0.0, 1.0), (1e-40, 1.0), (NAN, NAN)],
    );
    check(value::cos_slope, &[(0.0, -0.0), (-0.0, 0.0), (NAN, NAN)]);
    let large = 100_f64.exp2();
    check(
        sin_of_any,
        &[(large, large.sin()), (INFINITY, NAN), (-INFINITY, NAN)],
    );
}
