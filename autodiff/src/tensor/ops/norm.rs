//! Norms, over all elements or over axes.
//!
//! ```text
//! norm       y = √(Σ x²)      x̄ = ȳ x / y, and 0 where y = 0
//! norm_1     y = Σ |x|
//! norm_inf   y = max |x|
//! ```
//!
//! At the origin every gradient is 0, the subgradient of least norm, and all higher derivatives are 0.

use super::max::largest;
use super::prelude::*;
use super::reductions_macro::{Reduction, reduction_cases};
use super::sum::{elements_reduced, total};

/// The norm over axes, which keep extent 1.
#[derive(Clone, Debug)]
pub(crate) struct Norm(AxisSet);

impl<T: Real> Op<T> for Norm {
    fn name(&self) -> &'static str {
        "norm"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, axes) = (x[0], &self.0);
        if x.size() == 0 {
            return Tensor::zeros(x.shape().reduced(axes, true));
        }
        let largest = x.abs().max_over_keepdims(axes);
        let scale = largest.map(|x| T::from_f64(power_of_two_at_most(x.to_f64())));
        (x / &scale).square().sum_over_keepdims(axes).sqrt() * scale
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || {
            let is_zero = at.y.equal(0.0);
            // A quotient by infinity is 0, and so are its slopes.
            let infinity = at.y.constant(Tensor::scalar(T::INFINITY));
            let direction = at.x[0] / A::select(&is_zero, infinity, at.y);
            direction.absorbing_mul(&y_bar)
        });
    }

    built_in!(Norm);
}

/// Returns the largest power of two that is at most `largest`, but at least the smallest normal number; 1 if `largest` is
/// 0 or not finite.
///
/// A number up to `largest`, divided by this power, is below 2, so its square does not overflow.
fn power_of_two_at_most(largest: f64) -> f64 {
    const EXPONENT_MASK: u64 = 0x7ff0_0000_0000_0000;
    if largest == 0.0 || !largest.is_finite() {
        return 1.0;
    }
    f64::from_bits(largest.to_bits() & EXPONENT_MASK).max(f64::MIN_POSITIVE)
}

#[track_caller]
pub(super) fn euclidean<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    kept_or_removed(A::apply(Norm(axes.clone()), &[x]), axes, keepdims)
}

#[track_caller]
fn sum_of_magnitudes<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    total(&x.abs(), axes, keepdims)
}

#[track_caller]
fn largest_magnitude<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    if elements_reduced(&x.shape(), axes) == 0.0 {
        return total(x, axes, keepdims);
    }
    largest(&x.abs(), axes, keepdims)
}

