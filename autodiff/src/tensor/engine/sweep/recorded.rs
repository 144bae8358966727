//! The recorded backward pass, which can be differentiated again.

use crate::tensor::engine::adjoints::{Adjoint, AdjointList, Adjoints};
use crate::tensor::engine::node::{Edge, few};
use crate::tensor::list::List;
use crate::tensor::op::Point;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use std::cell::Cell;
use std::collections::BinaryHeap;

/// Records the backward pass from `y`, whose adjoint is `y_bar`; returns the adjoint of each variable in `wrt`.
pub(crate) fn record_pull_back<'t, T: Real, L: List<Var<'t, T>>>(
    y: Var<'t, T>,
    y_bar: Var<'t, T>,
    wrt: L,
) -> L::Results<Var<'t, T>> {
    let tape = y.tape;
    // A rule may itself record a backward pass, which then finds no memory.
    let mut memory = MEMORY.try_with(Cell::take).unwrap_or_default();
    memory.nodes.find(wrt.items(), y);
    let part = &memory.nodes.between;
    let position_of = |node: u32| part.binary_search(&node).ok();
    // Adjoint `i` belongs to node `part[i]`.
    let mut adjoints = memory.adjoints.emptied();
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
    let x_bars = wrt.results(x_bar);
    memory.adjoints = adjoints.emptied();
    // There is no place for it only while the thread ends.
    let _ = MEMORY.try_with(|kept| kept.set(memory));
    x_bars
}

thread_local! {
    /// The memory of this thread's latest pass, for the next one.
    static MEMORY: Cell<Memory> = Cell::default();
}

/// The memory of a pass.
#[derive(Default)]
struct Memory {
    nodes: NodesBetween,
    /// Empty. A list for the variables of any tape takes its memory.
    adjoints: AdjointList<Var<'static, f32>>,
}

/// The search for the nodes that depend on some variables, and that a result depends on.
#[derive(Default)]
struct NodesBetween {
    wrt: Vec<u32>,
    ahead: BinaryHeap<u32>,
    leading_to_y: Vec<u32>,
    /// The numbers of the nodes, in ascending order.
    between: Vec<u32>,
}

impl NodesBetween {
    /// Finds the nodes that depend on a variable in `wrt` and that `y` depends on.
    fn find<T: Real>(&mut self, wrt: &[Var<'_, T>], y: Var<'_, T>) {
        let NodesBetween {
            wrt: sorted,
            ahead,
            leading_to_y,
            between,
        } = self;
        sorted.clear();
        sorted.extend(wrt.iter().map(|x| x.index));
        sorted.sort_unstable();
        leading_to_y.clear();
        between.clear();
        let Some(&first) = sorted.first() else {
            return;
        };
        let nodes = y.tape.nodes();
        // Backward from `y`: the nodes that it depends on, in descending order. No node before `first` depends on `wrt`.
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
        for &index in leading_to_y.iter().rev() {
            let inputs = &nodes[index as usize].inputs;
            if sorted.binary_search(&index).is_ok()
                || inputs
                    .iter()
                    .any(|edge| between.binary_search(&edge.node).is_ok())
            {
                between.push(index);
            }
        }
    }
}
