//! Reports of a traced tape: the origin of a NaN, and a drawing of the recording.

use super::inspect::Node;
use super::number::Scalar;
use super::tape::Tape;
use super::trace::{Input, Operation, TraceEntry};
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::panic::Location;

/// The first operation of a traced tape with a NaN value, or with a slope that is not finite, as
/// [`Tape::first_non_finite`] returns it. It prints, for instance, as `sqrt(-1) is NaN, recorded at src/main.rs:5:13`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NonFinite<T: Scalar = f64> {
    /// The operation.
    pub operation: Operation,
    /// The values of the operands.
    pub inputs: Vec<T>,
    /// Whether the value or a slope is not finite.
    pub cause: NonFiniteCause<T>,
    /// The line of code that recorded the operation.
    pub location: &'static Location<'static>,
    /// The expression, with the names of the operands that have one.
    expression: String,
}

/// The part of an operation that is not finite.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum NonFiniteCause<T = f64> {
    /// The value is NaN, although no variable among the operands is NaN.
    Value,
    /// The slope towards an input, which is this number, is NaN or infinite.
    Slope(T),
}

impl<T: Scalar> fmt::Display for NonFinite<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            NonFiniteCause::Value => write!(f, "{} is NaN", self.expression)?,
            NonFiniteCause::Slope(slope) => {
                write!(f, "the slope of {} is {slope}", self.expression)?;
            }
        }
        write!(f, ", recorded at {}", self.location)
    }
}

/// # Finding a NaN and drawing the recording
impl<T: Scalar> Tape<T> {
    /// Returns the origin of a NaN on a [traced](Tape::traced) tape.
    ///
    /// This is the first operation whose value is NaN although no variable among its operands is NaN. If there is none,
    /// it is the first operation with a NaN or infinite slope, which can make gradients NaN or infinite. If there is
    /// neither, the result is `None`.
    ///
    /// ```
    /// use autodiff::scalar::Tape;
    ///
    /// let tape = Tape::traced();
    /// let x = tape.var(2.0).named("x");
    /// let y = 1.0 + (x - 3.0).sqrt();
    /// assert!(y.value().is_nan());
    /// let origin = tape.first_non_finite().unwrap().to_string();
    /// assert!(origin.starts_with("sqrt(-1) is NaN, recorded at "), "{origin}");
    /// ```
    ///
    /// # Panics
    ///
    /// If the tape is not traced.
    #[must_use]
    #[track_caller]
    pub fn first_non_finite(&self) -> Option<NonFinite<T>> {
        let Some(steps) = self.trace() else {
            panic!("first_non_finite: the tape is not traced; make it with `Tape::traced()`");
        };
        let values: HashMap<u32, T> = steps.iter().map(|step| (step.node, step.value)).collect();
        let value = |input: &Input<T>| match input {
            Input::Constant(value) => *value,
            Input::Node(node) => values[node],
        };
        let finding = |step: &TraceEntry<T>, cause| NonFinite {
            operation: step.operation,
            inputs: step.inputs.iter().map(value).collect(),
            cause,
            location: step.location,
            expression: self.expression(step, value),
        };
        // A constant has no entry of its own, so the operation that uses a NaN constant is the origin.
        let is_origin = |step: &&TraceEntry<T>| {
            let comes_from_nan =
                |input: &Input<T>| matches!(input, Input::Node(_)) && value(input).has_nan();
            step.value.has_nan() && !step.inputs.iter().any(comes_from_nan)
        };
        if let Some(step) = steps.iter().find(is_origin) {
            return Some(finding(step, NonFiniteCause::Value));
        }
        let bad_slope = |node: Node<T>| {
            let mut slopes = node.inputs.into_iter().map(|(_, slope)| slope);
            let bad = slopes.find(|slope| !slope.to_f64().is_finite())?;
            Some((node.index, bad))
        };
        let bad: HashMap<u32, T> = self.nodes().filter_map(bad_slope).collect();
        let step = steps.iter().find(|step| bad.contains_key(&step.node))?;
        Some(finding(step, NonFiniteCause::Slope(bad[&step.node])))
    }

    fn expression(&self, step: &TraceEntry<T>, value: impl Fn(&Input<T>) -> T) -> String {
        if step.operation == Operation::Variable {
            return self.name(step.node).unwrap_or_else(|| "variable".into());
        }
        let input = |input: &Input<T>| {
            let name = match input {
                Input::Node(node) => self.name(*node),
                Input::Constant(_) => None,
            };
            let name = name.map_or_else(String::new, |name| format!("{name} = "));
            format!("{name}{}", value(input))
        };
        let inputs: Vec<_> = step.inputs.iter().map(input).collect();
        format!("{}({})", step.operation, inputs.join(", "))
    }

    /// Returns the recording as a graph in the DOT language of Graphviz. Nodes show the operation and the value, and
    /// the [name](super::Var::named) of the variable if it has one; edges show the slopes. The nodes of an untraced
    /// tape show only their index.
    ///
    /// ```
    /// use autodiff::scalar::Tape;
    ///
    /// let tape = Tape::traced();
    /// let x = tape.var(3.0).named("x");
    /// let _ = (2.0 * x).sin();
    /// let dot = tape.to_dot();
    /// assert!(dot.contains(r#"n1 [label="x\n3", shape=box]"#), "{dot}");
    /// assert!(dot.contains(r#"n2 [label="mul 2\n6"]"#), "{dot}");
    /// assert!(dot.contains(r#"n1 -> n2 [label="2"]"#), "{dot}");
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        let steps = self.trace();
        let steps: HashMap<u32, &TraceEntry<T>> = steps
            .iter()
            .flat_map(|steps| steps.iter())
            .map(|step| (step.node, step))
            .collect();
        let mut dot = String::from("digraph tape {\n    rankdir=LR;\n");
        for node in self.nodes() {
            let index = node.index;
            let step = steps.get(&index);
            let name = self.name(index);
            let mut label = match step {
                Some(step) if step.operation != Operation::Variable => {
                    let constants = step.inputs.iter().filter_map(|input| match input {
                        Input::Constant(value) => Some(format!(" {value}")),
                        Input::Node(_) => None,
                    });
                    let name = name.map_or_else(String::new, |name| format!("{name} = "));
                    format!("{name}{}{}", step.operation, constants.collect::<String>())
                }
                _ => name.unwrap_or_else(|| format!("#{index}")),
            };
            label = label.replace('\\', "\\\\").replace('"', "\\\"");
            // Writing to a string cannot fail.
            if let Some(step) = step {
                let _ = write!(label, "\\n{}", step.value);
            }
            let checkpoint = step.filter(|step| step.operation == Operation::Checkpoint);
            let is_leaf = node.inputs.is_empty() && checkpoint.is_none();
            let shape = if is_leaf { ", shape=box" } else { "" };
            let _ = writeln!(dot, "    n{index} [label=\"{label}\"{shape}];");
            for (input, slope) in &node.inputs {
                let _ = writeln!(dot, "    n{input} -> n{index} [label=\"{slope}\"];");
            }
            for input in checkpoint.iter().flat_map(|step| &step.inputs) {
                if let Input::Node(input) = input {
                    let _ = writeln!(dot, "    n{input} -> n{index};");
                }
            }
        }
        dot.push_str("}\n");
        dot
    }
}
