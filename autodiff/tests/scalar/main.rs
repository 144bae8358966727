//! Tests of the scalar tape and its functions through the public interface.

#[path = "../support/random_functions.rs"]
mod random_functions;
#[path = "../support/refusals.rs"]
mod refusals;

mod activity;
mod callers_line;
mod control;
mod derivatives;
mod edges;
mod float;
mod forward;
mod functions;
mod generic_text;
mod gradcheck;
mod graphs;
mod grid;
mod hostile;
mod leaves;
mod misuse;
#[cfg(feature = "nalgebra")]
mod nalgebra;
mod nested;
mod operators;
mod preaccumulate;
mod precision;
#[cfg(feature = "argmin")]
mod problems;
mod program;
mod reference;
mod reuse;
mod sparse;
mod tape;
mod trace;
mod ways;
