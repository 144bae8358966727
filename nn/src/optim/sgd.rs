//! Gradient descent, with or without momentum.

use super::range::{clamp, largest_velocity, safe_change};
use super::state::check_moment;
use super::{
    Moment, Optimizer, OptimizerState, Setting, SettingError, StateError, StepError, Update,
    check_size, check_sizes, provide,
};
use autodiff::tensor::{Real, Tensor, vectorized};
use serde::{Deserialize, Serialize};

/// The settings of [`Sgd`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgdSettings {
    /// The learning rate α ≥ 0.
    pub learning_rate: f64,
    /// The momentum µ in [0, 1): how much of the velocity is kept at each step.
    pub momentum: f64,
    /// Whether the momentum is Nesterov's, which looks ahead; µ must then be above 0.
    pub nesterov: bool,
    /// The weight decay λ ≥ 0: λθ, the gradient of λ|θ|²/2, is added to the gradient.
    pub weight_decay: f64,
}

impl SgdSettings {
    /// Plain gradient descent.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        SgdSettings {
            learning_rate,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        }
    }

    fn check<T: Real>(&self) -> Result<(), SettingError> {
        Setting::LearningRate.check_rate::<T>(self.learning_rate)?;
        Setting::WeightDecay.check_rate::<T>(self.weight_decay)?;
        Setting::Momentum.check_kept::<T>(self.momentum)?;
        Setting::Momentum.require(
            self.momentum,
            self.momentum > 0.0 || !self.nesterov,
            "above 0, which Nesterov's step needs",
        )?;
        Setting::WeightDecay.check_decay(self.weight_decay, self.learning_rate)
    }
}

/// Gradient descent, `θ ← θ − α ∂C/∂θ` (Worked Example, Backpropagation), optionally with momentum µ and weight decay λ:
///
/// ```text
/// g ← ∂C/∂θ + λθ
/// v ← µv + g          the velocity, 0 at first
/// θ ← θ − αv          or, with Nesterov's momentum, θ ← θ − α(g + µv)
/// ```
///
/// This is the momentum of Polyak (1964), and Nesterov's in the form of Sutskever et al., On the importance of
/// initialization and momentum in deep learning (2013), but with α outside of v, as in PyTorch's `SGD`, so that a change
/// of α takes effect at once. The velocity is kept within ±6·10²⁹ in `f32`, and ±6·10²⁹⁰ in `f64`.
///
/// ```
/// use nn::{Sgd, SgdSettings};
///
/// // The minimum of x² + 10 y².
/// let mut at = [1.0_f64, 1.0];
/// let settings = SgdSettings { momentum: 0.8, nesterov: true, ..SgdSettings::new(0.02) };
/// let mut descent = Sgd::with(settings)?;
/// for _ in 0..200 {
///     let gradient = [2.0 * at[0], 20.0 * at[1]];
///     descent.step(&mut at, &gradient)?;
/// }
/// assert!(at.iter().all(|x| x.abs() < 1e-6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd<T: Real> {
    settings: SgdSettings,
    velocity: Moment<T>,
}

const NAME: &str = "sgd";
const MOMENTS: [&str; 1] = ["velocity"];

