//! The Euclidean norm, over all elements or over axes.
//!
//! ```text
//! y = √(Σ x²)
//! vjp   x̄ = ȳ x / y, and 0 where y = 0
//! ```
//!
//! At the origin the gradient is 0, the subgradient of least norm, and all higher derivatives are 0.

use super::prelude::*;

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

methods! {
    /// Euclidean norms.
    pub trait NormMethods;

    /// Returns the Euclidean norm `√(Σ x²)` of all elements, a scalar, without overflow or underflow; 0 if there are
    /// none.
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
    pub fn norm(self) -> Self {
        self.norm_over(..)
    }

    /// Returns the Euclidean norm over the given axes, which are removed.
    ///
    /// # Panics
    ///
    /// If there is no such axis, or an axis is named twice.
    pub fn norm_over(self, axes: impl Into<Axes>) -> Self {
        let shape = self.shape();
        let axes = axes.into().of(&shape, "norm");
        self.norm_over_keepdims(&axes).reshape(shape.reduced(&axes, false))
    }

    /// Returns the Euclidean norm over the given axes, which keep extent 1.
    ///
    /// # Panics
    ///
    /// If there is no such axis, or an axis is named twice.
    pub fn norm_over_keepdims(self, axes: impl Into<Axes>) -> Self {
        Self::apply(Norm(axes.into().of(&self.shape(), "norm")), &[self])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let shapes: [&[usize]; 8] = [&[], &[1], &[0], &[5], &[3, 2], &[2, 3, 2], &[0, 3], &[1, 6]];
    // Away from the origin.
    let interval = [(0.3, 1.0)];
    let mut checks: Vec<CheckCase> = shapes
        .map(|shape| CheckCase::within("norm", &[shape], &interval, |x| x[0].norm()))
        .into();
    let cases: [(&[usize], &[usize]); 9] = [
        (&[1], &[0]),
        (&[4], &[]),
        (&[3, 2], &[0]),
        (&[3, 2], &[1]),
        (&[2, 3], &[1, 0]),
        (&[2, 3, 2], &[0, 2]),
        (&[2, 0, 2], &[1]),
        (&[0, 3], &[1]),
        (&[1, 3], &[0]),
    ];
    for (shape, axes) in cases {
        checks.push(CheckCase::within(
            "norm_over",
            &[shape],
            &interval,
            move |x| x[0].norm_over(axes),
        ));
        checks.push(CheckCase::within(
            "norm_over_keepdims",
            &[shape],
            &interval,
            move |x| x[0].norm_over_keepdims(axes),
        ));
    }
    checks
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
