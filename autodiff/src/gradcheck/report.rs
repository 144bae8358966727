//! What a check reports.

use std::fmt;

/// What a check that succeeded has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The largest difference between the derivative on the tape and that of finite differences, relative to the larger
    /// of the two. Uncertain derivatives are left out.
    pub largest_error: f64,
    /// The number of directions along which the function was evaluated: elements of the inputs, or random ones.
    pub directions: usize,
    /// The number of derivatives that were compared: one for each output, or sum of outputs, and direction.
    pub derivatives: usize,
    /// The number of derivatives of which finite differences are less exact than the bound, so that a larger mistake may
    /// be hidden there.
    pub uncertain: usize,
}

/// Why a check failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A derivative on the tape is not that of the function.
    #[error(transparent)]
    Mismatch(Box<Mismatch>),
    /// The function itself is NaN or infinite at the point, so it has no derivative there.
    #[error("{of} is {value} at the point itself, where it has no derivative to compare with")]
    NotFinite {
        /// What is not finite.
        of: Checked,
        /// Its value.
        value: f64,
    },
}

/// What is differentiated: an output of the function, or a first derivative of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Checked {
    /// The element of the function's result at this index, which is empty if the result is one number.
    Output(Vec<usize>),
    /// The derivative with respect to an element of an input, of the result or of the weighted sum of its elements.
    Derivative {
        /// The number of the input.
        input: usize,
        /// The index of the element, empty if the input is one number.
        element: Vec<usize>,
    },
}

/// A derivative that is not the function's: where, and by how much.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub struct Mismatch {
    /// The derivative's order: 1, or 2 for that of a gradient.
    pub order: usize,
    /// What is differentiated.
    pub of: Checked,
    /// The number of the input that it is differentiated with respect to.
    pub input: usize,
    /// The index of the element in that input, empty if the input is one number.
    pub element: Vec<usize>,
    /// The derivative as the tape gives it.
    pub tape: f64,
    /// The derivative as finite differences give it, extrapolated from several steps.
    pub difference: f64,
    /// The estimated error of `difference`: large if the function is rough, or its values are dominated by rounding.
    pub uncertainty: f64,
    /// The plain difference quotients of the two finest steps that `difference` comes from.
    pub quotients: [Quotient; 2],
}

/// The difference quotients of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Quotient {
    /// The step, by which the element was changed.
    pub step: f64,
    /// The quotient of the step to smaller numbers; NaN if the function has no value there.
    pub left: f64,
    /// The quotient of the step to larger numbers; NaN if the function has no value there.
    pub right: f64,
    /// The error that rounding of the function's values makes in them at least.
    pub rounding: f64,
}

impl Quotient {
    /// The quotient of a function of `x`, from that of a function of `x / by`.
    pub(super) fn per(self, by: f64) -> Quotient {
        Quotient {
            step: self.step * by,
            left: self.left / by,
            right: self.right / by,
            rounding: self.rounding / by,
        }
    }

    /// The central quotient, or that of the side on which the function has a value.
    #[must_use]
    pub fn value(&self) -> f64 {
        match (self.left.is_finite(), self.right.is_finite()) {
            (true, true) => 0.5 * (self.left + self.right),
            (true, false) => self.left,
            _ => self.right,
        }
    }

    /// How far apart the quotients of the two sides are.
    fn gap(&self) -> f64 {
        (self.left - self.right).abs()
    }
}

impl Mismatch {
    /// How far apart the quotients of the two steps are: that of a smooth function is small beside the quotients.
    #[must_use]
    pub fn spread(&self) -> f64 {
        let [coarse, fine] = &self.quotients;
        (coarse.value() - fine.value()).abs()
    }

    /// Whether the quotients of the two sides stay apart as the step shrinks, as they do where the function has a kink.
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
            self.spread()
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
