//! The logarithm of a sum of exponentials over axes.
//!
//! ```text
//! y = ln Σᵢ exp(xᵢ)
//! vjp   x̄ = ȳ softmax(x)
//! ```

use super::prelude::*;
use super::reductions_macro::{Reduction, reduction_cases};
use super::sum::elements_reduced;

/// The logarithm of the sum of the exponentials over axes, which keep extent 1.
#[derive(Clone, Debug)]
pub(crate) struct LogSumExp(AxisSet);

impl<T: Real> Op<T> for LogSumExp {
    fn name(&self) -> &'static str {
        "log_sum_exp"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, axes) = (x[0], &self.0);
        if elements_reduced(x.shape(), axes) == 0.0 {
            return Tensor::full(x.shape().reduced(axes, true), -T::INFINITY);
        }
        // The largest exponent becomes 0, so that no exponential overflows. Infinity minus infinity would be NaN.
        let finite_or_zero = |x: T| {
            if x.to_f64().is_finite() {
                x
            } else {
                T::default()
            }
        };
        let shift = x.max_over_keepdims(axes).map(finite_or_zero);
        (x - &shift).exp().sum_over_keepdims(axes).ln() + shift
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || at.x[0].softmax(&self.0).absorbing_mul(&y_bar));
    }

    built_in!(LogSumExp);
}

#[track_caller]
fn log_of_sum<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    kept_or_removed(A::apply(LogSumExp(axes.clone()), &[x]), axes, keepdims)
}

reductions! {
    /// Logarithms of sums of exponentials.
    pub trait LogSumExpMethods;

    /// Intermediate results do not overflow. The gradient is the softmax, `exp xᵢ / Σⱼ exp xⱼ`.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1000.0, 1000.0]);
    /// let y = x.log_sum_exp();
    /// assert_eq!(y.item(), 1000.0 + 2.0_f64.ln());
    /// assert_eq!(y.gradients().wrt(x).data(), [0.5, 0.5]);
    /// ```
    #[doc = include_str!("../../infinite_logits.md")]
    #[doc(alias("logsumexp"))]
    pub fn log_sum_exp_over, log_sum_exp_over_keepdims, log_sum_exp = log_of_sum:
        "the logarithm of the sum of the exponentials, `ln Σᵢ exp xᵢ`,", "−∞";
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let reductions: [(&str, Reduction); 3] = [
        ("log_sum_exp", |x, _| x.log_sum_exp()),
        ("log_sum_exp_over", |x, axes| x.log_sum_exp_over(axes)),
        ("log_sum_exp_over_keepdims", |x, axes| {
            x.log_sum_exp_over_keepdims(axes)
        }),
    ];
    reduction_cases(&reductions, false)
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    const INF: f64 = f64::INFINITY;

    #[test]
    fn values_do_not_overflow() {
        let x = Tensor::from([[1000.0_f32, 1000.0], [-1000.0, -1000.0]]);
        let ln_2 = std::f32::consts::LN_2;
        assert_eq!(
            x.log_sum_exp_over(1).data(),
            [1000.0 + ln_2, -1000.0 + ln_2]
        );
        assert_eq!(x.log_sum_exp_over([0, 1]).item(), 1000.0 + ln_2);
        assert_eq!(x.log_sum_exp_over_keepdims(-1).shape()[..], [2, 1]);
        assert_eq!(
            Tensor::<f64>::zeros([2, 0]).log_sum_exp_over(1).data(),
            [-INF; 2]
        );
    }

    #[test]
    fn infinite_logits_have_limits() {
        let tape = Tape::new();
        let x = tape.var([
            [0.0, -INF],
            [INF, 0.0],
            [INF, INF],
            [-INF, -INF],
            [0.0, f64::NAN],
        ]);
        let y = x.log_sum_exp_over(1);
        assert_eq!(y.value().data()[..4], [0.0, INF, INF, -INF]);
        assert!(y.value().data()[4].is_nan());
        let gradient = y.vjp(Tensor::full([5], 1.0)).wrt(x);
        assert_eq!(gradient.data()[..4], [1.0, 0.0, 1.0, 0.0]);
        assert!(gradient.data()[4..].iter().all(|x| x.is_nan()));
        // An adjoint of zero absorbs them.
        assert_eq!(y.vjp(Tensor::zeros([5])).wrt(x), Tensor::zeros([5, 2]));
    }
}