reductions! {
    /// Norms.
    pub trait NormMethods;

    /// Intermediate results neither overflow nor underflow. Over two axes it is the Frobenius norm of matrices.
    ///
    /// At the origin the gradient is 0, the subgradient of least norm, and so are the second derivatives. The gradient
    /// of `square().sum().sqrt()` is not defined there. For the square of the norm, write `square().sum()`.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([3.0, 4.0]);
    /// assert_eq!(x.norm().item(), 5.0);
    /// assert_eq!(x.norm().gradients().wrt(x).data(), [0.6, 0.8]);
    /// let origin = tape.var([0.0, 0.0]);
    /// assert_eq!(origin.norm().gradients().wrt(origin).data(), [0.0, 0.0]);
    /// ```
    #[doc(alias("l2_norm", "frobenius"))]
    pub fn norm_over, norm_over_keepdims, norm = euclidean: "the Euclidean norm `√(Σ x²)`", "0";

    /// The gradient is the sign of each element, and 0 at 0.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([3.0, 0.0, -4.0]);
    /// assert_eq!(x.norm_1().item(), 7.0);
    /// assert_eq!(x.norm_1().gradients().wrt(x).data(), [1.0, 0.0, -1.0]);
    /// ```
    #[doc(alias("l1_norm"))]
    pub fn norm_1_over, norm_1_over_keepdims, norm_1 = sum_of_magnitudes: "the 1-norm `Σ |x|`", "0";

    /// Elements of the same magnitude share the gradient evenly; at the origin it is 0.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([3.0, 0.0, -4.0]);
    /// assert_eq!(x.norm_inf().item(), 4.0);
    /// assert_eq!(x.norm_inf().gradients().wrt(x).data(), [0.0, 0.0, -1.0]);
    /// ```
    #[doc(alias("infinity_norm", "max_norm"))]
    pub fn norm_inf_over, norm_inf_over_keepdims, norm_inf = largest_magnitude: "the ∞-norm `max |x|`", "0";
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    // Away from the origin.
    let reductions: [(&str, Reduction); 9] = [
        ("norm", |x, _| x.norm()),
        ("norm_over", |x, axes| x.norm_over(axes)),
        ("norm_over_keepdims", |x, axes| x.norm_over_keepdims(axes)),
        ("norm_1", |x, _| x.norm_1()),
        ("norm_1_over", |x, axes| x.norm_1_over(axes)),
        ("norm_1_over_keepdims", |x, axes| {
            x.norm_1_over_keepdims(axes)
        }),
        ("norm_inf", |x, _| x.norm_inf()),
        ("norm_inf_over", |x, axes| x.norm_inf_over(axes)),
        ("norm_inf_over_keepdims", |x, axes| {
            x.norm_inf_over_keepdims(axes)
        }),
    ];
    reduction_cases(&reductions, true)
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn nothing_overflows_or_underflows() {
        for scale in [1e300, 1e-300, 5e-324, f64::MAX / 8.0] {
            let x = Tensor::from([3.0 * scale, -4.0 * scale]);
            assert!((x.norm().item() / (5.0 * scale) - 1.0).abs() < 1e-15);
            let tape = Tape::new();
            let x = tape.var(x);
            let gradient = x.norm().gradients().wrt(x);
            let error = gradient - Tensor::from([0.6, -0.8]);
            assert!(error.abs().max_over(0).item() < 1e-15);
        }
        let x = Tensor::from([3e-45_f32, 1e38, -1e38]);
        assert!((x.norm().item() / 1.414_213_6e38 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn an_infinite_element_makes_the_norm_infinite_and_a_nan_makes_it_nan() {
        assert_eq!(
            Tensor::from([1.0, f64::NEG_INFINITY]).norm().item(),
            f64::INFINITY
        );
        assert!(Tensor::from([1.0, f64::NAN]).norm().item().is_nan());
    }

    #[test]
    fn the_other_norms_have_their_values_and_subgradients() {
        let tape = Tape::new();
        let x = tape.var([[3.0, -4.0], [0.0, 0.0], [-2.0, 2.0]]);
        let y = x.norm_1_over(1);
        assert_eq!(y.value().data(), [7.0, 0.0, 4.0]);
        let expected = Tensor::from([[1.0, -1.0], [0.0, 0.0], [-1.0, 1.0]]);
        assert_eq!(y.sum().gradients().wrt(x), expected);
        let y = x.norm_inf_over(-1);
        assert_eq!(y.value().data(), [4.0, 0.0, 2.0]);
        let expected = Tensor::from([[0.0, -1.0], [0.0, 0.0], [-0.5, 0.5]]);
        assert_eq!(y.sum().gradients().wrt(x), expected);
        assert_eq!(
            Tensor::<f64>::zeros([2, 0]).norm_inf_over(1).data(),
            [0.0; 2]
        );
    }

    #[test]
    fn at_the_origin_derivatives_of_every_order_are_zero() {
        let tape = Tape::new();
        // One row at the origin, and one away from it.
        let x = tape.var([[0.0_f64, 0.0], [3.0, 4.0]]);
        let gradient = x.norm_over([1]).sum().recorded_gradients(&[x])[0];
        assert_eq!(gradient.value(), Tensor::from([[0.0, 0.0], [0.6, 0.8]]));
        let second = gradient.sum().recorded_gradients(&[x])[0];
        assert_eq!(second.value().rows(0..1), Tensor::from([[0.0, 0.0]]));
        let third = second.sum().gradients().wrt(x);
        assert_eq!(third.rows(0..1), Tensor::from([[0.0, 0.0]]));
        assert!(third.sum().item().is_finite());
    }
}
