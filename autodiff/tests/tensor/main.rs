//! The tensor tape and its operations, from outside.

#[path = "../support/refusals.rs"]
mod refusals;

mod callers_line;
mod edges;
mod every_op;
mod generic_models;
mod infinite_logits;
mod kept_gradients;
mod long_sums;
mod non_finite;
mod own_operations;
mod tape;
mod values;
mod zero_meets_infinity;
