//! Gradients and optimizers against their formulas.

mod callers_line;
mod kinds;
mod optimizer_formulas;
mod optimizers;
mod tape_equals_delta;
