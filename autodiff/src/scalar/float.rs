//! The traits of `num_traits`: a function that is generic over [`num_traits::Float`] is differentiated unchanged.
//!
//! ```
//! use autodiff::scalar::gradient;
//! use num_traits::Float;
//!
//! fn length<F: Float>(x: F, y: F) -> F {
//!     x.hypot(y)
//! }
//! assert_eq!(gradient(|[x, y]| length(x, y), [3.0, 4.0]), [0.6, 0.8]);
//! ```

use super::dual::Dual;
use super::number::Scalar;
use super::var::Var;
use crate::Number;
use num_traits::{
    Bounded, Float, FloatConst, FromPrimitive, Inv, MulAdd, Num, NumCast, One, Signed, ToPrimitive,
    Zero,
};
use std::num::FpCategory;

/// Methods of the trait that call the inherent method of the same name.
macro_rules! same {
    ($($(#[$doc:meta])* $name:ident($($argument:ident),*))*) => { $(
        $(#[$doc])*
        #[inline]
        #[track_caller]
        fn $name(self $(, $argument: Self)*) -> Self {
            self.$name($($argument),*)
        }
    )* };
}

/// Methods of the trait that depend on the value only.
macro_rules! of_value {
    ($($name:ident -> $T:ty;)*) => { $(
        #[inline]
        #[track_caller]
        fn $name(self) -> $T {
            Scalar::to_f64(self).$name()
        }
    )* };
}

/// Constants of a trait of `num_traits`, taken from the innermost plain number.
macro_rules! constants {
    ($Trait:ident: $($name:ident)*) => { $(
        #[inline]
        fn $name() -> Self {
            let single = is_single::<T>();
            <Self as Scalar>::from_f64(if single { <f32 as $Trait>::$name().into() } else { <f64 as $Trait>::$name() })
        }
    )* };
}

macro_rules! number_traits {
    ($([$($generics:tt)*] $V:ty;)*) => { $(
        impl<$($generics)* T: Scalar> Zero for $V {
            #[inline]
            fn zero() -> Self {
                <Self as Scalar>::from_f64(0.0)
            }

            /// Returns whether the value is zero.
            #[inline]
            fn is_zero(&self) -> bool {
                *self == Self::zero()
            }
        }

        impl<$($generics)* T: Scalar> One for $V {
            #[inline]
            fn one() -> Self {
                <Self as Scalar>::from_f64(1.0)
            }
        }

        impl<$($generics)* T: Scalar> Num for $V {
            type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;

            fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
                f64::from_str_radix(text, radix).map(<Self as Scalar>::from_f64)
            }
        }

        impl<$($generics)* T: Scalar> ToPrimitive for $V {
            #[track_caller]
            fn to_i64(&self) -> Option<i64> {
                Scalar::to_f64(*self).to_i64()
            }

            #[track_caller]
            fn to_u64(&self) -> Option<u64> {
                Scalar::to_f64(*self).to_u64()
            }

            #[track_caller]
            fn to_f64(&self) -> Option<f64> {
                Some(Scalar::to_f64(*self))
            }
        }

        impl<$($generics)* T: Scalar> NumCast for $V {
            fn from<N: ToPrimitive>(number: N) -> Option<Self> {
                number.to_f64().map(<Self as Scalar>::from_f64)
            }
        }

        impl<$($generics)* T: Scalar> FromPrimitive for $V {
            fn from_i64(number: i64) -> Option<Self> {
                Some(<Self as Scalar>::from_f64(number as f64))
            }

            fn from_u64(number: u64) -> Option<Self> {
                Some(<Self as Scalar>::from_f64(number as f64))
            }

            fn from_f64(number: f64) -> Option<Self> {
                Some(<Self as Scalar>::from_f64(number))
            }
        }

        impl<$($generics)* T: Scalar> Bounded for $V {
            constants! { Bounded: min_value max_value }
        }

        impl<$($generics)* T: Scalar> Inv for $V {
            type Output = Self;

            #[track_caller]
            fn inv(self) -> Self {
                self.recip()
            }
        }

        impl<$($generics)* T: Scalar> MulAdd for $V {
            type Output = Self;

            #[track_caller]
            fn mul_add(self, a: Self, b: Self) -> Self {
                self * a + b
            }
        }

        impl<$($generics)* T: Scalar> Signed for $V {
            #[track_caller]
            fn abs(&self) -> Self {
                (*self).abs()
            }

            #[track_caller]
            fn abs_sub(&self, other: &Self) -> Self {
                (*self - *other).relu()
            }

            #[track_caller]
            fn signum(&self) -> Self {
                (*self).signum()
            }

            #[track_caller]
            fn is_positive(&self) -> bool {
                !Scalar::has_sign_bit(*self)
            }

            #[track_caller]
            fn is_negative(&self) -> bool {
                Scalar::has_sign_bit(*self)
            }
        }

        impl<$($generics)* T: Scalar> FloatConst for $V {
            constants! { FloatConst:
                E FRAC_1_PI FRAC_1_SQRT_2 FRAC_2_PI FRAC_2_SQRT_PI FRAC_PI_2 FRAC_PI_3 FRAC_PI_4 FRAC_PI_6 FRAC_PI_8 LN_10 LN_2
                LOG10_E LOG2_E PI SQRT_2
            }
        }

        impl<$($generics)* T: Scalar> Float for $V {
            constants! { Float: nan infinity neg_infinity neg_zero min_value max_value min_positive_value epsilon }

            of_value! { integer_decode -> (u64, i16, i8); }

            #[track_caller]
            fn is_nan(self) -> bool {
                !Number::equal(self, self)
            }

            #[track_caller]
            fn is_infinite(self) -> bool {
                self == Self::infinity() || self == Self::neg_infinity()
            }

            #[track_caller]
            fn is_finite(self) -> bool {
                Self::neg_infinity() < self && self < Self::infinity()
            }

            #[track_caller]
            fn is_sign_positive(self) -> bool {
                !Scalar::has_sign_bit(self)
            }

            #[track_caller]
            fn is_sign_negative(self) -> bool {
                Scalar::has_sign_bit(self)
            }

            #[track_caller]
            fn is_normal(self) -> bool {
                self.classify() == FpCategory::Normal
            }

            #[track_caller]
            fn classify(self) -> FpCategory {
                let value = Scalar::to_f64(self);
                if is_single::<T>() { (value as f32).classify() } else { value.classify() }
            }

            same! {
                floor() ceil() round() trunc() fract() abs() signum() recip() sqrt() cbrt() exp() exp2() exp_m1() ln() ln_1p()
                log2() log10() sin() cos() tan() asin() acos() atan() sinh() cosh() tanh() asinh() acosh() atanh()
                powf(n) log(base) hypot(other) atan2(other)
                /// Returns the larger of two numbers. Unlike for plain numbers, NaN passes through.
                max(other)
                /// Returns the smaller of two numbers. Unlike for plain numbers, NaN passes through.
                min(other)
            }

            #[track_caller]
            fn sin_cos(self) -> (Self, Self) {
                (self.sin(), self.cos())
            }

            #[track_caller]
            fn mul_add(self, a: Self, b: Self) -> Self {
                self * a + b
            }

            #[track_caller]
            fn powi(self, n: i32) -> Self {
                self.powi(n)
            }

            /// Returns `self`, limited to the interval from `low` to `high`. As for the function of the
            /// [table](crate::elementwise), the slope in `self` is 1 at the bounds too.
            #[track_caller]
            fn clamp(self, low: Self, high: Self) -> Self {
                if self < low {
                    low
                } else if self > high {
                    high
                } else {
                    self
                }
            }

            #[track_caller]
            fn abs_sub(self, other: Self) -> Self {
                (self - other).relu()
            }

            #[track_caller]
            fn to_degrees(self) -> Self {
                self * <Self as Scalar>::from_f64(180.0 / std::f64::consts::PI)
            }

            #[track_caller]
            fn to_radians(self) -> Self {
                self * <Self as Scalar>::from_f64(std::f64::consts::PI / 180.0)
            }

            #[track_caller]
            fn copysign(self, sign: Self) -> Self {
                let same = Scalar::has_sign_bit(self) == Scalar::has_sign_bit(sign);
                if same { self } else { -self }
            }
        }
    )* };
}

number_traits! {
    ['t,] Var<'t, T>;
    [const K: usize,] Dual<T, K>;
}

/// Returns whether the innermost plain number is an `f32`, which rounds 1 + 2⁻⁴⁰ to 1.
fn is_single<T: Scalar>() -> bool {
    let above_one = 1.0 + 2.0_f64.powi(-40);
    T::from_f64(above_one).to_f64() != above_one
}
