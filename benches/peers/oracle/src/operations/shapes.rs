//! Operations that move elements: shapes, parts, copies and padding.

use super::{Drawn, Graph, Node, Operation, of_all, of_one};
use autodiff::tensor::{AxisSlice, Padding, Shape, Var, step};
use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use serde_json::{Value, json};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("broadcast_to", broadcast_to),
        Operation::new("sum_to", |graph| {
            let x = graph.pick();
            let to = graph.stretching_to(&graph.var(x).shape());
            of_one(x, json!({"to": to.to_vec()}), graph.var(x).sum_to(&to))
        }),
        Operation::new("reshape", reshape),
        Operation::new("flatten", |graph| {
            let x = graph.pick();
            of_one(x, json!({}), graph.var(x).flatten())
        }),
        Operation::new("squeeze", |graph| {
            let x = graph.pick();
            let (shape, mut axes) = (graph.var(x).shape(), graph.axes(x));
            axes.retain(|&axis| shape[axis.rem_euclid(shape.rank() as isize) as usize] == 1);
            of_one(x, json!({"axes": axes}), graph.var(x).squeeze(&axes[..]))
        }),
        Operation::new("unsqueeze", |graph| {
            let x = graph.pick();
            let axis = new_axis(graph, x);
            of_one(x, json!({"axis": axis}), graph.var(x).unsqueeze(axis))
        }),
        Operation::new("permute", |graph| {
            let x = graph.pick();
            let order = graph.order(x);
            of_one(x, json!({"order": order}), graph.var(x).permute(&order[..]))
        }),
        Operation::new("transpose", |graph| {
            let x = graph.pick_matrix();
            of_one(x, json!({}), graph.var(x).transpose())
        }),
        Operation::new("swap_axes", |graph| {
            let x = graph.pick();
            let (a, b) = (graph.axis(x)?, graph.axis(x)?);
            of_one(x, json!({"a": a, "b": b}), graph.var(x).swap_axes(a, b))
        }),
        Operation::new("narrow", narrow),
        Operation::new("pad", |graph| {
            let x = graph.pick();
            let (axis, [before, after]) = (graph.axis(x)?, padding(graph));
            let arguments = json!({"axis": axis, "before": before, "after": after});
            of_one(x, arguments, graph.var(x).pad(axis, before, after))
        }),
        Operation::new("pad_with", pad_with),
        Operation::new("slice", slice),
        Operation::new("slice_axis", |graph| {
            let x = graph.pick();
            let (axis, number) = graph.axis_and_number(x)?;
            let (entry, description) = entry(graph, graph.var(x).shape()[number]);
            let arguments = json!({"axis": axis, "entry": description});
            of_one(x, arguments, graph.var(x).slice_axis(axis, entry))
        }),
        Operation::new("spread", spread),
        Operation::new("flip", |graph| {
            let x = graph.pick();
            let axes = graph.axes(x);
            of_one(x, json!({"axes": axes}), graph.var(x).flip(&axes[..]))
        }),
        Operation::new("roll", |graph| {
            let x = graph.pick();
            let (axis, by) = (graph.axis(x)?, graph.integer(-5..=5));
            of_one(
                x,
                json!({"axis": axis, "by": by}),
                graph.var(x).roll(axis, by),
            )
        }),
        Operation::new("concat", concat),
        Operation::new("split", split),
        Operation::new("stack", stack),
        Operation::new("unstack", |graph| {
            let x = graph.pick();
            let (axis, to) = (graph.axis(x)?, graph.axis(x)?);
            let parts: Vec<Node<'_>> = graph.var(x).unstack(axis).into_iter().rev().collect();
            if parts.is_empty() {
                return None;
            }
            of_one(x, json!({"axis": axis, "to": to}), Var::stack(&parts, to))
        }),
        Operation::new("repeat", |graph| {
            repeated(graph, |x, axis, times| x.repeat(axis, times))
        }),
        Operation::new("repeat_interleave", |graph| {
            repeated(graph, |x, axis, times| x.repeat_interleave(axis, times))
        }),
        Operation::new("diagonal", |graph| {
            of_matrices(graph, |x, offset| x.diagonal(offset))
        }),
        Operation::new("tril", |graph| {
            of_matrices(graph, |x, offset| x.tril(offset))
        }),
        Operation::new("triu", |graph| {
            of_matrices(graph, |x, offset| x.triu(offset))
        }),
        Operation::new("to_diagonal", |graph| {
            let x = graph.pick();
            let offset = graph.integer(-2..=2);
            graph.axis(x)?;
            of_one(
                x,
                json!({"offset": offset}),
                graph.var(x).to_diagonal(offset),
            )
        }),
    ]
}

