//! What a tensor can hold.

use crate::Number;
use crate::tensor::algebra::Precision;
use crate::tensor::kernels::elementary::Format;
use crate::tensor::kernels::matmul::Gemm;
use bytemuck::Pod;
use num_traits::AsPrimitive;
use std::fmt::{Debug, Display};

/// A number that a tensor can hold: `f32`, `f64`, or an integer type for labels, indices and masks.
pub trait Element:
    Pod + PartialOrd + Debug + Display + Default + Send + Sync + AsPrimitive<f64> + private::Sealed
{
}

/// A number that a tensor can be differentiated in: `f32` or `f64`.
pub trait Real: Element + Number<Mask = bool> + Gemm + Format + Precision {
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// The largest finite number.
    const MAX: Self;

    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;

    /// The byte as a number, exactly.
    fn from_byte(x: u8) -> Self;

    /// The number in double precision, exactly.
    fn to_f64(self) -> f64;
}

impl Real for f32 {
    const EPSILON: f32 = f32::EPSILON;
    const INFINITY: f32 = f32::INFINITY;
    const MAX: f32 = f32::MAX;

    #[inline(always)]
    fn from_f64(x: f64) -> f32 {
        x as f32
    }

    #[inline(always)]
    fn from_byte(x: u8) -> f32 {
        f32::from(x)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    const EPSILON: f64 = f64::EPSILON;
    const INFINITY: f64 = f64::INFINITY;
    const MAX: f64 = f64::MAX;

    #[inline(always)]
    fn from_f64(x: f64) -> f64 {
        x
    }

    #[inline(always)]
    fn from_byte(x: u8) -> f64 {
        f64::from(x)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

/// Hands the list of element types to the macro named.
macro_rules! element_types {
    ($then:ident) => {
        $then!(f32 f64 u8 u32 i32 i64);
    };
}
pub(crate) use element_types;

macro_rules! elements {
    ($($T:ty)*) => { $(
        impl Element for $T {}
        impl private::Sealed for $T {}
    )* };
}
element_types!(elements);

mod private {
    pub trait Sealed {}
}
