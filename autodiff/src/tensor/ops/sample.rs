//! Sample inputs, to check an operation with.

use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::shape::Shape;
use crate::tensor::var::Var;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt;

/// An operation recorded at some inputs; [`catalogue`](crate::tensor::catalogue) lists one for every operation and shape.
pub struct Sample {
    name: String,
    inputs: Vec<Tensor<f64>>,
    record: Box<Record>,
}

type Record = dyn for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>;

impl Sample {
    /// A sample whose inputs, of the given shapes, are drawn from (−1, 1).
    pub(crate) fn new(
        name: impl Into<String>,
        shapes: &[&[usize]],
        record: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
    ) -> Sample {
        Sample::within(name, shapes, &vec![(-1.0, 1.0); shapes.len()], record)
    }

    /// A sample whose inputs are drawn from an interval each.
    pub(crate) fn within(
        name: impl Into<String>,
        shapes: &[&[usize]],
        intervals: &[(f64, f64)],
        record: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
    ) -> Sample {
        // Every sample has the same seed, so that a failure can be looked at again.
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

    /// The name of the operation, as its method is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The inputs.
    #[must_use]
    pub fn inputs(&self) -> &[Tensor<f64>] {
        &self.inputs
    }

    /// Records the operation on the tape of its inputs.
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