/// An axis that a node does not have yet, from either end.
fn new_axis(graph: &mut Graph<'_>, x: usize) -> isize {
    let rank = graph.var(x).shape().rank() as isize + 1;
    graph.integer(-rank..=rank - 1)
}

fn broadcast_to<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let added = graph.rng.random_range(0..=1);
    let mut to: Vec<usize> = (0..added).map(|_| graph.extent()).collect();
    for &n in &graph.var(x).shape()[..] {
        to.push(if n == 1 { graph.extent() } else { n });
    }
    of_one(x, json!({"to": to}), graph.var(x).broadcast_to(&to[..]))
}

fn reshape<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let mut rest = graph.var(x).size();
    let mut to = Vec::new();
    for _ in 0..graph.rng.random_range(0..=2) {
        let divisors: Vec<usize> = (1..=rest).filter(|n| rest.is_multiple_of(*n)).collect();
        let n = divisors.choose(&mut graph.rng).copied().unwrap_or(2);
        rest /= n;
        to.push(n);
    }
    if rest != 1 || graph.rng.random_bool(0.3) {
        to.push(rest);
    }
    to.shuffle(&mut graph.rng);
    of_one(x, json!({"to": to}), graph.var(x).reshape(&to[..]))
}

fn narrow<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, number) = graph.axis_and_number(x)?;
    let extent = graph.var(x).shape()[number];
    let start = graph.rng.random_range(0..=extent);
    let end = graph.rng.random_range(start..=extent);
    let arguments = json!({"axis": axis, "start": start, "end": end});
    of_one(x, arguments, graph.var(x).narrow(axis, start..end))
}

/// The numbers of elements before and after.
fn padding(graph: &mut Graph<'_>) -> [usize; 2] {
    [graph.rng.random_range(0..=2), graph.rng.random_range(0..=2)]
}

fn pad_with<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, number) = graph.axis_and_number(x)?;
    let [mut before, mut after] = padding(graph);
    let extent = graph.var(x).shape()[number];
    let constant = graph.rng.random_range(-2.0..2.0);
    let (padding, mode) = [
        (Padding::Constant(constant), "constant"),
        (Padding::Reflect, "reflect"),
        (Padding::Replicate, "edge"),
        (Padding::Circular, "wrap"),
    ][graph.rng.random_range(0..4)];
    if mode == "reflect" {
        let most = extent.saturating_sub(1);
        (before, after) = (before.min(most), after.min(most));
    } else if mode != "constant" && extent == 0 {
        (before, after) = (0, 0);
    }
    let arguments = json!({
        "axis": axis, "before": before, "after": after, "mode": mode, "constant": constant
    });
    of_one(
        x,
        arguments,
        graph.var(x).pad_with(axis, before, after, padding),
    )
}

/// A position or a range along an axis of the given extent, some counted from the end, and its description.
fn entry(graph: &mut Graph<'_>, extent: usize) -> (AxisSlice, Value) {
    let n = extent as isize;
    if n > 0 && graph.rng.random_bool(0.3) {
        let index = graph.integer(-n..=n - 1);
        return (index.into(), json!({"index": index}));
    }
    let start = graph.integer(0..=n);
    let end = graph.integer(start..=n);
    let mut from_either_end = |i: isize| {
        if i < n && graph.rng.random_bool(0.5) {
            i - n
        } else {
            i
        }
    };
    let (start, end) = (from_either_end(start), from_either_end(end));
    let by = *[-3, -2, -1, 1, 2, 3].choose(&mut graph.rng).unwrap_or(&1);
    let description = json!({"start": start, "end": end, "step": by});
    (step(start..end, by).into(), description)
}

