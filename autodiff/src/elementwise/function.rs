//! The functions of the table as values, `Unary` and `Binary`: what a tensor tape keeps of them.

use super::{Number, elementwise_table};

/// An interval inside of which a function is smooth.
pub type Interval = (f64, f64);

/// Evaluates the slope of a row, with the names that the row gives to argument, value and constant.
macro_rules! slope_of {
    (|$x:ident, $y:ident, $c:ident| $slope:expr; $at:expr, $value:expr) => {{
        let ($x, $y) = ($at, $value);
        let $c = |c: f64| $at.constant(c);
        let _ = ($x, $y, &$c);
        $slope
    }};
}

/// Evaluates both slopes of a row, with the names that the row gives to arguments, value and constant.
macro_rules! slopes_of {
    (|$a:ident, $b:ident, $y:ident, $c:ident| $slopes:expr; $at_a:expr, $at_b:expr, $value:expr) => {{
        let ($a, $b, $y) = ($at_a, $at_b, $value);
        let $c = |c: f64| $at_a.constant(c);
        let _ = ($a, $b, $y, &$c);
        $slopes
    }};
}

/// Reads the key of a row's slope.
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

/// The parameters to check a function with; a function without parameters is one case.
macro_rules! cases {
    ($Variant:ident) => { [Unary::$Variant {}] };
    ($Variant:ident; $($case:tt),+) => { [$(Unary::$Variant $case),+] };
}

/// Makes the enumerations, and what can be asked of their members.
macro_rules! functions {
    (
        unary { $($(#[$doc:meta])* $name:ident($($p:ident: $P:ty),* $(; $($case:tt),+)?) as $Variant:ident {
            value: $value:expr, $kind:ident: |$x:ident, $y:ident, $c:ident| $slope:expr, smooth: $smooth:tt
        })* }
        binary { $($(#[$doc2:meta])* $name2:ident as $Variant2:ident {
            value: $value2:expr, $kind2:ident: |$a:ident, $b:ident, $y2:ident, $c2:ident| $slopes:expr, smooth: $smooth2:tt
        })* }
        unary_operators { $($(#[$doc3:meta])* $name3:ident as $Variant3:ident {
            value: |$vx3:ident| $value3:expr, $kind3:ident: |$x3:ident, $y3:ident, $c3:ident| $slope3:expr, smooth: $smooth3:tt
        })* }
        binary_operators { $($(#[$doc4:meta])* $name4:ident as $Variant4:ident {
            value: |$va4:ident, $vb4:ident| $value4:expr,
            $kind4:ident: |$a4:ident, $b4:ident, $y4:ident, $c4:ident| $slopes4:expr, smooth: $smooth4:tt
        })* }
    ) => {
        /// A function of one variable from the [table](crate::elementwise), with its parameters.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[repr(u64)] // A tag as long as the parameters, so that it is copied in the pieces in which it was written.
        pub enum Unary {
            $($(#[$doc])* $Variant { $(
                /// Parameter of the function, as of the method of this name.
                $p: $P
            ),* },)*
            $($(#[$doc3])* $Variant3 {},)*
        }

        impl Unary {
            /// The name of the function, which is the name of its method.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Unary::$Variant { .. } => stringify!($name),)*
                    $(Unary::$Variant3 {} => stringify!($name3),)*
                }
            }

            /// The slope f′(x), from the argument `x` and the value `y = f(x)`.
            #[must_use]
            #[inline(always)]
            pub fn slope<N: Number>(self, x: N, y: N) -> N {
                match self {
                    $(Unary::$Variant { $($p),* } => slope_of!(|$x, $y, $c| $slope; x, y),)*
                    $(Unary::$Variant3 {} => slope_of!(|$x3, $y3, $c3| $slope3; x, y),)*
                }
            }

            /// Whether the slope has a pole, where an adjoint of zero must stay zero.
            #[must_use]
            #[inline(always)]
            pub fn has_unbounded_slope(self) -> bool {
                match self {
                    $(Unary::$Variant { .. } => is_unbounded!($kind),)*
                    $(Unary::$Variant3 {} => is_unbounded!($kind3),)*
                }
            }

            /// Every function of one variable, with parameters to check it with, and intervals where it is smooth.
            #[must_use]
            pub fn catalogue() -> Vec<(Unary, &'static [Interval])> {
                let mut all: Vec<(Unary, &'static [Interval])> = Vec::new();
                $(for case in cases!($Variant $(; $($case),+)?) {
                    all.push((case, &$smooth));
                })*
                $(all.push((Unary::$Variant3 {}, &$smooth3));)*
                all
            }
        }

        /// A function of two variables from the [table](crate::elementwise).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Binary {
            $($(#[$doc2])* $Variant2,)*
            $($(#[$doc4])* $Variant4,)*
        }

        impl Binary {
            /// The name of the function, which is the name of its method.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Binary::$Variant2 => stringify!($name2),)*
                    $(Binary::$Variant4 => stringify!($name4),)*
                }
            }

            /// The slopes ∂f/∂a and ∂f/∂b, from the arguments and the value `y = f(a, b)`.
            #[must_use]
            #[inline(always)]
            pub fn slopes<N: Number>(self, a: N, b: N, y: N) -> (N, N) {
                match self {
                    $(Binary::$Variant2 => slopes_of!(|$a, $b, $y2, $c2| $slopes; a, b, y),)*
                    $(Binary::$Variant4 => slopes_of!(|$a4, $b4, $y4, $c4| $slopes4; a, b, y),)*
                }
            }

            /// Whether a slope has a pole, where an adjoint of zero must stay zero.
            #[must_use]
            #[inline(always)]
            pub fn has_unbounded_slope(self) -> bool {
                match self {
                    $(Binary::$Variant2 => is_unbounded!($kind2),)*
                    $(Binary::$Variant4 => is_unbounded!($kind4),)*
                }
            }

            /// Every function of two variables, with rectangles where it is smooth.
            #[must_use]
            pub fn catalogue() -> Vec<(Binary, &'static [(Interval, Interval)])> {
                vec![
                    $((Binary::$Variant2, &$smooth2),)*
                    $((Binary::$Variant4, &$smooth4),)*
                ]
            }
        }
    };
}

elementwise_table!(functions);

impl Unary {
    /// Whether the value tells the slope: f′(x) is [`slope`](Unary::slope)`(y, y)` where y = f(x).
    ///
    /// What computes such a function need not keep the argument.
    #[must_use]
    #[inline(always)]
    pub fn value_tells_slope(self) -> bool {
        matches!(
            self,
            Unary::Relu {} | Unary::Sigmoid {} | Unary::Tanh {} | Unary::Exp {} | Unary::Neg {}
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether slope(y, y) is slope(x, y), over and beyond the intervals where the function is smooth.
    fn value_tells_slope(function: Unary) -> bool {
        let points = (-50..=50).map(|i| f64::from(i) * 0.1);
        let same = |x: f64| {
            let y = x.unary(function);
            let (by_value, by_both) = (function.slope(y, y), function.slope(x, y));
            by_value == by_both || (by_value.is_nan() && by_both.is_nan())
        };
        points.chain([f64::NAN]).all(same)
    }

    #[test]
    fn the_value_tells_the_slope_where_it_is_said_to() {
        let catalogue = Unary::catalogue();
        let said = catalogue
            .iter()
            .filter(|(function, _)| function.value_tells_slope());
        assert_eq!(said.clone().count(), 5);
        for (function, _) in said {
            assert!(value_tells_slope(*function), "{}", function.name());
        }
        assert!(!value_tells_slope(Unary::Softplus {}) && !value_tells_slope(Unary::Sin {}));
    }
}
