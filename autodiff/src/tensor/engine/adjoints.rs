//! `Adjoints`: the accumulators that an operation's rule adds to.

mod list;

use super::factor::{Factor, product_fits};
use super::node::{Edge, Node};
use crate::tensor::algebra::Algebra;
use crate::tensor::storage::array::Tensor;
use std::fmt;

#[cfg(test)]
pub(super) use list::PAGE;
pub(crate) use list::{Adjoint, AdjointList, IndexedSlices, sum_of_rows};

/// The adjoints of an operation's inputs, to which its rule adds.
///
/// A rule names each input by its position. The term of an input that depends on no variable is not computed. A term
/// has the shape of the input or of the output. If the operation broadcast the input to the output's shape, the term is
/// summed over the broadcast axes.
///
/// # Panics
///
/// Every method panics at the rule's line if the operation has no such input, or the term has another shape. The
/// message names the operation and the line that recorded it.
#[derive(Debug)]
pub struct Adjoints<'a, A: Algebra> {
    /// The adjoints of all nodes.
    pub(super) list: &'a mut AdjointList<A>,
    pub(super) x: &'a [&'a A],
    pub(super) edges: &'a [Edge],
    /// The node whose rule runs.
    pub(super) node: &'a Node<A::Element>,
}

impl<A: Algebra> Adjoints<'_, A> {
    /// Adds a term, the result of `compute`, to the adjoint of an input.
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

    /// Adds the sum of the rows of a matrix to the adjoint of a vector, which is as long as a row.
    ///
    /// If the input is a variable, the sum stays lazy: nothing reads the adjoint before the end of the pass.
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

    /// Adds the matrix product `a · b` to the adjoint of an input.
    ///
    /// If the input is a variable, the product stays lazy: nothing reads the adjoint before the end of the pass.
    #[doc(hidden)]
    #[inline(always)] // A lazy product takes a few instructions; forming one immediately is a separate function.
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

    /// Adds slices to the rows of the adjoint of an input with the given indices: slice `i` to row `indices[i]`.
    ///
    /// If the input is a variable and this is its first term, the addition stays lazy, so that a large table costs no
    /// more than its rows that are used.
    #[track_caller]
    pub(crate) fn add_slices(&mut self, input: usize, indices: &Tensor<u32>, slices: A) {
        let edge = *self.edge(input);
        let extent = self.x[input].shape()[0];
        if self.is_lazy(edge) {
            let slices = IndexedSlices {
                indices: indices.clone(),
                slices,
                extent,
            };
            self.list
                .set(edge.node as usize, Adjoint::Scattered(slices));
        } else {
            self.add(input, || slices.scatter_add(0, indices, extent));
        }
    }

    /// Adds a term to the adjoint of an input, in the range of an axis that begins at `start`.
    ///
    /// On tensors, only the range of an adjoint that exists is touched, so that many ranges cost no more than the whole.
    #[track_caller]
    pub(crate) fn add_range(&mut self, input: usize, axis: usize, start: usize, term: &A) {
        let edge = *self.edge(input);
        if !edge.needs_grad {
            return;
        }
        let after = self.x[input].shape()[axis] - start - term.shape()[axis];
        self.list.accumulate(edge.node as usize, |sum| match sum {
            None => term.pad(axis, start, after),
            Some(sum) => sum.plus_range(axis, start, term),
        });
    }

    #[inline(never)]
    fn form_product(&mut self, node: usize, a: Factor<'_, A>, b: Factor<'_, A>) {
        self.list.accumulate(node, |sum| match sum {
            None => A::product(a, b),
            Some(sum) => sum.plus_product(a, b),
        });
    }

    /// Sums a term in the output's shape over the axes along which the input was broadcast.
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

    /// The edge from an input.
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

    /// Whether the adjoint of this input may stay lazy and this is its first term.
    #[inline]
    fn is_lazy(&self, edge: Edge) -> bool {
        edge.lazy && self.list.get(edge.node as usize).is_none()
    }

    /// Panics: the term has another shape.
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

/// Whether each row of a matrix has the shape of `x`.
#[inline]
fn are_rows_of<A: Algebra>(rows: &A, x: &A) -> bool {
    rows.with_shape(|rows| {
        x.with_shape(|x| {
            rows.len() == x.len() + 1 && rows[1..].iter().zip(x.iter()).all(|(a, b)| a == b)
        })
    })
}
