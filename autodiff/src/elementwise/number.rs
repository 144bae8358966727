//! `Number`: the trait in which the slopes of the table are written.

use super::function::{Binary, Unary};
use super::special::Special;
use super::{SELU_ABOVE, SELU_BELOW, elementwise_table, join_operators};
use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number to compute with: a plain number, a forward-mode number, a variable that records, or a tensor.
///
/// A function that is generic over this trait runs on all of them, so it can be differentiated to any order. Every
/// function of the [table](super) is a method of this trait.
///
/// ```
/// use autodiff::Number;
///
/// fn gaussian<N: Number>(x: N) -> N {
///     (-x.square()).exp()
/// }
/// assert_eq!(gaussian(0.0_f64), 1.0);
/// ```
pub trait Number:
    Copy
    + Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The result of a comparison: one truth value, or a tensor of them.
    type Mask: Clone;

    /// Returns the constant `c`, for use together with `self`: in the same precision, on the same tape.
    #[must_use]
    fn constant(self, c: f64) -> Self;

    /// Returns whether `self < other`, by value.
    #[must_use]
    fn less(self, other: Self) -> Self::Mask;

    /// Returns whether `self == other`, by value.
    #[must_use]
    fn equal(self, other: Self) -> Self::Mask;

    /// Returns `a` where the mask is true, and `b` where it is false.
    ///
    /// The derivative selects in the same way. It never multiplies by a mask, so a NaN in the branch that is not
    /// selected does not reach it.
    #[must_use]
    fn select(mask: &Self::Mask, a: Self, b: Self) -> Self;

    /// Returns the value of a function of one variable from the table.
    #[must_use]
    fn unary(self, function: Unary) -> Self;

    /// Returns the value of a function of two variables from the table; `self` is the first argument.
    #[must_use]
    fn binary(self, function: Binary, other: Self) -> Self;

    elementwise_table!(methods);
}

/// Generates the provided methods of [`Number`].
macro_rules! methods {
    (
        unary { $($(#[$doc:meta])* $name:ident($($p:ident: $P:ty),* $(; $($case:tt),+)?) as $UnaryFn:ident $row:tt)* }
        binary { $($(#[$binary_doc:meta])* $binary_name:ident as $BinaryFn:ident $binary_row:tt)* }
        $($operators:tt)*
    ) => {
        $(
            $(#[$doc])*
            #[must_use]
            #[cfg_attr(not(debug_assertions), inline(always))]
            #[track_caller]
            fn $name(self, $($p: $P),*) -> Self {
                self.unary(Unary::$UnaryFn { $($p),* })
            }
        )*
        $(
            $(#[$binary_doc])*
            #[must_use]
            #[cfg_attr(not(debug_assertions), inline(always))]
            #[track_caller]
            fn $binary_name(self, other: Self) -> Self {
                self.binary(Binary::$BinaryFn, other)
            }
        )*
    };
}
use methods;

/// Generates the methods `unary` and `binary` of `f32` or `f64` from the values of the table.
macro_rules! plain_number {
    (
        unary { $($(#[$doc:meta])* $name:ident($($p:ident: $P:ty),* $(; $($case:tt),+)?) as $UnaryFn:ident {
            value: |$x:ident| $value:expr, $($rest:tt)*
        })* }
        binary { $($(#[$binary_doc:meta])* $binary_name:ident as $BinaryFn:ident {
            value: |$a:ident, $b:ident| $binary_value:expr, $($binary_rest:tt)*
        })* }
    ) => {
        #[cfg_attr(not(debug_assertions), inline(always))]
        fn unary(self, function: Unary) -> Self {
            match function {
                $(Unary::$UnaryFn { $($p),* } => { let $x = self; $value })*
            }
        }

        #[cfg_attr(not(debug_assertions), inline(always))]
        fn binary(self, function: Binary, other: Self) -> Self {
            match function {
                $(Binary::$BinaryFn => { let ($a, $b) = (self, other); $binary_value })*
            }
        }
    };
}

macro_rules! numbers {
    ($($T:ty)*) => { $(
        impl Number for $T {
            type Mask = bool;

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn constant(self, c: f64) -> Self {
                c as $T
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn less(self, other: Self) -> bool {
                self < other
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn equal(self, other: Self) -> bool {
                self == other
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn select(mask: &bool, a: Self, b: Self) -> Self {
                if *mask { a } else { b }
            }

            elementwise_table!(all plain_number);
        }
    )* };
}
numbers!(f32 f64);
