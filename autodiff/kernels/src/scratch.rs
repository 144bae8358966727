//! Memory for intermediate results.

use crate::Float;

/// A source of memory for intermediate results.
pub trait Scratch {
    /// Calls `f` with a slice of `len` numbers with unspecified contents.
    fn with<T: Float>(&self, len: usize, f: impl FnOnce(&mut [T]));
}

/// Memory that is allocated on the heap for each call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap;

impl Scratch for Heap {
    fn with<T: Float>(&self, len: usize, f: impl FnOnce(&mut [T])) {
        f(&mut vec![T::default(); len]);
    }
}
