//! Matrix products, layers, and costs.

use super::{Drawn, Graph, Operation, is_far_from, of_all};
use crate::graph::{integers, real};
use autodiff::elementwise::Unary;
use autodiff::tensor::raw::{plain, transposed};
use autodiff::tensor::{CrossEntropy, Shape, Targets, Var};
use rand::RngExt;
use serde_json::json;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("matmul", matmul),
        Operation::new("product", product),
        Operation::new("linear", |graph| layer(graph, None)),
        Operation::new("dense", |graph| {
            let functions = [
                Unary::Tanh,
                Unary::Sigmoid,
                Unary::Exp,
                Unary::Relu,
                Unary::Neg,
                Unary::Softplus,
                Unary::Gelu,
            ];
            let function = functions[graph.rng.random_range(0..functions.len())];
            layer(graph, Some(function))
        }),
        Operation::new("cross_entropy", cross_entropy),
        Operation::new("squared_distance", |graph| {
            let a = graph.pick();
            let b = graph.pick_of_shape(&graph.var(a).shape())?;
            of_all(
                &[a, b],
                json!({}),
                graph.var(a).squared_distance(graph.var(b)),
            )
        }),
    ]
}

/// A node with two axes or more.
fn matrices(graph: &mut Graph<'_>) -> usize {
    let x = graph.pick();
    match graph.var(x).shape().rank() {
        0 | 1 => graph.pick_matrix(),
        _ => x,
    }
}

/// A node with matrices of the given shape, whose axes before can be broadcast to those of `x`.
fn matrices_beside(graph: &mut Graph<'_>, x: usize, matrix: [usize; 2]) -> Option<usize> {
    let shape = graph.var(x).shape();
    let before = graph.stretching_to(&shape[..shape.rank() - 2]);
    graph.pick_of_shape(&[&before[..], &matrix].concat())
}

fn matmul<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let a = matrices(graph);
    let shape = graph.var(a).shape();
    let (rows, inner) = (shape[shape.rank() - 2], shape[shape.rank() - 1]);
    // The node with all axes before is the first factor or the second.
    if graph.rng.random_bool(0.5) {
        let matrix = [inner, graph.extent()];
        let b = matrices_beside(graph, a, matrix)?;
        of_all(&[a, b], json!({}), graph.var(a).matmul(graph.var(b)))
    } else {
        let matrix = [graph.extent(), rows];
        let b = matrices_beside(graph, a, matrix)?;
        of_all(&[b, a], json!({}), graph.var(b).matmul(graph.var(a)))
    }
}

/// A product with each factor transposed or not.
fn product<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let a = matrices(graph);
    let shape = graph.var(a).shape();
    let (of_a, of_b) = (graph.rng.random_bool(0.5), graph.rng.random_bool(0.5));
    let inner = shape[shape.rank() - if of_a { 2 } else { 1 }];
    let columns = graph.extent();
    let matrix = if of_b {
        [columns, inner]
    } else {
        [inner, columns]
    };
    let b = matrices_beside(graph, a, matrix)?;
    let (x, y) = (graph.var(a), graph.var(b));
    let first = if of_a { transposed(&x) } else { plain(&x) };
    let second = if of_b { transposed(&y) } else { plain(&y) };
    of_all(
        &[a, b],
        json!({"transposed": [of_a, of_b]}),
        Var::product(first, second),
    )
}

fn layer<'t>(graph: &mut Graph<'t>, function: Option<Unary>) -> Option<Drawn<'t>> {
    let x = graph.pick_matrix();
    let (inputs, outputs) = (graph.var(x).shape()[1], graph.extent());
    let weight = graph.pick_of_shape(&[outputs, inputs])?;
    let bias = graph.pick_of_shape(&[outputs])?;
    let of = [x, weight, bias];
    let [x, weight, bias] = of.map(|node| graph.var(node));
    let Some(function) = function else {
        return of_all(&of, json!({}), x.linear(weight, bias));
    };
    let y = x.dense(weight, bias, function);
    if function == Unary::Relu && !is_far_from(&x.linear(weight, bias).value(), 0.0) {
        return None;
    }
    of_all(&of, json!({"function": function.name()}), y)
}

fn cross_entropy<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick_matrix();
    let shape: Shape = graph.var(x).shape();
    if shape[1] == 0 {
        return None;
    }
    let (targets, description): (Targets<f64>, _) = if graph.rng.random_bool(0.5) {
        let classes = graph.indices(&shape[..1], shape[1]);
        let description = json!({"classes": integers(&classes)});
        (classes.into(), description)
    } else {
        let rows = graph.numbers(&shape, 1.0).abs();
        let description = json!({"probabilities": real(&rows)});
        (rows.into(), description)
    };
    let smoothing = if graph.rng.random_bool(0.5) {
        0.0
    } else {
        graph.rng.random_range(0.0..1.0)
    };
    let how = CrossEntropy::new(targets).label_smoothing(smoothing);
    let weight = graph.rng.random_range(0.1..2.0);
    let (how, weight) = match graph.rng.random_range(0..3) {
        0 => (how, None),
        1 => (how.summed(), Some(1.0)),
        _ => (how.weighted(weight), Some(weight)),
    };
    let arguments = json!({"targets": description, "smoothing": smoothing, "weight": weight});
    of_all(&[x], arguments, graph.var(x).cross_entropy(how))
}
