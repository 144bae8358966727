//! Cross-entropy from logits: softmax and logarithm in one operation, without overflow or cancellation.
//!
//! ```text
//! C = w Σ over samples of −Σᵢ tᵢ ln aᵢ,   a = softmax(z)
//! vjp   z̄ = C̄ w (a Σᵢ tᵢ − t)
//! ```
//!
//! The weight w is one over the number of samples (the mean), or a weight of the user's choice.
//!
//! For targets that sum to 1 this is the paper's δ = a − y (Worked Example, Backpropagation, and Appendix).

mod targets;

use super::prelude::*;
use autodiff_kernels::{reduce, softmax};
pub use targets::Targets;

/// Cross-entropy between targets and the softmax of logits: targets, label smoothing, and the reduction over samples.
///
/// ```
/// use autodiff::tensor::{CrossEntropy, Tape, Tensor};
///
/// let tape = Tape::new();
/// let logits = tape.var([[2.0, 0.0], [0.0, 1.0]]);
/// let classes = Tensor::from([0_u32, 1]);
/// let mean = logits.cross_entropy(classes.clone());
/// let smoothed = logits.cross_entropy(CrossEntropy::new(classes).label_smoothing(0.1).summed());
/// assert!(smoothed.item() > 2.0 * mean.item());
/// ```
#[doc = include_str!("../../infinite_logits.md")]
#[derive(Clone, Debug)]
pub struct CrossEntropy<T: Real> {
    targets: Targets<T>,
    smoothing: f64,
    /// The factor of the sum over the samples; `None` for one over their number.
    weight: Option<f64>,
}

impl<T: Real> CrossEntropy<T> {
    /// Takes the mean over the samples of `−Σᵢ tᵢ ln softmax(z)ᵢ`.
    #[must_use]
    pub fn new(targets: impl Into<Targets<T>>) -> Self {
        CrossEntropy {
            targets: targets.into(),
            smoothing: 0.0,
            weight: None,
        }
    }

    /// Mixes the targets with the uniform distribution: `t ← (1 − ε) t + ε / classes`.
    ///
    /// # Panics
    ///
    /// If `epsilon` is not in [0, 1].
    #[must_use]
    #[track_caller]
    pub fn label_smoothing(self, epsilon: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&epsilon),
            "cross_entropy: a label smoothing of {epsilon} is not in [0, 1]"
        );
        CrossEntropy {
            smoothing: epsilon,
            ..self
        }
    }

    /// Takes the sum over the samples instead of the mean.
    #[must_use]
    pub fn summed(self) -> Self {
        self.weighted(1.0)
    }

    /// Takes the sum over the samples times `weight` instead of the mean.
    #[must_use]
    pub fn weighted(self, weight: f64) -> Self {
        CrossEntropy {
            weight: Some(weight),
            ..self
        }
    }

    /// The factor of the sum over the samples.
    fn weight(&self, samples: usize) -> f64 {
        self.weight.unwrap_or(1.0 / samples as f64)
    }

    /// Checks the logits, and returns the numbers of samples and classes.
    ///
    /// # Panics
    ///
    /// If the shapes of logits and targets do not fit.
    #[track_caller]
    fn check(&self, logits: &Tensor<T>) -> (usize, usize) {
        let &[samples, classes] = &logits.shape()[..] else {
            panic!(
                "cross_entropy: logits of shape {} are not [samples, classes]",
                logits.shape()
            );
        };
        match &self.targets {
            Targets::Classes(numbers) => {
                assert!(
                    *numbers.shape() == [samples],
                    "cross_entropy: class numbers of shape {} for logits of shape {}",
                    numbers.shape(),
                    logits.shape()
                );
                if let Some(class) = numbers
                    .data()
                    .iter()
                    .find(|&&class| class as usize >= classes)
                {
                    panic!(
                        "cross_entropy: there is no class {class} in logits of shape {}",
                        logits.shape()
                    );
                }
            }
            Targets::Probabilities(rows) => assert!(
                rows.shape() == logits.shape(),
                "cross_entropy: targets of shape {} for logits of shape {}",
                rows.shape(),
                logits.shape()
            ),
        }
        (samples, classes)
    }

    /// The targets as rows of probabilities, smoothed.
    fn rows(&self, classes: usize) -> Tensor<T> {
        let rows = self.targets.probabilities(classes);
        if self.smoothing == 0.0 {
            return rows;
        }
        rows * (1.0 - self.smoothing) + self.smoothing / classes as f64
    }

    /// The cost, and its derivative with respect to the logits: w (a Σᵢ tᵢ − t).
    #[track_caller]
    fn value_and_derivative(&self, logits: &Tensor<T>) -> (T, Tensor<T>) {
        let (samples, classes) = self.check(logits);
        let (row, weight) = (classes.max(1), self.weight(samples));
        let mut cost = reduce::RunningSum::new();
        let z = logits.data();
        let derivative = Tensor::made(logits.shape().clone(), |derivative| {
            match &self.targets {
                Targets::Classes(numbers) if self.smoothing == 0.0 => {
                    softmax::softmax_rows(z, row, derivative, |i, derivative, normalizer| {
                        let class = numbers.data()[i] as usize;
                        cost.add(-normalizer.log_softmax(z[i * row + class]).to_f64());
                        derivative[class] = derivative[class] - T::from_f64(1.0);
                    });
                }
                _ => {
                    let targets = self.rows(classes);
                    softmax::softmax_rows(z, row, derivative, |i, derivative, normalizer| {
                        let (z, t) = (&z[i * row..][..row], &targets.data()[i * row..][..row]);
                        let mut total = reduce::RunningSum::new();
                        for (&z, &t) in z.iter().zip(t).filter(|(_, t)| t.to_f64() != 0.0) {
                            // A target of 0 adds nothing, even for a logit of −∞.
                            cost.add(t.to_f64() * -normalizer.log_softmax(z).to_f64());
                            total.add(t.to_f64());
                        }
                        let total = T::from_f64(total.total());
                        for (derivative, &t) in derivative.iter_mut().zip(t) {
                            *derivative = derivative.absorbing_mul(total) - t;
                        }
                    });
                }
            }
            if weight != 1.0 {
                let weight = T::from_f64(weight);
                for derivative in derivative {
                    *derivative = derivative.absorbing_mul(weight);
                }
            }
        });
        // A weight of 0 also absorbs an infinite cost, as it does in the derivative.
        let cost = if weight == 0.0 {
            0.0
        } else {
            cost.total() * weight
        };
        (T::from_f64(cost), derivative)
    }
}

