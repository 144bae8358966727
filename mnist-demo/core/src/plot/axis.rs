//! The scale of an axis: its ends, and the positions and labels of its ticks.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// The scale of the vertical axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scale {
    /// Equal steps are equal differences.
    Linear,
    /// Equal steps are equal factors.
    Log,
    /// Equal steps are equal differences, and 1 is written as 100 %.
    Percent,
}

impl Scale {
    /// Returns the position of a value on the axis; `None` if it has none.
    ///
    /// Values beyond ±1e100 have no position, so that the difference of two positions cannot overflow.
    pub(super) fn place(self, value: f64) -> Option<f64> {
        let place = if self == Self::Log {
            value.log10()
        } else {
            value
        };
        (place.abs() <= 1e100).then_some(place)
    }
}

/// A logarithmic axis no longer than this has linearly spaced ticks.
const WITHIN_A_DECADE: f64 = 0.8;

/// A horizontal or vertical axis. All its coordinates are positions: on a logarithmic axis, logarithms of the values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlotAxis {
    scale: Scale,
    low: f64,
    high: f64,
    pub(super) ticks: Vec<f64>,
    /// The distance between two ticks.
    step: f64,
}

impl PlotAxis {
    /// Creates an axis that shows all `places`, with a margin at both ends, as a fraction of their range.
    pub(super) fn new(scale: Scale, margin: f64, places: impl Iterator<Item = f64>) -> Self {
        let ends = places.fold(None, |ends, place| match ends {
            None => Some((place, place)),
            Some((low, high)) => Some((place.min(low), place.max(high))),
        });
        let (low, high) = widen(scale, margin, ends.unwrap_or((0.0, 1.0)));
        let step = nice_step((high - low) / 6.0);
        let mut axis = Self {
            scale,
            low,
            high,
            ticks: vec![],
            step,
        };
        axis.ticks = match scale {
            Scale::Log if high - low > WITHIN_A_DECADE => decades(low, high),
            // Within a decade, round values are better ticks than round logarithms.
            Scale::Log => {
                let (low, high) = (10_f64.powf(low), 10_f64.powf(high));
                axis.step = nice_step((high - low) / 6.0);
                multiples(low, high, axis.step)
                    .into_iter()
                    .map(f64::log10)
                    .collect()
            }
            Scale::Linear | Scale::Percent => multiples(low, high, step),
        };
        axis
    }
}

/// Ticks at round numbers on every scale; the library's own are round only on a linear scale.
impl Ranged for PlotAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, (first, last): (i32, i32)) -> i32 {
        let part = (place - self.low) / (self.high - self.low);
        first + (part * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

/// The label of a tick.
impl ValueFormatter<f64> for PlotAxis {
    fn format_ext(&self, place: &f64) -> String {
        match self.scale {
            Scale::Linear => number(*place, self.step, self.low.abs().max(self.high.abs())),
            Scale::Percent => format!("{} %", number(place * 100.0, self.step * 100.0, 1.0)),
            Scale::Log => {
                let wide = self.high - self.low > WITHIN_A_DECADE;
                let step = if wide {
                    10_f64.powf((place + 1e-9).floor())
                } else {
                    self.step
                };
                let value = 10_f64.powf(*place);
                number(value, step, value)
            }
        }
    }
}

/// The ends of an axis for points from `low` to `high`.
fn widen(scale: Scale, margin: f64, (low, high): (f64, f64)) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    let margin = if size == 0.0 {
        1.0
    } else if high - low <= 1e-9 * size {
        0.1 * size
    } else {
        (high - low) * margin
    };
    match scale {
        // The axis of non-negative values starts at zero if zero is near.
        Scale::Linear if low >= 0.0 && low < 0.25 * high => (0.0, high + margin),
        Scale::Percent if low >= 0.0 && high <= 1.0 => {
            ((low - margin).max(0.0), (high + margin).min(1.0))
        }
        _ => (low - margin, high + margin),
    }
}

/// The smallest number of the form 1, 2 or 5 times a power of ten that is at least `least`.
fn nice_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|digit| digit * decade)
        .into_iter()
        .find(|&step| step >= least * 0.999)
        .unwrap_or(10.0 * decade)
}

