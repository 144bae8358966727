//! The recorded backward pass, which can be differentiated again.

use crate::tensor::engine::adjoints::{Adjoint, AdjointList, Adjoints};
use crate::tensor::engine::node::{Edge, few};
use crate::tensor::op::Point;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use std::collections::BinaryHeap;

/// Records the backward pass from `y`, whose adjoint is `y_bar`; returns the adjoint of each variable in `wrt`.
pub(crate) fn record_pull_back<'t, T: Real>(
    y: Var<'t, T>,
    y_bar: Var<'t, T>,
    wrt: &[Var<'t, T>],
) -> Vec<Var<'t, T>> {
    let tape = y.tape;
    let part = nodes_between(wrt, y);
    let position_of = |node: u32| part.binary_search(&node).ok();
    // Adjoint `i` belongs to node `part[i]`.
    let mut adjoints = AdjointList::default();
    adjoints.begin(part.len(), 0);
    if let Some(last) = position_of(y.index) {
        adjoints.set(last, Adjoint::Array(y_bar));
    }
    for (position, &index) in part.iter().enumerate().rev() {
        #[cfg(test)]
        super::tests::VISITED.set(super::tests::VISITED.get() + 1);
        let Some(&y_bar) = adjoints.sum(position) else {
            continue;
        };
        // The node is cloned, since its rule appends to the tape.
        let node = tape.nodes()[index as usize].clone();
        let Some(op) = node.operation.op() else {
            continue;
        };
        // Nodes outside of the part count as constants.
        let edges = few(&node.inputs, |edge| {
            let position = position_of(edge.node);
            Edge {
                node: position.unwrap_or(0) as u32,
                needs_grad: position.is_some(),
                lazy: false,
            }
        });
        let x = few(&node.inputs, |edge| Var {
            tape,
            index: edge.node,
        });
        let x = few(&x, |x| x);
        let at = Point {
            x: &x,
            y: &Var { tape, index },
            node: &node,
        };
        let mut x_bar = Adjoints {
            list: &mut adjoints,
            x: &x,
            edges: &edges,
            node: &node,
        };
        op.vjp_recorded(&at, y_bar, &mut x_bar);
    }
    let x_bar = |x: &Var<'t, T>| {
        let sum = position_of(x.index).and_then(|position| adjoints.sum(position));
        let sum = sum.copied();
        sum.unwrap_or_else(|| tape.constant(Tensor::zeros(x.shape())))
    };
    wrt.iter().map(x_bar).collect()
}

/// A list of up to this many nodes is allocated once.
const INITIAL_CAPACITY: usize = 32;

/// The numbers, in ascending order, of the nodes that depend on a variable in `wrt` and that `y` depends on.
fn nodes_between<T: Real>(wrt: &[Var<'_, T>], y: Var<'_, T>) -> Vec<u32> {
    let nodes = y.tape.nodes();
    let Some(first) = wrt.iter().map(|x| x.index).min() else {
        return Vec::new();
    };
    // Backward from `y`: the nodes that it depends on, in descending order. No node before `first` depends on `wrt`.
    let mut leading_to_y = Vec::with_capacity(INITIAL_CAPACITY);
    let mut ahead = BinaryHeap::with_capacity(INITIAL_CAPACITY);
    ahead.push(y.index);
    while let Some(index) = ahead.pop() {
        if leading_to_y.last() == Some(&index) || index < first {
            continue;
        }
        leading_to_y.push(index);
        let inputs = nodes[index as usize].inputs.iter();
        ahead.extend(inputs.filter(|edge| edge.needs_grad).map(|edge| edge.node));
    }
    // Forward: the nodes among them that depend on `wrt`.
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
