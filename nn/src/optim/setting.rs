//! The settings of an optimizer and their ranges.

use autodiff::tensor::Real;
use std::fmt;

/// A setting of an optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// The learning rate α.
    LearningRate,
    /// The momentum µ.
    Momentum,
    /// The weight decay λ.
    WeightDecay,
    /// β₁: the fraction of the mean gradient that a step keeps.
    Beta1,
    /// β₂: the fraction of the mean squared gradient that a step keeps.
    Beta2,
    /// ε, which is added to the root of the mean squared gradient.
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

/// The error for a setting of an optimizer that is out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{setting}: {}", self.cause())]
#[non_exhaustive]
pub struct SettingError {
    /// The setting.
    pub setting: Setting,
    /// The value of the setting.
    pub value: f64,
    /// The value rounded to the precision of the parameters, if only the rounded value is out of range.
    pub rounded: Option<f64>,
    /// The range of the setting, in words.
    pub wanted: &'static str,
}

impl SettingError {
    /// Returns what is wrong with the value, in words, without the name of the setting.
    ///
    /// ```
    /// use nn::{Adam, AdamSettings};
    ///
    /// let settings = AdamSettings { beta1: 0.9999999999, ..AdamSettings::default() };
    /// let error = Adam::<f32>::by(settings).unwrap_err();
    /// assert_eq!(error.cause(), "0.9999999999 is 1.0 in single precision, which is not in [0, 1)");
    /// ```
    #[must_use]
    pub fn cause(&self) -> String {
        let (value, wanted) = (self.value, self.wanted);
        match self.rounded {
            Some(rounded) => {
                format!("{value:?} is {rounded:?} in single precision, which is not {wanted}")
            }
            None => format!("{value:?} is not {wanted}"),
        }
    }
}

impl Setting {
    /// Checks the value, and the value rounded to `T`.
    pub(super) fn check<T: Real>(self, value: f64) -> Result<(), SettingError> {
        let (is_sound, wanted): (fn(f64) -> bool, _) = match self {
            Setting::LearningRate | Setting::WeightDecay => (
                |x| (0.0..f64::INFINITY).contains(&x),
                "a finite number of 0 or more",
            ),
            Setting::Momentum | Setting::Beta1 | Setting::Beta2 => {
                (|x| (0.0..1.0).contains(&x), "in [0, 1)")
            }
            Setting::Epsilon => (|x| x > 0.0 && x < f64::INFINITY, "a finite number above 0"),
        };
        self.require(value, is_sound(value), wanted)?;
        let rounded = T::from_f64(value).to_f64();
        self.require(value, is_sound(rounded), wanted)
            .map_err(|error| SettingError {
                rounded: Some(rounded),
                ..error
            })
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
            rounded: None,
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
            assert!(rate.check::<f32>(value).is_ok());
        }
        for value in [-0.1, f64::NAN, f64::INFINITY, 1e300] {
            assert!(rate.check::<f32>(value).is_err());
        }
        assert!(rate.check::<f64>(1e300).is_ok());

        let kept = Setting::Beta2;
        for value in [0.0, 0.5, 0.999_999] {
            assert!(kept.check::<f32>(value).is_ok());
        }
        for value in [-1e-9, 1.0, 1.0 - 1e-12, f64::NAN, f64::INFINITY] {
            assert!(kept.check::<f32>(value).is_err());
        }
        assert!(kept.check::<f64>(1.0 - 1e-12).is_ok());

        let epsilon = Setting::Epsilon;
        assert!(epsilon.check::<f32>(1e-8).is_ok());
        for value in [0.0, -1e-8, 1e-60, f64::NAN, f64::INFINITY] {
            assert!(epsilon.check::<f32>(value).is_err());
        }
        assert_eq!(
            epsilon.check::<f64>(0.0).unwrap_err().to_string(),
            "ε: 0.0 is not a finite number above 0"
        );
        assert_eq!(
            epsilon.check::<f32>(1e-60).unwrap_err().to_string(),
            "ε: 1e-60 is 0.0 in single precision, which is not a finite number above 0"
        );
    }
}