/// All multiples of `step` between `low` and `high`.
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-6).ceil();
    // At most twenty, because rounding may distort the quotients of very close or very large numbers.
    (0..20)
        .map(|i| (first + f64::from(i)) * step)
        .take_while(|&tick| tick <= high + 1e-6 * step)
        .collect()
}

/// The logarithms of the powers of ten between `low` and `high`, and of some multiples if there is room.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let stride = nice_step(((high - low) / 8.0).max(0.5)).max(1.0);
    let digits: &[f64] = match high - low {
        ..1.3 => &[1.0, 2.0, 3.0, 5.0, 7.0],
        1.3..3.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let first = (low / stride).floor() * stride;
    let decades = multiples(first, high, stride).into_iter();
    let all = decades.flat_map(|decade| digits.iter().map(move |digit| decade + digit.log10()));
    all.filter(|place| (low..=high).contains(place)).collect()
}

/// Formats a number among others of about `size`, with enough digits to distinguish it from a number that differs by
/// `step`, and with thousands separators.
fn number(value: f64, step: f64, size: f64) -> String {
    if value.abs() < step * 1e-3 {
        return "0".to_owned();
    }
    if !(1e-3..1e7).contains(&size) {
        let digits = (value.abs() * 1.001).log10().floor() - (step * 1.001).log10().floor();
        return format!("{value:.0$e}", digits.clamp(0.0, 6.0) as usize);
    }
    let decimals = (-(step * 1.001).log10().floor()).max(0.0) as usize;
    let plain = format!("{value:.decimals$}");
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        let left = whole.len() - i;
        if left % 3 == 0 && grouped.ends_with(|last: char| last.is_ascii_digit()) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, low: f64, high: f64) -> Vec<String> {
        let places = [low, high].map(|value| scale.place(value).unwrap());
        let axis = PlotAxis::new(scale, 0.0, places.into_iter());
        axis.ticks
            .iter()
            .map(|&tick| axis.format_ext(&tick))
            .collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(
            labels(Scale::Linear, 0.0, 1000.0),
            ["0", "200", "400", "600", "800", "1,000"]
        );
        assert_eq!(
            labels(Scale::Linear, -0.5, 0.5),
            ["-0.4", "-0.2", "0", "0.2", "0.4"]
        );
        assert_eq!(
            labels(Scale::Linear, 0.31, 2.3),
            ["0", "0.5", "1.0", "1.5", "2.0"]
        );
        assert_eq!(
            labels(Scale::Linear, 0.0, 2.5e9),
            ["0", "5e8", "1.0e9", "1.5e9", "2.0e9", "2.5e9"]
        );
        assert_eq!(
            labels(Scale::Percent, 0.0, 0.0),
            ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]
        );
        assert_eq!(
            labels(Scale::Percent, 0.1, 0.92),
            ["20 %", "40 %", "60 %", "80 %"]
        );
        assert_eq!(
            labels(Scale::Percent, 0.971, 0.983),
            ["97.2 %", "97.4 %", "97.6 %", "97.8 %", "98.0 %", "98.2 %"]
        );
        assert_eq!(
            labels(Scale::Log, 0.25, 2.4),
            ["0.3", "0.5", "0.7", "1", "2"]
        );
        assert_eq!(
            labels(Scale::Log, 1e-6, 2.0),
            ["1e-6", "1e-5", "1e-4", "0.001", "0.01", "0.1", "1"]
        );
        assert_eq!(
            labels(Scale::Log, 0.28, 0.33),
            ["0.28", "0.29", "0.30", "0.31", "0.32", "0.33"]
        );
    }
}
