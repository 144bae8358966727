//! Difference quotients, extrapolated to step 0 with an estimate of the error: Ridders' method.
//!
//! The function is evaluated at steps that are halved repeatedly. Richardson extrapolation removes the errors of low
//! order in the step from the quotients and arranges them in a tableau. Ridders takes the entry with the smallest
//! estimated error (Ridders, *Accurate computation of F′(x) and F′(x) F″(x)*, Advances in Engineering Software 4, 1982;
//! Numerical Recipes, §5.7).
//!
//! Ridders estimates the error of an entry by its distance from its neighbours, which rounding can make small by
//! chance. The estimate here also includes the distances at finer steps, because an error from rounding is proportional
//! to 1 / step.

use super::report::Quotient;

/// The estimated limit of difference quotients at step 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) slope: f64,
    /// The estimated error of `slope`; infinite where there are too few quotients.
    pub(super) error: f64,
    /// The index of the finest quotient from which `slope` and `error` are computed.
    pub(super) finest: usize,
}

/// The smallest number of quotients for an extrapolation.
pub(super) const MIN_QUOTIENTS: usize = 4;

/// The largest number of columns of the tableau; higher orders gain nothing in 53 bits.
const MAX_COLUMNS: usize = 7;

/// The ratio of the estimated error to the distance between neighbours in the tableau.
const ERROR_PER_DISTANCE: f64 = 4.0;

/// The smallest ratio of the estimated error to the rounding error of the finest quotient.
const ERROR_PER_ROUNDING: f64 = 2.0;

/// Extrapolates quotients to step 0. They are ordered from the coarsest to the finest, each with half the step of the
/// one before.
///
/// Where the function has values on both sides, it uses central quotients, whose error is a series in even powers of
/// the step. Otherwise it uses the quotients of the side with values.
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

/// Returns the tableau of quotients whose error is a series in powers of `step^(log₂ base)`. It is empty if too few
/// quotients are finite.
fn tableau(quotients: &[Quotient], value: impl Fn(&Quotient) -> f64, base: f64) -> Vec<Estimate> {
    // A coarse step may leave the domain, so only the finite quotients at the fine end are used.
    let outside = quotients
        .iter()
        .rposition(|quotient| !value(quotient).is_finite());
    let first = outside.map_or(0, |level| level + 1);
    let mut column: Vec<f64> = quotients[first..].iter().map(value).collect();
    let mut entries = Vec::new();
    if column.len() < MIN_QUOTIENTS {
        return entries;
    }
    let mut power = 1.0;
    for order in 0..MAX_COLUMNS.min(column.len() - 1) {
        let mut distance = 0.0_f64;
        for (i, pair) in column.windows(2).enumerate().rev() {
            distance = (0.5 * distance).max((pair[0] - pair[1]).abs());
            let finest = first + i + order + 1;
            let rounding = ERROR_PER_ROUNDING * quotients[finest].rounding;
            entries.push(Estimate {
                slope: pair[0],
                error: rounding.max(ERROR_PER_DISTANCE * distance),
                finest,
            });
        }
        power *= base;
        let next = |pair: &[f64]| pair[1] + (pair[1] - pair[0]) / (power - 1.0);
        column = column.windows(2).map(next).collect();
    }
    entries
}
