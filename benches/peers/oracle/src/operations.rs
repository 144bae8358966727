//! The table of operations, and how their inputs and arguments are drawn.

mod elementwise;
mod indices;
mod products;
mod reductions;
mod shapes;

use crate::graph::{Drawn, Graph, NEAR, Node};
use autodiff::tensor::Tensor;
use serde_json::Value;

/// An operation: its name, and how it is applied to random nodes of a graph.
pub(crate) struct Operation {
    name: &'static str,
    draw: Box<Draw>,
}

/// Applies an operation to random nodes. `None` rejects what was drawn: the operation is not defined or not smooth there.
type Draw = dyn for<'t> Fn(&mut Graph<'t>) -> Option<Drawn<'t>>;

impl Operation {
    fn new(
        name: &'static str,
        draw: impl for<'t> Fn(&mut Graph<'t>) -> Option<Drawn<'t>> + 'static,
    ) -> Self {
        let draw = Box::new(draw);
        Operation { name, draw }
    }

    /// The name, by which the reference implementation is found.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Applies the operation to random nodes.
    pub(crate) fn draw<'t>(&self, graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
        (self.draw)(graph)
    }
}

/// All operations.
pub(crate) fn all() -> Vec<Operation> {
    let mut all = elementwise::operations();
    all.extend(reductions::operations());
    all.extend(shapes::operations());
    all.extend(indices::operations());
    all.extend(products::operations());
    all
}

/// The result of an operation on one node.
fn of_one<'t>(x: usize, arguments: Value, y: Node<'t>) -> Option<Drawn<'t>> {
    Some(Drawn {
        of: vec![x],
        arguments,
        y,
    })
}

/// The result of an operation on several nodes.
fn of_all<'t>(of: &[usize], arguments: Value, y: Node<'t>) -> Option<Drawn<'t>> {
    Some(Drawn {
        of: of.to_vec(),
        arguments,
        y,
    })
}

/// Whether no two elements are nearly equal, so that their order is the same in the neighbourhood.
fn are_distinct(x: &Tensor<f64>) -> bool {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.windows(2).all(|pair| pair[1] - pair[0] > NEAR)
}

/// Whether no element is nearly `number`.
fn is_far_from(x: &Tensor<f64>, number: f64) -> bool {
    x.iter().all(|x| (x - number).abs() > NEAR)
}
