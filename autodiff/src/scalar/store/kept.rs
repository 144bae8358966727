//! `Kept`: memory that a tape reuses.

use super::memory::Memory;
use std::cell::Cell;

/// The memory of a vector, which is taken for a computation and put back after it.
pub(in super::super) struct Kept<N: Copy>(Cell<Vec<N>>);

impl<N: Copy> Kept<N> {
    /// Keeps the memory of an earlier vector.
    #[inline]
    pub(in super::super) fn new(memory: Memory) -> Self {
        Kept(Cell::new(memory.into_vec()))
    }

    /// Returns an empty vector with the memory. Until it is put back, another one is returned.
    #[inline]
    pub(in super::super) fn take(&self) -> Vec<N> {
        let mut items = self.0.take();
        items.clear();
        items
    }

    /// Keeps the memory of `items`.
    #[inline]
    pub(in super::super) fn put(&self, items: Vec<N>) {
        self.0.set(items);
    }
}

impl<N: Copy> Default for Kept<N> {
    fn default() -> Self {
        Kept(Cell::default())
    }
}
