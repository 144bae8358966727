//! The tape and its backward pass.

// First, because the order of the modules is the order of the sections in the documentation of `Tape`.
pub(crate) mod tape;

pub(crate) mod adjoints;
pub(crate) mod factor;
pub(crate) mod gradients;
pub(crate) mod node;
mod non_finite;
mod picture;
pub(crate) mod products;
mod summary;
pub(crate) mod sweep;

pub use non_finite::{NonFinite, NonFiniteAdjoint};
pub use summary::Summary;
