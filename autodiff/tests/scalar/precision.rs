//! Relative errors of values, slopes and second derivatives that are small, huge, or near a pole.

use autodiff::Number;
use autodiff::elementwise::Unary;
use autodiff::scalar::{Dual, Var, gradient, hessian, hvp};

const INF: f64 = f64::INFINITY;

/// Asserts that the relative error of a number is at most 99 ε.
#[track_caller]
fn assert_close(computed: f64, right: f64) {
    let error = (computed - right).abs() / right.abs().max(f64::MIN_POSITIVE);
    assert!(
        computed == right || error <= 99.0 * f64::EPSILON,
        "{computed:e} and not {right:e}"
    );
}

fn slope(f: Unary, x: f64) -> f64 {
    let [slope] = gradient(|[x]| x.unary(f), [x]);
    slope
}

/// The second derivative of a function of one variable.
fn curvature(f: Unary, x: f64) -> f64 {
    let (_, [curvature]) = hvp(|[x]| x.unary(f), [x], [1.0]);
    curvature
}

/// Returns the Hessian of a function of two variables. Asserts that it is symmetric to the last bit.
#[track_caller]
fn symmetric_hessian(
    f: impl for<'t> Fn(Var<'t, Dual>, Var<'t, Dual>) -> Var<'t, Dual>,
    point: [f64; 2],
) -> [f64; 3] {
    let [[aa, ab], [ba, bb]] = hessian(|[a, b]| f(a, b), point);
    assert!(ab == ba || ab.is_nan() && ba.is_nan(), "{ab:e} {ba:e}");
    [aa, ab, bb]
}

#[test]
fn slopes_that_vanish_far_out_keep_their_digits() {
    assert_close(slope(Unary::Tanh, 18.0), 9.278_091_320_974_273e-16);
    assert_close(slope(Unary::Tanh, 20.0), 1.699_341_702_116_635_6e-17);
    assert_close(slope(Unary::Tanh, 350.0), 3.943_870_617_503_908e-304);
    assert_close(slope(Unary::Sigmoid, 40.0), 4.248_354_255_291_589e-18);
    assert_close(slope(Unary::Sigmoid, -740.0), (-740.0_f64).exp());
    assert_close(curvature(Unary::Softplus, 30.0), 9.357_622_968_838_423e-14);
    assert_close(slope(Unary::Erfc, 26.0), -2.947_034_993_266_269_5e-294);
}

#[test]
fn products_with_a_step_keep_their_digits_where_the_slope_vanishes() {
    let near_zeros = [
        (Unary::Gelu, -0.75, 0.000_774_278_260_764_895_7),
        (
            Unary::Gelu,
            -0.751_791_524_693_564_5,
            -6.453_751_729_367_753e-18,
        ),
        (
            Unary::GeluTanh,
            -0.752_461_422_071_016_3,
            -1.564_745_574_089_369_2e-17,
        ),
        (
            Unary::Silu,
            -1.278_464_542_761_073_7,
            2.384_383_475_524_311_5e-17,
        ),
    ];
    let tails = [
        (Unary::Gelu, -37.0, -7.838_298_669_418_516e-297),
        (Unary::Gelu, -38.5, -2.085e-321),
        (Unary::GeluTanh, -21.0, -5.773_008_639_270_406e-299),
        (Unary::GeluTanh, -21.5, -2.845e-320),
        (Unary::Silu, -700.0, -6.891_913_904_088_079e-302),
        (Unary::Silu, -750.0, -1.5e-323),
    ];
    for (function, x, right) in near_zeros.into_iter().chain(tails) {
        assert_close(slope(function, x), right);
    }
    assert_close(Number::gelu(-37.0), -2.118_461_352_334_093_5e-298);
    assert_close(curvature(Unary::Gelu, -37.0), -2.898_048_955_934_136e-295);
    assert_close(Number::gelu_tanh(-21.0), -6.016_648_487_631_484e-301);
    assert_close(
        curvature(Unary::GeluTanh, -21.0),
        -5.533_824_054_544_821_6e-297,
    );
}