fn slice<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let shape = graph.var(x).shape();
    let count = graph.rng.random_range(0..=shape.rank());
    let entries: Vec<(AxisSlice, Value)> =
        shape[..count].iter().map(|&n| entry(graph, n)).collect();
    let (entries, descriptions): (Vec<AxisSlice>, Vec<Value>) = entries.into_iter().unzip();
    let slices = entries.into_iter().collect::<autodiff::tensor::Slices>();
    of_one(
        x,
        json!({"entries": descriptions}),
        graph.var(x).slice(slices),
    )
}

fn spread<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, number) = graph.axis_and_number(x)?;
    let by = *[-2_isize, -1, 1, 2].choose(&mut graph.rng).unwrap_or(&1);
    let (count, stride) = (graph.var(x).shape()[number], by.unsigned_abs());
    let spare = graph.rng.random_range(0..stride);
    let length = if count == 0 {
        0
    } else {
        (count - 1) * stride + 1 + spare
    };
    let [before, after] = padding(graph);
    let (end, extent) = (before + length, before + length + after);
    let arguments =
        json!({"axis": axis, "start": before, "end": end, "step": by, "extent": extent});
    of_one(
        x,
        arguments,
        graph.var(x).spread(axis, step(before..end, by), extent),
    )
}

fn concat<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, number) = graph.axis_and_number(x)?;
    let mut of = vec![x];
    for _ in 0..graph.rng.random_range(0..=2) {
        let mut shape: Shape = graph.var(x).shape();
        let mut extents = shape.to_vec();
        extents[number] = graph.extent();
        shape = Shape::from(&extents[..]);
        of.push(graph.pick_of_shape(&shape)?);
    }
    of.shuffle(&mut graph.rng);
    let parts: Vec<Node<'t>> = of.iter().map(|&x| graph.var(x)).collect();
    of_all(&of, json!({"axis": axis}), Var::concat(&parts, axis))
}

/// The pieces of a split, put together in the opposite order.
fn split<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, number) = graph.axis_and_number(x)?;
    let mut rest = graph.var(x).shape()[number];
    let mut extents = Vec::new();
    while extents.is_empty() || rest > 0 {
        extents.push(graph.rng.random_range(0..=rest));
        rest -= extents[extents.len() - 1];
    }
    let pieces: Vec<Node<'t>> = graph
        .var(x)
        .split(axis, &extents)
        .into_iter()
        .rev()
        .collect();
    of_one(
        x,
        json!({"axis": axis, "extents": extents}),
        Var::concat(&pieces, axis),
    )
}

fn stack<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let mut of = vec![x];
    for _ in 0..graph.rng.random_range(0..=2) {
        of.push(graph.pick_of_shape(&graph.var(x).shape())?);
    }
    let axis = new_axis(graph, x);
    let parts: Vec<Node<'t>> = of.iter().map(|&x| graph.var(x)).collect();
    of_all(&of, json!({"axis": axis}), Var::stack(&parts, axis))
}

fn repeated<'t>(
    graph: &mut Graph<'t>,
    method: impl Fn(Node<'t>, isize, usize) -> Node<'t>,
) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axis, times) = (graph.axis(x)?, graph.rng.random_range(0..=3));
    of_one(
        x,
        json!({"axis": axis, "times": times}),
        method(graph.var(x), axis, times),
    )
}

fn of_matrices<'t>(
    graph: &mut Graph<'t>,
    method: impl Fn(Node<'t>, isize) -> Node<'t>,
) -> Option<Drawn<'t>> {
    let mut x = graph.pick();
    if graph.var(x).shape().rank() < 2 {
        x = graph.pick_matrix();
    }
    let offset = graph.integer(-3..=3);
    of_one(x, json!({"offset": offset}), method(graph.var(x), offset))
}
