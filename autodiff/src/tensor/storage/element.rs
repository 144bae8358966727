//! What a tensor can hold.

use crate::Number;
use crate::tensor::algebra::Precision;
use autodiff_kernels::Float;
use bytemuck::Pod;
use num_traits::AsPrimitive;
use std::fmt::{Debug, Display};

/// A number that a tensor can hold: `f32`, `f64`, or an integer type for labels, indices and masks.
pub trait Element:
    Pod + PartialOrd + Debug + Display + Default + Send + Sync + AsPrimitive<f64> + private::Sealed
{
}

/// A number that a tensor can be differentiated in: `f32` or `f64`.
pub trait Real: Element + Number<Mask = bool> + Float + Precision {}

impl Real for f32 {}
impl Real for f64 {}

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
