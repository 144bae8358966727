//! The backward pass, in its two readings: computed at once, and recorded to be differentiated again.

use super::adjoints::{Adjoints, Slot};
use super::array::Tensor;
use super::element::Real;
use super::gradients::Gradients;
use super::op::Point;
use super::tape::{Edge, Node};
use super::var::Var;
use smallvec::SmallVec;

/// Walks the tape back from `y`, whose adjoint is `y_bar`, computing.
pub(crate) fn pull_back<'t, T: Real>(y: Var<'t, T>, y_bar: Tensor<T>) -> Gradients<'t, T> {
    let nodes = y.tape.nodes();
    let nodes = &nodes[..=y.index as usize];
    let mut adjoints = y.tape.spare_adjoints();
    let mut slots = adjoints.slots(nodes.len());
    if let (Some(slot), [.., node]) = (slots.last_mut(), nodes)
        && node.tracked
    {
        slot.close(y_bar);
    }
    // The last slot is that of the node whose turn it is; its rule adds to those before, but for those of nodes that
    // depend on no variable.
    while let Some((slot, before)) = slots.split_last_mut() {
        let node = &nodes[before.len()];
        if !node.operation.is_leaf() {
            let y_bar = if node.anchored {
                slot.sum().cloned()
            } else {
                slot.open()
            };
            if let Some(y_bar) = y_bar {
                apply_rule(nodes, node, y_bar, before);
            }
        }
        slots = before;
    }
    Gradients::new(y.tape, adjoints)
}

/// Adds to the adjoints of a node's inputs what its own, `y_bar`, makes of them.
#[inline(always)]
fn apply_rule<T: Real>(
    nodes: &[Node<T>],
    node: &Node<T>,
    y_bar: Tensor<T>,
    slots: &mut [Slot<Tensor<T>>],
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
    let at = Point {
        x,
        y: &node.value,
        saved: node.saved.as_ref(),
    };
    let mut x_bar = Adjoints { slots, x, edges };
    node.operation.vjp_computed(&at, y_bar, &mut x_bar);
}

/// Walks the tape back from `y`, whose adjoint is `y_bar`, recording; gives the adjoint of each variable in `wrt`.
pub(crate) fn record_pull_back<'t, T: Real>(
    y: Var<'t, T>,
    y_bar: Var<'t, T>,
    wrt: &[Var<'t, T>],
) -> Vec<Var<'t, T>> {
    let tape = y.tape;
    let last = y.index as usize;

    // Only what lies between `wrt` and `y` is walked; all else counts as constant.
    let mut leads_to_wrt = vec![false; last + 1];
    for x in wrt.iter().filter(|x| x.index as usize <= last) {
        leads_to_wrt[x.index as usize] = true;
    }
    for (index, node) in tape.nodes().iter().enumerate().take(last + 1) {
        leads_to_wrt[index] |= node.tracked && node.input_nodes().any(|input| leads_to_wrt[input]);
    }

    let mut slots: Vec<Slot<Var<'t, T>>> = Vec::new();
    slots.resize_with(last + 1, || Slot::EMPTY);
    slots[last].close(y_bar);
    for index in (0..=last).rev().filter(|&index| leads_to_wrt[index]) {
        // The node is copied, since its rule appends to the tape.
        let node = tape.nodes()[index].clone();
        if node.operation.is_leaf() {
            continue;
        }
        let (before, here) = slots.split_at_mut(index);
        let Some(&y_bar) = here[0].sum() else {
            continue;
        };
        let edge = |edge: &Edge| Edge {
            wanted: leads_to_wrt[edge.node as usize],
            deferred: false,
            ..*edge
        };
        let edges: SmallVec<[Edge; 3]> = node.inputs.iter().map(edge).collect();
        let input = |edge: &Edge| Var {
            tape,
            index: edge.node,
        };
        let inputs: SmallVec<[Var<'t, T>; 3]> = edges.iter().map(input).collect();
        let x: SmallVec<[&Var<'t, T>; 3]> = inputs.iter().collect();
        let y = Var {
            tape,
            index: index as u32,
        };
        let at = Point {
            x: &x,
            y: &y,
            saved: node.saved.as_ref(),
        };
        node.operation.vjp_recorded(
            &at,
            y_bar,
            &mut Adjoints {
                slots: before,
                x: &x,
                edges: &edges,
            },
        );
    }
    let x_bar = |x: &Var<'t, T>| {
        let slot = slots.get(x.index as usize);
        let sum = slot.and_then(Slot::sum).copied();
        sum.unwrap_or_else(|| tape.constant(Tensor::zeros(x.shape())))
    };
    wrt.iter().map(x_bar).collect()
}
