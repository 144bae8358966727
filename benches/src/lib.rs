//! What the benchmarks have in common: the networks and the problems whose gradients are timed.

mod networks;
pub mod scalar_problems;

pub use networks::{Case, FULL, NETWORKS, Network};
