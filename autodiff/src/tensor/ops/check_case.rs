//! Inputs at which an operation is checked.

use crate::tensor::algebra::Algebra;
use crate::tensor::engine::tape::Tape;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use crate::tensor::var::Var;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt;

/// An operation and inputs to record it at. [`catalogue`](crate::tensor::catalogue) returns check cases of every
/// operation, for many shapes.
pub struct CheckCase {
    name: String,
    inputs: Vec<Tensor<f64>>,
    record: Box<Record>,
}

type Record = dyn for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>;

impl CheckCase {
    /// A case whose inputs have the given shapes and are drawn from (−1, 1).
    pub(crate) fn new(
        name: impl Into<String>,
        shapes: &[&[usize]],
        record: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
    ) -> CheckCase {
        CheckCase::within(name, shapes, &vec![(-1.0, 1.0); shapes.len()], record)
    }

    /// A case whose inputs have the given shapes and are each drawn from an interval.
    pub(crate) fn within(
        name: impl Into<String>,
        shapes: &[&[usize]],
        intervals: &[(f64, f64)],
        record: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
    ) -> CheckCase {
        // Every case has the same seed, so that a failure can be reproduced.
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let draw = |(shape, &(low, high)): (&&[usize], &(f64, f64))| {
            Tensor::from_flat_fn(Shape::from(*shape), |_| rng.random_range(low..high))
        };
        let inputs = shapes.iter().zip(intervals).map(draw).collect();
        CheckCase {
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

    /// Records the operation in any precision: everything that [`record`](CheckCase::record) records at the same
    /// inputs. What is chosen by their values, such as the position of the largest, is chosen in double precision.
    ///
    /// # Panics
    ///
    /// If the number of inputs is not that of [`inputs`](CheckCase::inputs).
    #[must_use]
    #[track_caller]
    pub fn record_in<'t, T: Real>(&self, inputs: &[Var<'t, T>]) -> Var<'t, T> {
        assert!(
            inputs.len() == self.inputs.len(),
            "record_in: {} inputs for {self:?}",
            inputs.len()
        );
        let tape = Tape::new();
        let doubled = inputs.iter().map(|x| tape.var(x.value().cast::<f64>()));
        let y = self.record(&doubled.collect::<Vec<_>>());
        let mut recorded = inputs.to_vec();
        let nodes = tape.nodes();
        for node in &nodes[inputs.len()..] {
            let x: Vec<_> = node.input_nodes().map(|input| &recorded[input]).collect();
            let same = node.operation.record_in(&x);
            recorded.push(same.unwrap_or_else(|| inputs[0].constant(node.value.map(T::from_f64))));
        }
        recorded[y.index as usize]
    }
}

impl fmt::Debug for CheckCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of", self.name)?;
        for input in &self.inputs {
            write!(f, " {}", input.shape())?;
        }
        Ok(())
    }
}
