//! `AdjointList`: the accumulators of a backward pass.

use crate::tensor::algebra::Algebra;
use crate::tensor::engine::factor::KeptFactor;
use crate::tensor::storage::array::Tensor;
use std::collections::BinaryHeap;
use std::ops::Range;

/// The adjoint accumulated for each node.
///
/// A list is reused from pass to pass. It remembers the pages that were written to. The cost of a pass, and of clearing
/// the list, therefore depends on the nodes visited and not on the length of the recording.
#[derive(Clone, Debug)]
pub(crate) struct AdjointList<A> {
    slots: Vec<Option<Adjoint<A>>>,
    /// Whether each page was written to.
    written: Vec<bool>,
    /// The pages that were written to and not visited yet.
    ahead: BinaryHeap<u32>,
    /// The pages that were visited.
    visited: Vec<u32>,
    /// The number of retained nodes on the tape at the start of the pass.
    retained: u32,
}

/// The number of slots in a page.
pub(crate) const PAGE: usize = 64;

/// An accumulated adjoint.
#[derive(Clone, Debug)]
#[repr(u64)] // A tag as wide as the payload's words, so that a copy does not load wider than the stores before it.
pub(crate) enum Adjoint<A> {
    /// The sum, as one array.
    Array(A),
    /// The rows of a matrix, whose sum is lazy: a bias gets one row from each sample.
    RowSum(A),
    /// A lazy matrix product: its factors.
    ///
    /// A weight matrix's gradient is such a product. It can be added directly to its destination, without a temporary
    /// array.
    Product(KeptFactor<A>, KeptFactor<A>),
    /// Slices along the first axis, which are lazily added to zeros: a table of embeddings gets some rows only.
    Scattered(IndexedSlices<A>),
}

/// Slices of a tensor along its first axis: slice `i` belongs to row `indices[i]`, and an index may occur several
/// times.
#[derive(Clone, Debug)]
pub(crate) struct IndexedSlices<A> {
    pub(crate) indices: Tensor<u32>,
    pub(crate) slices: A,
    /// The extent of the first axis.
    pub(crate) extent: usize,
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
    /// Prepares an empty list for a pass over `nodes` nodes of a tape on which `retained` nodes are retained.
    pub(crate) fn begin(&mut self, nodes: usize, retained: u32) {
        if self.slots.len() < nodes {
            self.slots.resize_with(nodes, || None);
            self.written.resize(nodes.div_ceil(PAGE), false);
        }
        self.retained = retained;
    }

    /// An empty list, in the same memory if adjoints of type `B` are as large as those of type `A`.
    pub(crate) fn emptied<B>(mut self) -> AdjointList<B> {
        self.slots.clear();
        self.written.clear();
        self.ahead.clear();
        self.visited.clear();
        AdjointList {
            // Of nothing, but a vector collected from another one keeps its memory.
            slots: self.slots.into_iter().map(|_| None).collect(),
            written: self.written,
            ahead: self.ahead,
            visited: self.visited,
            retained: 0,
        }
    }

    /// The number of retained nodes on the tape at the start of the pass.
    pub(crate) fn retained(&self) -> u32 {
        self.retained
    }

    /// Returns the slots of the last page that was written to and not visited, and marks it as visited.
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

    /// The adjoint accumulated for a node, if any.
    #[inline]
    pub(crate) fn get(&self, node: usize) -> Option<&Adjoint<A>> {
        self.slots.get(node)?.as_ref()
    }

    /// The adjoint of an intermediate result, which is never lazy.
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
        // Usually the slot is empty, and nothing is dropped.
        match &mut self.slots[node] {
            empty @ None => *empty = Some(term),
            full => *full = Some(term),
        }
        if !self.written[node / PAGE] {
            self.write_to_page(node / PAGE);
        }
    }

    /// Empties the list and keeps its memory.
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
    /// Moves out the adjoint of a node, evaluated if it is lazy.
    #[inline]
    pub(crate) fn take(&mut self, node: usize) -> Option<A> {
        match self.slots[node].take()? {
            Adjoint::Array(sum) => Some(sum),
            lazy => Some(lazy.materialize()),
        }
    }

    /// Replaces the adjoint by `add(adjoint)`; `add` may reuse its memory.
    #[inline]
    pub(super) fn accumulate(&mut self, node: usize, add: impl FnOnce(Option<A>) -> A) {
        let sum = add(self.take(node));
        self.set(node, Adjoint::Array(sum));
    }
}

impl<A: Algebra> Adjoint<A> {
    /// The adjoint as one array.
    #[cold] // A lazy adjoint is usually added directly to its destination.
    pub(crate) fn materialize(&self) -> A {
        match self {
            Adjoint::Array(sum) => sum.clone(),
            Adjoint::RowSum(rows) => sum_of_rows(rows),
            Adjoint::Product(a, b) => A::product(a.as_factor(), b.as_factor()),
            Adjoint::Scattered(IndexedSlices {
                indices,
                slices,
                extent,
            }) => slices.scatter_add(0, indices, *extent),
        }
    }
}

/// The sum of the rows of a matrix.
pub(crate) fn sum_of_rows<A: Algebra>(rows: &A) -> A {
    rows.sum_to(&rows.shape()[1..])
}
