//! Comparisons, selection by masks, order, and elements by index.

use super::{Drawn, Graph, Node, Operation, are_distinct, is_far_from, of_all, of_one};
use crate::graph::integers;
use autodiff::Tensor;
use autodiff::tensor::Var;
use rand::RngExt;
use serde_json::json;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = comparisons();
    all.extend([
        Operation::new("mask_and", |graph| logic(graph, |a, b| a & b)),
        Operation::new("mask_or", |graph| logic(graph, |a, b| a | b)),
        Operation::new("mask_xor", |graph| logic(graph, |a, b| a ^ b)),
        Operation::new("mask_not", |graph| logic(graph, |a, _| !a)),
        Operation::new("select", |graph| {
            let a = graph.pick();
            let b = graph.pick_beside(a)?;
            let mask = graph.mask(&graph.var(a).shape());
            let y = Var::select(&mask, graph.var(a), graph.var(b));
            of_all(&[a, b], json!({"mask": integers(&mask)}), y)
        }),
        Operation::new("masked_fill", |graph| {
            let a = graph.pick();
            let b = graph.pick_beside(a)?;
            let mask = graph.mask(&graph.var(a).shape());
            let y = graph.var(a).masked_fill(&mask, graph.var(b));
            of_all(&[a, b], json!({"mask": integers(&mask)}), y)
        }),
        Operation::new("arg_max", |graph| {
            in_order(graph, |x, axis| {
                x.take_along(axis, x.arg_max(axis).unsqueeze(axis))
            })
        }),
        Operation::new("arg_min", |graph| {
            in_order(graph, |x, axis| {
                x.take_along(axis, x.arg_min(axis).unsqueeze(axis))
            })
        }),
        Operation::new("arg_sort", |graph| {
            in_order(graph, |x, axis| x.take_along(axis, x.arg_sort(axis)))
        }),
        Operation::new("sort", |graph| in_order(graph, |x, axis| x.sort(axis))),
        Operation::new("sort_descending", |graph| {
            in_order(graph, |x, axis| x.sort_descending(axis))
        }),
        Operation::new("top_k", top_k),
        Operation::new("gather", gather),
        Operation::new("scatter_add", scatter_add),
        Operation::new("take_along", take_along),
        Operation::new("add_along", add_along),
        Operation::new("one_hot", |graph| {
            let x = graph.pick_matrix();
            let classes = graph.var(x).shape()[0];
            let shape = if classes == 0 {
                vec![0]
            } else {
                vec![graph.extent()]
            };
            let indices = graph.indices(&shape, classes);
            let arguments = json!({"indices": integers(&indices)});
            let rows = Tensor::<f64>::one_hot(indices, classes);
            of_one(
                x,
                arguments,
                graph.var(x).tape().constant(rows).matmul(graph.var(x)),
            )
        }),
    ]);
    all
}

/// Comparisons of two nodes, which select between two others.
fn comparisons() -> Vec<Operation> {
    macro_rules! comparisons {
        ($($name:ident)*) => {
            vec![$(Operation::new(stringify!($name), |graph| compare(graph, |a, b| a.$name(b))),)*]
        };
    }
    comparisons! { less less_equal greater greater_equal equal not_equal }
}

fn compare<'t>(
    graph: &mut Graph<'t>,
    comparison: impl Fn(Node<'t>, Node<'t>) -> Tensor<u8>,
) -> Option<Drawn<'t>> {
    let a = graph.pick();
    // A node that is compared with itself is equal everywhere.
    let b = if graph.rng.random_bool(0.25) {
        a
    } else {
        graph.pick_beside(a)?
    };
    let difference = graph.var(a).value() - graph.var(b).value();
    if a != b && !is_far_from(&difference, 0.0) {
        return None;
    }
    let mask = comparison(graph.var(a), graph.var(b));
    let y = Var::select(&mask, graph.var(a), graph.var(b).square());
    of_all(&[a, b], json!({}), y)
}

/// Selection by the logical connection of two comparisons with numbers.
fn logic<'t>(
    graph: &mut Graph<'t>,
    connect: impl Fn(Tensor<u8>, Tensor<u8>) -> Tensor<u8>,
) -> Option<Drawn<'t>> {
    let a = graph.pick();
    let b = graph.pick_beside(a)?;
    let thresholds = graph.numbers(&[2], 1.0).to_vec();
    let (x, y) = (graph.var(a), graph.var(b));
    if !is_far_from(&x.value(), thresholds[0]) || !is_far_from(&y.value(), thresholds[1]) {
        return None;
    }
    let mask = connect(x.less(thresholds[0]), y.greater(thresholds[1]));
    of_all(
        &[a, b],
        json!({"thresholds": thresholds}),
        Var::select(&mask, x, y.square()),
    )
}

/// An operation that depends on the order of the elements along an axis.
fn in_order<'t>(
    graph: &mut Graph<'t>,
    method: impl Fn(Node<'t>, isize) -> Node<'t>,
) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, number) = graph.axis_and_number(x)?;
    let value = graph.var(x).value();
    if value.shape()[number] == 0 || !are_distinct(&value) {
        return None;
    }
    of_one(x, json!({"axis": axis}), method(graph.var(x), axis))
}

fn top_k<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, number) = graph.axis_and_number(x)?;
    let value = graph.var(x).value();
    are_distinct(&value).then_some(())?;
    let k = graph.rng.random_range(0..=value.shape()[number]);
    of_one(
        x,
        json!({"axis": axis, "k": k}),
        graph.var(x).top_k(k, axis).0,
    )
}

fn gather<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, number) = graph.axis_and_number(x)?;
    let shape: Vec<usize> = (0..graph.rng.random_range(0..=2))
        .map(|_| graph.extent())
        .collect();
    let extent = graph.var(x).shape()[number];
    if extent == 0 && !shape.contains(&0) {
        return None;
    }
    let indices = graph.indices(&shape, extent);
    let arguments = json!({"axis": axis, "indices": integers(&indices)});
    of_one(x, arguments, graph.var(x).gather(axis, indices))
}

fn scatter_add<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let shape = graph.var(x).shape();
    let axis = graph.rng.random_range(0..=shape.rank());
    let last = graph.rng.random_range(axis..=shape.rank());
    let extent = graph.rng.random_range(1..=4);
    let indices = graph.indices(&shape[axis..last], extent);
    let arguments = json!({"axis": axis, "indices": integers(&indices), "extent": extent});
    of_one(
        x,
        arguments,
        graph.var(x).scatter_add(axis, indices, extent),
    )
}

fn take_along<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, number) = graph.axis_and_number(x)?;
    let mut shape = graph.var(x).shape().to_vec();
    let extent = shape[number];
    shape[number] = if extent == 0 { 0 } else { graph.extent() };
    let indices = graph.indices(&shape, extent);
    let arguments = json!({"axis": axis, "indices": integers(&indices)});
    of_one(x, arguments, graph.var(x).take_along(axis, indices))
}

fn add_along<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let axis = graph.axis(x)?;
    let extent = graph.rng.random_range(1..=4);
    let indices = graph.indices(&graph.var(x).shape(), extent);
    let arguments = json!({"axis": axis, "indices": integers(&indices), "extent": extent});
    of_one(x, arguments, graph.var(x).add_along(axis, indices, extent))
}
