//! `NonFinite`: where a recording first produced an infinite or NaN value.

use super::node::Node;
use super::tape::Tape;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use std::fmt;
use std::panic::Location;

/// The operation at which a recording first produced an infinite or NaN value; see [`Tape::first_non_finite`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NonFinite {
    /// The number of the node.
    pub node: usize,
    /// The name of the operation that computed the value.
    pub operation: &'static str,
    /// The index of the first such element in the data, in row-major order.
    pub element: usize,
    /// The value of that element.
    pub value: f64,
    /// The operation's inputs, formatted.
    pub inputs: Vec<String>,
    /// The line that recorded the operation.
    pub location: &'static Location<'static>,
}

/// Search for non-finite values.
impl<T: Real> Tape<T> {
    /// Returns the first operation whose result is worse than all of its inputs, where an infinite number is worse than
    /// a finite one, and NaN is worse than both. `None` if all recorded values are finite.
    ///
    /// An intended −∞, as in the mask of an attention, is not reported, and neither are operations that only pass it
    /// on. Results that depend on a variable are searched first, then operations on constants, and last the constants
    /// and variables themselves. A function of the [table](crate::elementwise) is judged element by element; any other
    /// operation is judged by all elements of its inputs together.
    ///
    /// ```
    /// use autodiff::tensor::Tape;
    ///
    /// let tape = Tape::new();
    /// let mask = tape.constant([0.0, f64::NEG_INFINITY]);
    /// let x = tape.var([4.0, 1.0]);
    /// let weights = (x + mask).softmax(0);
    /// let y = (weights * (x - 4.0).ln()).sum();
    /// let found = tape.first_non_finite().unwrap();
    /// assert_eq!((found.operation, found.element), ("ln", 0));
    /// assert!(found.location.file().ends_with(".rs"));
    /// ```
    #[must_use]
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        let nodes = self.nodes();
        let find = |eligible: fn(&Node<T>) -> bool| {
            let mut eligible = nodes.iter().enumerate().filter(|(_, node)| eligible(node));
            eligible.find_map(|(index, node)| Some((index, worse_element(&nodes, node)?)))
        };
        let (index, element) = find(|node| node.requires_grad && !node.operation.is_leaf())
            .or_else(|| find(|node| !node.operation.is_leaf()))
            .or_else(|| find(|node| node.operation.is_leaf()))?;
        let node = &nodes[index];
        let inputs = node.input_nodes();
        Some(NonFinite {
            node: index,
            operation: node.operation.name(),
            element,
            value: node.value.data()[element].to_f64(),
            inputs: inputs.map(|input| nodes[input].value.to_string()).collect(),
            location: node.location,
        })
    }
}

/// How far a number is from finite, in ascending order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Finite,
    Infinite,
    NaN,
}

impl Class {
    fn of(x: impl Real) -> Class {
        let x = x.to_f64();
        if x.is_finite() {
            Class::Finite
        } else if x.is_infinite() {
            Class::Infinite
        } else {
            Class::NaN
        }
    }

    fn worst_of<T: Real>(elements: &[T]) -> Class {
        let classes = elements.iter().map(|&x| Class::of(x));
        classes.max().unwrap_or(Class::Finite)
    }
}

/// The first element of a node's value that is worse than the inputs that it depends on.
fn worse_element<T: Real>(nodes: &[Node<T>], node: &Node<T>) -> Option<usize> {
    let value = node.value.data();
    let worst = Class::worst_of(value);
    if worst == Class::Finite {
        return None;
    }
    let inputs = node.input_nodes().map(|input| &nodes[input].value);
    if node.operation.op().is_some_and(|op| op.is_elementwise()) {
        let inputs: Vec<Tensor<T>> = inputs.map(|x| x.broadcast_to(node.value.shape())).collect();
        return (0..value.len()).find(|&i| {
            let made_of = inputs.iter().map(|x| Class::of(x.data()[i]));
            Some(Class::of(value[i])) > made_of.max()
        });
    }
    let made_of = inputs.map(|x| Class::worst_of(x.data())).max();
    let made_of = made_of.unwrap_or(Class::Finite);
    value.iter().position(|&x| Class::of(x) > made_of)
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NonFinite {
            node,
            operation,
            element,
            value,
            inputs,
            location,
        } = self;
        write!(
            f,
            "{operation} (node {node}, recorded at {location}) gave {value} at element {element}"
        )?;
        for (number, input) in inputs.iter().enumerate() {
            write!(f, "\n  input {number}: {input}")?;
        }
        Ok(())
    }
}
