//! Where the adjoints of a backward pass are accumulated.

use crate::tensor::algebra::Algebra;
use crate::tensor::engine::factor::KeptFactor;
use std::collections::BinaryHeap;
use std::ops::Range;

/// The adjoint of each node, as far as it has been accumulated.
///
/// A list is used for pass after pass. It remembers which of its pages were written to, so that a pass, and clearing up
/// after it, costs what the pass visits, not what the recording holds.
#[derive(Clone, Debug)]
pub(crate) struct AdjointList<A> {
    slots: Vec<Option<Adjoint<A>>>,
    /// Whether each page was written to.
    written: Vec<bool>,
    /// The pages that were written to, and have not been visited.
    ahead: BinaryHeap<u32>,
    /// The pages that have been visited.
    visited: Vec<u32>,
    /// The number of retained nodes on the tape when the pass began.
    retained: u32,
}

/// The slots in a page.
pub(crate) const PAGE: usize = 64;

/// What has been accumulated as an adjoint.
#[derive(Clone, Debug)]
#[repr(u64)] // A tag as long as what follows, so that both are copied in the pieces in which they were written.
pub(crate) enum Adjoint<A> {
    /// The sum, as one array.
    Array(A),
    /// The rows of a matrix, which are not yet summed: what a bias gets of each sample.
    RowSum(A),
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
            retained: 0,
        }
    }
}

impl<A> AdjointList<A> {
    /// Makes an empty list ready for a pass over some nodes of a tape, and notes how many of its nodes are retained.
    pub(crate) fn begin(&mut self, nodes: usize, retained: u32) {
        if self.slots.len() < nodes {
            self.slots.resize_with(nodes, || None);
            self.written.resize(nodes.div_ceil(PAGE), false);
        }
        self.retained = retained;
    }

    /// The number of retained nodes on the tape when the pass began.
    pub(crate) fn retained(&self) -> u32 {
        self.retained
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
    pub(crate) fn get(&self, node: usize) -> Option<&Adjoint<A>> {
        self.slots.get(node)?.as_ref()
    }

    /// The sum accumulated for a node, which is never lazy: an intermediate result.
    #[inline]
    pub(crate) fn sum(&self, node: usize) -> Option<&A> {
        match self.get(node)? {
            Adjoint::Array(sum) => Some(sum),
            _ => None,
        }
    }

    /// Stores `term` as the adjoint of a node.
    #[inline]
    pub(crate) fn set(&mut self, node: usize, term: Adjoint<A>) {
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
            Adjoint::Array(sum) => Some(sum),
            lazy => Some(lazy.materialize()),
        }
    }

    /// Replaces the sum so far by what `add` makes of it, which may change it in place.
    #[inline]
    pub(super) fn accumulate(&mut self, node: usize, add: impl FnOnce(Option<A>) -> A) {
        let sum = add(self.take(node));
        self.set(node, Adjoint::Array(sum));
    }
}

impl<A: Algebra> Adjoint<A> {
    /// The term as one array.
    #[cold] // What is lazy is mostly added, as it is, to where it goes.
    pub(crate) fn materialize(&self) -> A {
        match self {
            Adjoint::Array(sum) => sum.clone(),
            Adjoint::RowSum(rows) => sum_of_rows(rows),
            Adjoint::Product(a, b) => A::product(a.as_factor(), b.as_factor()),
        }
    }
}

/// The sum of the rows of a matrix.
pub(crate) fn sum_of_rows<A: Algebra>(rows: &A) -> A {
    rows.sum_to(&rows.shape()[1..])
}
