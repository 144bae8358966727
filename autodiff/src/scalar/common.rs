//! The methods and traits that variables and forward-mode numbers share, apart from operators: functions, constants,
//! and comparison by value.

use super::dual::Dual;
use super::nary;
use super::number::Scalar;
use super::program::Relation;
use super::trace::Operation;
use super::var::Var;
use crate::Number;
use crate::elementwise::{Binary, Unary, elementwise_table};
use std::cmp::Ordering;
use std::fmt;

/// Generates the functions of the table as inherent methods of a [`Number`] type, so that users need not import the
/// trait. The second argument of a function of two variables is anything that converts into the type.
macro_rules! inherent_methods {
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
            pub fn $name(self, $($p: $P),*) -> Self {
                Number::unary(self, Unary::$UnaryFn { $($p),* })
            }
        )*
        $(
            $(#[$binary_doc])*
            #[must_use]
            #[cfg_attr(not(debug_assertions), inline(always))]
            #[track_caller]
            pub fn $binary_name(self, other: impl Into<Self>) -> Self {
                Number::binary(self, Binary::$BinaryFn, other.into())
            }
        )*
    };
}

/// Calls the code of a function: code of its own for each of the listed functions, and one for all others. Where the
/// function is a constant, the call is all that the compiler keeps.
macro_rules! by_call {
    ($function:ident: $Kind:ident { $($Frequent:ident)* }, |$f:ident| $call:expr) => {
        match $function {
            $($Kind::$Frequent => { let $f = || $Kind::$Frequent; $call })*
            _ => { let $f = || $function; $call }
        }
    };
}

