//! Adam, with weight decay in the gradient or decoupled from it.

use super::range::{clamp, largest_in_moments, safe_change};
use super::state::check_moment;
use super::{
    Moment, Optimizer, OptimizerState, Setting, SettingError, StateError, StepError, Update,
    check_size, check_sizes, provide,
};
use autodiff::tensor::{Real, Tensor, vectorized};
use serde::{Deserialize, Serialize};

/// The settings of [`Adam`] and [`AdamW`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamSettings {
    /// The learning rate α ≥ 0.
    pub learning_rate: f64,
    /// β₁ in [0, 1): how much of the mean gradient is kept at each step.
    pub beta1: f64,
    /// β₂ in [0, 1): how much of the mean squared gradient is kept at each step.
    pub beta2: f64,
    /// ε > 0, added to the root of the mean square.
    pub epsilon: f64,
    /// The weight decay λ ≥ 0.
    pub weight_decay: f64,
}

impl Default for AdamSettings {
    /// Kingma and Ba's: α = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, and no weight decay.
    fn default() -> Self {
        AdamSettings {
            learning_rate: 0.001,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

impl AdamSettings {
    fn check<T: Real>(&self, decay: Decay) -> Result<(), SettingError> {
        Setting::LearningRate.check_rate::<T>(self.learning_rate)?;
        Setting::Beta1.check_kept::<T>(self.beta1)?;
        Setting::Beta2.check_kept::<T>(self.beta2)?;
        Setting::Epsilon.check_epsilon::<T>(self.epsilon)?;
        Setting::WeightDecay.check_rate::<T>(self.weight_decay)?;
        decay.check(Setting::WeightDecay, self.weight_decay, self.learning_rate)
    }
}

/// Makes an optimizer of the moments of Adam: the two kinds differ in name, documentation, and where the decay goes.
macro_rules! adam {
    ($(#[$doc:meta])* $Adam:ident, $name:literal, $decay:expr, weight_decay: $weight_decay:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Adam<T: Real>(Moments<T>);

        impl<T: Real> $Adam<T> {
            /// An optimizer with the learning rate α, otherwise Kingma and Ba's settings, and
            #[doc = concat!("λ = ", $weight_decay, ".")]
            ///
            /// # Panics
            ///
            /// If α is negative or not finite.
            #[must_use]
            #[track_caller]
            pub fn new(learning_rate: f64) -> Self {
                let settings = AdamSettings {
                    learning_rate,
                    weight_decay: $weight_decay,
                    ..AdamSettings::default()
                };
                match $Adam::with(settings) {
                    Ok(adam) => adam,
                    Err(error) => panic!("{error}"),
                }
            }

            /// An optimizer with these settings.
            ///
            /// # Errors
            ///
            /// If one of them is out of its range, or is so when rounded to `T`.
            pub fn with(settings: AdamSettings) -> Result<Self, SettingError> {
                Moments::new(settings, $decay).map($Adam)
            }

            /// The settings.
            #[must_use]
            pub fn settings(&self) -> &AdamSettings {
                &self.0.settings
            }

            /// Takes one step: [`Optimizer::step`].
            ///
            /// # Errors
            ///
            /// If an element of the gradient, or of parameters or moments after the step, is not finite. Nothing is changed
            /// then.
            ///
            /// # Panics
            ///
            /// If the buffers differ in size, or had another size in an earlier step.
            #[track_caller]
            pub fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError> {
                check_sizes(parameters, gradient, self.0.size());
                self.0.step(parameters, gradient, $decay)
            }
        }

        impl<T: Real> Optimizer<T> for $Adam<T> {
            #[track_caller]
            fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError> {
                $Adam::step(self, parameters, gradient)
            }

            #[track_caller]
            fn step_by_pieces(
                &mut self,
                parameters: usize,
                apply: &mut dyn FnMut(Update<'_, T>) -> bool,
            ) -> bool {
                check_size(parameters, self.0.size());
                self.0.begin(parameters, $decay, apply)
            }

            fn size(&self) -> Option<usize> {
                self.0.size()
            }

            fn learning_rate(&self) -> f64 {
                self.0.settings.learning_rate
            }

            fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), SettingError> {
                let rate = Setting::LearningRate;
                rate.check_rate::<T>(learning_rate)?;
                $decay.check(rate, learning_rate, self.0.settings.weight_decay)?;
                self.0.settings.learning_rate = learning_rate;
                Ok(())
            }

            fn state(&self) -> OptimizerState<T> {
                self.0.state($name)
            }

            fn restore(&mut self, state: OptimizerState<T>) -> Result<(), StateError> {
                self.0 = Moments::from_state($name, state, $decay)?;
                Ok(())
            }
        }
    };
}

adam! {
    /// Adam (Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, Algorithm 1), optionally with weight decay λ
    /// added to the gradient. At step t, counting from 1:
    ///
    /// ```text
    /// g ← ∂C/∂θ + λθ
    /// m ← β₁m + (1 − β₁)g       the mean gradient, 0 at first
    /// v ← β₂v + (1 − β₂)g²      the mean squared gradient, 0 at first
    /// m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
    /// θ ← θ − α m̂ / (√v̂ + ε)
    /// ```
    ///
    /// So that m and v stay finite, a larger |g| counts as 2·10¹⁸ in `f32`, and as 2·10¹⁵³ in `f64`. The steps after such a
    /// g are short until v has forgotten it; with β₂ = 0.999, v loses a factor of e in 1,000 steps.
    ///
    /// ```
    /// use nn::{Adam, AdamSettings};
    ///
    /// // The minimum of x² + 1000 y²: the steps do not depend on the scale of the gradient.
    /// let mut at = [1.0_f64, 1.0];
    /// let settings = AdamSettings { learning_rate: 0.1, ..AdamSettings::default() };
    /// let mut adam = Adam::with(settings)?;
    /// for _ in 0..500 {
    ///     let gradient = [2.0 * at[0], 2000.0 * at[1]];
    ///     adam.step(&mut at, &gradient)?;
    /// }
    /// assert!(at.iter().all(|x| x.abs() < 1e-6));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Adam, "adam", Decay::InGradient, weight_decay: 0.0
}

adam! {
    /// AdamW (Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, Algorithm 2): [`Adam`] with a weight
    /// decay λ that does not enter the moments. At step t, counting from 1, with g = ∂C/∂θ:
    ///
    /// ```text
    /// m ← β₁m + (1 − β₁)g       the mean gradient, 0 at first
    /// v ← β₂v + (1 − β₂)g²      the mean squared gradient, 0 at first
    /// m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
    /// θ ← θ − α (m̂ / (√v̂ + ε) + λθ)
    /// ```
    ///
    /// A very large |g| counts as less, as with [`Adam`]. What is αλ here, as in PyTorch's `AdamW`, is λ in the article.
    ///
    /// ```
    /// use nn::{AdamSettings, AdamW};
    ///
    /// // Where the cost does not depend on a parameter, it decays to 0.
    /// let mut at = [1.0_f64, 1.0];
    /// let settings = AdamSettings { learning_rate: 0.1, weight_decay: 0.5, ..AdamSettings::default() };
    /// let mut adam = AdamW::with(settings)?;
    /// for _ in 0..500 {
    ///     let gradient = [2.0 * at[0], 0.0];
    ///     adam.step(&mut at, &gradient)?;
    /// }
    /// assert!(at.iter().all(|x| x.abs() < 1e-6));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    AdamW, "adamw", Decay::Beside, weight_decay: 0.01
}

/// Where the weight decay goes.
#[derive(Clone, Copy)]
enum Decay {
    /// Into the gradient, and so into the moments.
    InGradient,
    /// Straight into the parameters.
    Beside,
}

impl Decay {
    /// Checks learning rate and weight decay, of which `setting` is one, against each other.
    fn check(self, setting: Setting, value: f64, other: f64) -> Result<(), SettingError> {
        match self {
            // The moments know no scale, so this decay is never too large.
            Decay::InGradient => Ok(()),
            Decay::Beside => setting.check_decay(value, other),
        }
    }
}

/// What is remembered from step to step.
#[derive(Clone, Debug, PartialEq)]
struct Moments<T: Real> {
    settings: AdamSettings,
    steps: u64,
    first: Moment<T>,
    second: Moment<T>,
}

const MOMENTS: [&str; 2] = ["first_moment", "second_moment"];

impl<T: Real> Moments<T> {
    fn new(settings: AdamSettings, decay: Decay) -> Result<Self, SettingError> {
        settings.check::<T>(decay)?;
        Ok(Moments {
            settings,
            steps: 0,
            first: None,
            second: None,
        })
    }

    fn state(&self, name: &str) -> OptimizerState<T> {
        let moments = MOMENTS.into_iter().zip([&self.first, &self.second]);
        OptimizerState::new(name, &self.settings, self.steps, moments)
    }

    fn from_state(
        name: &'static str,
        state: OptimizerState<T>,
        decay: Decay,
    ) -> Result<Self, StateError> {
        let steps = state.steps;
        let (settings, [first, second]) = state.open::<AdamSettings, 2>(name, &MOMENTS)?;
        let largest = largest_first_moment::<T>();
        check_moment(MOMENTS[0], &first, -largest..=largest)?;
        check_moment(MOMENTS[1], &second, T::default()..=T::MAX)?;
        Ok(Moments {
            steps,
            first,
            second,
            ..Moments::new(settings, decay)?
        })
    }

    fn size(&self) -> Option<usize> {
        self.first.as_ref().map(Tensor::size)
    }

    fn step(
        &mut self,
        parameters: &mut [T],
        gradient: &[T],
        decay: Decay,
    ) -> Result<(), StepError> {
        let mut outcome = Ok(());
        self.begin(gradient.len(), decay, |update| {
            outcome = update.apply(parameters, gradient);
            outcome.is_ok()
        });
        outcome
    }

    /// Begins a step of so many parameters, and hands it on; returns whether it was taken.
    fn begin(
        &mut self,
        parameters: usize,
        decay: Decay,
        apply: impl FnOnce(Update<'_, T>) -> bool,
    ) -> bool {
        let is_first = self.first.is_none();
        let moments = [&mut self.first, &mut self.second].map(|m| provide(m, parameters));
        let steps = self.steps.saturating_add(1);
        let factors = Factors::new(&self.settings, steps, decay);
        let rule = |parameters: &mut [T], gradient: &[T], [first, second]: [&mut [T]; 2]| {
            factors.update(parameters, gradient, first, second);
        };
        let is_taken = apply(Update::new(moments, &rule).safe_up_to(factors.safe_gradient()));
        if is_taken {
            self.steps = steps;
        } else if is_first {
            (self.first, self.second) = (None, None);
        }
        is_taken
    }
}

/// The largest |m| that steps leave, with room for rounding.
fn largest_first_moment<T: Real>() -> T {
    T::from_f64(4.0 * largest_in_moments::<T>().to_f64())
}

/// The constants of one step.
struct Factors<T> {
    beta1: T,
    one_minus_beta1: T,
    beta2: T,
    one_minus_beta2: T,
    /// α / (1 − β₁ᵗ).
    rate: T,
    /// 1 / √(1 − β₂ᵗ).
    of_root: T,
    epsilon: T,
    /// What is added to the gradient for each parameter.
    decay: T,
    /// What stays of the parameter.
    kept: T,
}

impl<T: Real> Factors<T> {
    fn new(settings: &AdamSettings, steps: u64, decay: Decay) -> Self {
        let AdamSettings {
            learning_rate,
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = *settings;
        let corrected = |beta: f64| 1.0 - beta.powf(steps as f64);
        let (decay, kept) = match decay {
            Decay::InGradient => (weight_decay, 1.0),
            Decay::Beside => (0.0, 1.0 - learning_rate * weight_decay),
        };
        Factors {
            beta1: T::from_f64(beta1),
            one_minus_beta1: T::from_f64(1.0 - beta1),
            beta2: T::from_f64(beta2),
            one_minus_beta2: T::from_f64(1.0 - beta2),
            rate: T::from_f64(learning_rate / corrected(beta1)),
            of_root: T::from_f64(1.0 / corrected(beta2).sqrt()),
            epsilon: T::from_f64(epsilon),
            decay: T::from_f64(decay),
            kept: T::from_f64(kept),
        }
    }

    /// The largest derivative for which a step leaves finite parameters finite: any, unless the settings are so unusual
    /// that m alone could take a parameter too far.
    fn safe_gradient(&self) -> f64 {
        let [rate, epsilon, kept] = [self.rate, self.epsilon, self.kept].map(T::to_f64);
        let quotient = largest_first_moment::<T>().to_f64() / epsilon;
        let is_safe = quotient <= T::MAX.to_f64()
            && rate * quotient <= safe_change::<T>()
            && (0.0..=1.0).contains(&kept);
        if is_safe { T::MAX.to_f64() } else { 0.0 }
    }

    fn update(&self, parameters: &mut [T], gradient: &[T], first: &mut [T], second: &mut [T]) {
        let limit = largest_in_moments();
        vectorized(
            #[inline(always)]
            move || {
                let moments = first.iter_mut().zip(second);
                let pairs = parameters.iter_mut().zip(gradient);
                for ((parameter, &gradient), (first, second)) in pairs.zip(moments) {
                    let gradient = clamp(gradient + self.decay * *parameter, limit);
                    *first = self.beta1 * *first + self.one_minus_beta1 * gradient;
                    *second = self.beta2 * *second + self.one_minus_beta2 * gradient * gradient;
                    let root = self.of_root * second.sqrt() + self.epsilon;
                    *parameter = self.kept * *parameter - self.rate * (*first / root);
                }
            },
        );
    }
}
