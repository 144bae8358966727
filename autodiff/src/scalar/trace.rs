//! The traced tape: every operation with its operands, constants and the line that recorded it.

use super::place::Place;
use super::tape::SINK;
use super::{Scalar, Tape, Var};
use crate::elementwise::{Binary, Unary};
use std::cell::Ref;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

/// What a [step](Step) of a traced tape computed.
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
    /// A dot product; its operands are those of the first vector, then those of the second.
    Dot,
    /// A linear combination; its operands are the variables, then the coefficients.
    LinearCombination,
    /// The Euclidean norm.
    Norm,
    /// The logarithm of a sum of exponentials.
    LogSumExp,
    /// The caller's own function.
    Custom,
    /// An output of a [checkpoint](super::checkpoint); its operands are the checkpoint's inputs.
    Checkpoint,
}

impl Operation {
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

/// An operand of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand<T = f64> {
    /// The result of the step with this node.
    Node(u32),
    /// A constant.
    Constant(T),
}

/// An operation that a traced tape has kept.
#[derive(Clone, Debug)]
pub struct Step<T = f64> {
    /// What was computed.
    pub operation: Operation,
    /// What it was computed from.
    pub operands: Vec<Operand<T>>,
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
    pub(super) steps: Vec<Step<T>>,
    pub(super) names: BTreeMap<u32, String>,
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

impl<T: Scalar> Tape<T> {
    /// Keeps a function of one or two operands that has a slope towards a node, makes it a node, and returns its index.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) fn trace_function(
        &self,
        operation: Operation,
        operands: [Option<Operand<T>>; 2],
        value: T,
        (input, slope): (u32, T),
        location: &'static Location<'static>,
    ) -> Place {
        let place = self.pair([input, SINK], [slope, T::from_f64(0.0)]);
        let operands = operands.into_iter().flatten().collect();
        self.keep(Step {
            operation,
            operands,
            value,
            node: place.node(),
            location,
        });
        place
    }

    /// Appends the node that joins two operands where [`try_pair`](Tape::try_pair) did not, and keeps the operation on
    /// a traced tape.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) fn join_slowly(
        &self,
        operation: Operation,
        a: (u32, T),
        b: (u32, T),
        value: T,
    ) -> Place {
        let place = self.pair([a.0, b.0], [a.1, b.1]);
        if self.is_traced() {
            self.keep(Step {
                operation,
                operands: vec![Operand::Node(a.0), Operand::Node(b.0)],
                value,
                node: place.node(),
                location: Location::caller(),
            });
        }
        place
    }

    #[track_caller]
    pub(super) fn keep(&self, step: Step<T>) {
        if let Some(trace) = &self.trace {
            let Ok(mut trace) = trace.try_borrow_mut() else {
                panic!(
                    "{}: recorded on a traced tape while its steps were being read",
                    step.operation
                );
            };
            trace.steps.push(step);
        }
    }

    /// The operations in the order in which they were recorded; `None` if the tape is not traced.
    ///
    /// Nothing can be recorded while the result is in use: that panics.
    #[must_use]
    pub fn steps(&self) -> Option<Ref<'_, [Step<T>]>> {
        let trace = self.trace.as_ref()?;
        Some(Ref::map(trace.borrow(), |trace| trace.steps.as_slice()))
    }

    /// The name that a node was [given](Var::named).
    pub(super) fn name(&self, node: u32) -> Option<String> {
        self.trace.as_ref()?.borrow().names.get(&node).cloned()
    }

    #[cold]
    #[track_caller]
    pub(super) fn trace_variables(&self, variables: &[Var<'_, T>]) {
        for variable in variables {
            self.keep(Step {
                operation: Operation::Variable,
                operands: Vec::new(),
                value: variable.value,
                node: variable.node(),
                location: Location::caller(),
            });
        }
    }
}

impl<T: Scalar> Var<'_, T> {
    /// Names the variable, for the reports and drawings of a traced tape. On any other tape this does nothing.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        if let Some(trace) = self.tape.and_then(|tape| tape.trace.as_ref()) {
            // The conversion is the caller's code, which may record on the tape.
            let name = name.into();
            trace.borrow_mut().names.insert(self.node(), name);
        }
        self
    }
}