/// Implements the number traits for types with a field `value`, in terms of their functions `constant`, `chain_unary`
/// and `chain_binary`, and of the given tests for a NaN and for a zero.
macro_rules! numbers {
    ($([$($generics:tt)*] $V:ty:
        detached |$detached:ident| $detached_value:expr,
        has_nan |$x:ident| $has_nan:expr,
        is_constant_zero |$y:ident| $is_constant_zero:expr,
        is_constant_one |$z:ident| $is_constant_one:expr,
        slices { $($slices:tt)* }
    )*) => { $(
        /// # Functions
        ///
        /// The functions of the [table](crate::elementwise), which documents their slopes at kinks and poles.
        impl<$($generics)* T: Scalar> $V {
            /// Returns your own function of one variable. `f` takes the value of `self`, and returns the value and the
            /// slope of the function at this point.
            ///
            /// ```
            /// use autodiff::scalar::{Dual, Tape};
            ///
            /// let cube = |x: f64| (x.powi(3), 3.0 * x * x);
            /// let tape = Tape::new();
            /// let x = tape.var(2.0);
            /// assert_eq!(x.custom(cube).gradients().wrt(x), 12.0);
            /// assert_eq!(Dual::var(2.0).custom(cube).tangent(), 12.0);
            /// ```
            #[must_use]
            #[track_caller]
            #[inline]
            pub fn custom(self, f: impl FnOnce(T) -> (T, T)) -> Self {
                let (value, slope) = f(self.value);
                self.chain_unary(|| Operation::Custom, value, slope)
            }

            /// Returns `a` if the condition is true, and `b` if it is false. The other one has no influence on
            /// derivatives.
            #[must_use]
            #[inline]
            pub fn select(condition: bool, a: impl Into<Self>, b: impl Into<Self>) -> Self {
                if condition { a.into() } else { b.into() }
            }

            /// Returns `self · a + b`, rounded after the product and after the sum.
            #[must_use]
            #[track_caller]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub fn mul_add(self, a: impl Into<Self>, b: impl Into<Self>) -> Self {
                self * a.into() + b.into()
            }

            elementwise_table!(inherent_methods);

            /// Returns `a − trunc(a / b) b`, with the slopes 1 and −trunc(a / b).
            #[inline]
            #[track_caller]
            pub(super) fn remainder(self, other: Self) -> Self {
                let (a, b) = (self.value, other.value);
                let slopes = (a.constant(1.0), -(a / b).trunc());
                self.chain_binary(|| Operation::Remainder, other, a % b, slopes)
            }
        }

        /// The functions of the table as code that is inlined, and as calls.
        ///
        /// An operation on a nested number has some operations on the number inside for each of its own. If all were
        /// inlined, the size of the code would grow as a power of the depth; as calls they have a size each. The
        /// function comes as a closure, whose type is its own for each of the frequent functions, and so is the code.
        impl<$($generics)* T: Scalar> $V {
            #[cfg_attr(not(debug_assertions), inline(always))]
            #[track_caller]
            fn unary_inlined(self, function: Unary) -> Self {
                let (value, slope) = self.value.unary_with_slope(function);
                self.chain_unary(|| Operation::Unary(function), value, slope)
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            #[track_caller]
            fn binary_inlined(self, function: Binary, other: Self) -> Self {
                let (value, slopes) = self.value.binary_with_slopes(function, other.value);
                self.chain_binary(|| Operation::Binary(function), other, value, slopes)
            }

            #[inline(never)]
            #[track_caller]
            fn unary_by_call(self, function: impl Fn() -> Unary) -> Self {
                self.unary_inlined(function())
            }

            #[inline(never)]
            #[track_caller]
            fn binary_by_call(self, function: impl Fn() -> Binary, other: Self) -> Self {
                self.binary_inlined(function(), other)
            }
        }

        impl<$($generics)* T: Scalar> Number for $V {
            type Mask = bool;

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn constant(self, c: f64) -> Self {
                <$V>::constant(self.value.constant(c))
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            #[track_caller]
            fn less(self, other: Self) -> bool {
                self < other
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            #[track_caller]
            fn equal(self, other: Self) -> bool {
                self == other
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn select(mask: &bool, a: Self, b: Self) -> Self {
                if *mask { a } else { b }
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            #[track_caller]
            fn unary(self, function: Unary) -> Self {
                if T::IS_PLAIN {
                    return self.unary_inlined(function);
                }
                by_call!(function: Unary { Neg Recip Square Sqrt Exp Ln Sin Cos }, |f| self.unary_by_call(f))
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            #[track_caller]
            fn binary(self, function: Binary, other: Self) -> Self {
                if T::IS_PLAIN {
                    return self.binary_inlined(function, other);
                }
                by_call!(function: Binary { Add Sub Mul Div }, |f| self.binary_by_call(f, other))
            }
        }

        impl<$($generics)* T: Scalar> Scalar for $V {
            type Plain = T::Plain;

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn from_plain(c: T::Plain) -> Self {
                <$V>::constant(T::from_plain(c))
            }

            #[inline]
            fn from_f64(c: f64) -> Self {
                <$V>::constant(T::from_f64(c))
            }

            #[inline]
            #[track_caller]
            fn to_f64(self) -> f64 {
                self.leaves("to_f64");
                self.value.to_f64()
            }

            #[inline]
            #[track_caller]
            fn has_sign_bit(self) -> bool {
                self.compared_sign(self.value.has_sign_bit())
            }

            #[inline]
            #[track_caller]
            fn detached(self) -> Self {
                let $detached = self;
                $detached_value
            }

            #[inline]
            fn has_nan(self) -> bool {
                let $x = self;
                $has_nan
            }

            #[inline]
            fn is_constant_zero(self) -> bool {
                let $y = self;
                $is_constant_zero
            }

            #[inline]
            fn is_constant_one(self) -> bool {
                let $z = self;
                $is_constant_one
            }

            $($slices)*
        }

        impl<$($generics)* T: Scalar<Plain = f64>> From<f64> for $V {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn from(value: f64) -> Self {
                <$V>::constant(T::from_f64(value))
            }
        }

        impl<$($generics)* T: Scalar<Plain = f32>> From<f32> for $V {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn from(value: f32) -> Self {
                <$V>::constant(T::from_f64(f64::from(value)))
            }
        }

        impl<$($generics)* T: Scalar> Default for $V {
            /// Returns the constant 0.
            fn default() -> Self {
                <$V>::constant(T::from_f64(0.0))
            }
        }

        impl<$($generics)* T: Scalar> fmt::Display for $V {
            /// Prints the value, with the formatting options of a plain number. While a program is being recorded, this is
            /// an [error](crate::scalar::program::ProgramError::Escaped); `Debug` is not.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.leaves_as_text();
                fmt::Display::fmt(&self.value, f)
            }
        }

        impl<$($generics)* T: Scalar> PartialEq for $V {
            /// Returns whether the values are equal.
            #[inline]
            #[track_caller]
            fn eq(&self, other: &Self) -> bool {
                self.compared(Relation::Equal, *other, self.value == other.value)
            }
        }

        impl<$($generics)* T: Scalar> PartialOrd for $V {
            /// Returns the order of the values.
            #[inline]
            #[track_caller]
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                self.ordered(*other, self.value.partial_cmp(&other.value))
            }

            #[inline]
            #[track_caller]
            fn lt(&self, other: &Self) -> bool {
                self.compared(Relation::Less, *other, self.value < other.value)
            }

            #[inline]
            #[track_caller]
            fn le(&self, other: &Self) -> bool {
                self.compared(Relation::LessOrEqual, *other, self.value <= other.value)
            }

            #[inline]
            #[track_caller]
            fn gt(&self, other: &Self) -> bool {
                other.compared(Relation::Less, *self, self.value > other.value)
            }

            #[inline]
            #[track_caller]
            fn ge(&self, other: &Self) -> bool {
                other.compared(Relation::LessOrEqual, *self, self.value >= other.value)
            }
        }
    )* };
}

numbers! {
    ['t,] Var<'t, T>:
        detached |x| { let x = x.detach(); Var { value: x.value.detached(), ..x } },
        has_nan |x| { let nan = x.value.has_nan(); !x.compared(Relation::Equal, x, !nan) },
        is_constant_zero |x| x.tape.is_none() && x.value.is_constant_zero(),
        is_constant_one |x| x.tape.is_none() && x.value.is_constant_one(),
        slices {
            #[inline]
            #[track_caller]
            fn dot(a: &[Self], b: &[Self]) -> Self {
                nary::dot(a, b)
            }

            #[inline]
            #[track_caller]
            fn linear_combination(c: &[T::Plain], x: &[Self]) -> Self {
                nary::linear_combination(c, x)
            }

            #[track_caller]
            fn norm(x: &[Self]) -> Self {
                nary::norm(x)
            }

            #[track_caller]
            fn log_sum_exp(x: &[Self]) -> Self {
                nary::log_sum_exp(x)
            }
        }
    [const K: usize,] Dual<T, K>:
        detached |x| Dual::constant(x.value.detached()),
        has_nan |x| x.value.has_nan() || x.tangents.iter().any(|x| x.has_nan()),
        is_constant_zero |x| x.value.is_constant_zero() && x.tangents.iter().all(|x| x.is_constant_zero()),
        is_constant_one |x| x.value.is_constant_one() && x.tangents.iter().all(|x| x.is_constant_zero()),
        slices {
            #[track_caller]
            fn norm(x: &[Self]) -> Self {
                Dual::norm_of_slice(x)
            }

            #[track_caller]
            fn log_sum_exp(x: &[Self]) -> Self {
                Dual::log_sum_exp_of_slice(x)
            }
        }
}
