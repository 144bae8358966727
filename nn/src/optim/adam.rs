//! Adam and AdamW: weight decay in the gradient, or decoupled from it.

use super::range::{clamp, largest_in_moments, safe_change};
use super::{ElementwiseOptimizer, Setting, SettingError, UpdateRule};
use autodiff::tensor::Real;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

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
/// To keep m and v finite, g is clamped to ±2·10¹⁸ in `f32`, and ±2·10¹⁵³ in `f64`. The steps after such a g are short
/// until v has decayed. With β₂ = 0.999, v decays by a factor of e in 1,000 steps.
///
/// ```
/// use nn::{Adam, AdamSettings};
///
/// // The minimum of x² + 1000 y²: the steps do not depend on the scale of the gradient.
/// let mut at = [1.0_f64, 1.0];
/// let settings = AdamSettings { learning_rate: 0.1, ..AdamSettings::default() };
/// let mut adam = Adam::by(settings)?;
/// for _ in 0..500 {
///     let gradient = [2.0 * at[0], 2000.0 * at[1]];
///     adam.step(&mut at, &gradient)?;
/// }
/// assert!(at.iter().all(|x| x.abs() < 1e-6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adam<T> = ElementwiseOptimizer<AdamSettings, T, 2>;

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
/// g is clamped as in [`Adam`]. The paper's λ is αλ here, as in PyTorch's `AdamW`.
///
/// ```
/// use nn::{AdamSettings, AdamW, Decoupled};
///
/// // A parameter that the cost does not depend on decays to 0.
/// let mut at = [1.0_f64, 1.0];
/// let settings = AdamSettings { learning_rate: 0.1, weight_decay: 0.5, ..AdamSettings::default() };
/// let mut adam = AdamW::by(Decoupled(settings))?;
/// for _ in 0..500 {
///     let gradient = [2.0 * at[0], 0.0];
///     adam.step(&mut at, &gradient)?;
/// }
/// assert!(at.iter().all(|x| x.abs() < 1e-6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AdamW<T> = ElementwiseOptimizer<Decoupled, T, 2>;

/// The settings of [`Adam`] and [`AdamW`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamSettings {
    /// The learning rate α ≥ 0.
    pub learning_rate: f64,
    /// β₁ in [0, 1): the fraction of the mean gradient that a step keeps.
    pub beta1: f64,
    /// β₂ in [0, 1): the fraction of the mean squared gradient that a step keeps.
    pub beta2: f64,
    /// ε > 0, which is added to the root of the mean squared gradient.
    pub epsilon: f64,
    /// The weight decay λ ≥ 0.
    pub weight_decay: f64,
}

impl AdamSettings {
    /// Returns the settings of Kingma and Ba with the learning rate α: β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, and no weight
    /// decay.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        AdamSettings {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

impl Default for AdamSettings {
    /// Returns the settings of Kingma and Ba, with α = 0.001.
    fn default() -> Self {
        AdamSettings::new(0.001)
    }
}

/// The settings of [`AdamW`]: Adam's settings, with the weight decay decoupled from the gradient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decoupled(pub AdamSettings);

impl<T: Real> Adam<T> {
    /// Returns an optimizer with the learning rate α, no weight decay, and otherwise the settings of Kingma and Ba.
    ///
    /// # Panics
    ///
    /// If α is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        super::expect_valid(ElementwiseOptimizer::by(AdamSettings::new(learning_rate)))
    }
}

impl<T: Real> AdamW<T> {
    /// Returns an optimizer with the learning rate α, the weight decay λ = 0.01, and otherwise the settings of Kingma
    /// and Ba.
    ///
    /// # Panics
    ///
    /// If α is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn new(learning_rate: f64) -> Self {
        super::expect_valid(ElementwiseOptimizer::by(Decoupled(AdamSettings {
            weight_decay: 0.01,
            ..AdamSettings::new(learning_rate)
        })))
    }
}

