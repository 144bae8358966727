//! The scalar tape and its functions, from outside.

mod control;
mod derivatives;
mod edges;
mod float;
mod functions;
mod graphs;
mod misuse;
#[cfg(feature = "nalgebra")]
mod nalgebra;
mod tape;
mod trace;
