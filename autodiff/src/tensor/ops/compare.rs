//! Comparisons, which return masks, and the logic of masks.
//!
//! A mask is a constant: no gradient flows through a comparison.

use super::broadcast::{BROADCAST_SHAPES, common_shape};
use super::prelude::*;
use autodiff_kernels::broadcast::Walk;
use std::ops::{BitAnd, BitOr, BitXor, Not};

/// Declares comparisons of tensors, variables and generic tensors.
macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident: $holds:expr;)*) => {
        methods! {
            /// Comparisons, element by element and broadcasting. They return masks: tensors of 1 where the comparison
            /// holds, and of 0 elsewhere.
            ///
            /// A comparison with a NaN does not hold, except `not_equal`. Masks are combined by the operators `&`, `|`,
            /// `^` and `!`.
            pub trait CompareMethods;

            $(
                $(#[$doc])*
                ///
                /// # Panics
                ///
                /// If the shapes cannot be broadcast together.
                pub fn $name(self, other: impl Operand<Self>) -> Tensor<u8> {
                    compare(stringify!($name), &self.value(), &other.plain(), $holds)
                }
            )*
        }

        integer_comparisons!(u8 u32 i32 i64: $($name: $holds;)*);
    };
}

/// Declares the comparisons of tensors of integers, which are the same.
macro_rules! integer_comparisons {
    ($($Integer:ident)*: $($name:ident: $holds:expr;)*) => {
        integer_comparisons!(@each [$($Integer)*] { $($name: $holds;)* });
    };
    (@each [$($Integer:ident)*] $rows:tt) => { $(
        integer_comparisons!(@one $Integer $rows);
    )* };
    (@one $Integer:ident { $($name:ident: $holds:expr;)* }) => {
        /// Comparisons.
        impl Tensor<$Integer> {
            $(
                #[doc = concat!("Returns the mask of `", stringify!($name), "`, element by element and broadcasting.")]
                ///
                /// # Panics
                ///
                /// If the shapes cannot be broadcast together.
                #[must_use]
                #[track_caller]
                pub fn $name(&self, other: impl Into<Tensor<$Integer>>) -> Tensor<u8> {
                    compare(stringify!($name), self, &other.into(), $holds)
                }
            )*
        }
    };
}

comparisons! {
    /// Returns the mask of `self < other`.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([1.0, 3.0, 5.0]);
    /// assert_eq!(x.less(2.0).data(), [1, 0, 0]);
    /// assert_eq!((x.greater(2.0) & !x.equal(5.0)).data(), [0, 1, 0]);
    /// ```
    #[doc(alias = "lt")]
    less: |a, b| a < b;
    /// Returns the mask of `self ≤ other`.
    #[doc(alias = "le")]
    less_equal: |a, b| a <= b;
    /// Returns the mask of `self > other`.
    #[doc(alias = "gt")]
    greater: |a, b| a > b;
    /// Returns the mask of `self ≥ other`.
    #[doc(alias = "ge")]
    greater_equal: |a, b| a >= b;
    /// Returns the mask of `self = other`.
    #[doc(alias = "eq")]
    equal: |a, b| a == b;
    /// Returns the mask of `self ≠ other`.
    #[doc(alias = "ne")]
    not_equal: |a, b| a != b;
}

#[track_caller]
fn compare<T: Element>(
    name: &str,
    a: &Tensor<T>,
    b: &Tensor<T>,
    holds: impl Fn(T, T) -> bool,
) -> Tensor<u8> {
    let shape = common_shape(name, [a.shape(), b.shape()]);
    let walk = Walk::new(a.shape(), b.shape(), &shape);
    let (a, b) = (a.data(), b.data());
    Tensor::made(shape, |out: &mut [u8]| {
        walk.rows(|at_a, at_b, at| {
            for i in 0..walk.inner.extent {
                out[at + i] = u8::from(holds(
                    a[at_a + i * walk.inner.a],
                    b[at_b + i * walk.inner.b],
                ));
            }
        });
    })
}

