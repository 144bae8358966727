//! The maximum along an axis.
//!
//! ```text
//! vjp   x̄ = ȳ / (number of ties) where x is the largest, 0 elsewhere; NaN all over where the largest is NaN
//! ```
//!
//! Ties share the adjoint evenly, the subgradient of least norm.

use super::prelude::*;
use super::sum::check_axes;
use autodiff_kernels::reduce;

/// The maximum along an axis, which is kept with extent 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Max {
    axis: usize,
}

impl<T: Real> Op<T> for Max {
    fn name(&self) -> &'static str {
        "max_over"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, axis) = (x[0], self.axis);
        check_axes(x, "max_over", &[axis]);
        assert!(
            x.shape()[axis] > 0,
            "max_over: axis {axis} of shape {} has no elements",
            x.shape()
        );
        let (_, extent, inner) = x.shape().split(axis, axis);
        let shape = x.shape().reduced(&[axis], true);
        Tensor::made(shape, |out| reduce::max(x.data(), extent, inner, out))
    }

    #[track_caller]
    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        let y = self.value(x);
        // Which elements are largest is settled here, and is a constant from then on.
        let largest = x[0].equal(&y);
        let ties = Tensor::from_fn(x[0].shape(), |i| T::from_f64(f64::from(largest.data()[i])));
        let share = &ties / ties.sum_over_keepdims(&[self.axis]);
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

methods! {
    /// The maximum along an axis.
    pub trait MaxMethods;

    /// The largest element along an axis, which is dropped. A NaN wins; ties share the gradient evenly.
    ///
    /// # Panics
    ///
    /// If there is no such axis, or its extent is 0.
    pub fn max_over(self, axis: usize) -> Self {
        let kept = self.max_over_keepdims(axis);
        kept.reshape(self.shape().reduced(&[axis], false))
    }

    /// The largest element along an axis, which stays with extent 1. A NaN wins; ties share the gradient evenly.
    ///
    /// # Panics
    ///
    /// If there is no such axis, or its extent is 0.
    pub fn max_over_keepdims(self, axis: usize) -> Self {
        Self::apply(Max { axis }, &[self])
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let cases: [(&[usize], usize); 9] = [
        (&[2, 2, 2, 3], 2),
        (&[1], 0),
        (&[5], 0),
        (&[3, 4], 0),
        (&[3, 4], 1),
        (&[2, 3, 4], 1),
        (&[0, 3], 1),
        (&[1, 1], 0),
        (&[3, 1], 0),
    ];
    cases
        .into_iter()
        .flat_map(|(shape, axis)| {
            [
                Sample::new("max_over", &[shape], move |x| x[0].max_over(axis)),
                Sample::new("max_over_keepdims", &[shape], move |x| {
                    x[0].max_over_keepdims(axis)
                }),
            ]
        })
        .collect()
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
    #[should_panic(expected = "max_over: axis 0 of shape [0] has no elements")]
    fn the_maximum_of_nothing_is_refused() {
        let _ = Tape::<f64>::new().var(Tensor::zeros([0])).max_over(0);
    }
}
