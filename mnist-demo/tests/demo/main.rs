//! The program and its parts, from outside.

mod accuracy;
mod commands;
mod common;
mod hostile;
mod paper;
mod paper_report;
mod refusals;
