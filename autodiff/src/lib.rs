//! Tape-based reverse-mode automatic differentiation.
//!
//! A tape records what is computed and is walked backward to give every derivative. [`scalar`] has a tape of single
//! numbers. Functions of one and two variables, each with its slope, come from one [table](elementwise).
pub mod elementwise;
pub mod scalar;
pub use elementwise::Number;
