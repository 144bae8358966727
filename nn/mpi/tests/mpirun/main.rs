//! Runs the programs under `mpirun`: bits, bad input, and ranks that are killed.

mod bits;
mod common;
mod kills;
mod refusals;
mod running;
