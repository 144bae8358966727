//! `Unary` and `Binary`: the functions of the table as values. A tensor tape stores them in its nodes.
//!
//! Every use of a function contains the whole table, until the compiler removes the other functions. So the functions
//! that match on the table are inlined in release builds only; with debug assertions they are built once for each type.

use super::number::Number;
use super::slopes::{gaussian, nan_where, one_minus_square, plus_zero};
use super::special::Special;
use super::{
    GELU_TANH_CUBIC, GELU_TANH_LINEAR, SELU_ABOVE, SELU_BELOW, elementwise_table, join_operators,
};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LOG2_E, LOG10_E};

/// An interval, by its lower and upper end, inside which a function is smooth.
pub type Interval = (f64, f64);

/// Evaluates the slope of a row, under the row's names for the argument, the value and the constant.
macro_rules! slope_of {
    (|$x:ident, $y:ident, $c:ident| $slope:expr; $at:expr, $value:expr) => {{
        let ($x, $y) = ($at, $value);
        let $c = |c: f64| $at.constant(c);
        let _ = ($x, $y, &$c);
        $slope
    }};
}

/// Evaluates both slopes of a row, under the row's names for the arguments, the value and the constant.
macro_rules! slopes_of {
    (|$a:ident, $b:ident, $y:ident, $c:ident| $slopes:expr; $at_a:expr, $at_b:expr, $value:expr) => {{
        let ($a, $b, $y) = ($at_a, $at_b, $value);
        let $c = |c: f64| $at_a.constant(c);
        let _ = ($a, $b, $y, &$c);
        $slopes
    }};
}

/// Whether the key of a row's slope marks the slope as unbounded.
macro_rules! is_unbounded {
    (slope) => {
        false
    };
    (slopes) => {
        false
    };
    (unbounded_slope) => {
        true
    };
    (unbounded_slopes) => {
        true
    };
}

/// The function with each set of parameters with which it is checked; a function without parameters is one case.
macro_rules! cases {
    ($UnaryFn:ident) => { [Unary::$UnaryFn] };
    ($UnaryFn:ident; $($case:tt),+) => { [$(Unary::$UnaryFn $case),+] };
}

