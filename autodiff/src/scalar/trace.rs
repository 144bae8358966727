//! What a traced tape keeps: every operation with its inputs, constants and the line that recorded it.

use crate::elementwise::{Binary, Unary};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

/// What a [step](TraceEntry) of a traced tape computed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// A variable was made.
    Variable,
    /// A function of one variable from the [table](crate::elementwise).
    Unary(Unary),
    /// A function of two variables from the table, or an operator.
    Binary(Binary),
    /// The operator `%`.
    Remainder,
    /// The sum of an iterator.
    Sum,
    /// The product of an iterator.
    Product,
    /// A dot product; its inputs are those of the first vector, then those of the second.
    Dot,
    /// A linear combination; its inputs are the variables, then the coefficients.
    LinearCombination,
    /// The Euclidean norm.
    Norm,
    /// The logarithm of a sum of exponentials.
    LogSumExp,
    /// The caller's own function.
    Custom,
    /// An output of a [checkpoint](super::checkpoint); its inputs are the checkpoint's inputs.
    Checkpoint,
}

impl Operation {
    #[inline]
    pub(super) fn name(self) -> &'static str {
        match self {
            Operation::Variable => "variable",
            Operation::Unary(function) => function.name(),
            Operation::Binary(function) => function.name(),
            Operation::Remainder => "rem",
            Operation::Sum => "sum",
            Operation::Product => "product",
            Operation::Dot => "dot",
            Operation::LinearCombination => "linear_combination",
            Operation::Norm => "norm",
            Operation::LogSumExp => "log_sum_exp",
            Operation::Custom => "custom",
            Operation::Checkpoint => "checkpoint",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An input of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input<T = f64> {
    /// The result of the step with this node.
    Node(u32),
    /// A constant.
    Constant(T),
}

/// An operation that a traced tape has kept.
#[derive(Clone, Debug)]
pub struct TraceEntry<T = f64> {
    /// What was computed.
    pub operation: Operation,
    /// What it was computed from.
    pub inputs: Vec<Input<T>>,
    /// The result.
    pub value: T,
    /// The node of the result.
    pub node: u32,
    /// The line of code that recorded it. For the sum or product of an iterator it lies in this crate, since the standard
    /// library stands between.
    pub location: &'static Location<'static>,
}

/// What a traced tape keeps.
pub(super) struct Trace<T> {
    pub(super) steps: Vec<TraceEntry<T>>,
    pub(super) names: BTreeMap<u32, Cow<'static, str>>,
}

impl<T> Default for Trace<T> {
    fn default() -> Self {
        Trace {
            steps: Vec::new(),
            names: BTreeMap::new(),
        }
    }
}

impl<T> Trace<T> {
    /// Forgets the later steps, with the names of their results.
    pub(super) fn truncate(&mut self, steps: usize) {
        for step in self.steps.drain(steps..) {
            self.names.remove(&step.node);
        }
    }
}
