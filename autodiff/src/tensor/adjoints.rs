//! Adjoints while they are added up: what an operation's rule adds to.

use super::algebra::Algebra;
use super::factor::{Factor, KeptFactor};
use super::op::Point;
use super::shape::Shape;
use super::tape::Edge;
use crate::elementwise::{Binary, Unary};

/// The adjoint of each node, as far as it has been added up.
#[derive(Debug)]
pub(crate) struct AdjointList<A> {
    slots: Vec<Slot<A>>,
    /// Whether every slot is empty.
    is_clear: bool,
}

/// The adjoint of one node: nothing yet, or a sum, or its one term.
#[derive(Debug)]
pub(crate) struct Slot<A>(Option<Term<A>>);

/// What has been added up to an adjoint.
#[derive(Debug)]
#[repr(u64)] // A tag as long as what follows, so that both are copied in the pieces in which they were written.
pub(super) enum Term<A> {
    /// The sum.
    Sum(A),
    /// The rows of a matrix, which are not yet summed: what a bias gets of each sample.
    Rows(A),
    /// One matrix product, which nobody has asked for yet.
    ///
    /// The gradient of a weight matrix is such a product. Left as it is, it can be added straight to wherever the
    /// gradient goes, and is never written down by itself.
    Product(KeptFactor<A>, KeptFactor<A>),
}

impl<A> Default for AdjointList<A> {
    fn default() -> Self {
        AdjointList {
            slots: Vec::new(),
            is_clear: true,
        }
    }
}

impl<A> AdjointList<A> {
    /// The slots of so many nodes.
    pub(super) fn slots(&mut self, nodes: usize) -> &mut [Slot<A>] {
        self.is_clear = false;
        if self.slots.len() < nodes {
            self.slots.resize_with(nodes, || Slot::EMPTY);
        }
        &mut self.slots[..nodes]
    }

    /// What has been added up to the adjoint of a node, if anything.
    #[inline]
    pub(super) fn get(&self, node: usize) -> Option<&Term<A>> {
        self.slots.get(node)?.0.as_ref()
    }

    /// Forgets the adjoints, and keeps the memory.
    pub(super) fn clear(&mut self) {
        if self.is_clear {
            return;
        }
        self.is_clear = true;
        // They are emptied and not removed: most are empty already, and the next sweep is mostly over as many.
        for slot in self.slots.iter_mut().filter(|slot| slot.0.is_some()) {
            *slot = Slot::EMPTY;
        }
    }
}

impl<A> Slot<A> {
    pub(super) const EMPTY: Self = Slot(None);

    /// The sum, if it is one.
    pub(super) fn sum(&self) -> Option<&A> {
        match &self.0 {
            Some(Term::Sum(sum)) => Some(sum),
            _ => None,
        }
    }

    /// Fills it; mostly it is empty, and there is nothing to drop.
    #[inline]
    fn fill(&mut self, term: Term<A>) {
        match &mut self.0 {
            empty @ None => *empty = Some(term),
            full => *full = Some(term),
        }
    }

    /// Has it hold a sum.
    #[inline]
    pub(super) fn close(&mut self, sum: A) {
        self.fill(Term::Sum(sum));
    }
}

impl<A: Algebra> Slot<A> {
    /// Has it hold what `add` makes of the sum so far, which may be changed in place.
    #[inline]
    fn update(&mut self, add: impl FnOnce(Option<A>) -> A) {
        let sum = add(self.open());
        self.close(sum);
    }

    /// The sum so far; the slot is left empty.
    #[inline]
    pub(super) fn open(&mut self) -> Option<A> {
        match self.0.take()? {
            Term::Sum(sum) => Some(sum),
            deferred => Some(deferred.evaluated()),
        }
    }
}

impl<A: Algebra> Term<A> {
    /// The term as one array.
    #[cold] // What is deferred is mostly added, as it is, to where it goes.
    pub(super) fn evaluated(&self) -> A {
        match self {
            Term::Sum(sum) => sum.clone(),
            Term::Rows(rows) => sum_of_rows(rows),
            Term::Product(a, b) => A::product(a.as_factor(), b.as_factor()),
        }
    }
}

/// The sum of the rows of a matrix.
pub(super) fn sum_of_rows<A: Algebra>(rows: &A) -> A {
    rows.sum_to(&Shape::from(&rows.extents()[1..]))
}

/// The adjoints of an operation's inputs, to which its rule adds.
///
/// Every method names the input by its number. What is added to an input that leads to no variable is not even
/// computed; a term in the output's shape is summed back over the axes along which the input was stretched.
#[derive(Debug)]
pub struct Adjoints<'a, A> {
    /// Of the nodes before the one whose rule is run.
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
        if !term.has_extents_of(x) {
            term = term.sum_to(&x.extents());
        }
        self.slots[slot].update(|sum| match sum {
            None => term,
            Some(sum) => sum.plus_term(term),
        });
    }

    /// Adds the sum of the rows of a matrix, each of which is as long as the input, a vector.
    ///
    /// They are not summed yet if the input is a variable, whose adjoint nobody needs before the end.
    #[inline]
    pub fn add_rows(&mut self, input: usize, rows: A) {
        debug_assert_eq!(
            rows.extents().get(1..),
            Some(&self.x[input].extents()[..]),
            "add_rows: the rows and the input differ in length"
        );
        if let Some(slot) = self.deferred(input) {
            slot.fill(Term::Rows(rows));
        } else {
            self.add(input, || sum_of_rows(&rows));
        }
    }

    /// Adds the matrix product `a · b`.
    ///
    /// It is not formed yet if the input is a variable, whose adjoint nobody needs before the end.
    #[inline(always)] // What is deferred takes a few instructions; what is formed at once has a function of its own.
    pub fn add_product(&mut self, input: usize, a: Factor<'_, A>, b: Factor<'_, A>) {
        if let Some(slot) = self.deferred(input) {
            slot.fill(Term::Product(a.kept(), b.kept()));
        } else if let Some(slot) = self.wanted(input) {
            self.form_product(slot, a, b);
        }
    }

    #[inline(never)]
    fn form_product(&mut self, slot: usize, a: Factor<'_, A>, b: Factor<'_, A>) {
        self.slots[slot].update(|sum| match sum {
            None => A::product(a, b),
            Some(sum) => sum.plus_product(a, b),
        });
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
        let (x, y) = (at.x[input], at.y);
        self.slots[slot].update(|sum| match sum {
            None => A::unary_vjp(function, x, y, y_bar),
            Some(sum) => sum.plus_unary_vjp(function, x, y, y_bar),
        });
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

    #[inline]
    fn wanted(&self, input: usize) -> Option<usize> {
        let edge = &self.edges[input];
        edge.wanted.then_some(edge.node as usize)
    }

    /// The slot of an input whose first term may be formed later, if this is its first.
    #[inline]
    fn deferred(&mut self, input: usize) -> Option<&mut Slot<A>> {
        let edge = &self.edges[input];
        let slot = &mut self.slots[edge.node as usize];
        (edge.deferred && slot.0.is_none()).then_some(slot)
    }
}
