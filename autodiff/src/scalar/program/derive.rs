//! Derivatives of a graph, as further nodes of it: forward, and in reverse.

use super::graph::{Graph, Id, Relation, Stage, Term};
use super::symbol::Symbol;
use crate::Number;
use crate::scalar::number::Scalar;
use std::cell::RefCell;

/// How the derivatives multiply adjoints and tangents with slopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Products {
    Plain,
    /// A zero absorbs an infinity or NaN.
    Absorbing,
}

impl Products {
    fn of<N: Number>(self, factor: N, slope: N) -> N {
        match self {
            Products::Plain => factor * slope,
            Products::Absorbing => factor.absorbing_mul(slope),
        }
    }
}

/// Adds the adjoints of `wrt` to the graph: the derivatives of the sum of the outputs, each times its seed. A node
/// without influence on the outputs has none.
///
/// If `wrt` are shared inputs, the outputs are summed over the points. The contributions of each point are summed where
/// the reverse pass reaches a node that is computed before the points, and the pass goes on with the sum.
pub(super) fn reverse<T: Scalar>(
    graph: &RefCell<Graph<T>>,
    outputs: &[(Id, Id)],
    wrt: &[Id],
    products: Products,
) -> Vec<Option<Id>> {
    let active = influenced_by(&graph.borrow(), wrt);
    let mut adjoints = vec![None; active.len()];
    // The contributions that are sums over the points.
    let mut sums = vec![None; active.len()];
    let of = |id| Symbol { graph, id };
    for &(output, seed) in outputs {
        if active[output.index()] {
            accumulate(&mut adjoints[output.index()], of(seed));
        }
    }
    for index in (0..active.len()).rev() {
        if !active[index] {
            continue;
        }
        let node = graph.borrow_mut().enter(index);
        if node.stage == Stage::Before {
            if let Some(adjoint) = adjoints[index].take() {
                let sum = graph.borrow_mut().sum_over_points(adjoint.id);
                accumulate(&mut sums[index], of(sum));
            }
            adjoints[index] = sums[index];
        }
        let Some(adjoint) = adjoints[index] else {
            continue;
        };
        let targets = match node.stage {
            Stage::Before => &mut sums,
            _ => &mut adjoints,
        };
        for (operand, slope) in slopes(graph, index, &active).into_iter().flatten() {
            accumulate(
                &mut targets[operand.index()],
                slope.times(adjoint, products),
            );
        }
    }
    let adjoint_of = |id: &Id| adjoints[id.index()].map(|adjoint: Symbol<'_, T>| adjoint.id);
    wrt.iter().map(adjoint_of).collect()
}

/// Adds the tangents of `outputs` to the graph, from the tangents of its inputs. A node that no input influences has
/// none.
pub(super) fn forward<T: Scalar>(
    graph: &RefCell<Graph<T>>,
    inputs: &[(Id, Id)],
    outputs: &[Id],
    products: Products,
) -> Vec<Option<Id>> {
    let wrt: Vec<Id> = inputs.iter().map(|&(input, _)| input).collect();
    let active = influenced_by(&graph.borrow(), &wrt);
    let mut tangents = vec![None; active.len()];
    for &(input, tangent) in inputs {
        tangents[input.index()] = Some(Symbol { graph, id: tangent });
    }
    for index in 0..active.len() {
        if !active[index] || tangents[index].is_some() {
            continue;
        }
        graph.borrow_mut().enter(index);
        let mut sum = None;
        for (operand, slope) in slopes(graph, index, &active).into_iter().flatten() {
            if let Some(tangent) = tangents[operand.index()] {
                accumulate(&mut sum, slope.times(tangent, products));
            }
        }
        tangents[index] = sum;
    }
    let tangent_of = |id: &Id| tangents[id.index()].map(|tangent: Symbol<'_, T>| tangent.id);
    outputs.iter().map(tangent_of).collect()
}

/// Adds a term to a sum. The first term is the sum, so that no zero is added.
pub(super) fn accumulate<N: Number>(sum: &mut Option<N>, term: N) {
    *sum = Some(match *sum {
        Some(sum) => sum + term,
        None => term,
    });
}

/// For each node, whether a node of `wrt` influences it in a differentiable way.
pub(super) fn influenced_by<T: Scalar>(graph: &Graph<T>, wrt: &[Id]) -> Vec<bool> {
    let mut active = vec![false; graph.len()];
    for id in wrt {
        active[id.index()] = true;
    }
    for id in graph.ids() {
        let term = graph.term(id);
        let operands = differentiable(&term);
        if operands.iter().any(|operand| active[operand.index()]) {
            active[id.index()] = true;
        }
    }
    active
}

/// The operands on which a node depends in a differentiable way.
pub(super) fn differentiable<T>(term: &Term<T>) -> &[Id] {
    match term {
        Term::Detach(_) => &[],
        Term::WithSlope([operands @ .., _]) => operands,
        // A comparison has no derivative.
        Term::Select(_, [_, _, selected @ ..]) => selected,
        term => term.operands(),
    }
}

/// The slope of a node towards an operand.
pub(super) enum Slope<'g, T> {
    Number(Symbol<'g, T>),
    /// 1 where the comparison has this outcome, and 0 elsewhere.
    Where(Relation, [Id; 2], bool),
}

impl<'g, T: Scalar> Slope<'g, T> {
    pub(super) fn times(&self, factor: Symbol<'g, T>, products: Products) -> Symbol<'g, T> {
        match *self {
            Slope::Number(slope) => products.of(factor, slope),
            // Not a product with 0, which would let a NaN through.
            Slope::Where(relation, [a, b], outcome) => {
                let zero = factor.constant(0.0);
                let [then, otherwise] = if outcome {
                    [factor, zero]
                } else {
                    [zero, factor]
                };
                let operands = [a, b, then.id, otherwise.id];
                let id = factor.graph.borrow_mut().select(relation, operands);
                Symbol { id, ..factor }
            }
        }
    }
}

/// The active operands of a node, each with the slope towards it.
pub(super) fn slopes<'g, T: Scalar>(
    graph: &'g RefCell<Graph<T>>,
    index: usize,
    active: &[bool],
) -> [Option<(Id, Slope<'g, T>)>; 2] {
    let (id, term) = graph.borrow().at(index);
    let of = |id| Symbol { graph, id };
    let slopes = match term {
        Term::Unary(function, a) => {
            let slope = function.slope(of(a), of(id));
            [Some((a, Slope::Number(slope))), None]
        }
        Term::Binary(function, [a, b]) => {
            let slopes = function.slopes(of(a), of(b), of(id));
            [(a, slopes.0), (b, slopes.1)].map(|(x, slope)| Some((x, Slope::Number(slope))))
        }
        Term::Remainder([a, b]) => {
            let slopes = (of(a).constant(1.0), -(of(a) / of(b)).trunc());
            [(a, slopes.0), (b, slopes.1)].map(|(x, slope)| Some((x, Slope::Number(slope))))
        }
        Term::Select(relation, [a, b, then, otherwise]) => {
            [(then, true), (otherwise, false)].map(|(x, outcome)| {
                let slope = Slope::Where(relation, [a, b], outcome);
                Some((x, slope))
            })
        }
        Term::WithSlope([a, b, slope]) => {
            let slopes = [(a, of(a).constant(1.0)), (b, of(slope))];
            slopes.map(|(x, slope)| Some((x, Slope::Number(slope))))
        }
        Term::Input(..) | Term::Constant(_) | Term::Detach(_) | Term::SumOverPoints(_) => {
            [None, None]
        }
    };
    slopes.map(|slope| slope.filter(|(operand, _)| active[operand.index()]))
}
