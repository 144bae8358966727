//! Adjoints while they are added up: what an operation's rule adds to.

use super::algebra::Algebra;
use super::factor::{Factor, KeptFactor};
use super::op::Point;
use super::shape::Shape;
use super::tape::Edge;
use crate::elementwise::{Binary, Unary};

/// The adjoint of one node, as far as it has been added up: nothing yet, or a sum, or its one term.
#[derive(Debug)]
pub(crate) struct Slot<A>(Option<Term<A>>);

/// What has been added up to an adjoint.
#[derive(Debug)]
#[repr(u64)] // A tag as long as what follows, so that both are copied in the pieces in which they were written.
pub(super) enum Term<A> {
    /// The sum.
    Sum(A),
    /// One term that is not yet summed back over the axes in front of the last so many: a bias, and its samples.
    Stretched(A, usize),
    /// One matrix product, which nobody has asked for yet.
    ///
    /// The gradient of a weight matrix is such a product. Left as it is, it can be added straight to wherever the
    /// gradient goes, and is never written down by itself.
    Product(KeptFactor<A>, KeptFactor<A>),
}

impl<A> Slot<A> {
    pub(super) const EMPTY: Self = Slot(None);

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// What has been added up, which is nothing from here on.
    pub(super) fn take(&mut self) -> Option<Term<A>> {
        self.0.take()
    }

    /// The sum, if it is one.
    pub(super) fn sum(&self) -> Option<&A> {
        match &self.0 {
            Some(Term::Sum(sum)) => Some(sum),
            _ => None,
        }
    }
}

impl<A: Algebra> Slot<A> {
    /// The sum so far, for in-place addition.
    pub(super) fn open(&mut self) -> Option<A> {
        match self.0.take()? {
            Term::Sum(sum) => Some(sum),
            deferred => Some(deferred.evaluated()),
        }
    }

    /// A sum that shares memory with what is here.
    pub(super) fn evaluated(&self) -> Option<A> {
        self.0.as_ref().map(Term::evaluated)
    }

    /// Has it hold a sum.
    pub(super) fn close(&mut self, sum: Option<A>) {
        self.0 = sum.map(Term::Sum);
    }
}

impl<A: Algebra> Term<A> {
    pub(super) fn evaluated(&self) -> A {
        match self {
            Term::Sum(sum) => sum.clone(),
            Term::Stretched(term, rank) => term.sum_to(&last(&term.extents(), *rank)),
            Term::Product(a, b) => A::product(a.as_factor(), b.as_factor()),
        }
    }
}

/// The last so many extents of a shape.
pub(super) fn last(shape: &Shape, rank: usize) -> Shape {
    Shape::from(&shape[shape.rank() - rank..])
}

/// The adjoints of an operation's inputs, to which its rule adds.
///
/// Every method names the input by its number. What is added to an input that leads to no variable is not even
/// computed; a term in the output's shape is summed back over the axes along which the input was stretched.
#[derive(Debug)]
pub struct Adjoints<'a, A> {
    pub(super) slots: &'a mut [Slot<A>],
    pub(super) x: &'a [&'a A],
    pub(super) edges: &'a [Edge],
}

impl<A: Algebra> Adjoints<'_, A> {
    /// Adds the term that `compute` gives.
    pub fn add(&mut self, input: usize, compute: impl FnOnce() -> A) {
        let Some(slot) = self.wanted(input) else {
            return;
        };
        let mut term = compute();
        let x = self.x[input];
        let target = &mut self.slots[slot];
        if !term.has_extents_of(x) {
            if self.edges[input].deferred
                && let none @ None = &mut target.0
                && let Some(rank) = term.rank_if_stretched_before(x)
            {
                *none = Some(Term::Stretched(term, rank));
                return;
            }
            term = term.sum_to(&x.extents());
        }
        let mut sum = target.open();
        A::add_to(&mut sum, term);
        target.close(sum);
    }

    /// Adds the matrix product `a · b`.
    #[inline]
    pub fn add_product(&mut self, input: usize, a: Factor<'_, A>, b: Factor<'_, A>) {
        let Some(slot) = self.wanted(input) else {
            return;
        };
        let target = &mut self.slots[slot];
        if self.edges[input].deferred
            && let none @ None = &mut target.0
        {
            *none = Some(Term::Product(a.kept(), b.kept()));
            return;
        }
        let mut sum = target.open();
        A::add_product_to(&mut sum, a, b);
        target.close(sum);
    }

    /// Adds ȳ ⊙ f′(x), for a function of one variable at `at`.
    pub(crate) fn add_unary_vjp(
        &mut self,
        input: usize,
        function: Unary,
        at: &Point<'_, A>,
        y_bar: A,
    ) {
        let Some(slot) = self.wanted(input) else {
            return;
        };
        let mut sum = self.slots[slot].open();
        A::add_unary_vjp_to(&mut sum, function, at.x[input], at.y, y_bar);
        self.slots[slot].close(sum);
    }

    /// Adds ȳ ⊙ ∂f/∂(input), for a function of two variables at `at`.
    pub(crate) fn add_binary_vjp(
        &mut self,
        input: usize,
        function: Binary,
        at: &Point<'_, A>,
        y_bar: &A,
    ) {
        self.add(input, || {
            A::binary_vjp(function, input, at.x[0], at.x[1], at.y, y_bar)
        });
    }

    fn wanted(&self, input: usize) -> Option<usize> {
        let edge = &self.edges[input];
        edge.wanted.then_some(edge.node as usize)
    }
}
