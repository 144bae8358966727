//! The results of a check: `Report` and `Error`.

use std::fmt;

/// The report of a check that succeeded.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The largest difference between a derivative on the tape and the derivative by finite differences, relative to
    /// the larger one. Uncertain derivatives are left out.
    pub largest_error: f64,
    /// The number of directions along which the function was evaluated: elements of the inputs, or random directions.
    pub directions: usize,
    /// The number of derivatives that were compared: one for each direction and each output or sum of outputs.
    pub derivatives: usize,
    /// The number of derivatives for which finite differences are less exact than the bound, so that a mistake larger
    /// than the bound may be hidden.
    pub uncertain: usize,
}

/// The reason why a check failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A derivative on the tape differs from the derivative of the function.
    #[error(transparent)]
    Mismatch(Box<Mismatch>),
    /// The function is NaN or infinite at the point, so it has no derivative there.
    #[error("{of} is {value} at the point itself, where it has no derivative to compare with")]
    NotFinite {
        /// The quantity that is not finite.
        of: Checked,
        /// The value of the quantity.
        value: f64,
    },
}

/// The quantity that is differentiated: an output of the function, or a first derivative.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Checked {
    /// The element of the function's result at this index. The index is empty if the result is one number.
    Output(Vec<usize>),
    /// The derivative of the result, or of the weighted sum of its elements, with respect to an element of an input.
    Derivative {
        /// The index of the input.
        input: usize,
        /// The index of the element in that input; empty if the input is one number.
        element: Vec<usize>,
    },
}

/// A derivative on the tape that differs from the derivative of the function.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub struct Mismatch {
    /// The order of the derivative: 1, or 2 for a derivative of the gradient.
    pub order: usize,
    /// The quantity that is differentiated.
    pub of: Checked,
    /// The index of the input with respect to which it is differentiated.
    pub input: usize,
    /// The index of the element in that input; empty if the input is one number.
    pub element: Vec<usize>,
    /// The derivative on the tape.
    pub tape: f64,
    /// The derivative by finite differences, extrapolated from several steps.
    pub difference: f64,
    /// The estimated error of `difference`. It is large if the function is rough, or if rounding dominates its values.
    pub uncertainty: f64,
    /// The plain difference quotients of the two finest steps from which `difference` is computed.
    pub quotients: [Quotient; 2],
}

/// The difference quotients of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Quotient {
    /// The step: the change of the element.
    pub step: f64,
    /// The quotient for the step to smaller numbers; NaN if the function has no value there.
    pub left: f64,
    /// The quotient for the step to larger numbers; NaN if the function has no value there.
    pub right: f64,
    /// The least error of both quotients from the rounding of the function's values.
    pub rounding: f64,
}

impl Quotient {
    /// Converts the quotient of a function of `x / by` into the quotient of a function of `x`.
    pub(super) fn per(self, by: f64) -> Quotient {
        Quotient {
            step: self.step * by,
            left: self.left / by,
            right: self.right / by,
            rounding: self.rounding / by,
        }
    }

    /// Returns the central quotient, or the quotient of the side on which the function has a value.
    #[must_use]
    pub fn value(&self) -> f64 {
        match (self.left.is_finite(), self.right.is_finite()) {
            (true, true) => 0.5 * (self.left + self.right),
            (true, false) => self.left,
            _ => self.right,
        }
    }

    /// The distance between the quotients of the two sides.
    fn gap(&self) -> f64 {
        (self.left - self.right).abs()
    }
}

impl Mismatch {
    /// Returns the distance between the quotients of the two steps. For a smooth function it is much smaller than the
    /// quotients.
    #[must_use]
    pub fn gap(&self) -> f64 {
        let [coarse, fine] = &self.quotients;
        (coarse.value() - fine.value()).abs()
    }

    /// Returns whether the quotients of the two sides stay apart as the step shrinks, which they do at a kink or a
    /// jump.
    #[must_use]
    pub fn is_at_kink(&self) -> bool {
        let [coarse, fine] = &self.quotients;
        let size = fine.left.abs().max(fine.right.abs());
        fine.gap() > 0.75 * coarse.gap() && fine.gap() > 1e-3 * size
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Checked::Output(index) if index.is_empty() => f.write_str("the result"),
            Checked::Output(index) => write!(f, "element {index:?} of the result"),
            Checked::Derivative { input, element } => {
                f.write_str("the derivative with respect to ")?;
                write_element(f, *input, element)
            }
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = ["first", "second"][self.order.clamp(1, 2) - 1];
        write!(
            f,
            "wrong to {order} order: the derivative of {} with respect to ",
            self.of
        )?;
        write_element(f, self.input, &self.element)?;
        let [coarse, fine] = &self.quotients;
        write!(
            f,
            " is {:e} on the tape, and {:e} ± {:.0e} by finite differences, whose quotients with steps {:.0e} and {:.0e} are \
             {:.0e} apart",
            self.tape,
            self.difference,
            self.uncertainty,
            coarse.step,
            fine.step,
            self.gap()
        )?;
        if self.is_at_kink() {
            write!(
                f,
                "; from the left they are {:e}, and from the right {:e}: the function has a kink or a jump there",
                fine.left, fine.right
            )?;
        }
        Ok(())
    }
}

fn write_element(f: &mut fmt::Formatter<'_>, input: usize, element: &[usize]) -> fmt::Result {
    if element.is_empty() {
        write!(f, "input {input}")
    } else {
        write!(f, "element {element:?} of input {input}")
    }
}
