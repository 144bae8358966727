//! Tests of the scalar tape and its functions through the public interface.

#[path = "../support/random_functions.rs"]
mod random_functions;
#[path = "../support/refusals.rs"]
mod refusals;

#[cfg(feature = "argmin")]
mod argmin;
mod callers_line;
mod control;
mod derivatives;
mod edges;
mod float;
mod functions;
mod gradcheck;
mod graphs;
mod grid;
mod hostile;
mod misuse;
#[cfg(feature = "nalgebra")]
mod nalgebra;
mod operators;
mod precision;
mod program;
mod reference;
mod sparse;
mod tape;
mod trace;
mod ways;
