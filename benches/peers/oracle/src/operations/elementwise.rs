//! The functions of the elementwise table, and operators with numbers.

use super::{Drawn, Graph, Node, Operation, of_all, of_one};
use autodiff::Tensor;
use autodiff::elementwise::{Binary, Interval, Unary};
use rand::RngExt;
use serde_json::{Value, json};

pub(super) fn operations() -> Vec<Operation> {
    let unary = Unary::catalogue().into_iter().map(|(function, intervals)| {
        Operation::new(function.name(), move |graph| {
            unary(graph, function, intervals)
        })
    });
    let binary = Binary::catalogue()
        .into_iter()
        .map(|(function, rectangles)| {
            Operation::new(function.name(), move |graph| {
                binary(graph, function, rectangles)
            })
        });
    unary
        .chain(binary)
        .chain([Operation::new("number_operators", number_operators)])
        .collect()
}

/// A function of one variable, at elements inside the intervals in which it is smooth.
fn unary<'t>(graph: &mut Graph<'t>, function: Unary, intervals: &[Interval]) -> Option<Drawn<'t>> {
    let mut x = graph.pick();
    let value = graph.var(x).value();
    let is_inside = value
        .iter()
        .all(|&x| intervals.iter().any(|&interval| contains(interval, x)));
    if !is_inside || graph.rng.random_bool(0.5) {
        let interval = intervals[graph.rng.random_range(0..intervals.len())];
        x = within(graph, x, interval);
    }
    of_one(x, parameters(function), graph.var(x).unary(function))
}

/// A function of two variables, at elements inside one of the rectangles in which it is smooth.
fn binary<'t>(
    graph: &mut Graph<'t>,
    function: Binary,
    rectangles: &[(Interval, Interval)],
) -> Option<Drawn<'t>> {
    let mut a = graph.pick();
    let mut b = graph.pick_beside(a)?;
    let (of_a, of_b) = rectangles[graph.rng.random_range(0..rectangles.len())];
    let all_inside = |x: &Tensor<f64>, interval| x.iter().all(|&x| contains(interval, x));
    if !all_inside(&graph.var(a).value(), of_a) || graph.rng.random_bool(0.5) {
        a = within(graph, a, of_a);
    }
    if !all_inside(&graph.var(b).value(), of_b) || graph.rng.random_bool(0.5) {
        b = within(graph, b, of_b);
    }
    let (x, y) = (graph.var(a), graph.var(b));
    let result = match function {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
        Binary::Div => x / y,
        _ => x.binary(function, y),
    };
    of_all(&[a, b], json!({}), result)
}

/// The operators with a number on either side.
fn number_operators<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let p = graph.rng.random_range(0.5..2.0);
    let y: Node<'t> = (p - graph.var(x)) * (graph.var(x) + p) / p + p * (graph.var(x) - p);
    of_one(x, json!({"p": p}), y)
}

fn contains((low, high): Interval, x: f64) -> bool {
    low < x && x < high
}

/// Maps a node smoothly into an interval, and returns the new node.
fn within(graph: &mut Graph<'_>, x: usize, (low, high): Interval) -> usize {
    let (centre, radius) = ((low + high) / 2.0, 0.48 * (high - low));
    let y = graph.var(x).sin() * radius + centre;
    let arguments = json!({"centre": centre, "radius": radius});
    graph.push(
        "within",
        Drawn {
            of: vec![x],
            arguments,
            y,
        },
    )
}

/// The parameters of a function.
fn parameters(function: Unary) -> Value {
    match function {
        Unary::Powi { n } => json!({"n": n}),
        Unary::Polygamma { n } => json!({"n": n}),
        Unary::Clamp { low, high } => json!({"low": low, "high": high}),
        Unary::LeakyRelu { leak } => json!({"leak": leak}),
        Unary::Elu { alpha } => json!({"alpha": alpha}),
        _ => json!({}),
    }
}
