//! Where the adjoints of a backward pass are accumulated.

use crate::tensor::algebra::Algebra;
use crate::tensor::engine::factor::KeptFactor;
use std::collections::BinaryHeap;
use std::ops::Range;

/// The adjoint of each node, as far as it has been accumulated.
///
/// A list is used for pass after pass. It remembers which of its pages were written to, so that a pass, and clearing up
/// after it, costs what the pass visits, not what the recording holds.
#[derive(Debug)]
pub(crate) struct AdjointList<A> {
    slots: Vec<Option<Term<A>>>,
    /// Whether each page was written to.
    written: Vec<bool>,
    /// The pages that were written to, and have not been visited.
    ahead: BinaryHeap<u32>,
    /// The pages that have been visited.
    visited: Vec<u32>,
    /// The number of anchors on the tape when the pass began.
    anchors: u32,
}

/// The slots in a page.
pub(crate) const PAGE: usize = 64;

/// What has been accumulated as an adjoint.
#[derive(Clone, Debug)]
#[repr(u64)] // A tag as long as what follows, so that both are copied in the pieces in which they were written.
pub(crate) enum Term<A> {
    /// The sum, as one array.
    Dense(A),
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
            written: Vec::new(),
            ahead: BinaryHeap::new(),
            visited: Vec::new(),
            anchors: 0,
        }
    }
}

impl<A> AdjointList<A> {
    /// Makes an empty list ready for a pass over so many nodes of a tape with so many anchors.
    pub(crate) fn begin(&mut self, nodes: usize, anchors: u32) {
        if self.slots.len() < nodes {
            self.slots.resize_with(nodes, || None);
            self.written.resize(nodes.div_ceil(PAGE), false);
        }
        self.anchors = anchors;
    }

    /// The number of anchors on the tape when the pass began.
    pub(crate) fn anchors(&self) -> u32 {
        self.anchors
    }

    /// Visits the last page that was written to and has not been visited; gives its slots.
    #[inline]
    pub(crate) fn visit_page(&mut self) -> Option<Range<usize>> {
        let page = self.ahead.pop()?;
        self.visited.push(page);
        Some(self.slots_of(page))
    }

    fn slots_of(&self, page: u32) -> Range<usize> {
        let first = PAGE * page as usize;
        first..self.slots.len().min(first + PAGE)
    }

    #[cold]
    #[inline(never)]
    fn write_to_page(&mut self, page: usize) {
        self.written[page] = true;
        self.ahead.push(page as u32);
    }

    /// What has been accumulated for a node, if anything.
    #[inline]
    pub(crate) fn get(&self, node: usize) -> Option<&Term<A>> {
        self.slots.get(node)?.as_ref()
    }

    /// The sum accumulated for a node, which is never lazy: an intermediate result.
    #[inline]
    pub(crate) fn sum(&self, node: usize) -> Option<&A> {
        match self.get(node)? {
            Term::Dense(sum) => Some(sum),
            _ => None,
        }
    }

    /// Moves out what has been accumulated for a node, if anything.
    #[inline]
    pub(crate) fn move_out(&mut self, node: usize) -> Option<Term<A>> {
        self.slots.get_mut(node)?.take()
    }

    /// Stores `term` as the adjoint of a node.
    #[inline]
    pub(crate) fn set(&mut self, node: usize, term: Term<A>) {
        // Mostly the slot is empty, and there is nothing to drop.
        match &mut self.slots[node] {
            empty @ None => *empty = Some(term),
            full => *full = Some(term),
        }
        if !self.written[node / PAGE] {
            self.write_to_page(node / PAGE);
        }
    }

    /// Empties the list, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        while self.visit_page().is_some() {}
        while let Some(page) = self.visited.pop() {
            self.written[page as usize] = false;
            let slots = self.slots_of(page);
            for slot in &mut self.slots[slots] {
                if slot.is_some() {
                    *slot = None;
                }
            }
        }
    }
}

impl<A: Algebra> AdjointList<A> {
    /// Moves out the sum accumulated for a node.
    #[inline]
    pub(crate) fn take(&mut self, node: usize) -> Option<A> {
        match self.slots[node].take()? {
            Term::Dense(sum) => Some(sum),
            lazy => Some(lazy.evaluated()),
        }
    }

    /// Replaces the sum so far by what `add` makes of it, which may change it in place.
    #[inline]
    pub(super) fn accumulate(&mut self, node: usize, add: impl FnOnce(Option<A>) -> A) {
        let sum = add(self.take(node));
        self.set(node, Term::Dense(sum));
    }
}

impl<A: Algebra> Term<A> {
    /// The term as one array.
    #[cold] // What is lazy is mostly added, as it is, to where it goes.
    pub(crate) fn evaluated(&self) -> A {
        match self {
            Term::Dense(sum) => sum.clone(),
            Term::Rows(rows) => sum_of_rows(rows),
            Term::Product(a, b) => A::product(a.as_factor(), b.as_factor()),
        }
    }
}

/// The sum of the rows of a matrix.
pub(crate) fn sum_of_rows<A: Algebra>(rows: &A) -> A {
    rows.sum_to(&rows.shape()[1..])
}
