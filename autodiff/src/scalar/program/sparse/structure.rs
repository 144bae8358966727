//! The structure of a sparse matrix of derivatives: its pattern, and how each nonzero is computed.

use super::{cones, dependencies::dependencies};
use crate::scalar::number::Scalar;
use crate::scalar::program::code::STRIP;
use crate::scalar::program::derive::{Products, differentiable, influenced_by, reverse};
use crate::scalar::program::graph::{Graph, Id, Source};
use crate::scalar::program::recording::Recorded;
use crate::scalar::sparse::{Colouring, Pattern, Source as Entry};
use std::cell::RefCell;

/// Which matrix is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matrix {
    /// The Jacobian matrix of the outputs.
    Jacobian,
    /// The lower triangle of the Hessian matrix of the output.
    Hessian,
}

/// A pattern, and how each nonzero is computed.
#[derive(Debug)]
pub(super) struct Structure {
    pub(super) matrix: Matrix,
    pub(super) pattern: Pattern,
    /// The columns whose products with the matrix are computed together, as tangents.
    pub(super) groups: Pattern,
    /// For each nonzero, the product and the row of it where the nonzero is; `None` if the row is computed in reverse.
    pub(super) sources: Vec<Option<Entry>>,
}

/// How many operations of a cone take the time of an operation that is executed for a whole strip of tangents.
const CONE_OPERATIONS: usize = 8;

impl Structure {
    pub(super) fn new<T: Scalar>(matrix: Matrix, recorded: &Recorded<T>) -> Self {
        match matrix {
            Matrix::Jacobian => Structure::of_jacobian(recorded),
            Matrix::Hessian => Structure::of_hessian(recorded),
        }
    }

    /// The rows are computed in reverse, each over the cone of its output, or as tangents of coloured groups of columns,
    /// a strip of groups at a time: what costs less.
    ///
    /// The cost in reverse is the number of operands in the cones. The cost of tangents is the number of operands in
    /// the function, for each strip of groups, times a constant.
    fn of_jacobian<T: Scalar>(recorded: &Recorded<T>) -> Self {
        let graph = RefCell::new(recorded.graph.clone());
        let x = points(&graph, recorded.inputs[1]);
        let graph = graph.into_inner();
        let outputs: Vec<Option<Id>> = recorded.outputs.iter().copied().map(Some).collect();
        let pattern = dependencies(&graph, &outputs, &x);
        let active = influenced_by(&graph, &x);
        let operands = graph.ids().map(|id| {
            let term = graph.term(id);
            let operands = differentiable(&term).iter();
            operands.filter(|operand| active[operand.index()]).count()
        });
        let of_strip = CONE_OPERATIONS * operands.sum::<usize>();
        // No fewer groups are possible than a row has nonzeros.
        let groups = (0..pattern.rows()).map(|i| pattern.row(i).len()).max();
        let cost = |groups: usize| of_strip * groups.div_ceil(STRIP).max(1);
        let in_reverse =
            |limit: usize| cones::size(&graph, &active, &recorded.outputs, limit).is_some();
        if in_reverse(cost(groups.unwrap_or(0))) {
            return Structure::in_reverse(pattern);
        }
        let colouring = Colouring::of_jacobian(&pattern);
        if in_reverse(cost(colouring.column_groups().rows())) {
            return Structure::in_reverse(pattern);
        }
        let groups = colouring.column_groups().clone();
        let is_tangent = |entry: &Entry| (entry.product as usize) < groups.rows();
        let sources = colouring.sources().iter().copied();
        Structure {
            matrix: Matrix::Jacobian,
            sources: sources
                .map(|entry| Some(entry).filter(is_tangent))
                .collect(),
            pattern,
            groups,
        }
    }

    /// All rows are computed in reverse.
    fn in_reverse(pattern: Pattern) -> Self {
        Structure {
            matrix: Matrix::Jacobian,
            groups: Pattern::from_rows(pattern.columns(), [[0; 0]; 0]),
            sources: vec![None; pattern.nonzeros()],
            pattern,
        }
    }

    /// The nonzeros are tangents of the gradient, for groups of columns by a star colouring.
    ///
    /// An entry may be nonzero if a component of the gradient, which the reverse pass writes out, depends on the
    /// variable. Two variables interact in this way if they meet in an operation that is not linear: the slopes of
    /// linear ones are constants.
    fn of_hessian<T: Scalar>(recorded: &Recorded<T>) -> Self {
        let graph = RefCell::new(recorded.graph.clone());
        let x = points(&graph, recorded.inputs[1]);
        let gradient = gradient(&graph, recorded.outputs[0], &x, Products::Plain);
        let pattern = symmetric(dependencies(&graph.into_inner(), &gradient, &x));
        let colouring = Colouring::of_hessian(&pattern);
        let entries = pattern.entries().zip(colouring.sources());
        let lower = entries.filter(|((i, j), _)| j <= i);
        Structure {
            matrix: Matrix::Hessian,
            sources: lower.map(|(_, entry)| Some(*entry)).collect(),
            groups: colouring.column_groups().clone(),
            pattern: pattern.lower_triangle(),
        }
    }
}

/// The inputs of a point.
pub(super) fn points<T: Scalar>(graph: &RefCell<Graph<T>>, count: usize) -> Vec<Id> {
    let input = |number| graph.borrow_mut().input(Source::Point, number);
    (0..count as u32).map(input).collect()
}

/// Adds the gradient of a node.
pub(super) fn gradient<T: Scalar>(
    graph: &RefCell<Graph<T>>,
    output: Id,
    x: &[Id],
    products: Products,
) -> Vec<Option<Id>> {
    let one = graph.borrow_mut().constant(T::from_f64(1.0));
    reverse(graph, &[(output, one)], x, products)
}

/// The pattern together with its transpose. A zero that is not seen in one of two equal derivatives may be seen in the
/// other.
fn symmetric(pattern: Pattern) -> Pattern {
    let transpose = pattern.transpose();
    if transpose == pattern {
        return pattern;
    }
    let rows = (0..pattern.rows()).map(|i| {
        let mut row = [pattern.row(i), transpose.row(i)].concat();
        row.sort_unstable();
        row.dedup();
        row
    });
    Pattern::from_rows(pattern.columns(), rows)
}
