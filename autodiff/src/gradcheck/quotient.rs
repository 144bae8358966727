//! Difference quotients, extrapolated to step 0 with an estimate of the error: Ridders' method.
//!
//! A function is evaluated at steps that halve. Richardson's extrapolation removes the errors of low order in the step
//! from the quotients, in a tableau of which Ridders takes the entry with the least estimated error (Ridders, *Accurate
//! computation of F′(x) and F′(x) F″(x)*, Advances in Engineering Software 4, 1982; Numerical Recipes, §5.7).
//!
//! Ridders estimates the error of an entry by its distance from its neighbours, which rounding makes small by chance.
//! Here the estimate also carries the distances at finer steps: an error made by rounding is in proportion to 1 / step.

use super::report::Quotient;

/// The limit of difference quotients at step 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) slope: f64,
    /// The estimated error of `slope`; infinite where there are too few quotients.
    pub(super) error: f64,
    /// The number of the finest quotient that `slope` and `error` come from.
    pub(super) finest: usize,
}

/// The fewest quotients that are extrapolated.
pub(super) const FEWEST: usize = 4;

/// The most columns of the tableau: higher order gains nothing in 53 bits.
const COLUMNS: usize = 7;

/// The estimated error is this many times the distance between neighbours in the tableau.
const CAUTION: f64 = 4.0;

/// The estimated error is at least this many times the rounding error of the finest quotient.
const ROUNDING: f64 = 2.0;

/// Extrapolates quotients, from the coarsest to the finest, each with half of the step before.
///
/// Where the function has values on both sides, central quotients are taken, whose errors are even powers of the step;
/// otherwise those of the side that has values.
pub(super) fn limit(quotients: &[Quotient]) -> Estimate {
    let mut entries = tableau(
        quotients,
        |quotient| 0.5 * (quotient.left + quotient.right),
        4.0,
    );
    if entries.is_empty() {
        entries = tableau(quotients, |quotient| quotient.left, 2.0);
        entries.extend(tableau(quotients, |quotient| quotient.right, 2.0));
    }
    let best = entries
        .into_iter()
        .min_by(|a, b| a.error.total_cmp(&b.error));
    best.unwrap_or(Estimate {
        slope: f64::NAN,
        error: f64::INFINITY,
        finest: 0,
    })
}

/// The tableau of quotients whose error is a series in powers of `step^(log₂ base)`; empty if too few are finite.
fn tableau(quotients: &[Quotient], value: impl Fn(&Quotient) -> f64, base: f64) -> Vec<Estimate> {
    // A coarse step may leave the domain, so the finest quotients that are finite are taken.
    let outside = quotients
        .iter()
        .rposition(|quotient| !value(quotient).is_finite());
    let first = outside.map_or(0, |level| level + 1);
    let mut column: Vec<f64> = quotients[first..].iter().map(value).collect();
    let mut entries = Vec::new();
    if column.len() < FEWEST {
        return entries;
    }
    let mut power = 1.0;
    for order in 0..COLUMNS.min(column.len() - 1) {
        let mut distance = 0.0_f64;
        for (i, pair) in column.windows(2).enumerate().rev() {
            distance = (0.5 * distance).max((pair[0] - pair[1]).abs());
            let finest = first + i + order + 1;
            let rounding = ROUNDING * quotients[finest].rounding;
            entries.push(Estimate {
                slope: pair[0],
                error: rounding.max(CAUTION * distance),
                finest,
            });
        }
        power *= base;
        let next = |pair: &[f64]| pair[1] + (pair[1] - pair[0]) / (power - 1.0);
        column = column.windows(2).map(next).collect();
    }
    entries
}
