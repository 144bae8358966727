//! The comparison of derivatives on the tape with difference quotients along a direction.

use super::quotient::{Estimate, MIN_QUOTIENTS, limit};
use super::report::Quotient;
use super::subject::{Subject, Terms};

/// The smallest step, in units of ε.
const MIN_STEP_IN_EPSILON: f64 = 64.0;

/// A comparison ends after this number of finer quotients that do not improve the estimate.
const PATIENCE: usize = 5;

/// A weighted sum of outputs.
pub(super) struct Functional {
    /// The outputs and their weights.
    pub(super) terms: Terms,
    /// The gradient of the sum on the tape.
    pub(super) gradient: Vec<f64>,
}

impl Functional {
    pub(super) fn new(subject: &Subject<'_>, terms: Terms) -> Self {
        let mut weights = vec![0.0; subject.base.len()];
        for &(output, weight) in &terms {
            weights[output] = weight;
        }
        let gradient = (subject.pull_back)(&weights);
        Functional { terms, gradient }
    }
}

/// The derivative of a functional along a direction: on the tape, and by finite differences.
#[derive(Clone, Debug)]
pub(super) struct DirectionalCheck {
    pub(super) tape: f64,
    pub(super) quotients: Vec<Quotient>,
    pub(super) estimate: Estimate,
    bound: f64,
}

impl DirectionalCheck {
    fn new(functional: &Functional, direction: &Terms, bound: f64) -> Self {
        let terms = direction.iter();
        DirectionalCheck {
            tape: terms
                .map(|&(element, by)| functional.gradient[element] * by)
                .sum(),
            quotients: Vec::new(),
            estimate: limit(&[]),
            bound,
        }
    }

    fn push(&mut self, quotient: Quotient) {
        self.quotients.push(quotient);
        self.estimate = limit(&self.quotients);
    }

    /// The difference of the two derivatives, relative to the larger one.
    pub(super) fn relative_error(&self) -> f64 {
        let difference = (self.tape - self.estimate.slope).abs();
        if difference == 0.0 {
            0.0
        } else {
            difference / self.size()
        }
    }

    /// The difference of the two derivatives, relative to the largest accepted difference; infinite if a derivative is
    /// not finite.
    pub(super) fn excess(&self) -> f64 {
        let difference = (self.tape - self.estimate.slope).abs();
        let accepted = (self.bound * self.size()).max(self.estimate.error);
        match difference / accepted {
            _ if difference == 0.0 => 0.0,
            excess if excess.is_nan() => f64::INFINITY,
            excess => excess,
        }
    }

    pub(super) fn agrees(&self) -> bool {
        self.excess() <= 1.0
    }

    /// Whether the estimated error of the finite differences is within the bound.
    pub(super) fn is_certain(&self) -> bool {
        // If both derivatives are 0, there is no size to which an error could be relative.
        self.size() == 0.0 || self.estimate.error <= self.bound * self.size()
    }

    fn size(&self) -> f64 {
        self.tape.abs().max(self.estimate.slope.abs())
    }

    /// Whether finer steps are needed. Derivatives that disagree need all steps, since a function may vary at any
    /// scale.
    fn is_open(&self) -> bool {
        let idle = self.quotients.len() > self.estimate.finest + PATIENCE;
        self.quotients.len() <= PATIENCE || !self.agrees() || !(self.is_certain() || idle)
    }
}

/// Compares the derivatives of functionals along a direction with difference quotients, whose step is halved
/// repeatedly.
pub(super) fn compare(
    subject: &Subject<'_>,
    functionals: &[Functional],
    direction: &Terms,
) -> Vec<DirectionalCheck> {
    let new = |functional| DirectionalCheck::new(functional, direction, subject.method.bound);
    let mut comparisons: Vec<DirectionalCheck> = functionals.iter().map(new).collect();
    let mut step = subject.method.step;
    for level in 0.. {
        let is_finest = level > MIN_QUOTIENTS && step < MIN_STEP_IN_EPSILON * subject.epsilon;
        if is_finest || !comparisons.iter().any(DirectionalCheck::is_open) {
            break;
        }
        let ends = [-step, step].map(|step| {
            let x = subject.moved(direction, step)?;
            let values = (subject.values)(&x);
            Some(End { step, x, values })
        });
        for (functional, comparison) in functionals.iter().zip(&mut comparisons) {
            if comparison.is_open() {
                let [left, right] = ends.each_ref().map(|end| {
                    let Some(end) = end else {
                        return (f64::NAN, 0.0);
                    };
                    end.quotient(subject, functional, direction)
                });
                comparison.push(Quotient {
                    step,
                    left: left.0,
                    right: right.0,
                    rounding: left.1.max(right.1),
                });
            }
        }
        step *= 0.5;
    }
    comparisons
}

/// The function at the end of a step along a direction.
struct End {
    step: f64,
    x: Vec<f64>,
    values: Vec<f64>,
}

impl End {
    /// Returns the difference quotient of a functional, and the error in it from the rounding of the function's values.
    fn quotient(
        &self,
        subject: &Subject<'_>,
        functional: &Functional,
        direction: &Terms,
    ) -> (f64, f64) {
        let (mut change, mut rounding) = (0.0, 0.0);
        for &(output, weight) in &functional.terms {
            let (value, base) = (self.values[output], subject.base[output]);
            change += weight * (value - base);
            rounding += subject.epsilon * weight.abs() * value.abs().max(base.abs());
        }
        // The moved inputs are rounded. To first order, this adds the change of the function from the rounded inputs to
        // the exact ones.
        let missing = direction.iter().map(|&(element, by)| {
            let moved = self.x[element] - subject.inputs.x[element];
            functional.gradient[element] * (self.step * by - moved)
        });
        let missing: f64 = missing.sum();
        if missing.is_finite() {
            change += missing;
        }
        (change / self.step, rounding / self.step.abs())
    }
}
