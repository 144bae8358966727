//! Functions that are generic over the traits of `num_traits` are differentiated unchanged.

use autodiff::scalar::{Dual, Tape, Var, gradient, hessian};
use num_traits::{
    Bounded, Float, FloatConst, FromPrimitive, Num, NumCast, One, Signed, ToPrimitive, Zero,
};

/// A function without any code for derivatives.
fn generic<F: Float + FloatConst>(x: F, y: F) -> F {
    let two = F::one() + F::one();
    let (s, c) = (x * F::PI()).sin_cos();
    let polynomial = [F::one(), two, F::from(3.5).unwrap()];
    let horner = polynomial
        .iter()
        .fold(F::zero(), |sum, &c| sum.mul_add(y, c));
    (s * c + horner.ln() + x.powi(3).abs().sqrt() + y.powf(two).hypot(x)) / y.max(x).exp()
}

#[test]
fn a_function_generic_over_float_is_differentiated_unchanged() {
    let at = [0.7, 1.3];
    let g = gradient(|[x, y]| generic(x, y), at);
    let h = 1e-5;
    let difference = |dx: f64, dy: f64| {
        (generic(at[0] + dx * h, at[1] + dy * h) - generic(at[0] - dx * h, at[1] - dy * h))
            / (2.0 * h)
    };
    assert!((g[0] - difference(1.0, 0.0)).abs() < 1e-9);
    assert!((g[1] - difference(0.0, 1.0)).abs() < 1e-9);
    let hessian = hessian(|[x, y]| generic(x, y), at);
    assert!((hessian[0][1] - hessian[1][0]).abs() < 1e-14 && hessian[0][0].is_finite());
}

/// Returns the result of every method of `Float` and `Signed`.
fn every_method<F: Float + Signed>(x: F, y: F) -> Vec<F> {
    vec![
        Float::floor(x),
        Float::ceil(x),
        Float::round(x),
        Float::trunc(x),
        Float::fract(x),
        Float::abs(x),
        Float::signum(x),
        Float::recip(x),
        Float::sqrt(x),
        Float::cbrt(x),
        Float::exp(x),
        Float::exp2(x),
        Float::exp_m1(x),
        Float::ln(x),
        Float::ln_1p(x),
        Float::log2(x),
        Float::log10(x),
        Float::sin(x),
        Float::cos(x),
        Float::tan(x),
        Float::asin(x),
        Float::acos(x),
        Float::atan(x),
        Float::sinh(x),
        Float::cosh(x),
        Float::tanh(x),
        Float::asinh(x),
        Float::acosh(x + y),
        Float::atanh(x),
        Float::sin_cos(x).0,
        Float::sin_cos(x).1,
        Float::powi(x, -3),
        Float::powf(x, y),
        Float::log(x, y),
        Float::max(x, y),
        Float::min(x, y),
        Float::clamp(x, y, y + y),
        Float::abs_sub(y, x),
        Float::abs_sub(x, y),
        Float::hypot(x, y),
        Float::atan2(x, y),
        Float::to_degrees(x),
        Float::to_radians(x),
        Float::copysign(x, -y),
        Float::copysign(-x, y),
        Float::mul_add(x, y, y),
        F::epsilon(),
        Float::min_value(),
        Float::max_value(),
        F::min_positive_value(),
        F::infinity(),
        F::neg_infinity(),
        F::neg_zero(),
        Signed::abs(&-x),
        Signed::signum(&-x),
        x % y,
        -x,
    ]
}

#[test]
fn every_method_returns_the_result_of_plain_numbers() {
    let tape = Tape::new();
    let [x, y] = tape.vars([0.7, 1.3]);
    let plain = every_method(0.7, 1.3);
    let recorded = every_method(x, y);
    let forward = every_method(Dual::var(0.7), Dual::constant(1.3));
    for (i, plain) in plain.into_iter().enumerate() {
        assert!(
            (plain - recorded[i].value()).abs() <= 1e-15 * plain.abs().max(1.0)
                || plain == recorded[i].value(),
            "{i}"
        );
        assert!(
            (plain - forward[i].value).abs() <= 1e-15 * plain.abs().max(1.0)
                || plain == forward[i].value,
            "{i}"
        );
    }
    assert_eq!(
        every_method(Tape::<f32>::default().var(0.7_f32), Var::constant(1.3))[46],
        f32::EPSILON
    );
}

#[test]
fn questions_and_conversions() {
    type V = Var<'static>;
    assert!(
        V::nan().is_nan()
            && V::infinity().is_infinite()
            && V::one().is_finite()
            && V::one().is_normal()
    );
    assert!(V::one().is_sign_positive() && V::neg_zero().is_sign_negative() && V::zero().is_zero());
    assert!(Signed::is_positive(&V::one()) && Signed::is_negative(&-V::one()));
    assert_eq!(V::from_str_radix("2.5", 10).unwrap(), 2.5);
    assert!(V::from_str_radix("x", 10).is_err());
    assert_eq!(<V as NumCast>::from(7_u8).unwrap(), 7.0);
    assert_eq!(
        (
            V::from_i32(-3).unwrap().value(),
            V::from_u64(3).unwrap().value(),
            V::from_f32(0.5).unwrap().value()
        ),
        (-3.0, 3.0, 0.5)
    );
    assert_eq!(
        (
            V::constant(2.9).to_i32(),
            V::constant(2.9).to_u8(),
            V::constant(2.5).to_f64(),
            V::constant(-1.0).to_u8()
        ),
        (Some(2), Some(2), Some(2.5), None)
    );
    assert_eq!(<V as Bounded>::max_value(), f64::MAX);
    assert_eq!(V::constant(10.0).integer_decode(), 10.0.integer_decode());
    assert_eq!(<Var<'static, f32> as Bounded>::max_value(), f32::MAX);
    assert!(!<Var<'static, f32>>::constant(1e-40_f32).is_normal());
    assert_eq!(num_traits::Inv::inv(V::constant(4.0)), 0.25);
    assert_eq!(
        num_traits::MulAdd::mul_add(V::constant(4.0), V::constant(2.0), V::constant(1.0)),
        9.0
    );
}
