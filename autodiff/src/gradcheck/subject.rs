//! What is checked: a function of many numbers, whichever tape it is recorded on and whichever order is checked.

use super::options::Scheme;
use super::report::Checked;
use crate::tensor::{Real, Shape};
use std::ops::Range;

/// Elements or outputs, each with the factor it has in a direction or in a sum.
pub(super) type Terms = Vec<(usize, f64)>;

/// A function with many outputs, its inputs, and its gradient on a tape.
///
/// To second order the function is the gradient, each of its components being an output.
pub(super) struct Subject<'a> {
    pub(super) order: usize,
    pub(super) method: Scheme,
    pub(super) inputs: &'a Inputs,
    outputs: &'a Shapes,
    /// The outputs at a point.
    pub(super) values: &'a dyn Fn(&[f64]) -> Vec<f64>,
    /// The outputs at the inputs.
    pub(super) base: Vec<f64>,
    /// The gradient, on the tape, of the sum of the outputs with these weights.
    pub(super) pull_back: &'a dyn Fn(&[f64]) -> Vec<f64>,
    /// The nearest number of the function's precision.
    pub(super) round: fn(f64) -> f64,
    /// The distance from 1 to the next larger number of that precision.
    pub(super) epsilon: f64,
}

/// The inputs at which a function is checked.
pub(super) struct Inputs {
    pub(super) shapes: Shapes,
    /// The elements of all inputs, one after the other.
    pub(super) x: Vec<f64>,
    /// The interval that each element is kept in.
    pub(super) domain: Vec<(f64, f64)>,
}

impl<'a> Subject<'a> {
    /// A function of elements of type `T`.
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

    /// The inputs moved along a direction; `None` if that leads out of the domain.
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

    /// Says which output this is.
    pub(super) fn quantity(&self, output: usize) -> Checked {
        let (input, element) = self.outputs.locate(output);
        match self.order {
            1 => Checked::Output(element),
            _ => Checked::Derivative { input, element },
        }
    }
}

/// The shapes of tensors whose elements are numbered one after the other.
pub(super) struct Shapes(pub(super) Vec<Shape>);

impl Shapes {
    /// The tensor that an element belongs to, and its index there.
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

    /// The numbers of each tensor's elements.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.0.iter().map(move |shape| {
            let range = start..start + shape.size();
            start = range.end;
            range
        })
    }
}
