//! Tests of the program and its libraries through their public interfaces.

mod accuracy;
mod arguments;
mod backgrounds;
mod checkpoints;
mod commands;
mod common;
mod hostile;
mod kills;
#[path = "../../../nn/tests/formulas/memory.rs"]
mod memory;
mod mutations;
mod paper;
mod paper_report;
mod parts;
mod png;
mod png_images;
mod refusals;
#[cfg(unix)]
mod signals;
mod streams;
