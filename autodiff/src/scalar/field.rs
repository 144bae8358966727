//! The traits of `nalgebra`: its routines are differentiated unchanged, in forward mode.

use super::dual::Dual;
use super::number::Scalar;
use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use num_traits::Float;
use simba::scalar::{ComplexField, Field, RealField, SubsetOf};
use simba::simd::SimdValue;
use std::f64::consts;

/// A number that meets the bounds of `nalgebra`: it borrows nothing and can be shared between threads.
trait Free: Scalar + Send + Sync + 'static {}

impl<T: Scalar + Send + Sync + 'static> Free for T {}

impl<T: Free, const K: usize> SimdValue for Dual<T, K> {
    const LANES: usize = 1;
    type Element = Self;
    type SimdBool = bool;

    fn splat(value: Self) -> Self {
        value
    }

    fn extract(&self, _: usize) -> Self {
        *self
    }

    #[expect(unsafe_code, reason = "the trait declares it unsafe; the body is not")]
    unsafe fn extract_unchecked(&self, _: usize) -> Self {
        *self
    }

    fn replace(&mut self, _: usize, value: Self) {
        *self = value;
    }

    #[expect(unsafe_code, reason = "the trait declares it unsafe; the body is not")]
    unsafe fn replace_unchecked(&mut self, _: usize, value: Self) {
        *self = value;
    }

    fn select(self, condition: bool, other: Self) -> Self {
        if condition { self } else { other }
    }
}

impl<T: Free, const K: usize> Field for Dual<T, K> {}

impl<T: Free, const K: usize> SubsetOf<Dual<T, K>> for Dual<T, K> {
    fn to_superset(&self) -> Dual<T, K> {
        *self
    }

    fn from_superset_unchecked(element: &Dual<T, K>) -> Self {
        *element
    }

    fn is_in_subset(_: &Dual<T, K>) -> bool {
        true
    }
}

macro_rules! plain_subset {
    ($($plain:ty)*) => { $(
        impl<T: Free, const K: usize> SubsetOf<Dual<T, K>> for $plain {
            fn to_superset(&self) -> Dual<T, K> {
                Scalar::from_f64(f64::from(*self))
            }

            fn from_superset_unchecked(element: &Dual<T, K>) -> Self {
                Scalar::to_f64(*element) as $plain
            }

            fn is_in_subset(_: &Dual<T, K>) -> bool {
                true
            }
        }
    )* };
}
plain_subset!(f32 f64);

impl<T: Free, const K: usize> AbsDiffEq for Dual<T, K> {
    type Epsilon = Self;

    fn default_epsilon() -> Self {
        Float::epsilon()
    }

    fn abs_diff_eq(&self, other: &Self, epsilon: Self) -> bool {
        Scalar::to_f64(*self).abs_diff_eq(&Scalar::to_f64(*other), Scalar::to_f64(epsilon))
    }
}

impl<T: Free, const K: usize> RelativeEq for Dual<T, K> {
    fn default_max_relative() -> Self {
        Float::epsilon()
    }

    fn relative_eq(&self, other: &Self, epsilon: Self, max_relative: Self) -> bool {
        let (a, b) = (Scalar::to_f64(*self), Scalar::to_f64(*other));
        a.relative_eq(&b, Scalar::to_f64(epsilon), Scalar::to_f64(max_relative))
    }
}

impl<T: Free, const K: usize> UlpsEq for Dual<T, K> {
    fn default_max_ulps() -> u32 {
        f64::default_max_ulps()
    }

    fn ulps_eq(&self, other: &Self, epsilon: Self, max_ulps: u32) -> bool {
        let (a, b) = (Scalar::to_f64(*self), Scalar::to_f64(*other));
        a.ulps_eq(&b, Scalar::to_f64(epsilon), max_ulps)
    }
}

/// Methods of the trait that call the method of `Float` of the same name.
macro_rules! same {
    ($($name:ident($($argument:ident),*))*) => { $(
        #[track_caller]
        fn $name(self $(, $argument: Self)*) -> Self {
            Float::$name(self $(, $argument)*)
        }
    )* };
}

/// Constants of the trait, taken from `f64`.
macro_rules! constants {
    ($($name:ident = $constant:ident),*) => { $(
        fn $name() -> Self {
            Scalar::from_f64(consts::$constant)
        }
    )* };
}

impl<T: Free, const K: usize> ComplexField for Dual<T, K> {
    type RealField = Self;

    fn from_real(re: Self) -> Self {
        re
    }

    fn real(self) -> Self {
        self
    }

    fn imaginary(self) -> Self {
        Scalar::from_f64(0.0)
    }

    fn modulus(self) -> Self {
        Float::abs(self)
    }

    fn modulus_squared(self) -> Self {
        self * self
    }

    fn argument(self) -> Self {
        Scalar::from_f64(if Scalar::to_f64(self) < 0.0 {
            consts::PI
        } else {
            0.0
        })
    }

    fn norm1(self) -> Self {
        Float::abs(self)
    }

    fn scale(self, factor: Self) -> Self {
        self * factor
    }

    fn unscale(self, factor: Self) -> Self {
        self / factor
    }

    same! {
        floor() ceil() round() trunc() fract() mul_add(a, b) abs() hypot(other) recip() sin() cos() tan() asin() acos()
        atan() sinh() cosh() tanh() asinh() acosh() atanh() log(base) log2() log10() ln() ln_1p() sqrt() exp() exp2()
        exp_m1() powf(n) cbrt() signum()
    }

    fn conjugate(self) -> Self {
        self
    }

    fn sin_cos(self) -> (Self, Self) {
        Float::sin_cos(self)
    }

    fn powi(self, n: i32) -> Self {
        Float::powi(self, n)
    }

    fn powc(self, n: Self) -> Self {
        Float::powf(self, n)
    }

    fn is_finite(&self) -> bool {
        Float::is_finite(*self)
    }

    fn try_sqrt(self) -> Option<Self> {
        (Scalar::to_f64(self) >= 0.0).then(|| Float::sqrt(self))
    }
}

impl<T: Free, const K: usize> RealField for Dual<T, K> {
    fn is_sign_positive(&self) -> bool {
        Float::is_sign_positive(*self)
    }

    fn is_sign_negative(&self) -> bool {
        Float::is_sign_negative(*self)
    }

    same! { copysign(sign) max(other) min(other) clamp(low, high) atan2(other) }

    fn min_value() -> Option<Self> {
        Some(Float::min_value())
    }

    fn max_value() -> Option<Self> {
        Some(Float::max_value())
    }

    constants! {
        pi = PI, two_pi = TAU, frac_pi_2 = FRAC_PI_2, frac_pi_3 = FRAC_PI_3, frac_pi_4 = FRAC_PI_4, frac_pi_6 = FRAC_PI_6,
        frac_pi_8 = FRAC_PI_8, frac_1_pi = FRAC_1_PI, frac_2_pi = FRAC_2_PI, frac_2_sqrt_pi = FRAC_2_SQRT_PI, e = E,
        log2_e = LOG2_E, log10_e = LOG10_E, ln_2 = LN_2, ln_10 = LN_10
    }
}
