//! The maximum over axes, and the minimum `min x = −max (−x)`.
//!
//! ```text
//! vjp   x̄ = ȳ / (number of ties) where x is largest, 0 elsewhere; NaN everywhere if the largest is NaN
//! ```
//!
//! Ties share the adjoint evenly: the subgradient of least norm.

use super::prelude::*;
use super::sum::reduce_over_axes;
use autodiff_kernels::reduce;

/// The maximum over axes, which keep extent 1.
#[derive(Clone, Debug)]
pub(crate) struct Max(AxisSet);

impl<T: Real> Op<T> for Max {
    fn name(&self) -> &'static str {
        "max_over"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, axes) = (x[0], &self.0);
        check_not_empty("max_over", x.shape(), axes);
        reduce_over_axes(x, axes, reduce::max)
    }

    #[track_caller]
    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        let y = self.value(x);
        // The set of largest elements is fixed here, and is a constant in derivatives of every order.
        let largest = x[0].equal(&y);
        let ties =
            Tensor::from_flat_fn(x[0].shape(), |i| T::from_f64(f64::from(largest.data()[i])));
        let share = &ties / ties.sum_over_keepdims(&self.0);
        (y, Saved::nothing().with(share))
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let share: &Tensor<T> = at.saved(0);
        x_bar.add(0, || y_bar.constant(share).absorbing_mul(&y_bar));
    }

    built_in!(Max);
}

#[track_caller]
pub(super) fn largest<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    kept_or_removed(A::apply(Max(axes.clone()), &[x]), axes, keepdims)
}

#[track_caller]
fn smallest<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    check_not_empty("min_over", &x.shape(), axes);
    -largest(&-x, axes, keepdims)
}

/// # Panics
///
/// If one of the axes has extent 0.
#[track_caller]
fn check_not_empty(operation: &str, shape: &Shape, axes: &AxisSet) {
    if let Some(axis) = axes.iter().find(|&&axis| shape[axis] == 0) {
        panic!("{operation}: axis {axis} of shape {shape} has no elements")
    }
}

reductions! {
    /// Maxima and minima.
    pub trait MaxMethods;

    /// A NaN counts as the largest; ties share the gradient evenly.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 3.0], [2.0, 2.0]]);
    /// let y = x.max_over(1);
    /// assert_eq!(y.value(), Tensor::from([3.0, 2.0]));
    /// assert_eq!(y.sum().gradients().wrt(x), Tensor::from([[0.0, 1.0], [0.5, 0.5]]));
    /// assert_eq!(x.max_over(..).item(), 3.0);
    /// ```
    #[doc(alias("amax"))]
    pub fn max_over, max_over_keepdims = largest: "the largest element";

    /// A NaN counts as the smallest; ties share the gradient evenly.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 3.0], [2.0, 2.0]]);
    /// let y = x.min_over(1);
    /// assert_eq!(y.value(), Tensor::from([1.0, 2.0]));
    /// assert_eq!(y.sum().gradients().wrt(x), Tensor::from([[1.0, 0.0], [0.5, 0.5]]));
    /// ```
    #[doc(alias("amin"))]
    pub fn min_over, min_over_keepdims = smallest: "the smallest element";
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], &[usize]); 12] = [
        (&[2, 2, 2, 3], &[2]),
        (&[1], &[0]),
        (&[5], &[0]),
        (&[3, 4], &[0]),
        (&[3, 4], &[1]),
        (&[3, 4], &[1, 0]),
        (&[3, 4], &[]),
        (&[2, 3, 4], &[1]),
        (&[2, 3, 4], &[0, 2]),
        (&[0, 3], &[1]),
        (&[1, 1], &[0]),
        (&[3, 1], &[0]),
    ];
    let all = |(shape, axes): (&[usize], &'static [usize])| {
        [
            CheckCase::new("max_over", &[shape], move |x| x[0].max_over(axes)),
            CheckCase::new("max_over_keepdims", &[shape], move |x| {
                x[0].max_over_keepdims(axes)
            }),
            CheckCase::new("min_over", &[shape], move |x| x[0].min_over(axes)),
            CheckCase::new("min_over_keepdims", &[shape], move |x| {
                x[0].min_over_keepdims(axes)
            }),
        ]
    };
    cases.into_iter().flat_map(all).collect()
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn ties_share_the_gradient_evenly() {
        let tape = Tape::new();
        let x = tape.var([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]);
        let gradient = x.max_over(1).sum().gradients().wrt(x);
        assert_eq!(gradient, Tensor::from([[0.0, 0.5, 0.5], [1.0 / 3.0; 3]]));
    }

    #[test]
    fn a_nan_wins() {
        assert!(
            Tensor::from([1.0, f64::NAN, 2.0])
                .max_over(0)
                .item()
                .is_nan()
        );
    }

    #[test]
    fn the_minimum_follows_the_maximum() {
        let tape = Tape::new();
        let x = tape.var([[2.0, 1.0, 1.0], [2.0, 2.0, 2.0]]);
        let y = x.min_over_keepdims(-1);
        assert_eq!(y.value(), Tensor::from([[1.0], [2.0]]));
        let gradient = y.sum().gradients().wrt(x);
        assert_eq!(gradient, Tensor::from([[0.0, 0.5, 0.5], [1.0 / 3.0; 3]]));
        assert!(Tensor::from([1.0, f64::NAN]).min_over(..).item().is_nan());
        assert!(
            Tensor::from([0.0_f64])
                .min_over(0)
                .item()
                .is_sign_positive()
        );
    }

    #[test]
    #[should_panic(expected = "max_over: axis 0 of shape [0] has no elements")]
    fn the_maximum_of_nothing_is_refused() {
        let _ = Tape::<f64>::new().var(Tensor::zeros([0])).max_over(0);
    }
}
