//! The backward pass, in its two readings: computed at once, and recorded to be differentiated again.
//!
//! Either costs what the part of the recording costs that leads to the result, however long the recording is.

use super::adjoints::{AdjointList, Adjoints, Term};
use super::gradients::Gradients;
use super::node::{Edge, Node};
use crate::tensor::op::{ErasedOp, Point};
use crate::tensor::ops::Operation;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use smallvec::SmallVec;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Walks the tape back from `y`, whose adjoint is `y_bar`, computing.
pub(crate) fn pull_back<'t, T: Real>(y: Var<'t, T>, y_bar: Tensor<T>) -> Gradients<'t, T> {
    let tape = y.tape;
    let last = y.index as usize;
    let mut adjoints = tape.spare_adjoints(last + 1);
    let mut nodes = tape.nodes();
    if nodes[last].tracked {
        adjoints.set(last, Term::Dense(y_bar));
    }
    while let Some(page) = adjoints.visit_page() {
        for index in (page.start..page.end.min(last + 1)).rev() {
            #[cfg(test)]
            tests::VISITED.set(tests::VISITED.get() + 1);
            let node = &nodes[index];
            if node.operation.is_leaf() {
                continue;
            }
            let y_bar = if node.anchor != 0 {
                adjoints.sum(index).cloned()
            } else {
                adjoints.take(index)
            };
            let Some(y_bar) = y_bar else { continue };
            if let Operation::Custom(op) = &node.operation {
                let (op, node) = (Arc::clone(op), node.clone());
                let x = node
                    .inputs
                    .iter()
                    .map(|edge| nodes[edge.node as usize].value.clone());
                let x: SmallVec<[Tensor<T>; 3]> = x.collect();
                // The user's rule may record on this tape, so the nodes are not borrowed while it runs.
                drop(nodes);
                apply_custom_rule(&*op, &node, &x, y_bar, &mut adjoints);
                nodes = tape.nodes();
            } else {
                apply_rule(&nodes, node, y_bar, &mut adjoints);
            }
        }
    }
    Gradients::new(tape, adjoints)
}

/// Adds to the adjoints of a node's inputs what its own, `y_bar`, makes of them.
#[inline(always)]
fn apply_rule<T: Real>(
    nodes: &[Node<T>],
    node: &Node<T>,
    y_bar: Tensor<T>,
    list: &mut AdjointList<Tensor<T>>,
) {
    let edges = &node.inputs[..];
    let input = |edge: &Edge| &nodes[edge.node as usize].value;
    let (few, many);
    let x = match edges {
        // The usual numbers, without a list that is collected.
        [a] => {
            few = [input(a); 3];
            &few[..1]
        }
        [a, b] => {
            few = [input(a), input(b), &node.value];
            &few[..2]
        }
        [a, b, c] => {
            few = [input(a), input(b), input(c)];
            &few[..]
        }
        _ => {
            many = edges.iter().map(input).collect::<Vec<_>>();
            &many[..]
        }
    };
    let y = &node.value;
    let mut x_bar = Adjoints {
        list,
        x,
        edges,
        node,
    };
    node.operation
        .vjp_computed(&Point { x, y, node }, y_bar, &mut x_bar);
}

/// As [`apply_rule`], for an operation of the user's at the inputs `x`.
#[inline(never)]
fn apply_custom_rule<T: Real>(
    op: &dyn ErasedOp<T>,
    node: &Node<T>,
    x: &[Tensor<T>],
    y_bar: Tensor<T>,
    list: &mut AdjointList<Tensor<T>>,
) {
    let x: SmallVec<[&Tensor<T>; 3]> = x.iter().collect();
    let (x, y, edges) = (&x[..], &node.value, &node.inputs[..]);
    let mut x_bar = Adjoints {
        list,
        x,
        edges,
        node,
    };
    op.vjp_computed(&Point { x, y, node }, y_bar, &mut x_bar);
}