/// Implements `UpdateRule` from the settings and two factors of weight decay: the factor of the parameter that is added to
/// the gradient, and the factor that multiplies the parameter itself (1 − αλ for AdamW).
macro_rules! adam {
    ($UpdateRule:ty, $name:literal, |$rule:ident| $settings:expr, $decay:expr) => {
        impl UpdateRule<2> for $UpdateRule {
            const NAME: &'static str = $name;
            const MOMENTS: [&'static str; 2] = ["first_moment", "second_moment"];

            fn learning_rate(&mut self) -> &mut f64 {
                let $rule = self;
                &mut $settings.learning_rate
            }

            fn formula<T: Real>(&self, t: u64) -> impl Fn(T, T, [T; 2]) -> (T, [T; 2]) + Sync {
                let $rule = self;
                $settings.formula(t, $decay)
            }

            fn check<T: Real>(&self) -> Result<(), SettingError> {
                let $rule = self;
                $settings.check::<T>($decay)
            }

            fn moment_range<T: Real>(&self, moment: usize) -> RangeInclusive<T> {
                let largest = largest_first_moment::<T>();
                [-largest..=largest, T::default()..=T::MAX][moment].clone()
            }

            fn safe_gradient<T: Real>(&self, t: u64) -> Option<f64> {
                let $rule = self;
                $settings.safe_gradient::<T>(t, $decay)
            }
        }
    };
}

adam!(AdamSettings, "adam", |rule| rule, [rule.weight_decay, 1.0]);
adam!(Decoupled, "adamw", |rule| rule.0, {
    [0.0, 1.0 - rule.0.learning_rate * rule.0.weight_decay]
});

impl AdamSettings {
    fn formula<T: Real>(
        &self,
        t: u64,
        decay: [f64; 2],
    ) -> impl Fn(T, T, [T; 2]) -> (T, [T; 2]) + Sync {
        let [b1, b2] = [self.beta1, self.beta2];
        let [beta1, beta2, rest1, rest2] = [b1, b2, 1.0 - b1, 1.0 - b2].map(T::from_f64);
        let [rate, root] = self.corrected(t).map(T::from_f64);
        let [added, kept] = decay.map(T::from_f64);
        let (epsilon, limit) = (T::from_f64(self.epsilon), largest_in_moments());
        move |x, g, [m, v]| {
            let g = clamp(g + added * x, limit);
            let m = beta1 * m + rest1 * g;
            let v = beta2 * v + rest2 * g * g;
            (kept * x - rate * (m / (root * v.sqrt() + epsilon)), [m, v])
        }
    }

    /// Returns α / (1 − β₁ᵗ) and 1 / √(1 − β₂ᵗ).
    fn corrected(&self, t: u64) -> [f64; 2] {
        let bias = |beta: f64| 1.0 - beta.powf(t as f64);
        [
            self.learning_rate / bias(self.beta1),
            1.0 / bias(self.beta2).sqrt(),
        ]
    }

    fn check<T: Real>(&self, [_, kept]: [f64; 2]) -> Result<(), SettingError> {
        Setting::LearningRate.check::<T>(self.learning_rate)?;
        Setting::Beta1.check::<T>(self.beta1)?;
        Setting::Beta2.check::<T>(self.beta2)?;
        Setting::Epsilon.check::<T>(self.epsilon)?;
        Setting::WeightDecay.check::<T>(self.weight_decay)?;
        Setting::WeightDecay.require(
            self.weight_decay,
            kept >= 0.0,
            "at most 1 over the learning rate: parameters would change sign",
        )
    }

    /// Any gradient is safe with usual settings. With extreme settings, a step could overflow whatever the gradient is.
    fn safe_gradient<T: Real>(&self, t: u64, [_, kept]: [f64; 2]) -> Option<f64> {
        let rounded = |x: f64| T::from_f64(x).to_f64();
        let rate = rounded(self.corrected(t)[0]);
        let quotient = largest_first_moment::<T>().to_f64() / rounded(self.epsilon);
        let is_safe = quotient <= T::MAX.to_f64()
            && rate * quotient <= safe_change::<T>()
            && (0.0..=1.0).contains(&rounded(kept));
        is_safe.then(|| T::MAX.to_f64())
    }
}

/// The largest |m| after any step, with a margin for rounding.
fn largest_first_moment<T: Real>() -> T {
    T::from_f64(4.0 * largest_in_moments::<T>().to_f64())
}
