//! Derivatives of single outputs in reverse, each over its *cone*: the nodes on which it depends.

use crate::scalar::number::Scalar;
use crate::scalar::program::derive::{Products, accumulate, differentiable, influenced_by, slopes};
use crate::scalar::program::graph::{Graph, Id, Source, Term};
use crate::scalar::program::symbol::Symbol;
use std::cell::RefCell;
use std::collections::BinaryHeap;

/// Returns the number of active operands in the cones of all outputs together, or `None` if it exceeds the limit.
pub(super) fn size<T: Scalar>(
    graph: &Graph<T>,
    active: &[bool],
    outputs: &[Id],
    limit: usize,
) -> Option<usize> {
    // For each node, the number of the cone in which it was met last, from 1 on.
    let mut last_met = vec![0; graph.len()];
    let (mut size, mut stack) = (0, Vec::new());
    for (cone, &output) in (1..).zip(outputs) {
        stack.push(output);
        while let Some(id) = stack.pop() {
            for &operand in differentiable(&graph.term(id)) {
                let index = operand.index();
                if active[index] {
                    size += 1;
                    if std::mem::replace(&mut last_met[index], cone) != cone {
                        stack.push(operand);
                    }
                }
            }
        }
        if size > limit {
            return None;
        }
    }
    Some(size)
}

/// Adds the gradient of each output to the graph: the inputs of the point on which it depends, in descending order,
/// each with its derivative.
pub(super) fn gradients<T: Scalar>(
    graph: &RefCell<Graph<T>>,
    outputs: impl Iterator<Item = Id>,
    x: &[Id],
    products: Products,
) -> Vec<Vec<(u32, Id)>> {
    let active = influenced_by(&graph.borrow(), x);
    let one = graph.borrow_mut().constant(T::from_f64(1.0));
    let mut adjoints: Vec<Option<Symbol<'_, T>>> = vec![None; active.len()];
    let mut waiting = BinaryHeap::new();
    outputs
        .map(|output| {
            let mut gradient = Vec::new();
            if active[output.index()] {
                adjoints[output.index()] = Some(Symbol { graph, id: one });
                waiting.push(output);
            }
            // The operands of a node precede it, so the adjoint of the last one is complete.
            while let Some(id) = waiting.pop() {
                let Some(adjoint) = adjoints[id.index()].take() else {
                    continue;
                };
                let node = graph.borrow_mut().enter(id.index());
                if let Term::Input(Source::Point, input) = node.term {
                    gradient.push((input, adjoint.id));
                }
                let slopes = slopes(graph, id.index(), &active);
                for (operand, slope) in slopes.into_iter().flatten() {
                    let sum = &mut adjoints[operand.index()];
                    if sum.is_none() {
                        waiting.push(operand);
                    }
                    accumulate(sum, slope.times(adjoint, products));
                }
            }
            gradient
        })
        .collect()
}
