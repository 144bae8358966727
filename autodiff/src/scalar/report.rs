//! What a traced tape can tell: where a NaN comes from, and what was computed, as a picture.

use super::nodes::Node;
use super::number::Scalar;
use super::tape::Tape;
use super::trace::{Operand, Operation, Step};
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::panic::Location;

/// The first operation of a traced tape that went wrong. Printed, it reads for instance
/// `sqrt(-1) is NaN, recorded at src/main.rs:5:13`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding<T: Scalar = f64> {
    /// What was computed.
    pub operation: Operation,
    /// The values that it was computed from.
    pub operands: Vec<T>,
    /// What is wrong with it.
    pub trouble: Trouble<T>,
    /// The line that recorded it.
    pub location: &'static Location<'static>,
    /// The expression, with the operands by name where they have one.
    expression: String,
}

/// What is wrong with an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Trouble<T = f64> {
    /// Its value is NaN, while none of the variables that it was computed from is.
    Value,
    /// Its slope with respect to an operand is NaN or infinite.
    Slope(T),
}

impl<T: Scalar> fmt::Display for Finding<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.trouble {
            Trouble::Value => write!(f, "{} is NaN", self.expression)?,
            Trouble::Slope(slope) => write!(f, "the slope of {} is {slope}", self.expression)?,
        }
        write!(f, ", recorded at {}", self.location)
    }
}

impl<T: Scalar> Tape<T> {
    /// The origin of a NaN: the first operation on a [traced](Tape::traced) tape whose value is NaN though no variable
    /// that it was computed from is; where there is none, the first one with a NaN or infinite slope, which can make
    /// gradients NaN or infinite. `None` where there is neither.
    ///
    /// ```
    /// use autodiff::scalar::Tape;
    ///
    /// let tape = Tape::traced();
    /// let x = tape.variable(2.0).named("x");
    /// let y = 1.0 + (x - 3.0).sqrt();
    /// assert!(y.value().is_nan());
    /// let origin = tape.find_nan().unwrap().to_string();
    /// assert!(origin.starts_with("sqrt(-1) is NaN, recorded at "), "{origin}");
    /// ```
    ///
    /// # Panics
    ///
    /// If the tape is not traced.
    #[must_use]
    #[track_caller]
    pub fn find_nan(&self) -> Option<Finding<T>> {
        let Some(steps) = self.steps() else {
            panic!("find_nan: the tape is not traced; make it with `Tape::traced()`");
        };
        let values: HashMap<u32, T> = steps.iter().map(|step| (step.node, step.value)).collect();
        let value = |operand: &Operand<T>| match operand {
            Operand::Constant(value) => *value,
            Operand::Node(node) => values[node],
        };
        let finding = |step: &Step<T>, trouble| Finding {
            operation: step.operation,
            operands: step.operands.iter().map(value).collect(),
            trouble,
            location: step.location,
            expression: self.expression(step, value),
        };
        // A constant has no step of its own, so what brings one that is NaN into the computation is the origin.
        let is_origin = |step: &&Step<T>| {
            let comes_from_nan = |operand: &Operand<T>| {
                matches!(operand, Operand::Node(_)) && value(operand).has_nan()
            };
            step.value.has_nan() && !step.operands.iter().any(comes_from_nan)
        };
        if let Some(step) = steps.iter().find(is_origin) {
            return Some(finding(step, Trouble::Value));
        }
        let bad_slope = |node: Node<T>| {
            let mut slopes = node.inputs.into_iter().map(|(_, slope)| slope);
            let bad = slopes.find(|slope| !slope.to_f64().is_finite())?;
            Some((node.index, bad))
        };
        let bad: HashMap<u32, T> = self.nodes().filter_map(bad_slope).collect();
        let step = steps.iter().find(|step| bad.contains_key(&step.node))?;
        Some(finding(step, Trouble::Slope(bad[&step.node])))
    }

    fn expression(&self, step: &Step<T>, value: impl Fn(&Operand<T>) -> T) -> String {
        if step.operation == Operation::Variable {
            return self.name(step.node).unwrap_or_else(|| "variable".into());
        }
        let operand = |operand: &Operand<T>| {
            let name = match operand {
                Operand::Node(node) => self.name(*node),
                Operand::Constant(_) => None,
            };
            let name = name.map_or_else(String::new, |name| format!("{name} = "));
            format!("{name}{}", value(operand))
        };
        let operands: Vec<_> = step.operands.iter().map(operand).collect();
        format!("{}({})", step.operation, operands.join(", "))
    }

    /// The recording as a graph in Graphviz's language. Variables are shown by their [name](super::Var::named), if they
    /// have one, and edges with their slopes. Of an untraced tape there are only bare nodes to show.
    ///
    /// ```
    /// use autodiff::scalar::Tape;
    ///
    /// let tape = Tape::traced();
    /// let x = tape.variable(3.0).named("x");
    /// let _ = (2.0 * x).sin();
    /// let dot = tape.to_dot();
    /// assert!(dot.contains(r#"n1 [label="x\n3", shape=box]"#), "{dot}");
    /// assert!(dot.contains(r#"n2 [label="mul 2\n6"]"#), "{dot}");
    /// assert!(dot.contains(r#"n1 -> n2 [label="2"]"#), "{dot}");
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        let steps = self.steps();
        let steps: HashMap<u32, &Step<T>> = steps
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
                    let constants = step.operands.iter().filter_map(|operand| match operand {
                        Operand::Constant(value) => Some(format!(" {value}")),
                        Operand::Node(_) => None,
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
            for operand in checkpoint.iter().flat_map(|step| &step.operands) {
                if let Operand::Node(input) = operand {
                    let _ = writeln!(dot, "    n{input} -> n{index};");
                }
            }
        }
        dot.push_str("}\n");
        dot
    }
}
