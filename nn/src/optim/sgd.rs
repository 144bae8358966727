//! Gradient descent, with or without momentum.

use super::range::{clamp, largest_velocity, safe_change};
use super::{ElementwiseOptimizer, Setting, SettingError, UpdateRule};
use autodiff::tensor::Real;
use serde::{Deserialize, Serialize};

/// Gradient descent, `θ ← θ − α ∂C/∂θ` (Worked Example, Backpropagation), optionally with momentum µ and weight decay
/// λ:
///
/// ```text
/// g ← ∂C/∂θ + λθ
/// v ← µv + g          the velocity, 0 at first
/// θ ← θ − αv          or, with Nesterov's momentum, θ ← θ − α(g + µv)
/// ```
///
/// The momentum is Polyak's (1964). Nesterov's has the form of Sutskever et al., On the importance of initialization
/// and momentum in deep learning (2013), but with α outside of v, as in PyTorch's `SGD`, so that a change of α takes
/// effect immediately. The velocity is clamped to ±6·10²⁹ in `f32`, and ±6·10²⁹⁰ in `f64`.
///
/// ```
/// use nn::{Sgd, SgdSettings};
///
/// // The minimum of x² + 10 y².
/// let mut at = [1.0_f64, 1.0];
/// let settings = SgdSettings { momentum: 0.8, nesterov: true, ..SgdSettings::new(0.02) };
/// let mut descent = Sgd::by(settings)?;
/// for _ in 0..200 {
///     let gradient = [2.0 * at[0], 20.0 * at[1]];
///     descent.step(&mut at, &gradient)?;
/// }
/// assert!(at.iter().all(|x| x.abs() < 1e-6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Sgd<T> = ElementwiseOptimizer<SgdSettings, T, 1>;

/// The settings of [`Sgd`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgdSettings {
    /// The learning rate α ≥ 0.
    pub learning_rate: f64,
    /// The momentum µ in [0, 1): the fraction of the velocity that a step keeps.
    pub momentum: f64,
    /// Whether to use Nesterov's momentum; µ must then be above 0.
    pub nesterov: bool,
    /// The weight decay λ ≥ 0: λθ, the gradient of λ|θ|²/2, is added to the gradient.
    pub weight_decay: f64,
}

impl SgdSettings {
    /// Returns the settings of plain gradient descent with the learning rate α.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        SgdSettings {
            learning_rate,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        }
    }
}

impl<T: Real> Sgd<T> {
    /// Returns plain gradient descent with the learning rate α.
    ///
    /// # Panics
    ///
    /// If α is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        super::expect_valid(ElementwiseOptimizer::by(SgdSettings::new(learning_rate)))
    }
}

impl UpdateRule<1> for SgdSettings {
    const NAME: &'static str = "sgd";
    const MOMENTS: [&'static str; 1] = ["velocity"];

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.learning_rate
    }

    fn formula<T: Real>(&self, _: u64) -> impl Fn(T, T, [T; 1]) -> (T, [T; 1]) + Sync {
        let settings = [self.learning_rate, self.weight_decay, self.momentum];
        let [rate, decay, kept] = settings.map(T::from_f64);
        // The direction is this combination of gradient and velocity.
        let direction = if self.nesterov {
            [1.0, self.momentum]
        } else {
            [0.0, 1.0]
        };
        let [of_gradient, of_velocity] = direction.map(T::from_f64);
        let limit = if self.has_moments() {
            largest_velocity()
        } else {
            T::MAX
        };
        move |x, g, [v]| {
            let g = g + decay * x;
            let v = clamp(kept * v + g, limit);
            (x - rate * (of_gradient * g + of_velocity * v), [v])
        }
    }

    fn check<T: Real>(&self) -> Result<(), SettingError> {
        Setting::LearningRate.check::<T>(self.learning_rate)?;
        Setting::WeightDecay.check::<T>(self.weight_decay)?;
        Setting::Momentum.check::<T>(self.momentum)?;
        Setting::Momentum.require(
            self.momentum,
            self.momentum > 0.0 || !self.nesterov,
            "above 0, which Nesterov's step needs",
        )?;
        Setting::WeightDecay.require(
            self.weight_decay,
            self.learning_rate * self.weight_decay <= 1.0,
            "at most 1 over the learning rate: parameters would change sign",
        )
    }

    fn has_moments(&self) -> bool {
        self.momentum != 0.0
    }

    fn plain_descent(&self) -> Option<f64> {
        let is_plain = !self.has_moments() && self.weight_decay == 0.0;
        is_plain.then_some(self.learning_rate)
    }

    fn counts_steps(&self) -> bool {
        false
    }

    fn safe_gradient<T: Real>(&self, _: u64) -> Option<f64> {
        // A derivative and a velocity may both be as large as `largest`; the rest of the factor 4 is margin.
        let largest = largest_velocity::<T>().to_f64();
        let velocity_is_safe = self.learning_rate * largest <= safe_change::<T>() / 4.0;
        // The decay shrinks parameters. An intermediate result overflows only if the decay is large.
        let decay_is_safe = self
            .weight_decay
            .max(self.learning_rate * self.weight_decay)
            <= 0.25;
        (velocity_is_safe && decay_is_safe).then_some(largest)
    }
}
