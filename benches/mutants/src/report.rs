//! The table of results.

use crate::mutant::Mutant;
use crate::settings::Equivalent;
use std::fmt::Write;

/// The result of a mutant.
pub struct Outcome<'a> {
    /// The area of the mutant.
    pub area: &'a str,
    /// The mutant.
    pub mutant: &'a Mutant,
    /// What caught the mutant.
    pub caught_by: Option<&'a str>,
    /// The entry that lists the mutant as equivalent.
    pub equivalent: Option<&'a Equivalent>,
}

impl Outcome<'_> {
    /// Whether the mutant is neither caught nor equivalent, or both.
    fn is_unexplained(&self) -> bool {
        self.caught_by.is_some() == self.equivalent.is_some()
    }
}

/// The number of mutants that are neither caught nor equivalent, or both.
pub fn unexplained(outcomes: &[Outcome<'_>]) -> usize {
    outcomes
        .iter()
        .filter(|outcome| outcome.is_unexplained())
        .count()
}

/// Formats the numbers of each area, and all mutants that were not caught.
pub fn table(outcomes: &[Outcome<'_>]) -> String {
    let mut areas: Vec<&str> = Vec::new();
    for outcome in outcomes {
        if !areas.contains(&outcome.area) {
            areas.push(outcome.area);
        }
    }
    let mut text = format!(
        "\n{:<16}{:>8}{:>8}{:>12}{:>10}{:>10}\n",
        "area", "mutants", "caught", "equivalent", "survived", "caught %"
    );
    let mut line = |name: &str, of_area: &dyn Fn(&Outcome<'_>) -> bool| {
        let count = |is: &dyn Fn(&Outcome<'_>) -> bool| {
            outcomes
                .iter()
                .filter(|outcome| of_area(outcome) && is(outcome))
                .count()
        };
        let mutants = count(&|_| true);
        let caught = count(&|outcome| outcome.caught_by.is_some());
        let equivalent = count(&|outcome| outcome.equivalent.is_some());
        let percent = 100.0 * caught as f64 / (mutants - equivalent) as f64;
        let survived = count(&|outcome| outcome.is_unexplained());
        let _ = writeln!(
            text,
            "{name:<16}{mutants:>8}{caught:>8}{equivalent:>12}{survived:>10}{percent:>10.1}"
        );
    };
    for area in areas {
        line(area, &|outcome| outcome.area == area);
    }
    line("all", &|_| true);
    for outcome in outcomes {
        let _ = match (outcome.caught_by, outcome.equivalent) {
            (None, None) => writeln!(text, "\nSURVIVED {}", outcome.mutant),
            (None, Some(entry)) => {
                writeln!(
                    text,
                    "\nequivalent {}\n    {}",
                    outcome.mutant, entry.reason
                )
            }
            (Some(test), Some(_)) => writeln!(
                text,
                "\nSAID TO BE EQUIVALENT, and caught by {test}: {}",
                outcome.mutant
            ),
            (Some(_), None) => Ok(()),
        };
    }
    text
}