/// Walks the tape back from `y`, whose adjoint is `y_bar`, recording; gives the adjoint of each variable in `wrt`.
pub(crate) fn record_pull_back<'t, T: Real>(
    y: Var<'t, T>,
    y_bar: Var<'t, T>,
    wrt: &[Var<'t, T>],
) -> Vec<Var<'t, T>> {
    let tape = y.tape;
    let part = nodes_between(wrt, y);
    let place_of = |node: u32| part.binary_search(&node).ok();
    // The adjoints lie at the places of their nodes in the part that is walked.
    let mut adjoints = AdjointList::default();
    adjoints.begin(part.len(), 0);
    if let Some(last) = place_of(y.index) {
        adjoints.set(last, Term::Dense(y_bar));
    }
    for (place, &index) in part.iter().enumerate().rev() {
        #[cfg(test)]
        tests::VISITED.set(tests::VISITED.get() + 1);
        let Some(&y_bar) = adjoints.sum(place) else {
            continue;
        };
        // The node is copied, since its rule appends to the tape.
        let node = tape.nodes()[index as usize].clone();
        // All that lies outside of the part counts as constant.
        let edge = |edge: &Edge| {
            let place = place_of(edge.node);
            Edge {
                node: place.unwrap_or(0) as u32,
                wanted: place.is_some(),
                lazy: false,
            }
        };
        let edges: SmallVec<[Edge; 3]> = node.inputs.iter().map(edge).collect();
        let var = |index| Var { tape, index };
        let inputs: SmallVec<[Var<'t, T>; 3]> =
            node.inputs.iter().map(|edge| var(edge.node)).collect();
        let x: SmallVec<[&Var<'t, T>; 3]> = inputs.iter().collect();
        let at = Point {
            x: &x,
            y: &var(index),
            node: &node,
        };
        let mut x_bar = Adjoints {
            list: &mut adjoints,
            x: &x,
            edges: &edges,
            node: &node,
        };
        node.operation.vjp_recorded(&at, y_bar, &mut x_bar);
    }
    let x_bar = |x: &Var<'t, T>| {
        let sum = place_of(x.index).and_then(|place| adjoints.sum(place));
        let sum = sum.copied();
        sum.unwrap_or_else(|| tape.constant(Tensor::zeros(x.shape())))
    };
    wrt.iter().map(x_bar).collect()
}

/// Lists of up to so many nodes ask for memory once.
const FEW: usize = 32;

/// The numbers of the nodes that depend on a variable in `wrt`, and that `y` depends on, in order.
fn nodes_between<T: Real>(wrt: &[Var<'_, T>], y: Var<'_, T>) -> Vec<u32> {
    let nodes = y.tape.nodes();
    let Some(first) = wrt.iter().map(|x| x.index).min() else {
        return Vec::new();
    };
    // Back from `y`: what it depends on, from the last to the first. Nothing before `first` leads to `wrt`.
    let mut leading_to_y = Vec::with_capacity(FEW);
    let mut ahead = BinaryHeap::with_capacity(FEW);
    ahead.push(y.index);
    while let Some(index) = ahead.pop() {
        if leading_to_y.last() == Some(&index) || index < first {
            continue;
        }
        leading_to_y.push(index);
        let inputs = nodes[index as usize].inputs.iter();
        ahead.extend(inputs.filter(|edge| edge.wanted).map(|edge| edge.node));
    }
    // And forward again: which of these depend on `wrt`.
    let mut wrt: Vec<u32> = wrt.iter().map(|x| x.index).collect();
    wrt.sort_unstable();
    let mut between: Vec<u32> = Vec::with_capacity(leading_to_y.len());
    for &index in leading_to_y.iter().rev() {
        let inputs = &nodes[index as usize].inputs;
        if wrt.binary_search(&index).is_ok()
            || inputs
                .iter()
                .any(|edge| between.binary_search(&edge.node).is_ok())
        {
            between.push(index);
        }
    }
    between
}

#[cfg(test)]
mod tests {
    use super::super::adjoints::PAGE;
    use crate::tensor::Tape;
    use std::cell::Cell;

    thread_local! {
        /// The slots that this thread's passes have looked at.
        pub(super) static VISITED: Cell<usize> = const { Cell::new(0) };
    }

    /// The slots that `pass` looks at.
    fn visited(pass: impl FnOnce()) -> usize {
        let before = VISITED.get();
        pass();
        VISITED.get() - before
    }

    #[test]
    fn a_pass_visits_only_what_leads_to_the_result() {
        let tape = Tape::new();
        let x = tape.var(0.5);
        let shared = x.sin();
        let step = || (shared * 2.0).exp() * x;
        for _ in 0..1000 {
            let _ = step();
        }
        let last = step();
        // The page of the step and the page of what it shares, at most.
        assert!((5..=2 * PAGE).contains(&visited(|| drop(last.gradients()))));
        // The shared result and the three nodes of the step that are no constants; and x.
        assert_eq!(visited(|| drop(last.differentiate(&[shared]))), 4);
        assert_eq!(visited(|| drop(last.differentiate(&[x]))), 5);
        // What another variable leads to is no part of it: only the sum is, and its other term.
        let other = tape.var(0.25).cos();
        let sum = other + last;
        assert_eq!(visited(|| drop(sum.differentiate(&[last]))), 2);
        assert_eq!(visited(|| drop(tape.constant(1.0).gradients())), 0);
    }

    #[test]
    fn passes_over_a_tape_that_is_never_reset_give_the_same_gradient() {
        let tape = Tape::new();
        let x = tape.var([0.5, 0.25]);
        let step = || (x.sin() * x).sum();
        let first = step().gradients().wrt(x);
        for _ in 0..100 {
            let cost = step();
            assert_eq!(cost.gradients().wrt(x), first);
            assert_eq!(cost.differentiate(&[x])[0].value(), first);
            assert_eq!(cost.gradients().keep(&[x]).get(0).unwrap().tensor(), first);
        }
    }
}