impl<T: Real, S: Into<Targets<T>>> From<S> for CrossEntropy<T> {
    fn from(targets: S) -> Self {
        CrossEntropy::new(targets)
    }
}

/// Cross-entropy from logits. The targets are constants.
#[derive(Clone, Debug)]
pub(crate) struct CrossEntropyLoss<T: Real>(CrossEntropy<T>);

impl<T: Real> CrossEntropyLoss<T> {
    /// The operation in another precision, with the targets rounded to it.
    pub(crate) fn cast<U: Real>(&self) -> CrossEntropyLoss<U> {
        let CrossEntropy {
            targets,
            smoothing,
            weight,
        } = &self.0;
        CrossEntropyLoss(CrossEntropy {
            targets: match targets {
                Targets::Classes(numbers) => Targets::Classes(numbers.clone()),
                Targets::Probabilities(rows) => {
                    Targets::Probabilities(rows.map(|x| U::from_f64(x.to_f64())))
                }
            },
            smoothing: *smoothing,
            weight: *weight,
        })
    }
}

impl<T: Real> Op<T> for CrossEntropyLoss<T> {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        self.value_and_saved(x).0
    }

    #[track_caller]
    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        let (cost, derivative) = self.0.value_and_derivative(x[0]);
        (Tensor::scalar(cost), Saved::nothing().with(derivative))
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || {
            let z = at.x[0];
            let derivative = A::recall(at.saved(0), || {
                let targets = z.constant(self.0.rows(z.shape()[1]));
                let total = targets.sum_over_keepdims([1]);
                let difference = z.softmax(1).absorbing_mul(total) - targets;
                match self.0.weight(z.shape()[0]) {
                    1.0 => difference,
                    weight => difference.absorbing_mul(weight),
                }
            });
            derivative.absorbing_mul(&y_bar)
        });
    }

    built_in!(CrossEntropyLoss);
}

