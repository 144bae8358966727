//! The number types of the kernels.

use crate::elementary::format::Format;
use crate::matmul::gemm::Gemm;
use crate::unpacked::Unpacked;
use bytemuck::Pod;
use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A floating-point number: `f32` or `f64`. The trait is sealed.
pub trait Float:
    Pod
    + Default
    + Debug
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Format
    + Gemm
    + Unpacked
{
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// The largest finite number.
    const MAX: Self;

    /// Returns the nearest number of this type.
    fn from_f64(x: f64) -> Self;

    /// Returns the byte as a number, exactly.
    fn from_byte(x: u8) -> Self;

    /// Returns the number in double precision, exactly.
    fn to_f64(self) -> f64;
}

macro_rules! floats {
    ($($T:ident)*) => { $(
        impl Float for $T {
            const EPSILON: $T = $T::EPSILON;
            const INFINITY: $T = $T::INFINITY;
            const MAX: $T = $T::MAX;

            #[inline(always)]
            fn from_f64(x: f64) -> $T {
                x as $T
            }

            #[inline(always)]
            fn from_byte(x: u8) -> $T {
                $T::from(x)
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
        }
    )* };
}
floats!(f32 f64);

/// The number 1.
#[inline(always)]
pub(crate) fn one<T: Float>() -> T {
    T::from_f64(1.0)
}

/// The absolute value of x.
#[inline(always)]
pub(crate) fn abs<T: Float>(x: T) -> T {
    x.with_sign_of(one())
}

/// The larger of two numbers, or NaN if either is NaN.
#[inline(always)]
pub(crate) fn max<T: Float>(a: T, b: T) -> T {
    let is_nan = a.partial_cmp(&a).is_none();
    if a > b || is_nan { a } else { b }
}
