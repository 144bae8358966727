//! Gradients and optimizers against their formulas.

mod callers_line;
mod damaged_weights;
mod delta_sums;
mod finite_batches;
mod finite_steps;
mod hostile_batches;
mod hostile_models;
mod hostile_optimizers;
mod hostile_weights;
mod infinite_logits;
mod kinds;
mod layers;
mod memory;
mod method;
mod misuse;
mod optimizer_formulas;
mod optimizers;
mod own_models;
mod own_parts;
mod saving;
mod tape_equals_delta;
mod weights_of_another_size;
