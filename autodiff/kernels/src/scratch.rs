//! Where kernels get memory for intermediate results.

use crate::Float;

/// Memory for the intermediate results of kernels.
pub trait Scratch {
    /// Calls `f` with a slice of `len` numbers with unspecified contents.
    fn with<T: Float>(&self, len: usize, f: impl FnOnce(&mut [T]));
}

/// Scratch memory from the heap, allocated for each call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap;

impl Scratch for Heap {
    fn with<T: Float>(&self, len: usize, f: impl FnOnce(&mut [T])) {
        f(&mut vec![T::default(); len]);
    }
}
