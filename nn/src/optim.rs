//! Optimizers: one loop over the flat buffer of parameters and that of their gradient.

mod sgd;

pub use sgd::Sgd;
