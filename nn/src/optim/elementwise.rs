//! Optimizers that update each parameter separately. A rule is the formula, and [`ElementwiseOptimizer`] does the rest.

use super::update::Update;
use super::{
    Optimizer, OptimizerState, Setting, SettingError, StateError, StepError, check_size,
    check_sizes,
};
use autodiff::tensor::raw::vectorized;
use autodiff::tensor::{Real, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::array;
use std::fmt::Debug;
use std::mem;
use std::ops::RangeInclusive;

/// The formula of an optimizer that updates each parameter separately, from its derivative and `N` moments.
///
/// A value of the type holds the settings. [`ElementwiseOptimizer`] is the optimizer of a rule: it owns the moments, saves and
/// restores its state, shares the parameters among threads, and refuses steps that are not finite.
///
/// ```
/// use autodiff::tensor::Real;
/// use nn::{ElementwiseOptimizer, UpdateRule};
/// use serde::{Deserialize, Serialize};
///
/// /// RMSProp, which divides the rate by the root of the mean squared derivative.
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct RmsProp {
///     learning_rate: f64,
///     decay: f64,
/// }
///
/// impl UpdateRule<1> for RmsProp {
///     const NAME: &'static str = "rmsprop";
///     const MOMENTS: [&'static str; 1] = ["mean_square"];
///     fn learning_rate(&mut self) -> &mut f64 {
///         &mut self.learning_rate
///     }
///     fn formula<T: Real>(&self, _: u64) -> impl Fn(T, T, [T; 1]) -> (T, [T; 1]) + Sync {
///         let settings = [self.learning_rate, self.decay, 1.0 - self.decay, 1e-8];
///         let [rate, kept, added, epsilon] = settings.map(T::from_f64);
///         move |x, g, [mean]| {
///             let mean = kept * mean + added * g * g;
///             (x - rate * g / (mean.sqrt() + epsilon), [mean])
///         }
///     }
/// }
///
/// let mut optimizer = ElementwiseOptimizer::by(RmsProp { learning_rate: 0.01, decay: 0.9 })?;
/// let mut x = [1.0_f64];
/// for _ in 0..200 {
///     let gradient = [2.0 * x[0]];
///     optimizer.step(&mut x, &gradient)?;
/// }
/// assert!(x[0].abs() < 0.02);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait UpdateRule<const N: usize>:
    Clone + Debug + PartialEq + Send + Serialize + DeserializeOwned
{
    /// The kind of optimizer, as a state and a file name it.
    const NAME: &'static str;
    /// The names of the moments in a state and in a file.
    const MOMENTS: [&'static str; N];

    /// The learning rate, for reading and for schedules, which change it.
    fn learning_rate(&mut self) -> &mut f64;

    /// Returns the formula of step `t`, counted from 1: a function from a parameter, its derivative and its moments to
    /// the parameter and the moments after the step. Moments are 0 before the first step. If parameter and derivative
    /// are 0, the parameter must stay 0.
    fn formula<T: Real>(&self, t: u64) -> impl Fn(T, T, [T; N]) -> (T, [T; N]) + Sync;

    /// Checks the settings, exactly and rounded to `T`.
    ///
    /// # Errors
    ///
    /// If a setting is out of its range.
    fn check<T: Real>(&self) -> Result<(), SettingError> {
        Setting::LearningRate.check::<T>(*self.clone().learning_rate())
    }

    /// Whether the formula uses the moments with these settings. If it does not, none are stored, and the formula gets
    /// zeros.
    fn has_moments(&self) -> bool {
        true
    }

    /// The learning rate α, if the formula is `θ ← θ − α ∂C/∂θ` with these settings.
    fn plain_descent(&self) -> Option<f64> {
        None
    }

    /// Whether the formula depends on the number of the step.
    fn counts_steps(&self) -> bool {
        true
    }

    /// The range of the moment with the given number after any step. A state with a number outside of the range is
    /// refused.
    fn moment_range<T: Real>(&self, moment: usize) -> RangeInclusive<T> {
        let _ = moment;
        -T::MAX..=T::MAX
    }

    /// The largest derivative for which step `t` keeps all finite parameters and all moments in their range finite. If
    /// the limit is not known, or a derivative is larger, the step is first tried on copies.
    fn safe_gradient<T: Real>(&self, t: u64) -> Option<f64> {
        let _ = t;
        None
    }
}

/// An optimizer that updates each parameter separately, by a [`UpdateRule`].
#[derive(Clone, Debug, PartialEq)]
pub struct ElementwiseOptimizer<R, T: Real, const N: usize> {
    rule: R,
    steps: u64,
    /// Each has the size of the parameters. Empty before the first step.
    moments: Vec<Tensor<T>>,
}

impl<R: UpdateRule<N>, T: Real, const N: usize> ElementwiseOptimizer<R, T, N> {
    /// Returns an optimizer before its first step.
    ///
    /// # Errors
    ///
    /// If a setting of the rule is out of its range, exactly or rounded to `T`.
    pub fn by(rule: R) -> Result<Self, SettingError> {
        rule.check::<T>()?;
        Ok(ElementwiseOptimizer {
            rule,
            steps: 0,
            moments: Vec::new(),
        })
    }

    /// The rule, which holds the settings.
    #[must_use]
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// Takes one step, as [`Optimizer::step`] does.
    ///
    /// # Errors
    ///
    /// If an element of the gradient is not finite, or an element of the parameters or moments would not be finite
    /// after the step. Nothing is changed then.
    ///
    /// # Panics
    ///
    /// If the buffers differ in size, or their size differs from an earlier step.
    #[track_caller]
    pub fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError> {
        check_sizes(parameters, gradient, Optimizer::size(self));
        let mut outcome = Ok(());
        self.begin(gradient.len(), |update| {
            outcome = update.apply(parameters, gradient);
            outcome.is_ok()
        });
        outcome
    }

    /// Passes the next step, for `parameter_count` parameters, to `apply`. Returns whether the step was taken.
    fn begin(&mut self, parameter_count: usize, apply: impl FnOnce(Update<'_, T>) -> bool) -> bool {
        let is_first = self.moments.is_empty();
        let steps = self.steps.saturating_add(1);
        let formula = self.rule.formula::<T>(steps);
        let rule = |parameters: &mut [T], gradient: &[T], moments: &mut [&mut [T]]| {
            each(&formula, parameters, gradient, moments);
        };
        let moment_count = if self.rule.has_moments() { N } else { 0 };
        if is_first {
            let zeros = || Tensor::zeros([parameter_count]);
            self.moments.extend((0..moment_count).map(|_| zeros()));
        }
        let moments = self
            .moments
            .iter_mut()
            .take(moment_count)
            .map(Tensor::data_mut);
        let mut update = Update::new(moments, &rule);
        if let Some(rate) = self.rule.plain_descent() {
            update = update.plain_descent(T::from_f64(rate));
        }
        let is_taken = apply(match self.rule.safe_gradient::<T>(steps) {
            Some(gradient) => update.safe_up_to(gradient),
            None => update,
        });
        if is_taken && self.rule.counts_steps() {
            self.steps = steps;
        } else if is_first && !is_taken {
            self.moments.clear();
        }
        is_taken
    }
}

/// Applies a formula to some parameters with their moments, or with zeros if there are no moments.
fn each<T: Real, const N: usize>(
    formula: &impl Fn(T, T, [T; N]) -> (T, [T; N]),
    parameters: &mut [T],
    gradient: &[T],
    moments: &mut [&mut [T]],
) {
    let n = parameters.len();
    let gradient = &gradient[..n];
    if moments.len() < N {
        return vectorized(
            #[inline(always)]
            move || {
                for (x, &g) in parameters.iter_mut().zip(gradient) {
                    *x = formula(*x, g, [T::default(); N]).0;
                }
            },
        );
    }
    let moments: [&mut [T]; N] = array::from_fn(|k| &mut mem::take(&mut moments[k])[..n]);
    vectorized(
        #[inline(always)]
        move || {
            for i in 0..n {
                let before = array::from_fn(|k| moments[k][i]);
                let (parameter, after) = formula(parameters[i], gradient[i], before);
                parameters[i] = parameter;
                for k in 0..N {
                    moments[k][i] = after[k];
                }
            }
        },
    );
}

impl<R: UpdateRule<N>, T: Real, const N: usize> Optimizer<T> for ElementwiseOptimizer<R, T, N> {
    #[track_caller]
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError> {
        ElementwiseOptimizer::step(self, parameters, gradient)
    }

    #[track_caller]
    fn step_by_panels(
        &mut self,
        parameter_count: usize,
        apply: &mut dyn FnMut(Update<'_, T>) -> bool,
    ) -> bool {
        check_size(parameter_count, self.size());
        self.begin(parameter_count, apply)
    }

    fn size(&self) -> Option<usize> {
        self.moments.first().map(Tensor::size)
    }

    fn learning_rate(&self) -> f64 {
        *self.rule.clone().learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), SettingError> {
        let mut rule = self.rule.clone();
        *rule.learning_rate() = learning_rate;
        rule.check::<T>().map_err(|error| match error.setting {
            // The caller set the rate, so the error names the rate and not the weight decay that it conflicts with.
            Setting::WeightDecay => SettingError {
                setting: Setting::LearningRate,
                value: learning_rate,
                rounded: None,
                wanted: "at most 1 over the weight decay: parameters would change sign",
            },
            _ => error,
        })?;
        self.rule = rule;
        Ok(())
    }

    fn state(&self) -> OptimizerState<T> {
        let names = R::MOMENTS.map(str::to_owned);
        OptimizerState {
            name: R::NAME.to_owned(),
            // A struct of numbers and booleans always has a JSON form.
            settings: serde_json::to_value(&self.rule).unwrap_or_default(),
            steps: self.steps,
            moments: names.into_iter().zip(self.moments.clone()).collect(),
        }
    }

    fn restore(&mut self, state: OptimizerState<T>) -> Result<(), StateError> {
        if state.name != R::NAME {
            return Err(StateError::Kind {
                found: state.name,
                wanted: R::NAME,
            });
        }
        let restored = ElementwiseOptimizer::by(serde_json::from_value::<R>(state.settings)?)?;
        let (found, moments): (Vec<String>, Vec<Tensor<T>>) = state.moments.into_iter().unzip();
        let size = moments.first().map_or(0, Tensor::size);
        let are_fit = found == R::MOMENTS && moments.iter().all(|moment| moment.size() == size);
        if !(moments.is_empty() || are_fit) {
            let wanted = const { &R::MOMENTS };
            return Err(StateError::Moments { found, wanted });
        }
        for (number, (name, moment)) in R::MOMENTS.into_iter().zip(&moments).enumerate() {
            let range = restored.rule.moment_range::<T>(number);
            let mut elements = moment.data().iter().enumerate();
            if let Some((index, element)) = elements.find(|(_, x)| !range.contains(x)) {
                return Err(StateError::Value {
                    moment: name,
                    index,
                    value: element.to_f64(),
                });
            }
        }
        *self = ElementwiseOptimizer {
            steps: state.steps,
            moments,
            ..restored
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AdamSettings, SgdSettings};

    /// Returns whether a step keeps the largest parameters finite, for the largest derivative that the rule declares
    /// safe and moments at the ends of their ranges. `None` if the rule declares nothing.
    fn stays_finite<T: Real, R: UpdateRule<N>, const N: usize>(rule: &R, t: u64) -> Option<bool> {
        let safe = T::from_f64(rule.safe_gradient::<T>(t)?);
        let formula = rule.formula::<T>(t);
        let ends = |range: &RangeInclusive<T>, is_high: bool| {
            if is_high {
                *range.end()
            } else {
                *range.start()
            }
        };
        let ranges: [_; N] = array::from_fn(|k| rule.moment_range::<T>(k));
        let are_finite = (0..1 << (N + 2)).all(|signs: u32| {
            let is_high = |bit: usize| signs >> bit & 1 == 1;
            let signed = |x: T, bit| if is_high(bit) { x } else { -x };
            let moments = array::from_fn(|k| ends(&ranges[k], is_high(k)));
            let (x, moments) = formula(signed(T::MAX, N), signed(safe, N + 1), moments);
            let is_finite = |x: T| x.to_f64().is_finite();
            is_finite(x) && moments.into_iter().all(is_finite)
        });
        Some(are_finite)
    }

    fn check<T: Real>() {
        for learning_rate in [0.0, 1e-3, 1.0, 2.0, 2.5, 30.0, 1e5] {
            for weight_decay in [0.0, 1e-4, 0.24, 0.25, 0.26, 3.0] {
                for momentum in [0.0, 0.9] {
                    let rule = SgdSettings {
                        momentum,
                        nesterov: momentum > 0.0,
                        weight_decay,
                        ..SgdSettings::new(learning_rate)
                    };
                    let outcome = stays_finite::<T, _, 1>(&rule, 1);
                    assert_ne!(outcome, Some(false), "{rule:?}");
                    let is_usual =
                        learning_rate <= 2.0 && weight_decay * learning_rate.max(1.0) <= 0.25;
                    assert_eq!(outcome.is_some(), is_usual, "{rule:?}");
                }
                let rule = AdamSettings {
                    weight_decay,
                    ..AdamSettings::new(learning_rate)
                };
                for t in [1, 2, 1000] {
                    let outcome = stays_finite::<T, _, 2>(&rule, t);
                    assert_ne!(outcome, Some(false), "{rule:?}");
                    assert!(outcome.is_some() || learning_rate > 1.0, "{rule:?}");
                }
            }
        }
    }

    #[test]
    fn steps_declared_safe_stay_finite() {
        check::<f32>();
        check::<f64>();
    }
}
