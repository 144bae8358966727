//! Tensors and their shared memory.

pub(crate) mod array;
pub(crate) mod axes;
pub(crate) mod buffer;
mod byte_matrix;
pub(crate) mod element;
pub(crate) mod recycle;
pub(crate) mod shape;
pub(crate) mod slices;