/// Implements an operator on masks, by value and by reference.
macro_rules! logic {
    ($($Trait:ident::$method:ident $holds:expr;)*) => { $(
        logic!(@impls $Trait $method $holds;
            Tensor<u8>, Tensor<u8>; Tensor<u8>, &Tensor<u8>; &Tensor<u8>, Tensor<u8>; &Tensor<u8>, &Tensor<u8>);
    )* };
    (@impls $Trait:ident $method:ident $holds:expr; $($A:ty, $B:ty);*) => { $(
        impl $Trait<$B> for $A {
            type Output = Tensor<u8>;

            /// Combines two masks, element by element and broadcasting; anything but 0 is true.
            #[track_caller]
            fn $method(self, other: $B) -> Tensor<u8> {
                compare(stringify!($method), self.borrow(), other.borrow(), $holds)
            }
        }
    )* };
}
logic! {
    BitAnd::bitand |a, b| a != 0 && b != 0;
    BitOr::bitor |a, b| a != 0 || b != 0;
    BitXor::bitxor |a, b| (a != 0) != (b != 0);
}

impl Not for Tensor<u8> {
    type Output = Tensor<u8>;

    /// Returns the mask that is 1 where this one is 0, and 0 elsewhere.
    fn not(self) -> Tensor<u8> {
        !&self
    }
}

impl Not for &Tensor<u8> {
    type Output = Tensor<u8>;

    fn not(self) -> Tensor<u8> {
        self.map(|x| u8::from(x == 0))
    }
}

/// The smaller of two tensors, selected by a comparison.
pub(super) fn check_cases() -> Vec<CheckCase> {
    let smaller = |shapes: [&[usize]; 2]| {
        CheckCase::new("less", &shapes, |x| {
            Var::select(&x[0].less(x[1]), x[0], x[1])
        })
    };
    BROADCAST_SHAPES.into_iter().map(smaller).collect()
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Algebra, Tape, Tensor};

    fn all<A: Algebra>(a: &A, b: &A) -> [Vec<u8>; 6] {
        [
            a.less(b),
            a.less_equal(b),
            a.greater(b),
            a.greater_equal(b),
            a.equal(b),
            a.not_equal(b),
        ]
        .map(|mask| mask.data().to_vec())
    }

    #[test]
    fn comparisons_are_those_of_numbers() {
        let a = Tensor::from([1.0, 2.0, 3.0, f64::NAN, -0.0]);
        let b = Tensor::from([2.0, 2.0, 2.0, f64::NAN, 0.0]);
        let expected = [
            [1, 0, 0, 0, 0],
            [1, 1, 0, 0, 1],
            [0, 0, 1, 0, 0],
            [0, 1, 1, 0, 1],
            [0, 1, 0, 0, 1],
            [1, 0, 1, 1, 0],
        ];
        assert_eq!(all(&a, &b), expected);
        let tape = Tape::new();
        assert_eq!(all(&tape.var(&a), &tape.var(&b)), expected);
    }

    #[test]
    fn comparisons_record_nothing() {
        let tape = Tape::new();
        let x = tape.var([1.0_f32, 2.0]);
        assert_eq!(x.greater(1.5).data(), [0, 1]);
        assert_eq!(x.greater(Tensor::from([0.0, 9.0])).data(), [1, 0]);
        assert_eq!(tape.len(), 1);
    }

    #[test]
    fn masks_combine() {
        let (a, b) = (Tensor::from([0_u8, 0, 7, 1]), Tensor::from([0_u8, 2, 0, 1]));
        assert_eq!((&a & &b).data(), [0, 0, 0, 1]);
        assert_eq!((&a | &b).data(), [0, 1, 1, 1]);
        assert_eq!((&a ^ &b).data(), [0, 1, 1, 0]);
        assert_eq!((!a & Tensor::scalar(1)).data(), [1, 1, 0, 0]);
    }

    #[test]
    fn labels_compare() {
        let labels = Tensor::from([3_u32, 1, 3]);
        assert_eq!(labels.equal(3).data(), [1, 0, 1]);
        assert_eq!(labels.less(Tensor::from([4, 1, 0])).data(), [1, 0, 0]);
    }
}
