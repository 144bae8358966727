//! Variances and standard deviations over axes.
//!
//! ```text
//! variance   y = Σ (xᵢ − x̂)² / n             x̂ = Σ xᵢ / n
//! std        y = √(Σ (xᵢ − x̂)²) / √n
//! ```
//!
//! The standard deviation is computed by the norm, so its gradient is 0 where the deviation is 0.

use super::norm::euclidean;
use super::prelude::*;
use super::reductions_macro::{Reduction, reduction_cases};
use super::sum::{average, elements_reduced};

#[track_caller]
fn mean_square<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    average(&deviations(x, axes).square(), axes, keepdims)
}

#[track_caller]
fn root_mean_square<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    let norm = euclidean(&deviations(x, axes), axes, keepdims);
    norm / elements_reduced(&x.shape(), axes).sqrt()
}

/// The differences from the mean.
///
/// The largest element is subtracted first, as a constant: it changes neither the differences nor their derivatives, and
/// differences of equal elements are exactly 0, whereas their mean may be rounded.
#[track_caller]
fn deviations<A: Algebra>(x: &A, axes: &AxisSet) -> A {
    if elements_reduced(&x.shape(), axes) == 0.0 {
        return x.clone();
    }
    let shifted = x - x.constant(x.value().max_over_keepdims(axes));
    let mean = average(&shifted, axes, true);
    shifted - mean
}

reductions! {
    /// Variances and standard deviations.
    pub trait VarianceMethods;

    /// This is the variance of a population: the sum of the squares is divided by the number n of elements. For the
    /// estimate from a sample, which divides by n − 1, multiply by n / (n − 1).
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [4.0, 4.0]]);
    /// assert_eq!(x.variance_over(1).data(), [1.0, 0.0]);
    /// assert_eq!((x.variance_over(1) * (2.0 / 1.0)).data(), [2.0, 0.0]);
    /// ```
    #[doc(alias("var"))]
    pub fn variance_over, variance_over_keepdims, variance = mean_square:
        "the variance `Σ (xᵢ − mean)² / n`", "NaN";

    /// This is the standard deviation of a population. For the estimate from a sample, multiply by √(n / (n − 1)).
    ///
    /// Where all elements are equal, the gradient is 0, the subgradient of least norm. The gradient of
    /// `variance().sqrt()` is not defined there.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 3.0], [4.0, 4.0]]);
    /// let y = x.std_over(1);
    /// assert_eq!(y.value().data(), [1.0, 0.0]);
    /// assert!(y.sum().gradients().wrt(x).rows(1..2).data() == [0.0, 0.0]);
    /// ```
    #[doc(alias("standard_deviation", "stddev"))]
    pub fn std_over, std_over_keepdims, std = root_mean_square:
        "the standard deviation `√(Σ (xᵢ − mean)² / n)`", "NaN";
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let reductions: [(&str, Reduction); 6] = [
        ("variance", |x, _| x.variance()),
        ("variance_over", |x, axes| x.variance_over(axes)),
        ("variance_over_keepdims", |x, axes| {
            x.variance_over_keepdims(axes)
        }),
        ("std", |x, _| x.std()),
        ("std_over", |x, axes| x.std_over(axes)),
        ("std_over_keepdims", |x, axes| x.std_over_keepdims(axes)),
    ];
    reduction_cases(&reductions, false)
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn variances_and_deviations_have_their_values() {
        let x = Tensor::from([[1.0, 2.0, 3.0, 6.0], [1.0, 1.0, 5.0, 5.0]]);
        assert_eq!(x.variance_over(-1).data(), [3.5, 4.0]);
        assert_eq!(x.variance_over_keepdims(0).shape()[..], [1, 4]);
        assert_eq!(x.std_over(1).data()[1], 2.0);
        assert_eq!(x.variance().item(), 3.75);
        assert!((x.std().item() - 3.75_f64.sqrt()).abs() < 1e-15);
        assert!(Tensor::<f64>::zeros([0]).variance().item().is_nan());
        assert!(Tensor::<f64>::zeros([0]).std().item().is_nan());
    }

    #[test]
    fn a_mean_far_from_zero_costs_no_digits() {
        let x = Tensor::from([1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0, 1e9 + 6.0]);
        assert_eq!(x.variance().item(), 3.5);
        // The squares overflow.
        assert_eq!(Tensor::from([1e200, -1e200]).std().item(), 1e200);
    }

    #[test]
    fn at_zero_deviation_derivatives_of_every_order_are_zero() {
        let tape = Tape::new();
        // The mean of these is not 0.1, but rounded.
        let x = tape.var([0.1, 0.1, 0.1]);
        assert_ne!(x.mean().item(), 0.1);
        assert_eq!((x.std().item(), x.variance().item()), (0.0, 0.0));
        let gradient = x.std().recorded_gradients(&[x])[0];
        assert_eq!(gradient.value().data(), [0.0; 3]);
        let second = gradient.sum().recorded_gradients(&[x])[0];
        assert_eq!(second.value().data(), [0.0; 3]);
    }
}
