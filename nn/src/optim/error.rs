//! The error for a step that was not taken.

use crate::Layout;
use std::fmt;

/// The error for a step that was not taken because a number is or would become not finite.
///
/// Parameters, moments and the count of steps are unchanged, so training can continue with the next batch, or with a
/// smaller learning rate.
///
/// ```
/// use nn::{Adam, Quantity};
///
/// let mut parameters = [0.5, 0.25];
/// let mut adam = Adam::new(0.1);
/// let error = adam.step(&mut parameters, &[1.0, f64::NAN]).unwrap_err();
/// assert_eq!((error.quantity, error.element), (Quantity::Gradient, 1));
/// assert_eq!(error.to_string(), "the gradient of parameter 1 is NaN: the step was not taken");
/// assert_eq!(parameters, [0.5, 0.25]);
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub struct StepError {
    /// The quantity that is or would become not finite.
    pub quantity: Quantity,
    /// The name of the slice of the parameters, if it is known.
    pub slice: Option<String>,
    /// The index of the element in the slice, or in the flat buffer if the slice is not known.
    pub element: usize,
    /// The number that is not finite.
    pub value: f64,
}

/// The quantities that a step checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantity {
    /// The derivative with respect to a parameter.
    Gradient,
    /// A moment of the optimizer.
    Moment,
    /// The parameter itself, before the step or after it.
    Parameter,
}

impl StepError {
    /// Returns an error about the element with the given index in a flat buffer.
    #[must_use]
    pub fn new(quantity: Quantity, element: usize, value: f64) -> StepError {
        StepError {
            quantity,
            slice: None,
            element,
            value,
        }
    }

    /// Returns the error with the name of the slice that contains the element, and the index of the element in the
    /// slice.
    #[must_use]
    pub fn in_layout(self, layout: &Layout) -> StepError {
        let offset = |slice: &crate::Slice| self.element.checked_sub(slice.offset);
        let found = layout
            .slices()
            .iter()
            .find(|slice| offset(slice).is_some_and(|element| element < slice.shape.size()));
        match found {
            Some(slice) if self.slice.is_none() => StepError {
                slice: Some(slice.name.clone()),
                element: self.element - slice.offset,
                ..self
            },
            _ => self,
        }
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StepError {
            quantity,
            slice,
            element,
            value,
        } = self;
        let parameter = match slice {
            Some(name) => format!("`{name}`[{element}]"),
            None => format!("parameter {element}"),
        };
        match quantity {
            Quantity::Gradient => write!(f, "the gradient of {parameter} is {value}")?,
            Quantity::Moment => write!(f, "a moment of {parameter} would become {value}")?,
            Quantity::Parameter => write!(f, "{parameter} would become {value}")?,
        }
        write!(f, ": the step was not taken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Mlp};

    #[test]
    fn an_error_names_the_slice_and_the_index_in_the_slice() {
        // The first slice ends where the next begins.
        let network = Mlp::new(&[8, 2, 1], Activation::Tanh);
        let slices = network.layout().slices();
        for slice in slices {
            for index in [0, slice.shape.size() - 1] {
                let error = StepError::new(Quantity::Gradient, slice.offset + index, f64::INFINITY);
                let error = error.in_layout(network.layout());
                assert_eq!(error.slice.as_deref(), Some(&slice.name[..]));
                assert_eq!(error.element, index);
                assert_eq!(error.clone().in_layout(network.layout()), error);
            }
        }
    }
}
