//! The tape and its backward pass.

pub(crate) mod adjoints;
pub(crate) mod factor;
pub(crate) mod gradients;
pub(crate) mod node;
mod non_finite;
mod picture;
pub(crate) mod products;
pub(crate) mod sweep;
pub(crate) mod tape;

pub use non_finite::NonFinite;
