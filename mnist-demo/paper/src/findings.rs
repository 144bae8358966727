//! The findings of a section: formulas, checks, tables and figures.

use super::Scaled;
use super::matrix::Matrix;

/// The largest accepted relative difference between a formula and a tape.
pub const BOUND: f64 = 1e-12;

/// The findings of a section.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The formulas, in the notation of [`math`](super::math).
    pub formulas: Vec<&'static str>,
    /// The checks.
    pub checks: Vec<Check>,
    /// Remarks, in sentences.
    pub remarks: Vec<String>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The figures.
    pub figures: Vec<Figure>,
    /// Whether an error is planted into the values by hand, to show that it is detected.
    planted: bool,
}

/// A statement that should hold, and whether it does.
#[derive(Clone, Debug)]
pub struct Check {
    /// The compared quantity, or the claim.
    pub what: String,
    /// The comparison of a formula with a tape; `None` for a claim.
    pub comparison: Option<Agreement>,
    /// Whether the check passed.
    pub passed: bool,
}

/// The comparison of a formula with a tape, number by number.
#[derive(Clone, Copy, Debug)]
pub struct Agreement {
    /// The number of compared numbers.
    pub numbers: usize,
    /// The largest difference, relative to the sum of the absolute values of the formula's terms.
    pub apart: f64,
    /// The formula's value at the largest difference.
    pub by_hand: f64,
    /// The tape's value at the largest difference.
    pub tape: f64,
    /// The largest accepted difference.
    pub bound: f64,
}

/// A table: a head, and rows with as many cells as the head.
#[derive(Clone, Debug)]
pub struct Table {
    /// The caption.
    pub caption: String,
    /// The head of each column.
    pub head: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

/// A figure as SVG.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The SVG source. Unless `themed`, its text and lines are dark on light.
    pub svg: String,
    /// The caption.
    pub caption: String,
    /// A description for readers who cannot see the figure.
    pub description: String,
    /// Whether the figure has its own colours for light and dark pages.
    pub themed: bool,
}

/// Values that can be listed as numbers with their scales.
pub trait Numbers {
    /// Returns the numbers.
    fn numbers(&self) -> Vec<Scaled>;
}

impl Numbers for Matrix {
    fn numbers(&self) -> Vec<Scaled> {
        self.entries().to_vec()
    }
}

impl Numbers for Vec<Scaled> {
    fn numbers(&self) -> Vec<Scaled> {
        self.clone()
    }
}

impl Numbers for Scaled {
    fn numbers(&self) -> Vec<Scaled> {
        vec![*self]
    }
}

impl Agreement {
    /// Compares two lists. Lists of different lengths are infinitely far apart.
    pub fn new(by_hand: &[Scaled], tape: &[f64], bound: f64) -> Agreement {
        let mut comparison = Agreement {
            numbers: by_hand.len(),
            apart: if by_hand.len() == tape.len() {
                0.0
            } else {
                f64::INFINITY
            },
            by_hand: by_hand.first().map_or(f64::NAN, |x| x.value),
            tape: tape.first().copied().unwrap_or(f64::NAN),
            bound,
        };
        for (x, &y) in by_hand.iter().zip(tape) {
            let apart = x.apart(y);
            // `total_cmp` orders NaN above all numbers.
            if apart.abs().total_cmp(&comparison.apart).is_gt() {
                comparison = Agreement {
                    apart: apart.abs(),
                    by_hand: x.value,
                    tape: y,
                    ..comparison
                };
            }
        }
        comparison
    }

    /// Whether the difference is within the bound. NaN is not, and an empty comparison does not pass.
    pub fn passed(&self) -> bool {
        self.numbers > 0 && self.apart <= self.bound
    }
}

impl Findings {
    /// Creates empty findings.
    pub fn new(planted: bool) -> Findings {
        Findings {
            planted,
            ..Findings::default()
        }
    }

    /// Whether all checks passed. Without any check the result is `false`.
    pub fn passed(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.passed)
    }

    /// Adds a formula.
    pub fn formula(&mut self, formula: &'static str) {
        self.formulas.push(formula);
    }

    /// Compares values by hand with a tape's values, within [`BOUND`].
    pub fn compare(&mut self, what: impl Into<String>, by_hand: &impl Numbers, tape: &[f64]) {
        self.compare_within(BOUND, what, by_hand, tape);
    }

    /// Compares values by hand with a tape's values, within the given bound.
    pub fn compare_within(
        &mut self,
        bound: f64,
        what: impl Into<String>,
        by_hand: &impl Numbers,
        tape: &[f64],
    ) {
        let mut by_hand = by_hand.numbers();
        if self.planted
            && let Some(first) = by_hand.first_mut()
        {
            *first = 1.001 * *first + Scaled::from(0.001);
        }
        let comparison = Agreement::new(&by_hand, tape, bound);
        self.checks.push(Check {
            what: what.into(),
            passed: comparison.passed(),
            comparison: Some(comparison),
        });
    }

    /// Adds a claim, and whether it holds.
    pub fn claim(&mut self, what: impl Into<String>, holds: bool) {
        self.checks.push(Check {
            what: what.into(),
            comparison: None,
            passed: holds,
        });
    }

    /// Adds a remark.
    pub fn remark(&mut self, sentence: impl Into<String>) {
        self.remarks.push(sentence.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_missing_and_nan_values_do_not_pass() {
        let by_hand = [Scaled::from(1.0), Scaled::from(2.0)];
        assert!(Agreement::new(&by_hand, &[1.0, 2.0], BOUND).passed());
        assert!(!Agreement::new(&by_hand, &[1.0, 2.0 + 1e-9], BOUND).passed());
        assert!(!Agreement::new(&by_hand, &[1.0], BOUND).passed());
        assert!(!Agreement::new(&by_hand, &[f64::NAN, 2.0], BOUND).passed());
        assert!(!Agreement::new(&[], &[], BOUND).passed());
        let mut findings = Findings::new(true);
        findings.compare("planted", &Scaled::from(1.0), &[1.0]);
        assert!(!findings.passed());
    }
}
