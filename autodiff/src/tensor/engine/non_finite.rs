//! Where a recording, or its backward pass, first produced an infinite or NaN value.

use super::adjoints::AdjointList;
use super::node::{Node, few};
use super::sweep::apply_rule;
use super::tape::Tape;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use smallvec::SmallVec;
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
    /// An intended −∞, as in the mask of an attention, is reported only if no operation made a value worse, and
    /// operations that only pass it on are not reported. Results that depend on a variable are searched first, then
    /// operations on constants, and last the constants and variables themselves. A function of the
    /// [table](crate::elementwise) is judged element by element; any other operation is judged by all elements of its
    /// inputs together.
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

/// The rule that first made an adjoint infinite or NaN; see [`Var::first_non_finite_adjoint`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NonFiniteAdjoint {
    /// The number of the node whose rule it is.
    pub node: usize,
    /// The name of the operation.
    pub operation: &'static str,
    /// The input of the operation whose adjoint is not finite.
    pub input: usize,
    /// The index of the first such element of the adjoint, in row-major order.
    pub element: usize,
    /// The value of that element.
    pub value: f64,
    /// The line that recorded the operation.
    pub location: &'static Location<'static>,
}

/// Search for non-finite values.
impl<T: Real> Var<'_, T> {
    /// Runs the backward pass from this number, and returns the first rule that makes an adjoint infinite or NaN,
    /// although all adjoints before were finite. `None` if all adjoints are finite.
    ///
    /// The values of a recording can all be finite although a gradient is not; see
    /// [`Tape::first_non_finite`] for the values.
    ///
    /// ```
    /// use autodiff::tensor::Tape;
    ///
    /// let tape = Tape::new();
    /// let x = tape.var([0.0, 4.0]);
    /// let y = (x.sqrt() + 1.0).sum();
    /// let found = y.first_non_finite_adjoint().unwrap();
    /// assert_eq!((found.operation, found.input, found.element), ("sqrt", 0, 0));
    /// ```
    ///
    /// # Panics
    ///
    /// If `self` does not have exactly one element.
    #[must_use]
    #[track_caller]
    pub fn first_non_finite_adjoint(self) -> Option<NonFiniteAdjoint> {
        let mut found = None;
        self.pull_back_by_steps(|node, input, sum| {
            let is_worse = |&x: &T| Class::of(x) > Class::Finite;
            let element = sum.data().iter().position(is_worse)?;
            let recorded = &self.tape.nodes()[node];
            found = Some(NonFiniteAdjoint {
                node,
                operation: recorded.operation.name(),
                input,
                element,
                value: sum.data()[element].to_f64(),
                location: recorded.location,
            });
            Some(())
        });
        found
    }
}

/// A backward pass that can be observed.
impl<T: Real> Var<'_, T> {
    /// Runs the backward pass from this number. After each rule it calls `observe` with the node, the position of an
    /// input and the adjoint accumulated for it, and ends when that returns something.
    #[track_caller]
    fn pull_back_by_steps(self, mut observe: impl FnMut(usize, usize, &Tensor<T>) -> Option<()>) {
        let last = self.index as usize;
        let mut sums: Vec<Option<Tensor<T>>> = vec![None; last + 1];
        sums[last] = Some(self.unit_adjoint());
        let mut terms = AdjointList::default();
        terms.begin(last + 1, 0);
        for index in (0..=last).rev() {
            let node = self.tape.nodes()[index].clone();
            let Some(y_bar) = sums[index].take() else {
                continue;
            };
            let value = |input| {
                Var::value(Var {
                    tape: self.tape,
                    index: input as u32,
                })
            };
            let x: SmallVec<[Tensor<T>; 3]> = node.input_nodes().map(value).collect();
            apply_rule(&node, &few(&x, |x| x), y_bar, &mut terms);
            for (position, input) in node.input_nodes().enumerate() {
                let Some(term) = terms.take(input) else {
                    continue;
                };
                let sum = match sums[input].take() {
                    Some(sum) => sum + term,
                    None => term,
                };
                if observe(index, position, &sum).is_some() {
                    return;
                }
                sums[input] = Some(sum);
            }
            terms.clear();
        }
    }
}

impl fmt::Display for NonFiniteAdjoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NonFiniteAdjoint {
            node,
            operation,
            input,
            element,
            value,
            location,
        } = self;
        write!(
            f,
            "the rule of {operation} (node {node}, recorded at {location}) gave {value} at element {element} of the \
             adjoint of input {input}"
        )
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
