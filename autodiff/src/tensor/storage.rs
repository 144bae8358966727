//! Tensors, and the memory that they share.

pub(crate) mod array;
pub(crate) mod buffer;
pub(crate) mod element;
pub(crate) mod recycle;
pub(crate) mod shape;
