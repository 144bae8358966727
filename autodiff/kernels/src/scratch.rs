//! Memory for intermediate results.

use crate::Float;

/// Where a kernel takes memory for intermediate results from.
pub trait Scratch {
    /// Calls `f` with a slice of `len` numbers, which may hold anything.
    ///
    /// # Panics
    ///
    /// If there is no memory for so many.
    fn with<T: Float>(&self, len: usize, f: impl FnOnce(&mut [T]));
}

/// Fresh memory of the global allocator each time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap;

impl Scratch for Heap {
    fn with<T: Float>(&self, len: usize, f: impl FnOnce(&mut [T])) {
        f(&mut vec![T::default(); len]);
    }
}