methods! {
    /// Cross-entropy.
    pub trait CrossEntropyMethods;

    /// Returns the cross-entropy between targets and the softmax of these logits, a scalar; see [`CrossEntropy`].
    ///
    /// The targets are constants: class numbers or rows of probabilities. By default the cost is the mean over the
    /// samples, which is NaN if there are no samples.
    #[doc = include_str!("../../infinite_logits.md")]
    ///
    /// # Panics
    ///
    /// If the logits do not have the shape `[samples, classes]`, or the targets do not fit them.
    pub fn cross_entropy(self, how: impl Into<CrossEntropy<<Self as Algebra>::Element>>) -> Self {
        Self::apply(CrossEntropyLoss(how.into()), &[self])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let mut checks = Vec::new();
    for [rows, columns] in [
        [1, 1],
        [1, 10],
        [5, 3],
        [7, 10],
        [2, 2],
        [3, 1],
        [17, 4],
        [4, 33],
    ] {
        let classes = Tensor::from_flat_fn([rows], |i| (i * 7 % columns) as u32);
        let probabilities = Tensor::from_flat_fn([rows, columns], |i| 0.1 + (i % 5) as f64 / 10.0);
        let one_hot = Targets::<f64>::from(classes.clone()).probabilities(columns);
        let cases = [
            CrossEntropy::new(classes.clone()),
            CrossEntropy::new(classes.clone()).summed(),
            CrossEntropy::new(classes.clone()).weighted(-0.3),
            CrossEntropy::new(classes).label_smoothing(0.1),
            CrossEntropy::new(one_hot),
            CrossEntropy::new(probabilities)
                .label_smoothing(0.2)
                .summed(),
        ];
        for how in cases {
            checks.push(CheckCase::new(
                "cross_entropy",
                &[&[rows, columns]],
                move |x| x[0].cross_entropy(how.clone()),
            ));
        }
    }
    // The sum over no samples is 0. The mean is NaN, which cannot be checked.
    let none = CrossEntropy::new(Tensor::<u32>::zeros([0])).summed();
    checks.push(CheckCase::new("cross_entropy", &[&[0, 10]], move |x| {
        x[0].cross_entropy(none.clone())
    }));
    checks
}

#[cfg(test)]
mod tests {
    use super::CrossEntropy;
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn the_gradient_is_a_minus_y() {
        let tape = Tape::new();
        let logits = tape.var([[1.0_f64, 2.0, 3.0]]);
        let cost = logits.cross_entropy(Tensor::from([2_u32]));
        let difference = logits.value().softmax(1) - Tensor::from([[0.0, 0.0, 1.0]]);
        let error = cost.gradients().wrt(logits) - difference;
        assert!(error.abs().max_over(1).item() < 1e-15);
        assert!((cost.item() + logits.value().log_softmax(1).data()[2]).abs() < 1e-15);
    }

    #[test]
    fn class_numbers_and_one_hot_rows_agree() {
        let logits = Tensor::from([[0.3_f64, -2.0], [4.0, 0.5]]);
        let rows = Tensor::from([[0.0, 1.0], [1.0, 0.0]]);
        let by_class = logits
            .cross_entropy(CrossEntropy::new(Tensor::from([1_u32, 0])).label_smoothing(0.2))
            .item();
        let by_row: f64 = logits
            .cross_entropy(CrossEntropy::new(rows).label_smoothing(0.2))
            .item();
        assert!((by_class - by_row).abs() < 1e-15);
    }

    #[test]
    fn a_logit_of_minus_infinity_costs_nothing_where_its_target_is_zero() {
        let tape = Tape::new();
        let logits = tape.var([[1.0, f64::NEG_INFINITY]]);
        let cost = logits.cross_entropy(Tensor::from([[1.0, 0.0]]));
        assert_eq!(cost.item(), 0.0);
        assert_eq!(cost.gradients().wrt(logits).data(), [0.0, 0.0]);
    }

    #[test]
    fn the_mean_over_no_samples_is_nan() {
        let none = Tensor::<f64>::zeros([0, 3]);
        assert!(
            none.cross_entropy(Tensor::<u32>::zeros([0]))
                .item()
                .is_nan()
        );
    }

    #[test]
    #[should_panic(expected = "cross_entropy: there is no class 3 in logits of shape [1, 3]")]
    fn a_class_that_does_not_exist_is_refused() {
        let _ = Tensor::<f32>::zeros([1, 3]).cross_entropy(Tensor::from([3_u32]));
    }

    #[test]
    #[should_panic(expected = "targets of shape [2] for logits of shape [1, 2]")]
    fn targets_of_another_shape_are_refused() {
        let _ = Tensor::<f32>::zeros([1, 2]).cross_entropy(Tensor::from([0.5_f32, 0.5]));
    }
}
