//! Zeros, infinities, NaN, overflow and gradual underflow.

use super::*;

#[test]
fn zeros_infinities_nan_overflow_and_underflow_in_single_precision() {
    check_edges::<f32>(88.722_83, -103.972_08);
}

#[test]
fn zeros_infinities_nan_overflow_and_underflow_in_double_precision() {
    check_edges::<f64>(709.782_712_893_384, -745.133_219_101_941_1);
}

/// Checks the exact results at zeros and infinities and at the limits of overflow and underflow.
fn check_edges<T: Float>(largest_exponent: f64, smallest_exponent: f64) {
    let ways = [MultiplyAdd::Fused, MultiplyAdd::Separate];
    let same = |computed: T, expected: f64| {
        let (computed, expected) = (computed.to_f64(), T::from_f64(expected).to_f64());
        assert!(
            computed.to_bits() == expected.to_bits() || computed.is_nan() && expected.is_nan(),
            "{computed:e} is not {expected:e}"
        );
    };
    let (infinity, nan) = (f64::INFINITY, f64::NAN);
    for how in ways {
        let check = |f: fn(T, MultiplyAdd) -> T, pairs: &[(f64, f64)]| {
            for &(x, y) in pairs {
                same(f(T::from_f64(x), how), y);
            }
        };
        let (over, under) = (largest_exponent * 1.001, smallest_exponent * 1.001);
        check(
            value::exp,
            &[
                (0.0, 1.0),
                (-0.0, 1.0),
                (infinity, infinity),
                (-infinity, 0.0),
                (nan, nan),
            ],
        );
        check(
            value::exp,
            &[
                (over, infinity),
                (1e30, infinity),
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
                (0.0, -infinity),
                (-0.0, -infinity),
                (infinity, infinity),
                (nan, nan),
            ],
        );
        check(value::ln, &[(-1.0, nan), (-1e-40, nan), (-infinity, nan)]);
        check(
            value::tanh,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (infinity, 1.0),
                (-infinity, -1.0),
                (nan, nan),
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
                (infinity, 1.0),
                (-infinity, 0.0),
                (nan, nan),
            ],
        );
        check(value::sigmoid, &[(1e30, 1.0), (-1e30, 0.0), (under, 0.0)]);
        check(
            value::softplus,
            &[
                (infinity, infinity),
                (-infinity, 0.0),
                (nan, nan),
                (1e30, 1e30),
                (under, 0.0),
            ],
        );
        check(
            value::log_sigmoid,
            &[
                (infinity, -0.0),
                (-infinity, -infinity),
                (nan, nan),
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
                (infinity, infinity),
                (-infinity, -0.0),
                (nan, nan),
                (1e30, 1e30),
                (-1e30, -0.0),
            ],
        );
        check(
            value::silu_slope,
            &[
                (0.0, 0.5),
                (infinity, 1.0),
                (1e30, 1.0),
                (-infinity, -0.0),
                (-1e30, -0.0),
                (nan, nan),
            ],
        );
        check(
            value::log_sigmoid_slope,
            &[(0.0, 0.5), (infinity, 0.0), (-infinity, 1.0), (nan, nan)],
        );
        check(
            value::sin,
            &[(0.0, 0.0), (-0.0, -0.0), (1e-40, 1e-40), (nan, nan)],
        );
        check(
            value::cos,
            &[(0.0, 1.0), (-0.0, 1.0), (1e-40, 1.0), (nan, nan)],
        );
        check(value::cos_slope, &[(0.0, -0.0), (-0.0, 0.0), (nan, nan)]);
        let large = 100_f64.exp2();
        check(
            sin_of_any,
            &[(large, large.sin()), (infinity, nan), (-infinity, nan)],
        );
    }
}