#[test]
fn products_with_a_step_are_flat_at_minus_infinity_and_linear_at_infinity() {
    for function in [Unary::Gelu, Unary::GeluTanh, Unary::Silu] {
        for x in [-1e300, -INF] {
            assert_eq!((x.unary(function), slope(function, x)), (0.0, 0.0));
        }
        for x in [1e300, INF] {
            assert_eq!((x.unary(function), slope(function, x)), (x, 1.0));
        }
        assert_eq!([-INF, INF].map(|x| curvature(function, x)), [0.0; 2]);
        assert_eq!((-0.0_f64).unary(function).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(slope(function, 5e-324), 0.5);
        assert!(f64::NAN.unary(function).is_nan() && curvature(function, f64::NAN).is_nan());
    }
}

#[test]
fn second_derivatives_near_zero_keep_their_digits() {
    assert_close(curvature(Unary::Asin, 1e-16), 1e-16);
    assert_close(curvature(Unary::Atanh, 1e-20), 2e-20);
    assert_close(curvature(Unary::Tanh, 1e-30), -2e-30);
    assert_close(curvature(Unary::Sigmoid, 1e-30), -1.25e-31);
    assert_close(curvature(Unary::Atan, 1e80), -2e-240);
    let [of_a, ..] = symmetric_hessian(|a, b| a.hypot(b), [1.0, 1e-10]);
    assert_close(of_a, 1e-20);
    assert_eq!(symmetric_hessian(|a, b| a.atan2(b), [0.0, 1e-160])[0], 0.0);
    assert_eq!(symmetric_hessian(|a, b| a.atan2(b), [3.0, -3.0])[1], 0.0);
}

#[test]
fn second_derivatives_at_poles_and_at_infinity_are_the_limits() {
    assert_eq!(curvature(Unary::Asin, 1.0), INF);
    assert_eq!(curvature(Unary::Acosh, 1.0), -INF);
    assert_eq!([1.0, -1.0].map(|x| curvature(Unary::Atanh, x)), [INF, -INF]);
    assert_eq!([0.0, -0.0].map(|x| curvature(Unary::Cbrt, x)), [-INF, INF]);
    assert_eq!(curvature(Unary::Sqrt, -0.0), -INF);
    assert_eq!(
        (curvature(Unary::Atan, INF), curvature(Unary::Erf, INF)),
        (0.0, 0.0)
    );
    assert_eq!(
        (slope(Unary::Sqrt, -0.0), slope(Unary::Ln, -0.0)),
        (INF, INF)
    );
}

#[test]
fn hessians_are_symmetric() {
    assert_eq!(
        symmetric_hessian(|a, b| a.powf(b), [0.0, 1.0]),
        [0.0, -INF, 0.0]
    );
    assert_eq!(
        symmetric_hessian(|a, b| a.powf(b), [0.0, 0.5]),
        [-INF, -INF, 0.0]
    );
    assert_eq!(symmetric_hessian(|a, b| a.powf(b), [0.0, 0.0]), [0.0; 3]);
    assert_eq!(symmetric_hessian(|a, b| a.xlogy(b), [0.0, 0.0]), [0.0; 3]);
    assert_eq!(
        symmetric_hessian(|a, b| a.xlogy(b), [0.0, 0.25]),
        [0.0, 4.0, 0.0]
    );
    let [_, mixed, _] = symmetric_hessian(|a, b| a.log(b), [1e160, 1e10]);
    assert_close(mixed, -1.886_116_970_116_139_3e-173);
    for point in [[0.3, 2.0], [3.0, -0.7], [1e-5, 1e5], [1e200, 3e-7]] {
        let _ = symmetric_hessian(|a, b| a.hypot(b), point);
        let _ = symmetric_hessian(|a, b| a.atan2(b), point);
        let _ = symmetric_hessian(|a, b| a.powf(b), point);
        let _ = symmetric_hessian(|a, b| a.abs().log(b.abs()), point);
    }
}

#[test]
fn slopes_of_two_variables_neither_overflow_nor_underflow_on_the_way() {
    let [of_a, _] = gradient(|[a, b]| a.powf(b), [1e-310, 1e-10]);
    assert_close(of_a, 9.999_999_286_198_678e299);
    let [_, of_b] = gradient(|[a, b]| a.powf(b), [2.0, 1024.0]);
    assert_close(of_b, 2.0_f64.powi(1023) * (2.0 * std::f64::consts::LN_2));
    assert_eq!(gradient(|[a, b]| a.xlogy(b), [5e-324, 5e-324])[1], 1.0);
    let [_, _, of_b] = symmetric_hessian(|a, b| a.xlogy(b), [1.5e308, 1e200]);
    assert_close(of_b, -1.5e-92);
    let [of_a, _] = gradient(|[a, b]| a.hypot(b), [5e-324, 5e-324]);
    assert_close(of_a, std::f64::consts::FRAC_1_SQRT_2);
}

#[test]
fn slopes_of_powers_with_a_huge_exponent_are_those_of_the_exponent_less_one() {
    // The exponent 2⁵⁴ − 1 is rounded to 2⁵⁴.
    let (a, b) = (1.0 + 2.0_f64.powi(-45), 2.0_f64.powi(54));
    let [of_a, _] = gradient(|[a, b]| a.powf(b), [a, b]);
    let right = b * (a.powf(b) / a);
    assert!((of_a / right - 1.0).abs() < 8.0 * f64::EPSILON);
}

#[test]
fn xlogy_of_zero_has_the_logarithm_as_its_slope() {
    for b in [0.5, 1.0, 2.0] {
        let slopes = gradient(|[a, b]| a.xlogy(b), [0.0, b]);
        assert_eq!(slopes, [b.ln(), 0.0]);
    }
    assert_eq!(gradient(|[a, b]| a.xlogy(b), [0.0, -2.0]), [0.0, 0.0]);
}

#[test]
fn polygamma_at_half_integers_and_near_poles() {
    assert_close((-1.5).polygamma(20), -1.070_919_825_912_413_2e10);
    assert_eq!((-1e-310).polygamma(0), INF);
    assert_eq!(slope(Unary::Lgamma, -1e-310), INF);
    assert_eq!([0.0, -0.0].map(|x| x.polygamma(0)), [-INF, INF]);
}

#[test]
fn inverse_hyperbolic_functions_are_odd_and_reach_the_ends_of_the_range() {
    assert_close(
        Number::atanh(-0.999_999_999_999_999_9),
        -18.714_973_875_118_524,
    );
    for x in [1e-300, 0.1, 0.5, 1.0 - f64::EPSILON] {
        assert_eq!(Number::atanh(-x), -Number::atanh(x));
        assert_eq!(Number::asinh(-x), -Number::asinh(x));
    }
    assert_close(
        Number::acosh(1.0 + f64::EPSILON),
        2.107_342_425_544_701_6e-8,
    );
    assert_close(Number::acosh(1.7e308), 710.419_984_073_788_2);
    assert_close(Number::asinh(-1.7e308), -710.419_984_073_788_2);
    assert!(Number::acosh(-1e10_f64).is_nan());
}

#[test]
fn integer_powers_of_any_size_keep_their_digits() {
    assert_close(Number::powi(1.0001, 1_000_000), 2.674_710_993_112_685_4e43);
    assert_close(Number::powi(1e150, -2), 1e-300);
    assert_close(Number::powi(1.9e154, -2), 1.9e154_f64.recip() / 1.9e154);
    assert_eq!(slope(Unary::Powi { n: i32::MIN }, 1.0), -2_147_483_648.0);
}