impl<T: Real> Sgd<T> {
    /// Plain gradient descent with the learning rate α.
    ///
    /// # Panics
    ///
    /// If α is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        match Sgd::with(SgdSettings::new(learning_rate)) {
            Ok(descent) => descent,
            Err(error) => panic!("{error}"),
        }
    }

    /// Gradient descent with these settings.
    ///
    /// # Errors
    ///
    /// If one of them is out of its range, or is so when rounded to `T`.
    pub fn with(settings: SgdSettings) -> Result<Self, SettingError> {
        settings.check::<T>()?;
        Ok(Sgd {
            settings,
            velocity: None,
        })
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &SgdSettings {
        &self.settings
    }

    /// Takes one step: [`Optimizer::step`].
    ///
    /// # Errors
    ///
    /// If an element of the gradient, or of parameters or velocity after the step, is not finite. Nothing is changed then.
    ///
    /// # Panics
    ///
    /// If the buffers differ in size, or had another size in an earlier step.
    #[track_caller]
    pub fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError> {
        check_sizes(parameters, gradient, self.size());
        let rate = self.plain_descent();
        let mut outcome = Ok(());
        self.begin(gradient.len(), |update| {
            outcome = match rate {
                // Too little work to wake another thread for: after a gradient of one sample, which one thread computes,
                // sharing 670,000 parameters made the step longer by a fifth.
                Some(rate) => update
                    .check(parameters, gradient)
                    .map(|()| descend(parameters, gradient, rate)),
                None => update.apply(parameters, gradient),
            };
            outcome.is_ok()
        });
        outcome
    }

    /// Begins a step of so many parameters, and hands it on; returns whether it was taken.
    fn begin(&mut self, parameters: usize, apply: impl FnOnce(Update<'_, T>) -> bool) -> bool {
        let SgdSettings {
            learning_rate,
            momentum,
            nesterov,
            weight_decay,
        } = self.settings;
        let [rate, decay, kept] = [learning_rate, weight_decay, momentum].map(T::from_f64);
        let safe = self.safe_gradient();
        if momentum == 0.0 {
            let rule = |parameters: &mut [T], gradient: &[T], _: [&mut [T]; 2]| {
                descend_with_decay(parameters, gradient, rate, decay);
            };
            return apply(Update::new([&mut [], &mut []], &rule).safe_up_to(safe));
        }
        // The parts of gradient and velocity in the step.
        let direction = if nesterov {
            [1.0, momentum]
        } else {
            [0.0, 1.0]
        };
        let direction = direction.map(T::from_f64);
        let is_first = self.velocity.is_none();
        let velocity = provide(&mut self.velocity, parameters);
        let rule = |parameters: &mut [T], gradient: &[T], [velocity, _]: [&mut [T]; 2]| {
            descend_with_momentum(parameters, gradient, velocity, rate, decay, kept, direction);
        };
        let is_taken = apply(Update::new([velocity, &mut []], &rule).safe_up_to(safe));
        if is_first && !is_taken {
            self.velocity = None;
        }
        is_taken
    }

    /// The largest derivative for which a step leaves finite parameters finite, whatever they are and whatever the
    /// velocity is; 0 if the settings are so unusual that this holds for none.
    fn safe_gradient(&self) -> f64 {
        let SgdSettings {
            learning_rate,
            weight_decay,
            ..
        } = self.settings;
        let change = safe_change::<T>() / 4.0;
        let velocity_is_safe = learning_rate * largest_velocity::<T>().to_f64() <= change;
        // The decay makes parameters smaller, and leaves the range on its way to that only if it is large.
        let decay_is_safe = weight_decay <= 0.25 && learning_rate * weight_decay <= 0.25;
        if velocity_is_safe && decay_is_safe {
            change / learning_rate.max(1.0)
        } else {
            0.0
        }
    }
}

impl<T: Real> Optimizer<T> for Sgd<T> {
    #[track_caller]
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError> {
        Sgd::step(self, parameters, gradient)
    }

    #[track_caller]
    fn step_by_pieces(
        &mut self,
        parameters: usize,
        apply: &mut dyn FnMut(Update<'_, T>) -> bool,
    ) -> bool {
        check_size(parameters, self.size());
        self.begin(parameters, apply)
    }

    fn size(&self) -> Option<usize> {
        self.velocity.as_ref().map(Tensor::size)
    }

    fn plain_descent(&self) -> Option<T> {
        let SgdSettings {
            learning_rate,
            momentum,
            weight_decay,
            ..
        } = self.settings;
        (momentum == 0.0 && weight_decay == 0.0).then(|| T::from_f64(learning_rate))
    }

    fn learning_rate(&self) -> f64 {
        self.settings.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), SettingError> {
        Setting::LearningRate.check_rate::<T>(learning_rate)?;
        Setting::LearningRate.check_decay(learning_rate, self.settings.weight_decay)?;
        self.settings.learning_rate = learning_rate;
        Ok(())
    }

    fn state(&self) -> OptimizerState<T> {
        let moments = MOMENTS.into_iter().zip([&self.velocity]);
        OptimizerState::new(NAME, &self.settings, 0, moments)
    }

    fn restore(&mut self, state: OptimizerState<T>) -> Result<(), StateError> {
        let (settings, [velocity]) = state.open::<SgdSettings, 1>(NAME, &MOMENTS)?;
        check_moment(MOMENTS[0], &velocity, -T::MAX..=T::MAX)?;
        *self = Sgd {
            velocity,
            ..Sgd::with(settings)?
        };
        Ok(())
    }
}

fn descend<T: Real>(parameters: &mut [T], gradient: &[T], rate: T) {
    vectorized(
        #[inline(always)]
        move || {
            for (parameter, &gradient) in parameters.iter_mut().zip(gradient) {
                *parameter = *parameter - rate * gradient;
            }
        },
    );
}

fn descend_with_decay<T: Real>(parameters: &mut [T], gradient: &[T], rate: T, decay: T) {
    vectorized(
        #[inline(always)]
        move || {
            for (parameter, &gradient) in parameters.iter_mut().zip(gradient) {
                *parameter = *parameter - rate * (gradient + decay * *parameter);
            }
        },
    );
}

fn descend_with_momentum<T: Real>(
    parameters: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    rate: T,
    decay: T,
    kept: T,
    [of_gradient, of_velocity]: [T; 2],
) {
    let limit = largest_velocity();
    vectorized(
        #[inline(always)]
        move || {
            let pairs = parameters.iter_mut().zip(gradient);
            for ((parameter, &gradient), velocity) in pairs.zip(velocity) {
                let gradient = gradient + decay * *parameter;
                *velocity = clamp(kept * *velocity + gradient, limit);
                let direction = of_gradient * gradient + of_velocity * *velocity;
                *parameter = *parameter - rate * direction;
            }
        },
    );
}
