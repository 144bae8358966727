//! Which settings of an optimizer make sense.

use autodiff::tensor::Real;
use std::fmt;

/// A setting of an optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The learning rate α.
    LearningRate,
    /// The momentum µ.
    Momentum,
    /// The weight decay λ.
    WeightDecay,
    /// β₁: how much of the mean gradient is kept at each step.
    Beta1,
    /// β₂: how much of the mean squared gradient is kept at each step.
    Beta2,
    /// ε, added to the root of the mean square.
    Epsilon,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Setting::LearningRate => "learning rate",
            Setting::Momentum => "momentum",
            Setting::WeightDecay => "weight decay",
            Setting::Beta1 => "β₁",
            Setting::Beta2 => "β₂",
            Setting::Epsilon => "ε",
        })
    }
}

/// An optimizer's setting that is out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{setting}: {value:?} is not {wanted}")]
pub struct SettingError {
    /// Which one.
    pub setting: Setting,
    /// Its value.
    pub value: f64,
    /// What it should be, in words.
    pub wanted: &'static str,
}

impl Setting {
    /// Learning rates and weight decays: 0 or more, and finite as `T`.
    pub(super) fn check_rate<T: Real>(self, value: f64) -> Result<(), SettingError> {
        let sound = value >= 0.0 && T::from_f64(value) < T::INFINITY;
        self.require(value, sound, "a finite number of 0 or more")
    }

    /// The part that a running mean keeps: in [0, 1), also as `T`.
    pub(super) fn check_kept<T: Real>(self, value: f64) -> Result<(), SettingError> {
        let sound = value >= 0.0 && T::from_f64(value).to_f64() < 1.0;
        self.require(value, sound, "in [0, 1)")
    }

    /// What keeps a division from being 0/0: more than 0 and finite, also as `T`.
    pub(super) fn check_epsilon<T: Real>(self, value: f64) -> Result<(), SettingError> {
        let rounded = T::from_f64(value);
        let sound = rounded > T::default() && rounded < T::INFINITY;
        self.require(value, sound, "a finite number above 0")
    }

    pub(super) fn require(
        self,
        value: f64,
        sound: bool,
        wanted: &'static str,
    ) -> Result<(), SettingError> {
        if sound {
            return Ok(());
        }
        Err(SettingError {
            setting: self,
            value,
            wanted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_precision() {
        let rate = Setting::LearningRate;
        for value in [0.0, 0.1, 1e30] {
            assert!(rate.check_rate::<f32>(value).is_ok());
        }
        for value in [-0.1, f64::NAN, f64::INFINITY, 1e300] {
            assert!(rate.check_rate::<f32>(value).is_err());
        }
        assert!(rate.check_rate::<f64>(1e300).is_ok());

        let kept = Setting::Beta2;
        for value in [0.0, 0.5, 0.999_999] {
            assert!(kept.check_kept::<f32>(value).is_ok());
        }
        for value in [-1e-9, 1.0, 1.0 - 1e-12, f64::NAN, f64::INFINITY] {
            assert!(kept.check_kept::<f32>(value).is_err());
        }
        assert!(kept.check_kept::<f64>(1.0 - 1e-12).is_ok());

        let epsilon = Setting::Epsilon;
        assert!(epsilon.check_epsilon::<f32>(1e-8).is_ok());
        for value in [0.0, -1e-8, 1e-60, f64::NAN, f64::INFINITY] {
            assert!(epsilon.check_epsilon::<f32>(value).is_err());
        }
        assert_eq!(
            epsilon.check_epsilon::<f64>(0.0).unwrap_err().to_string(),
            "ε: 0.0 is not a finite number above 0"
        );
    }
}
