//! The backward pass, in its two readings: computed at once, and recorded to be differentiated again.

use super::adjoints::{Adjoints, Slot};
use super::array::Tensor;
use super::element::Real;
use super::gradients::Gradients;
use super::op::Point;
use super::tape::Edge;
use super::var::Var;
use smallvec::SmallVec;

/// Walks the tape back from `y`, whose adjoint is `y_bar`, computing.
pub(crate) fn pull_back<'t, T: Real>(y: Var<'t, T>, y_bar: Tensor<T>) -> Gradients<'t, T> {
    let nodes = y.tape.nodes();
    let last = y.index as usize;
    let mut slots = y.tape.take_slots(last + 1);
    if nodes[last].tracked {
        slots[last].close(Some(y_bar));
    }
    for (index, node) in nodes[..=last].iter().enumerate().rev() {
        if !node.tracked || node.operation.is_leaf() {
            continue;
        }
        let (before, here) = slots.split_at_mut(index);
        let slot = &mut here[0];
        let y_bar = if node.anchored {
            slot.evaluated()
        } else {
            slot.open()
        };
        let Some(y_bar) = y_bar else { continue };
        // In place, since a list that is collected is copied once more.
        let mut few = [&node.value; 3];
        let mut many = Vec::new();
        let x = if node.inputs.len() <= few.len() {
            &mut few[..node.inputs.len()]
        } else {
            many.resize(node.inputs.len(), &node.value);
            &mut many
        };
        for (x, input) in x.iter_mut().zip(node.input_nodes()) {
            *x = &nodes[input].value;
        }
        let at = Point {
            x,
            y: &node.value,
            saved: node.saved.as_ref(),
        };
        node.operation.vjp_computed(
            &at,
            y_bar,
            &mut Adjoints {
                slots: before,
                x,
                edges: &node.inputs,
            },
        );
    }
    drop(nodes);
    Gradients {
        tape: y.tape,
        slots,
    }
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
    slots[last].close(Some(y_bar));
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
