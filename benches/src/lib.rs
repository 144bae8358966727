//! What the benchmarks have in common: the problems whose gradients are timed.

pub mod scalar_problems;
