//! Tests of the tensor tape and its operations through the public interface.

#[path = "../support/random_functions.rs"]
mod random_functions;
#[path = "../support/refusals.rs"]
mod refusals;

mod callers_line;
mod construction;
mod conversion;
mod edges;
mod every_op;
mod generic_models;
mod gradcheck;
mod gradients;
mod hostile;
mod infinite_logits;
mod long_sums;
mod non_finite;
mod own_operations;
mod precision;
mod shapes;
mod tape;
mod transposition;
mod values;
mod zero_meets_infinity;
