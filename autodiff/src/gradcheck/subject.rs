//! `Subject`: the function that is checked, as a function of many numbers, for either tape and either order.

use super::options::Scheme;
use super::report::Checked;
use crate::tensor::{Real, Shape};
use std::ops::Range;

/// The terms of a direction or of a sum: elements or outputs, each with its factor.
pub(super) type Terms = Vec<(usize, f64)>;

/// A function with many outputs, its inputs, and its gradient on a tape.
///
/// To second order the function is the gradient, and each of its components is an output.
pub(super) struct Subject<'a> {
    pub(super) order: usize,
    pub(super) method: Scheme,
    pub(super) inputs: &'a Inputs,
    outputs: &'a Shapes,
    /// Computes the outputs at a point.
    pub(super) values: &'a dyn Fn(&[f64]) -> Vec<f64>,
    /// The outputs at the inputs.
    pub(super) base: Vec<f64>,
    /// Computes, on the tape, the gradient of the sum of the outputs with the given weights.
    pub(super) pull_back: &'a dyn Fn(&[f64]) -> Vec<f64>,
    /// Rounds to the function's precision.
    pub(super) round: fn(f64) -> f64,
    /// The distance from 1 to the next larger number in the function's precision.
    pub(super) epsilon: f64,
}

/// The inputs at which a function is checked.
pub(super) struct Inputs {
    pub(super) shapes: Shapes,
    /// The elements of all inputs, concatenated.
    pub(super) x: Vec<f64>,
    /// The interval in which each element must stay.
    pub(super) domain: Vec<(f64, f64)>,
}

impl<'a> Subject<'a> {
    /// Returns the function, whose elements are of type `T`, with its values at the inputs.
    pub(super) fn new<T: Real>(
        order: usize,
        method: Scheme,
        inputs: &'a Inputs,
        outputs: &'a Shapes,
        values: &'a dyn Fn(&[f64]) -> Vec<f64>,
        pull_back: &'a dyn Fn(&[f64]) -> Vec<f64>,
    ) -> Self {
        Subject {
            order,
            method,
            inputs,
            outputs,
            values,
            base: values(&inputs.x),
            pull_back,
            round: |x| T::from_f64(x).to_f64(),
            epsilon: T::EPSILON.to_f64(),
        }
    }

    /// Returns the inputs, moved along a direction; `None` if a moved element leaves its domain or is not finite.
    pub(super) fn moved(&self, direction: &Terms, step: f64) -> Option<Vec<f64>> {
        let mut x = self.inputs.x.clone();
        for &(element, by) in direction {
            let (low, high) = self.inputs.domain[element];
            let moved = (self.round)(x[element] + step * by);
            if !moved.is_finite() || moved < low || moved > high {
                return None;
            }
            x[element] = moved;
        }
        Some(x)
    }

    /// Describes the output with this index.
    pub(super) fn quantity(&self, output: usize) -> Checked {
        let (input, element) = self.outputs.locate(output);
        match self.order {
            1 => Checked::Output(element),
            _ => Checked::Derivative { input, element },
        }
    }
}

/// The shapes of several tensors, whose elements are numbered consecutively.
pub(super) struct Shapes(pub(super) Vec<Shape>);

impl Shapes {
    /// Returns the tensor to which an element belongs, and the index of the element in it.
    pub(super) fn locate(&self, element: usize) -> (usize, Vec<usize>) {
        let mut ranges = self.ranges().enumerate();
        let (tensor, range) = ranges
            .find(|(_, range)| range.contains(&element))
            .expect("an element of a tensor");
        let mut place = element - range.start;
        let mut index = vec![0; self.0[tensor].len()];
        for (i, &extent) in index.iter_mut().zip(self.0[tensor].iter()).rev() {
            *i = place % extent;
            place /= extent;
        }
        (tensor, index)
    }

    /// Returns the range of element numbers of each tensor.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.0.iter().map(move |shape| {
            let range = start..start + shape.size();
            start = range.end;
            range
        })
    }
}
