//! Softmax over axes, and its logarithm.
//!
//! ```text
//! softmax       yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)        x̄ = y ⊙ (ȳ − Σ ȳ ⊙ y)
//! log_softmax   yᵢ = xᵢ − ln Σⱼ exp(xⱼ)          x̄ = ȳ − softmax(x) Σ ȳ
//! ```
//!
//! The first rule is the product with the paper's softmax Jacobian, `sᵢ (1 − sᵢ)` on the diagonal and `−sᵢ sⱼ` off it
//! (Worked Example, Backpropagation), which is symmetric. The largest input is subtracted before the exponentials are
//! computed. This does not change the result and prevents overflow.

use super::permute::inverse;
use super::prelude::*;
use autodiff_kernels::softmax;

/// Softmax over axes.
#[derive(Clone, Debug)]
pub(crate) struct Softmax(AxisSet);

impl<T: Real> Op<T> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        along(x[0], &self.0, softmax::softmax)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || {
            let mean = y_bar.absorbing_mul(at.y).sum_over_keepdims(&self.0);
            at.y.absorbing_mul(&y_bar - mean)
        });
    }

    built_in!(Softmax);
}

/// The logarithm of softmax over axes.
#[derive(Clone, Debug)]
pub(crate) struct LogSoftmax(AxisSet);

impl<T: Real> Op<T> for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        along(x[0], &self.0, softmax::log_softmax)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || {
            let p = at.x[0].softmax(&self.0);
            // 1, or NaN where p is NaN, so that a NaN reaches the total even if the adjoints cancel.
            let one = 0.0 * &p + 1.0;
            let total = y_bar.absorbing_mul(one).sum_over_keepdims(&self.0);
            &y_bar - p.absorbing_mul(total)
        });
    }

    built_in!(LogSoftmax);
}

/// Applies a kernel along the lines formed by the given axes together.
fn along<T: Real>(
    x: &Tensor<T>,
    axes: &AxisSet,
    kernel: impl Fn(&[T], usize, usize, &mut [T]),
) -> Tensor<T> {
    let shape = x.shape();
    let mut runs = axes.runs();
    let (_, extent, inner) = match (runs.next(), runs.next()) {
        (None, _) => (shape.size(), 1, 1),
        (Some((first, last)), None) => shape.split(first, last),
        // Axes that are not neighbours are moved to the end.
        _ => {
            let others = (0..shape.rank()).filter(|axis| !axes.contains(axis));
            let order: Vec<usize> = others.chain(axes.iter().copied()).collect();
            let together = AxisSet::filtered(order.len(), |&axis| axis >= order.len() - axes.len());
            return along(&x.permute(&order[..]), &together, kernel).permute(&inverse(&order)[..]);
        }
    };
    Tensor::made(shape.clone(), |y| kernel(x.data(), extent, inner, y))
}

methods! {
    /// Softmax and its logarithm.
    pub trait SoftmaxMethods;

    /// Returns the softmax over one axis or several: `exp(xᵢ) / Σⱼ exp(xⱼ)`.
    #[doc = include_str!("../../infinite_logits.md")]
    ///
    /// # Panics
    ///
    /// If there is no such axis, or an axis is named twice.
    pub fn softmax(self, axes: impl Into<Axes>) -> Self {
        Self::apply(Softmax(axes.into().of(&self.shape(), "softmax")), &[self])
    }

    /// Returns the logarithm of softmax over one axis or several: `xᵢ − ln Σⱼ exp(xⱼ)`, not from a rounded quotient.
    #[doc = include_str!("../../infinite_logits.md")]
    ///
    /// # Panics
    ///
    /// If there is no such axis, or an axis is named twice.
    pub fn log_softmax(self, axes: impl Into<Axes>) -> Self {
        Self::apply(LogSoftmax(axes.into().of(&self.shape(), "log_softmax")), &[self])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], &[usize]); 12] = [
        (&[1], &[0]),
        (&[5], &[0]),
        (&[0], &[0]),
        (&[3, 4], &[1]),
        (&[3, 4], &[0]),
        (&[3, 4], &[1, 0]),
        (&[3, 4], &[]),
        (&[2, 3, 4], &[1]),
        (&[2, 3, 4], &[2, 0]),
        (&[3, 1], &[1]),
        (&[0, 3], &[1]),
        (&[1, 10], &[1]),
    ];
    let both = |(shape, axes): (&[usize], &'static [usize])| {
        [
            CheckCase::new("softmax", &[shape], move |x| x[0].softmax(axes)),
            CheckCase::new("log_softmax", &[shape], move |x| x[0].log_softmax(axes)),
        ]
    };
    cases.into_iter().flat_map(both).collect()
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
