//! The macro that declares the methods of a reduction.

use super::prelude::*;

/// Declares the three methods of each reduction by [`methods!`](super::methods_macro::methods): over the given axes,
/// over the given axes, which keep extent 1, and over all elements.
///
/// ```text
/// reductions! {
///     /// Sums.
///     pub trait SumMethods;
///
///     /// The sum is formed pairwise.
///     pub fn sum_over, sum_over_keepdims, sum = total: "the sum", "0";
/// }
/// ```
///
/// `total` is a function of the input, an `&AxisSet` and whether the axes are kept. The literals are what the methods
/// return, and the result for no elements. The documentation of each method begins with a sentence about these, and
/// continues with the given text.
///
/// Without the third name and the second literal, there is no method over all elements, and no result for no elements.
macro_rules! reductions {
    (
        $(#[$about:meta])*
        pub trait $Trait:ident;
        $(
            $(#[$doc:meta])*
            pub fn $over:ident, $keepdims:ident, $all:ident = $reduce:ident: $what:literal, $empty:literal;
        )*
    ) => {
        reductions! {
            @declare
            $(#[$about])* $Trait
            {
                $(
                    #[doc = concat!("Returns ", $what, " of all elements, a scalar; ", $empty, " if there are none.")]
                    #[doc = ""]
                    $(#[$doc])*
                    pub fn $all(self) -> Self {
                        self.$over(..)
                    }
                )*
            }
            $(
                [concat!("Over an axis of extent 0, the result is ", $empty, ".")]
                ["If there is no such axis, or an axis is named twice."]
                $(#[$doc])* $over $keepdims $reduce $what
            )*
        }
    };
    (
        $(#[$about:meta])*
        pub trait $Trait:ident;
        $(
            $(#[$doc:meta])*
            pub fn $over:ident, $keepdims:ident = $reduce:ident: $what:literal;
        )*
    ) => {
        reductions! {
            @declare
            $(#[$about])* $Trait {}
            $(
                [""]
                ["If there is no such axis, an axis is named twice, or its extent is 0."]
                $(#[$doc])* $over $keepdims $reduce $what
            )*
        }
    };
    (
        @declare
        $(#[$about:meta])* $Trait:ident { $($over_all:tt)* }
        $(
            [$of_nothing:expr] [$panics:literal]
            $(#[$doc:meta])* $over:ident $keepdims:ident $reduce:ident $what:literal
        )*
    ) => {
        methods! {
            $(#[$about])*
            pub trait $Trait;

            $($over_all)*

            $(
                #[doc = concat!("Returns ", $what, " over the given axes, which are removed.")]
                #[doc = $of_nothing]
                #[doc = ""]
                $(#[$doc])*
                ///
                /// # Panics
                ///
                #[doc = $panics]
                pub fn $over(self, axes: impl Into<Axes>) -> Self {
                    $reduce(self, &axes.into().of(&self.shape(), stringify!($over)), false)
                }

                #[doc = concat!("Returns ", $what, " over the given axes, which keep extent 1.")]
                #[doc = $of_nothing]
                #[doc = ""]
                $(#[$doc])*
                ///
                /// # Panics
                ///
                #[doc = $panics]
                pub fn $keepdims(self, axes: impl Into<Axes>) -> Self {
                    $reduce(self, &axes.into().of(&self.shape(), stringify!($keepdims)), true)
                }
            )*
        }
    };
}
pub(super) use reductions;

/// Removes the axes that a reduction has left with extent 1, unless they are kept.
#[track_caller]
pub(super) fn kept_or_removed<A: Algebra>(y: A, axes: &AxisSet, keepdims: bool) -> A {
    if keepdims {
        return y;
    }
    y.reshape(y.shape().reduced(axes, false))
}

/// The record of a reduction over axes.
pub(super) type Reduction = for<'t> fn(Var<'t, f64>, &[usize]) -> Var<'t, f64>;

/// Check cases of reductions at inputs in (0.3, 1), over all kinds of axes. If the result for no elements is not
/// finite, it is left out.
pub(super) fn reduction_cases(
    reductions: &[(&'static str, Reduction)],
    is_finite_for_nothing: bool,
) -> Vec<CheckCase> {
    let cases: [(&[usize], &[usize]); 14] = [
        (&[], &[]),
        (&[1], &[0]),
        (&[0], &[0]),
        (&[5], &[0]),
        (&[4], &[]),
        (&[3, 2], &[0]),
        (&[3, 2], &[1]),
        (&[2, 3], &[1, 0]),
        (&[2, 3, 2], &[0, 2]),
        (&[2, 3, 4], &[1]),
        (&[2, 0, 2], &[1]),
        (&[0, 3], &[1]),
        (&[1, 3], &[0]),
        (&[1, 6], &[1]),
    ];
    let mut checks = Vec::new();
    for (shape, axes) in cases {
        for &(name, reduction) in reductions {
            let reduces_nothing = if name.contains("over") {
                axes.iter().any(|&axis| shape[axis] == 0)
            } else {
                shape.contains(&0)
            };
            if is_finite_for_nothing || !reduces_nothing {
                checks.push(CheckCase::within(name, &[shape], &[(0.3, 1.0)], move |x| {
                    reduction(x[0], axes)
                }));
            }
        }
    }
    checks
}
