//! Memory for intermediate results.

use crate::Float;

/// A source of memory for intermediate results.
pub trait Scratch {
    /// Calls `f` with a slice of `len` numbers, of any values.
    ///
    /// # Panics
    ///
    /// If there is no memory for them.
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
