//! Exponential, logarithm, hyperbolic tangent, logistic function and softplus of many numbers, several at a time.
//!
//! The functions of these names on tensors, softmax and cross-entropy use them. The functions of plain numbers are
//! those of the [table](crate::elementwise).
//!
//! The bits of a result depend on the number and on the class of the processor (whether it multiplies and adds in one
//! instruction), and neither on where the number lies in its slice nor on what lies beside it. NaN gives NaN; zeros,
//! infinities, overflow and gradual underflow are as in the standard library.
//!
//! The error is at most so many units in the last place: in single precision, as tests over every number that there is
//! hold it to; in double precision, as was seen beside the standard library at a million numbers, and tests allow 4.
//!
//! | | `f32` | `f64` |
//! |---|---:|---:|
//! | `exp` | 0.87 | 1 |
//! | `ln` | 0.85 | 1 |
//! | `tanh` | 2.3 | 3 |
//! | `sigmoid` | 2.5 | 2 |
//! | `softplus` | 1.7 | 2 |
//!
//! ```
//! let mut x = [0.0_f32, 1.0];
//! autodiff::tensor::elementary::exp(&mut x);
//! assert!(x[0] == 1.0 && (x[1] - 1.0_f32.exp()).abs() <= f32::EPSILON * 2.0);
//! ```

mod format;
#[cfg(test)]
mod tests;
pub(crate) mod value;

use super::simd::{MultiplyAdd, vectorized_with};
use crate::Number;
use crate::elementwise::{Unary, elementwise_table};
use crate::tensor::storage::element::Real;
pub(crate) use format::Format;

macro_rules! on_slices {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        pub fn $name<T: Real>(x: &mut [T]) {
            vectorized_with(
                #[inline(always)]
                move |how| {
                    for x in x {
                        *x = value::$name(*x, how);
                    }
                },
            );
        }
    )* };
}

on_slices! {
    /// Replaces every number x by eˣ.
    exp
    /// Replaces every number x by ln x, which is NaN below 0.
    ln
    /// Replaces every number x by tanh x.
    tanh
    /// Replaces every number x by the logistic function `1 / (1 + e⁻ˣ)`.
    sigmoid
    /// Replaces every number x by `ln(1 + eˣ)`.
    softplus
}

/// Makes the choice of a kernel from the rows of the table.
macro_rules! kernels_of_rows {
    (
        unary { $($(#[$doc:meta])* $name:ident($($p:ident: $P:ty),* $(; $($case:tt),+)?) as $Variant:ident {
            value: $value:expr, $kind:ident: |$($s:ident),*| $slope:expr,
            $(value_and_slope: $both:expr,)?
            $(slope_from_value: |$($r:ident),*| $from_value:expr,)?
            $(vector: $vector:ident,)?
            $(vector_slope: $vector_slope:ident,)?
            smooth: $smooth:tt
        })* }
        $($rest:tt)*
    ) => {
        /// A function of the table: by the kernel that its row names, and else as the function of a plain number.
        #[inline(always)]
        pub(crate) fn unary<T: Real>(function: Unary, x: T, how: MultiplyAdd) -> T {
            match function {
                $($(Unary::$Variant { .. } => value::$vector(x, how),)?)*
                _ => Number::unary(x, function),
            }
        }

        /// The slope of a function of the table: by the kernel that its row names, and else as tensors form it.
        #[inline(always)]
        pub(crate) fn slope<T: Real>(function: Unary, x: T, y: T, how: MultiplyAdd) -> T {
            match function {
                $($(Unary::$Variant { .. } => value::$vector_slope(x, how),)?)*
                _ => function.slope_on_tensors(x, y),
            }
        }
    };
}
elementwise_table!(kernels_of_rows);
