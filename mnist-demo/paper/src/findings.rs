//! What a section of the paper comes to: formulas, comparisons, tables, pictures.

use super::Scaled;
use super::matrix::Matrix;

/// The largest relative difference between a formula and a tape that passes.
pub const BOUND: f64 = 1e-12;

/// What came of a section.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The formulas, in the notation of [`math`](super::math).
    pub formulas: Vec<&'static str>,
    /// What was held against what, and how far apart it was.
    pub checks: Vec<Check>,
    /// Sentences.
    pub remarks: Vec<String>,
    /// Tables of numbers.
    pub tables: Vec<Table>,
    /// Pictures.
    pub figures: Vec<Figure>,
    /// Whether an error is planted into what is computed by hand, to see that it is noticed.
    planted: bool,
}

/// Something that should hold, and whether it does.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was compared or claimed.
    pub what: String,
    /// How far formula and tape are apart; nothing of a claim.
    pub comparison: Option<Agreement>,
    /// Whether it is as it should be.
    pub passed: bool,
}

/// A formula against a tape, number by number.
#[derive(Clone, Copy, Debug)]
pub struct Agreement {
    /// How many numbers were compared.
    pub numbers: usize,
    /// The largest difference, relative to the sum of the absolute values of the formula's terms.
    pub apart: f64,
    /// The formula's number where that is.
    pub by_hand: f64,
    /// The tape's number there.
    pub tape: f64,
    /// The largest difference that passes.
    pub bound: f64,
}

/// A table: a head and rows of as many cells.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// The head of each column.
    pub head: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

/// A picture as SVG.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The picture; its own text and lines are dark on light.
    pub svg: String,
    /// What stands below it.
    pub caption: String,
    /// What it shows, for who cannot see it.
    pub description: String,
    /// Whether it brings its own colours for light and for dark.
    pub themed: bool,
}

/// Whatever has numbers with their scales.
pub trait Numbers {
    /// The numbers.
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
    /// Compares; lists of different lengths are infinitely far apart.
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
            // What is no number is further than all numbers.
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

    /// Whether the difference is within the bound; one that is no number is not, and nothing to compare proves nothing.
    pub fn passed(&self) -> bool {
        self.numbers > 0 && self.apart <= self.bound
    }
}

impl Findings {
    /// Nothing yet.
    pub fn new(planted: bool) -> Findings {
        Findings {
            planted,
            ..Findings::default()
        }
    }

    /// Whether everything is as it should be.
    pub fn passed(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.passed)
    }

    /// Shows a formula.
    pub fn formula(&mut self, formula: &'static str) {
        self.formulas.push(formula);
    }

    /// Holds what is computed by hand against a tape.
    pub fn compare(&mut self, what: impl Into<String>, by_hand: &impl Numbers, tape: &[f64]) {
        self.compare_within(BOUND, what, by_hand, tape);
    }

    /// Holds what is computed by hand against a tape, with a bound of its own.
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

    /// Says something that should hold.
    pub fn claim(&mut self, what: impl Into<String>, holds: bool) {
        self.checks.push(Check {
            what: what.into(),
            comparison: None,
            passed: holds,
        });
    }

    /// Says something.
    pub fn remark(&mut self, sentence: impl Into<String>) {
        self.remarks.push(sentence.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_missing_or_no_number_does_not_pass() {
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
