//! Reductions over axes, cumulative sums and products, and softmax.

use super::{Drawn, Graph, Node, Operation, are_distinct, is_far_from, of_one};
use autodiff::Tensor;
use serde_json::json;

/// A reduction: its name, the method, and whether it is smooth at an input with a result.
type Reduction = (
    &'static str,
    for<'t> fn(Node<'t>, &[isize]) -> Node<'t>,
    fn(&Tensor<f64>, &Tensor<f64>) -> bool,
);

/// Lists reductions: those over axes, and those over all elements.
macro_rules! reductions {
    ($($smooth:expr => $($over:ident)* $(; $($all:ident)*)?,)*) => {
        vec![$(
            $((stringify!($over), |x, axes| x.$over(axes), $smooth),)*
            $($((stringify!($all), |x, _| x.$all(), $smooth),)*)?
        )*]
    };
}

pub(super) fn operations() -> Vec<Operation> {
    let reductions: Vec<Reduction> = reductions! {
        |_, _| true =>
            sum_over sum_over_keepdims mean_over mean_over_keepdims prod_over prod_over_keepdims
            log_sum_exp_over log_sum_exp_over_keepdims variance_over variance_over_keepdims;
            sum mean prod log_sum_exp variance,
        |_, y| is_far_from(y, 0.0) =>
            norm_over norm_over_keepdims std_over std_over_keepdims;
            norm std,
        |x, _| is_far_from(x, 0.0) => norm_1_over norm_1_over_keepdims; norm_1,
    };
    // These take no axis of extent 0.
    let of_largest: Vec<Reduction> = reductions! {
        |x, _| are_distinct(x) => max_over max_over_keepdims min_over min_over_keepdims,
        |x, _| are_distinct(&x.abs()) && is_far_from(x, 0.0) =>
            norm_inf_over norm_inf_over_keepdims; norm_inf,
    };
    let mut all: Vec<Operation> = [(reductions, true), (of_largest, false)]
        .into_iter()
        .flat_map(|(reductions, takes_empty)| {
            reductions.into_iter().map(move |reduction| {
                Operation::new(reduction.0, move |graph| {
                    reduce(graph, reduction, takes_empty)
                })
            })
        })
        .collect();
    all.extend(of_masks());
    all.push(Operation::new("softmax", |graph| {
        over_axes(graph, |x, axes| x.softmax(axes))
    }));
    all.push(Operation::new("log_softmax", |graph| {
        over_axes(graph, |x, axes| x.log_softmax(axes))
    }));
    all.push(Operation::new("masked_softmax", masked_softmax));
    all.push(Operation::new("masked_log_softmax", masked_log_softmax));
    all.push(Operation::new("cumsum", |graph| {
        cumulative(graph, |x, axis| x.cumsum(axis))
    }));
    all.push(Operation::new("cumprod", |graph| {
        cumulative(graph, |x, axis| x.cumprod(axis))
    }));
    all
}

fn reduce<'t>(graph: &mut Graph<'t>, reduction: Reduction, takes_empty: bool) -> Option<Drawn<'t>> {
    let (_, method, is_smooth) = reduction;
    let x = graph.pick();
    let axes = graph.axes(x);
    let value = graph.var(x).value();
    if value.size() == 0 && !takes_empty {
        return None;
    }
    let y = method(graph.var(x), &axes);
    is_smooth(&value, &y.value()).then_some(())?;
    of_one(x, json!({"axes": axes}), y)
}

/// Reductions of the mask of the elements that are larger than a number; a sum is multiplied with the result.
fn of_masks() -> Vec<Operation> {
    macro_rules! reductions {
        ($($over:ident $keepdims:ident)*) => { vec![$(
            Operation::new(stringify!($over), |graph| {
                mask_reduction(graph, |mask, axes| mask.$over(axes).cast(), |x, axes| x.sum_over(axes))
            }),
            Operation::new(stringify!($keepdims), |graph| {
                mask_reduction(
                    graph,
                    |mask, axes| mask.$keepdims(axes).cast(),
                    |x, axes| x.sum_over_keepdims(axes),
                )
            }),
        )*] };
    }
    reductions! { any_over any_over_keepdims all_over all_over_keepdims count_over count_over_keepdims }
}

fn mask_reduction<'t>(
    graph: &mut Graph<'t>,
    of_mask: impl Fn(&Tensor<u8>, &[isize]) -> Tensor<f64>,
    sum: impl Fn(Node<'t>, &[isize]) -> Node<'t>,
) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let axes = graph.axes(x);
    let threshold = graph.numbers(&[], 1.0).item();
    is_far_from(&graph.var(x).value(), threshold).then_some(())?;
    let mask = graph.var(x).greater(threshold);
    let y = sum(graph.var(x), &axes) * &of_mask(&mask, &axes);
    of_one(x, json!({"axes": axes, "threshold": threshold}), y)
}

fn over_axes<'t>(
    graph: &mut Graph<'t>,
    method: impl Fn(Node<'t>, &[isize]) -> Node<'t>,
) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let axes = graph.axes(x);
    of_one(x, json!({"axes": axes}), method(graph.var(x), &axes))
}

fn masked_softmax<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axes, mask) = (graph.axes(x), graph.mask(&graph.var(x).shape()));
    let arguments = json!({"axes": axes, "mask": crate::graph::integers(&mask)});
    of_one(x, arguments, graph.var(x).masked_softmax(&mask, &axes[..]))
}

/// The logarithm of a softmax with a mask, with zeros instead of −∞.
fn masked_log_softmax<'t>(graph: &mut Graph<'t>) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let (axes, mask) = (graph.axes(x), graph.mask(&graph.var(x).shape()));
    let arguments = json!({"axes": axes, "mask": crate::graph::integers(&mask)});
    let y = graph
        .var(x)
        .masked_log_softmax(&mask, &axes[..])
        .masked_fill(&!mask, 0.0);
    of_one(x, arguments, y)
}

fn cumulative<'t>(
    graph: &mut Graph<'t>,
    method: impl Fn(Node<'t>, isize) -> Node<'t>,
) -> Option<Drawn<'t>> {
    let x = graph.pick();
    let axis = graph.axis(x)?;
    of_one(x, json!({"axis": axis}), method(graph.var(x), axis))
}
