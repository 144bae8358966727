//! What an operation's rule adds to: the adjoints of its inputs.

mod list;

use super::factor::{Factor, product_fits};
use super::node::{Edge, Node};
use crate::tensor::algebra::Algebra;
use std::fmt;

#[cfg(test)]
pub(super) use list::PAGE;
pub(crate) use list::{Adjoint, AdjointList, sum_of_rows};

/// The adjoints of an operation's inputs, to which its rule adds.
///
/// Every method names the input by its number. A term for an input that leads to no variable is not even computed. A
/// term has the input's shape, or else the output's shape where the operation stretched the input to it: such a term is
/// summed back over the stretched axes.
///
/// # Panics
///
/// Every method panics at the line of the rule if the operation has no such input, or the term has another shape. The
/// message names the operation and the line that recorded it.
#[derive(Debug)]
pub struct Adjoints<'a, A: Algebra> {
    /// The adjoints of all nodes.
    pub(super) list: &'a mut AdjointList<A>,
    pub(super) x: &'a [&'a A],
    pub(super) edges: &'a [Edge],
    /// The node whose rule is run.
    pub(super) node: &'a Node<A::Element>,
}

impl<A: Algebra> Adjoints<'_, A> {
    /// Adds the term that `compute` gives.
    #[track_caller]
    pub fn add(&mut self, input: usize, compute: impl FnOnce() -> A) {
        let Edge {
            node, needs_grad, ..
        } = *self.edge(input);
        if !needs_grad {
            return;
        }
        let mut term = compute();
        if !term.has_shape_of(self.x[input]) {
            term = self.summed_back(input, &term);
        }
        self.list.accumulate(node as usize, |sum| match sum {
            None => term,
            Some(sum) => sum.plus_term(term),
        });
    }

    /// Adds the sum of the rows of a matrix, each of which is as long as the input, a vector.
    ///
    /// They are not summed yet if the input is a variable, whose adjoint nobody needs before the end.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn add_rows(&mut self, input: usize, rows: A) {
        let edge = *self.edge(input);
        if !are_rows_of(&rows, self.x[input]) {
            self.refuse(input, format_args!("rows of shape {}", rows.shape()));
        }
        if self.is_lazy(edge) {
            self.list.set(edge.node as usize, Adjoint::RowSum(rows));
        } else {
            self.add(input, || sum_of_rows(&rows));
        }
    }

    /// Adds the matrix product `a · b`.
    ///
    /// It is not formed yet if the input is a variable, whose adjoint nobody needs before the end.
    #[doc(hidden)]
    #[inline(always)] // What is lazy takes a few instructions; what is formed at once has a function of its own.
    #[track_caller]
    pub fn add_product(&mut self, input: usize, a: Factor<'_, A>, b: Factor<'_, A>) {
        let edge = *self.edge(input);
        if !product_fits(self.x[input], a, b) {
            self.refuse(input, format_args!("a product of shapes {a} and {b}"));
        }
        if self.is_lazy(edge) {
            let product = Adjoint::Product(a.kept(), b.kept());
            self.list.set(edge.node as usize, product);
        } else if edge.needs_grad {
            self.form_product(edge.node as usize, a, b);
        }
    }

    #[inline(never)]
    fn form_product(&mut self, node: usize, a: Factor<'_, A>, b: Factor<'_, A>) {
        self.list.accumulate(node, |sum| match sum {
            None => A::product(a, b),
            Some(sum) => sum.plus_product(a, b),
        });
    }

    /// A term in the output's shape, summed over the axes along which the input was stretched to it.
    #[inline(never)]
    #[track_caller]
    fn summed_back(&self, input: usize, term: &A) -> A {
        let (x, y) = (self.x[input].shape(), self.node.value.shape());
        let of_output = term.with_shape(|term| term == y);
        if !(of_output && x.stretches_to(y)) {
            self.refuse(input, format_args!("an adjoint of shape {}", term.shape()));
        }
        term.sum_to(&x)
    }

    /// Where an input comes from.
    #[inline]
    #[track_caller]
    fn edge(&self, input: usize) -> &Edge {
        match self.edges.get(input) {
            Some(edge) => edge,
            None => self.mistake(format_args!(
                "input {input} an adjoint, and there are {} inputs",
                self.edges.len()
            )),
        }
    }

    /// Whether a term for this input is its first, and may stay lazy.
    #[inline]
    fn is_lazy(&self, edge: Edge) -> bool {
        edge.lazy && self.list.get(edge.node as usize).is_none()
    }

    /// Refuses a term of another shape.
    #[cold]
    #[track_caller]
    fn refuse(&self, input: usize, term: fmt::Arguments<'_>) -> ! {
        let shape = self.x[input].shape();
        self.mistake(format_args!("input {input}, of shape {shape}, {term}"))
    }

    #[cold]
    #[track_caller]
    fn mistake(&self, given: fmt::Arguments<'_>) -> ! {
        let (name, location) = (self.node.operation.name(), self.node.location);
        panic!("{name}: the rule gives {given} (recorded at {location})")
    }
}

/// Whether the rows of a tensor have the extents of `x`.
#[inline]
fn are_rows_of<A: Algebra>(rows: &A, x: &A) -> bool {
    rows.with_shape(|rows| {
        x.with_shape(|x| {
            rows.len() == x.len() + 1 && rows[1..].iter().zip(x.iter()).all(|(a, b)| a == b)
        })
    })
}
