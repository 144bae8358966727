//! This project's scalar tape.

use super::Tool;
use benches::scalar_problems::{self, Problem};

/// Reuses the memory of the tape and of the adjoints.
#[derive(Default)]
pub(crate) struct Ours(scalar_problems::Ours);

impl Tool for Ours {
    const NAME: &'static str = "ours";

    fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64 {
        self.0.gradient(problem, x, out)
    }
}
