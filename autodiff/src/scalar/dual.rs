//! `Dual`: the forward-mode number.

use super::number::{Scalar, chain_each, chain_each_two, unit};
use super::pairwise;
use super::program::Relation;
use super::softmax::softmax;
use super::trace::Operation;
use crate::elementwise::Binary;
use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};

/// A forward-mode number: a value together with its derivatives in `K` directions, `x + Σₖ ẋₖ εₖ` with `εⱼ εₖ = 0`.
///
/// It needs no tape. Without a number of directions it has one: `Dual` is `Dual<f64, 1>`. `Dual<Dual<f64>>` holds second
/// derivatives, and `Var<Dual<f64>>` on a tape computes the product of a Hessian with a vector. Its methods are the
/// functions of the [table](crate::elementwise).
///
/// ```
/// use autodiff::scalar::Dual;
///
/// let x = Dual::var(2.0);
/// assert_eq!((x * x + 1.0).tangent(), 4.0);
/// ```
///
/// A direction costs about as much as the value, and several are computed in vectors. The functions in
/// [`forward`](super::forward) compute Jacobian matrices with `K` directions at a time.
///
/// ```
/// use autodiff::scalar::Dual;
///
/// let [x, y] = [Dual::<f64, 2>::seeded(2.0, 0), Dual::seeded(3.0, 1)];
/// assert_eq!((x * y).tangents, [3.0, 2.0]);
/// ```
#[derive(Clone, Copy)]
pub struct Dual<T: Scalar = f64, const K: usize = 1> {
    /// The value, x.
    pub value: T,
    /// The tangents: the derivatives in the chosen directions, ẋ.
    pub tangents: [T; K],
}

/// # With one direction
impl<T: Scalar> Dual<T> {
    /// Returns a number with this value and this derivative.
    #[must_use]
    #[inline]
    pub fn new(value: T, tangent: T) -> Self {
        Dual {
            value,
            tangents: [tangent],
        }
    }

    /// Returns the variable to differentiate with respect to: its derivative is 1.
    #[must_use]
    #[inline]
    pub fn var(value: T) -> Self {
        Dual::new(value, T::from_f64(1.0))
    }

    /// The tangent: the derivative in the chosen direction.
    #[must_use]
    #[inline]
    pub fn tangent(self) -> T {
        self.tangents[0]
    }
}

/// # Constants and variables
impl<T: Scalar, const K: usize> Dual<T, K> {
    /// Returns a constant: its derivatives are 0.
    #[must_use]
    #[inline]
    pub fn constant(value: T) -> Self {
        Dual {
            value,
            tangents: [T::from_f64(0.0); K],
        }
    }

    /// Returns the variable whose derivative is 1 in direction `lane`, and 0 in the others.
    ///
    /// # Panics
    ///
    /// If there is no such direction.
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn seeded(value: T, lane: usize) -> Self {
        assert!(lane < K, "seeded: there is no direction {lane} of {K}");
        Dual {
            value,
            tangents: unit(lane),
        }
    }

    /// Returns a function of `self` with this value and slope.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn chain_unary(self, _: impl Fn() -> Operation, value: T, slope: T) -> Self {
        Dual {
            value,
            tangents: chain_each(self.tangents, slope),
        }
    }

    /// Returns a function of `self` and a constant.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn chain_with_constant(self, function: Binary, constant: Self) -> Self {
        let (value, (slope, _)) = self.value.binary_with_slopes(function, constant.value);
        Dual {
            value,
            tangents: chain_each(self.tangents, slope),
        }
    }

    /// Returns a function of `self` and `other` with this value and these slopes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn chain_binary(
        self,
        _: impl Fn() -> Operation,
        other: Self,
        value: T,
        slopes: (T, T),
    ) -> Self {
        Dual {
            value,
            tangents: chain_each_two([self.tangents, other.tangents], slopes.into()),
        }
    }

    /// Returns a function of the numbers `x` with this value. The slope towards `x[i]` is `slope(x[i], s[i])`.
    #[inline]
    fn chain_many<S>(value: T, x: &[Self], s: &[S], slope: impl Fn(&Self, &S) -> T + Copy) -> Self {
        let zero = T::from_f64(0.0);
        let term = |x: &Self, s: &S| Dual {
            value: zero,
            tangents: chain_each(x.tangents, slope(x, s)),
        };
        let sum = pairwise::sum_map(x, s, term);
        Dual { value, ..sum }
    }

    /// [`norm`](super::norm) of forward-mode numbers.
    #[track_caller]
    pub(super) fn norm_of_slice(x: &[Self]) -> Self {
        let (value, zero) = (T::norm_of(x, |x| x.value), T::from_f64(0.0));
        let slope = |x: &Self, _: &_| if value == zero { zero } else { x.value / value };
        Dual::chain_many(value, x, x, slope)
    }

    /// [`log_sum_exp`](super::log_sum_exp) of forward-mode numbers.
    #[track_caller]
    pub(super) fn log_sum_exp_of_slice(x: &[Self]) -> Self {
        let mut powers = Vec::new();
        let (value, factor) = softmax(x.iter().map(|x| x.value), &mut powers);
        Dual::chain_many(value, x, &powers, |_, &power| power * factor)
    }
}

/// A comparison is noted by the values, if they are variables of a [program](super::program).
impl<T: Scalar, const K: usize> Dual<T, K> {
    #[inline(always)]
    pub(super) fn compared(self, _: Relation, _: Self, outcome: bool) -> bool {
        outcome
    }

    #[inline(always)]
    pub(super) fn ordered(self, _: Self, order: Option<Ordering>) -> Option<Ordering> {
        order
    }

    #[inline(always)]
    pub(super) fn compared_sign(self, outcome: bool) -> bool {
        outcome
    }

    #[inline(always)]
    pub(super) fn leaves(self, _: &'static str) {}

    #[inline(always)]
    pub(super) fn leaves_as_text(self) {}
}

impl<T: Scalar, const K: usize> Sum for Dual<T, K> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        pairwise::sum(terms)
    }
}

impl<T: Scalar, const K: usize> Product for Dual<T, K> {
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        let one = Dual::constant(T::from_f64(1.0));
        factors.fold(one, |product, x| product * x)
    }
}

impl<'a, T: Scalar, const K: usize> Sum<&'a Dual<T, K>> for Dual<T, K> {
    fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
        terms.copied().sum()
    }
}

impl<'a, T: Scalar, const K: usize> Product<&'a Dual<T, K>> for Dual<T, K> {
    fn product<I: Iterator<Item = &'a Self>>(factors: I) -> Self {
        factors.copied().product()
    }
}

impl<T: Scalar, const K: usize> fmt::Debug for Dual<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One tangent needs no brackets.
        match &self.tangents[..] {
            [tangent] => write!(f, "({:?} + {tangent:?}ε)", self.value),
            tangents => write!(f, "({:?} + {tangents:?}ε)", self.value),
        }
    }
}
