//! The element types of tensors.

use crate::Number;
use crate::tensor::loops::Loops;
use autodiff_kernels::Float;
use bytemuck::Pod;
use num_traits::AsPrimitive;
use std::fmt::{Debug, Display};

/// An element of a tensor: `f32`, `f64`, or an integer type for labels, indices and masks.
pub trait Element:
    Pod + PartialOrd + Debug + Display + Default + Send + Sync + AsPrimitive<f64> + private::Sealed
{
}

/// An element type in which tensors can be differentiated: `f32` or `f64`.
pub trait Real: Element + Number<Mask = bool> + Float + Loops {
    /// Calls the method of `by` for this precision.
    #[doc(hidden)]
    fn choose<P: ByPrecision>(by: P, input: P::Input<Self>) -> P::Output<Self>;
}

impl Real for f32 {
    fn choose<P: ByPrecision>(by: P, input: P::Input<f32>) -> P::Output<f32> {
        by.in_f32(input)
    }
}

impl Real for f64 {
    fn choose<P: ByPrecision>(by: P, input: P::Input<f64>) -> P::Output<f64> {
        by.in_f64(input)
    }
}

/// A computation with one method for each precision.
pub trait ByPrecision {
    /// The argument.
    type Input<T: Real>;
    /// The result.
    type Output<T: Real>;

    /// The computation in single precision.
    fn in_f32(self, input: Self::Input<f32>) -> Self::Output<f32>;

    /// The computation in double precision.
    fn in_f64(self, input: Self::Input<f64>) -> Self::Output<f64>;
}

/// Calls the macro `$then` with the list of element types.
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
