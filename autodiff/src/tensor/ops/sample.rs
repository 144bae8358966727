//! Sample inputs for checks of an operation.

use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::shape::Shape;
use crate::tensor::var::Var;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt;

/// An operation and inputs to record it at. [`catalogue`](crate::tensor::catalogue) returns samples of every operation,
/// for many shapes.
pub struct Sample {
    name: String,
    inputs: Vec<Tensor<f64>>,
    record: Box<Record>,
}

type Record = dyn for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>;

impl Sample {
    /// A sample whose inputs have the given shapes and are drawn from (−1, 1).
    pub(crate) fn new(
        name: impl Into<String>,
        shapes: &[&[usize]],
        record: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
    ) -> Sample {
        Sample::within(name, shapes, &vec![(-1.0, 1.0); shapes.len()], record)
    }

    /// A sample whose inputs have the given shapes and are each drawn from an interval.
    pub(crate) fn within(
        name: impl Into<String>,
        shapes: &[&[usize]],
        intervals: &[(f64, f64)],
        record: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
    ) -> Sample {
        // Every sample has the same seed, so that a failure can be reproduced.
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let draw = |(shape, &(low, high)): (&&[usize], &(f64, f64))| {
            Tensor::from_fn(Shape::from(*shape), |_| rng.random_range(low..high))
        };
        let inputs = shapes.iter().zip(intervals).map(draw).collect();
        Sample {
            name: name.into(),
            inputs,
            record: Box::new(record),
        }
    }

    /// The name of the operation's method.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The inputs.
    #[must_use]
    pub fn inputs(&self) -> &[Tensor<f64>] {
        &self.inputs
    }

    /// Records the operation on the tape of the inputs.
    #[must_use]
    pub fn record<'t>(&self, inputs: &[Var<'t, f64>]) -> Var<'t, f64> {
        (self.record)(inputs)
    }
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of", self.name)?;
        for input in &self.inputs {
            write!(f, " {}", input.shape())?;
        }
        Ok(())
    }
}
