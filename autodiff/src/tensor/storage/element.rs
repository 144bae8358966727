//! The element types of tensors.

use crate::Number;
use crate::tensor::loops::Loops;
use autodiff_kernels::Float;
use bytemuck::Pod;
use num_traits::AsPrimitive;
use rand::distr::uniform::SampleUniform;
use std::fmt::{Debug, Display};

/// An element of a tensor: `f32`, `f64`, or an integer type for labels, indices and masks.
pub trait Element:
    Pod
    + PartialOrd
    + Debug
    + Display
    + Default
    + Send
    + Sync
    + AsPrimitive<f64>
    + SampleUniform
    + private::Sealed
{
    /// The number 1.
    #[doc(hidden)]
    const ONE: Self;

    /// The kind of number, as NumPy abbreviates it: `f`, `i` or `u`.
    #[doc(hidden)]
    const KIND: char;

    /// The number of elements of `start`, `start + step`, … below `end`. `step` is positive.
    #[doc(hidden)]
    fn steps(start: Self, end: Self, step: Self) -> usize;

    /// Returns `start + i · step`.
    #[doc(hidden)]
    fn after_steps(start: Self, i: usize, step: Self) -> Self;
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

macro_rules! floats {
    ($($T:ty)*) => { $(
        impl Element for $T {
            const ONE: $T = 1.0;
            const KIND: char = 'f';

            fn steps(start: $T, end: $T, step: $T) -> usize {
                // The cast saturates: it gives 0 for an empty range, and a number too large for memory without an end.
                let count = ((f64::from(end) - f64::from(start)) / f64::from(step)).ceil() as usize;
                // The last element may round to `end`.
                let reaches_end = count > 0 && <$T>::after_steps(start, count - 1, step) >= end;
                count - usize::from(reaches_end)
            }

            fn after_steps(start: $T, i: usize, step: $T) -> $T {
                (f64::from(start) + i as f64 * f64::from(step)) as $T
            }
        }
        impl private::Sealed for $T {}
    )* };
}
floats!(f32 f64);

macro_rules! integers {
    ($($T:ty, $kind:literal;)*) => { $(
        impl Element for $T {
            const ONE: $T = 1;
            const KIND: char = $kind;

            fn steps(start: $T, end: $T, step: $T) -> usize {
                let [start, end, step] = [start, end, step].map(i128::from);
                let count = (end - start).max(0).unsigned_abs().div_ceil(step.unsigned_abs());
                usize::try_from(count).unwrap_or(usize::MAX)
            }

            fn after_steps(start: $T, i: usize, step: $T) -> $T {
                (i128::from(start) + i as i128 * i128::from(step)) as $T
            }
        }
        impl private::Sealed for $T {}
    )* };
}
integers!(u8, 'u'; u32, 'u'; i32, 'i'; i64, 'i';);

mod private {
    pub trait Sealed {}
}
