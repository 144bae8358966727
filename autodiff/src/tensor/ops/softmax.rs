//! Softmax along an axis, and its logarithm.
//!
//! ```text
//! softmax       yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)        x̄ = y ⊙ (ȳ − Σ ȳ ⊙ y)
//! log_softmax   yᵢ = xᵢ − ln Σⱼ exp(xⱼ)          x̄ = ȳ − softmax(x) Σ ȳ
//! ```
//!
//! The first is the product with the paper's softmax Jacobian, `sᵢ (1 − sᵢ)` on the diagonal and `−sᵢ sⱼ` off it
//! (Worked Example, Backpropagation), which is symmetric. The largest input is subtracted before anything is
//! exponentiated, which changes nothing and cannot overflow.

use super::prelude::*;
use super::sum::check_axes;
use autodiff_kernels::softmax;

/// Softmax along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Softmax {
    axis: usize,
}

impl<T: Real> Op<T> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, axis) = (x[0], self.axis);
        check_axes(x, "softmax", &[axis]);
        let (_, extent, inner) = x.shape().split(axis, axis);
        Tensor::made(x.shape().clone(), |y| {
            softmax::softmax(x.data(), extent, inner, y);
        })
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || {
            let mean = y_bar.absorbing_mul(at.y).sum_over_keepdims(&[self.axis]);
            at.y.absorbing_mul(&y_bar - mean)
        });
    }

    built_in!(Softmax);
}

/// The logarithm of softmax along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogSoftmax {
    axis: usize,
}

impl<T: Real> Op<T> for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, axis) = (x[0], self.axis);
        check_axes(x, "log_softmax", &[axis]);
        let (_, extent, inner) = x.shape().split(axis, axis);
        Tensor::made(x.shape().clone(), |y| {
            softmax::log_softmax(x.data(), extent, inner, y);
        })
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || {
            let p = at.x[0].softmax(self.axis);
            // 1, or NaN where p is NaN, so that a NaN reaches the total even of adjoints that cancel.
            let one = 0.0 * &p + 1.0;
            let total = y_bar.absorbing_mul(one).sum_over_keepdims(&[self.axis]);
            &y_bar - p.absorbing_mul(total)
        });
    }

    built_in!(LogSoftmax);
}

methods! {
    /// Softmax along an axis, and its logarithm.
    pub trait SoftmaxMethods;

    /// Softmax along an axis: `exp(xᵢ) / Σⱼ exp(xⱼ)`.
    #[doc = include_str!("../../infinite_logits.md")]
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    pub fn softmax(self, axis: usize) -> Self {
        Self::apply(Softmax { axis }, &[self])
    }

    /// The logarithm of softmax along an axis: `xᵢ − ln Σⱼ exp(xⱼ)`, without the logarithm of a rounded quotient.
    #[doc = include_str!("../../infinite_logits.md")]
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    pub fn log_softmax(self, axis: usize) -> Self {
        Self::apply(LogSoftmax { axis }, &[self])
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let cases: [(&[usize], usize); 9] = [
        (&[1], 0),
        (&[5], 0),
        (&[0], 0),
        (&[3, 4], 1),
        (&[3, 4], 0),
        (&[2, 3, 4], 1),
        (&[3, 1], 1),
        (&[0, 3], 1),
        (&[1, 10], 1),
    ];
    cases
        .into_iter()
        .flat_map(|(shape, axis)| {
            [
                Sample::new("softmax", &[shape], move |x| x[0].softmax(axis)),
                Sample::new("log_softmax", &[shape], move |x| x[0].log_softmax(axis)),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn large_logits_do_not_overflow() {
        let x = Tensor::from([1000.0_f32, 999.0, -1000.0]);
        let y = x.softmax(0);
        assert!((y.data()[0] - 0.731_058_6).abs() < 1e-6 && y.data()[2] == 0.0);
        assert!((x.log_softmax(0).data()[2] + 2000.313).abs() < 1e-3);
    }

    #[test]
    fn a_logit_of_minus_infinity_has_gradient_zero() {
        let tape = Tape::new();
        let x = tape.var([0.5, f64::NEG_INFINITY, 0.25]);
        let gradient = (x.softmax(0) * Tensor::from([1.0, 2.0, 3.0]))
            .sum()
            .gradients()
            .wrt(x);
        assert_eq!(gradient.data()[1], 0.0);
        assert!(gradient.data()[0].is_finite());
    }
}