/// Generates the enumerations `Unary` and `Binary` with their methods.
macro_rules! functions {
    (
        unary { $($(#[$doc:meta])* $name:ident($($($p:ident: $P:ty),+; $($case:tt),+)?) as $UnaryFn:ident {
            value: $value:expr, $kind:ident: |$x:ident, $y:ident, $c:ident| $slope:expr,
            $(value_and_slope: |$both_x:ident| $both:expr,)?
            $(slope_from_value: |$vy:ident, $vc:ident| $from_value:expr,)?
            $(vector: $vector:ident,)?
            $(vector_slope: $vector_slope:ident,)?
            $(vector_except: $except:ident,)?
            smooth: $smooth:tt
        })* }
        binary { $($(#[$binary_doc:meta])* $binary_name:ident as $BinaryFn:ident {
            value: $binary_value:expr, $binary_kind:ident: |$a:ident, $b:ident, $binary_y:ident, $binary_c:ident| $slopes:expr,
            smooth: $binary_smooth:tt
        })* }
    ) => {
        /// A function of one variable from the [table](crate::elementwise), with its parameters.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        #[repr(u64)] // The tag is as wide as the parameters, so that no wide load follows narrow stores.
        pub enum Unary {
            $($(#[$doc])* $UnaryFn $({ $(
                /// The parameter of the same name of the function's method.
                $p: $P
            ),+ })?,)*
        }

        impl Unary {
            /// The name of the function, for instance `"tanh"`. It is the name of the function's method.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Unary::$UnaryFn { .. } => stringify!($name),)*
                }
            }

            /// Returns the slope f′(x), computed from the argument `x` and the value `y = f(x)`.
            #[must_use]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub fn slope<N: Number>(self, x: N, y: N) -> N {
                match self {
                    $(Unary::$UnaryFn { $($($p),+)? } => unary_slopes::$name(x, y $($(, $p)+)?),)*
                }
            }

            /// Returns the slope f′(x), computed from the value `y = f(x)` alone; `None` if the function has no formula
            /// for it.
            ///
            /// With such a formula the argument need not be stored. The absolute error of the slope is about the error
            /// of the value, also where the slope is small.
            #[must_use]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub fn slope_from_value<N: Number>(self, y: N) -> Option<N> {
                match self {
                    $($(Unary::$UnaryFn { .. } => Some(slope_of!(|y, $vy, $vc| $from_value; y, y)),)?)*
                    _ => None,
                }
            }

            /// Returns the value and the slope on plain numbers, computed together where the row has a formula for
            /// both.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub(crate) fn value_and_slope<N: Number + Special>(self, x: N) -> (N, N) {
                match self {
                    $($(Unary::$UnaryFn { .. } => { let $both_x = x; $both })?)*
                    _ => {
                        let value = x.unary(self);
                        (value, self.slope(x, value))
                    }
                }
            }

            /// Returns whether the slope has a pole, at which an adjoint of zero must stay zero.
            #[must_use]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub fn has_unbounded_slope(self) -> bool {
                match self {
                    $(Unary::$UnaryFn { .. } => is_unbounded!($kind),)*
                }
            }

            /// Returns every function of one variable, once for each set of parameters with which it is checked, and
            /// the intervals in which it is smooth.
            #[must_use]
            pub fn catalogue() -> Vec<(Unary, &'static [Interval])> {
                let mut all: Vec<(Unary, &'static [Interval])> = Vec::new();
                $(for case in cases!($UnaryFn $(; $($case),+)?) {
                    all.push((case, &$smooth));
                })*
                all
            }
        }

        /// A function of two variables from the [table](crate::elementwise).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Binary {
            $($(#[$binary_doc])* $BinaryFn,)*
        }

        /// The slopes of the rows, a function each. The match in which a row is chosen is inlined everywhere, and with
        /// the formulas of all rows in it, each of which has such matches of its own, it would take long to compile.
        mod unary_slopes {
            use super::*;

            $(#[inline]
            pub(super) fn $name<N: Number>(x: N, y: N $($(, $p: $P)+)?) -> N {
                slope_of!(|$x, $y, $c| $slope; x, y)
            })*
        }

        /// The same for functions of two variables.
        mod binary_slopes {
            use super::*;

            $(#[inline]
            pub(super) fn $binary_name<N: Number>(a: N, b: N, y: N) -> (N, N) {
                slopes_of!(|$a, $b, $binary_y, $binary_c| $slopes; a, b, y)
            })*
        }

        impl Binary {
            /// The name of the function, for instance `"atan2"`. It is the name of the function's method.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Binary::$BinaryFn => stringify!($binary_name),)*
                }
            }

            /// Returns the slopes ∂f/∂a and ∂f/∂b, computed from the arguments and the value `y = f(a, b)`.
            #[must_use]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub fn slopes<N: Number>(self, a: N, b: N, y: N) -> (N, N) {
                match self {
                    $(Binary::$BinaryFn => binary_slopes::$binary_name(a, b, y),)*
                }
            }

            /// Returns whether a slope has a pole, at which an adjoint of zero must stay zero.
            #[must_use]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub fn has_unbounded_slope(self) -> bool {
                match self {
                    $(Binary::$BinaryFn => is_unbounded!($binary_kind),)*
                }
            }

            /// Returns every function of two variables, with rectangles in which it is smooth.
            #[must_use]
            pub fn catalogue() -> Vec<(Binary, &'static [(Interval, Interval)])> {
                vec![
                    $((Binary::$BinaryFn, &$binary_smooth),)*
                ]
            }
        }
    };
}

elementwise_table!(all functions);

impl Unary {
    /// Returns whether the slope can be [computed from the value](Unary::slope_from_value) alone.
    #[must_use]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn has_slope_from_value(self) -> bool {
        self.slope_from_value(0.0).is_some()
    }

    /// Returns the slope as tensors compute it: from the value alone where that is possible.
    #[must_use]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn slope_on_tensors<N: Number>(self, x: N, y: N) -> N {
        self.slope_from_value(y).unwrap_or_else(|| self.slope(x, y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest difference between a slope computed from the value and the slope, relative to max(1, |f′|), at
    /// points inside and outside the intervals in which the function is smooth.
    fn distance(function: Unary, from_value: impl Fn(f64) -> f64) -> f64 {
        let points = (-50..=50).map(|i| f64::from(i) * 0.1);
        let at = |x: f64| {
            let y = x.unary(function);
            let slope = function.slope(x, y);
            (from_value(y) - slope).abs() / slope.abs().max(1.0)
        };
        points.map(at).fold(0.0, f64::max)
    }

    #[test]
    fn a_slope_computed_from_the_value_is_the_slope() {
        let functions = Unary::catalogue().into_iter().map(|(function, _)| function);
        let told: Vec<_> = functions.filter(|f| f.has_slope_from_value()).collect();
        let names: Vec<_> = told.iter().map(|function| function.name()).collect();
        assert_eq!(names, ["exp", "tanh", "relu", "sigmoid", "neg"]);
        for function in told {
            let off = distance(function, |y| function.slope_from_value(y).unwrap());
            assert!(off <= 8.0 * f64::EPSILON, "{}: {off}", function.name());
            assert!(
                function.slope_from_value(f64::NAN).unwrap().is_nan()
                    || function.slope(f64::NAN, f64::NAN).is_finite()
            );
        }
        assert!(distance(Unary::Tanh, |y| 1.0 - y) > 0.1);
    }
}
