//! The trace of a traced tape: every operation with its operands and the line of code that recorded it.

use super::program::Recording;
use crate::elementwise::{Binary, Unary};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

/// The operation of an [entry](TraceEntry) of a trace. It prints as its name, for instance `mul`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// The recording of a variable.
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
    /// A dot product; its operands are the elements of the first vector, then the elements of the second.
    Dot,
    /// A linear combination; its operands are the variables, then the coefficients.
    LinearCombination,
    /// The Euclidean norm.
    Norm,
    /// The logarithm of a sum of exponentials.
    LogSumExp,
    /// A function with a user's own value and slopes.
    Custom,
    /// An output of a [checkpoint](super::checkpoint()); its operands are the inputs of the checkpoint.
    Checkpoint,
    /// An output of a function that was [preaccumulated](super::preaccumulate()); its operands are the inputs of the
    /// function.
    Preaccumulated,
}

impl Operation {
    /// The name of the operation.
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
            Operation::Preaccumulated => "preaccumulated",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An operand of an [entry](TraceEntry) of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input<T = f64> {
    /// The result of the entry with this node.
    Node(u32),
    /// A constant, with its value.
    Constant(T),
}

/// An entry of the trace of a [traced](super::Tape::traced) tape: an operation, with its operands and its result.
#[derive(Clone, Debug)]
pub struct TraceEntry<T = f64> {
    /// The operation.
    pub operation: Operation,
    /// The operands.
    pub inputs: Vec<Input<T>>,
    /// The value of the result.
    pub value: T,
    /// The node of the result.
    pub node: u32,
    /// The line of code that recorded the operation. For the sum or product of an iterator it is a line of this crate,
    /// because the standard library does not pass the caller's line on.
    pub location: &'static Location<'static>,
}

/// What a traced tape keeps: the entries of a trace with the names of nodes, or the graph of a program.
pub(super) struct Trace<T> {
    pub(super) steps: Vec<TraceEntry<T>>,
    pub(super) names: BTreeMap<u32, Cow<'static, str>>,
    /// The program that is being recorded, instead of entries.
    pub(super) program: Option<Recording<T>>,
}

impl<T> Default for Trace<T> {
    fn default() -> Self {
        Trace {
            steps: Vec::new(),
            names: BTreeMap::new(),
            program: None,
        }
    }
}

impl<T> Trace<T> {
    /// Removes the entries from position `steps` on, with the names of their results.
    pub(super) fn truncate(&mut self, steps: usize) {
        for step in self.steps.drain(steps..) {
            self.names.remove(&step.node);
        }
    }
}
