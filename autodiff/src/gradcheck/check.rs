//! The choice of the outputs and directions to compare, and the search for the element that is wrong.

use super::compare::{DirectionalCheck, Functional, compare};
use super::report::{Error, Mismatch, Report};
use super::subject::{Subject, Terms};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Up to this number, elements are changed one by one; more are changed together along random directions.
const MAX_SEPARATE_ELEMENTS: usize = 64;

/// Up to this number, outputs are compared one by one; more are summed with random weights.
const MAX_SEPARATE_OUTPUTS: usize = 32;

/// The default number of random directions.
const DEFAULT_DIRECTIONS: usize = 8;

/// The number of sums with random weights.
const RANDOM_SUMS: usize = 2;

/// Compares the derivatives of a function on a tape with finite differences, and returns the report, or the worst
/// mismatch.
pub(super) fn check(subject: &Subject<'_>) -> Result<Report, Error> {
    if let Some(output) = subject.base.iter().position(|value| !value.is_finite()) {
        return Err(Error::NotFinite {
            of: subject.quantity(output),
            value: subject.base[output],
        });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let functionals = functionals(subject, &mut rng);
    let mut report = Report {
        largest_error: 0.0,
        directions: 0,
        derivatives: 0,
        uncertain: 0,
    };
    let mut worst: Option<(f64, usize, Terms)> = None;
    for direction in directions(subject, &mut rng) {
        let comparisons = compare(subject, &functionals, &direction);
        report.directions += 1;
        report.derivatives += comparisons.len();
        for (functional, comparison) in comparisons.iter().enumerate() {
            let excess = comparison.excess();
            if !comparison.agrees() && worst.as_ref().is_none_or(|worst| excess > worst.0) {
                worst = Some((excess, functional, direction.clone()));
            }
            if comparison.is_certain() {
                report.largest_error = report.largest_error.max(comparison.relative_error());
            } else {
                report.uncertain += 1;
            }
        }
    }
    let Some((_, functional, direction)) = worst else {
        return Ok(report);
    };
    let outputs = &functionals[functional].terms;
    Err(Error::Mismatch(Box::new(mismatch(
        subject, outputs, &direction,
    ))))
}

/// Returns each output, or sums of all outputs with random weights.
fn functionals(subject: &Subject<'_>, rng: &mut ChaCha8Rng) -> Vec<Functional> {
    let outputs = subject.base.len();
    let terms: Vec<Terms> =
        if outputs <= MAX_SEPARATE_OUTPUTS && subject.method.directions.is_none() {
            (0..outputs).map(|output| vec![(output, 1.0)]).collect()
        } else {
            let sum = |_| {
                balanced_weights(subject, rng)
                    .into_iter()
                    .enumerate()
                    .collect()
            };
            (0..RANDOM_SUMS).map(sum).collect()
        };
    terms
        .into_iter()
        .map(|terms| Functional::new(subject, terms))
        .collect()
}

/// Returns random weights of either sign, with which all weighted outputs have about the same size.
pub(super) fn balanced_weights(subject: &Subject<'_>, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let weight = |value: &f64| {
        let weight = (subject.round)(either_sign(rng) / value.abs());
        if weight.is_finite() && weight != 0.0 {
            weight
        } else {
            1.0
        }
    };
    subject.base.iter().map(weight).collect()
}

/// Returns one direction for each element, or random directions in which all elements move.
fn directions(subject: &Subject<'_>, rng: &mut ChaCha8Rng) -> Vec<Terms> {
    let scales = scales(subject).into_iter().enumerate();
    let movable: Terms = scales.filter(|(_, scale)| *scale > 0.0).collect();
    if movable.len() <= MAX_SEPARATE_ELEMENTS && subject.method.directions.is_none() {
        return movable.into_iter().map(|term| vec![term]).collect();
    }
    let mut by = |&(element, scale): &(usize, f64)| {
        let (low, high) = subject.inputs.domain[element];
        let by = either_sign(rng);
        // Elements at the edge of their domain move inwards.
        let by = match subject.inputs.x[element] {
            x if x <= low => by.abs(),
            x if x >= high => -by.abs(),
            _ => by,
        };
        (element, by * scale)
    };
    let random = |_| movable.iter().map(&mut by).collect();
    (0..subject.method.directions.unwrap_or(DEFAULT_DIRECTIONS))
        .map(random)
        .collect()
}

/// Returns the change of each element for a step of 1: the absolute value of the element. If that is 0, it is the
/// largest absolute value in the same input, or else 1. Infinite elements do not move.
fn scales(subject: &Subject<'_>) -> Vec<f64> {
    // A subnormal number counts as 0, because its neighbours are far from it relative to its size.
    let is_zero = |x: f64| (subject.round)(x * subject.epsilon) == 0.0;
    let mut scales = Vec::new();
    for range in subject.inputs.shapes.ranges() {
        let sizes: Vec<f64> = subject.inputs.x[range].iter().map(|x| x.abs()).collect();
        let finite = sizes.iter().filter(|size| size.is_finite());
        let largest = finite.fold(0.0_f64, |largest, &size| largest.max(size));
        let usual = if is_zero(largest) { 1.0 } else { largest };
        scales.extend(sizes.into_iter().map(|size| match size {
            size if !size.is_finite() => 0.0,
            size if is_zero(size) => usual,
            size => size,
        }));
    }
    scales
}

/// Returns a random number of either sign with an absolute value from ½ to 1.
fn either_sign(rng: &mut ChaCha8Rng) -> f64 {
    let size = rng.random_range(0.5..1.0);
    if rng.random::<bool>() { size } else { -size }
}

/// Finds an output and an element whose derivative is wrong, given a sum of outputs and a direction along which its
/// derivative is wrong.
fn mismatch(subject: &Subject<'_>, outputs: &Terms, direction: &Terms) -> Mismatch {
    let compare = |functional: &Functional, direction: &Terms| -> DirectionalCheck {
        compare(subject, std::slice::from_ref(functional), direction).swap_remove(0)
    };
    let functional = Functional::new(subject, outputs.clone());
    let (element, by) = bisect(direction, |half| compare(&functional, half).excess());
    let direction = vec![(element, by.abs())];
    let excess =
        |half: &Terms| compare(&Functional::new(subject, half.clone()), &direction).excess();
    let (output, _) = bisect(outputs, excess);
    let functional = Functional::new(subject, vec![(output, 1.0)]);
    let comparison = compare(&functional, &direction);

    let by = by.abs();
    let fine = comparison.estimate.finest.max(1);
    let (input, index) = subject.inputs.shapes.locate(element);
    Mismatch {
        order: subject.order,
        of: subject.quantity(output),
        input,
        element: index,
        tape: functional.gradient[element],
        difference: comparison.estimate.slope / by,
        uncertainty: comparison.estimate.error / by,
        quotients: [fine - 1, fine].map(|level| comparison.quotients[level].per(by)),
    }
}

/// Finds one term by bisection: it keeps the half of the terms for which `excess` is larger.
fn bisect(terms: &Terms, excess: impl Fn(&Terms) -> f64) -> (usize, f64) {
    let mut terms = terms.clone();
    while terms.len() > 1 {
        let rest = terms.split_off(terms.len() / 2);
        if excess(&rest) > excess(&terms) {
            terms = rest;
        }
    }
    terms[0]
}
