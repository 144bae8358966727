//! The checks of the paper, section by section. Each section shows its formulas, evaluates them by hand and by the
//! tape, and reports the differences.
//!
//! Each section is a file in the paper's notation, to be read next to the paper. Values by hand are computed with
//! [`Matrix`] and [`Scaled`], in plain loops that share no code with the tapes. The module [`errata`] checks the
//! mistakes in the printed paper.
//!
//! This crate prints nothing and writes no files: [`text`] and [`html`] format the findings as text and as a page.

#![forbid(unsafe_code)]

mod charts;
pub mod errata;
mod findings;
pub mod html;
pub mod math;
mod matrix;
mod mu;
mod network;
mod p01_forward;
mod p02_polynomial;
mod p03_one_neuron;
mod p04_chain;
mod p05_paths;
mod p06_samples;
mod p07_delta;
mod p08_digits;
mod p09_softmax;
mod p10_cross_entropy;
mod p11_batch;
mod p12_training;
mod p13_depth;
mod reader;
pub mod text;

use std::time::Instant;

use mnist_core::Error;

pub use findings::{Agreement, BOUND, Check, Figure, Findings, Numbers, Table};
pub use matrix::{Matrix, Misfit};
pub use nn::reference::Scaled;
pub use reader::{Digits, Reader, ReaderSettings};

/// A section of the paper.
#[derive(Debug)]
pub struct Section {
    /// The number of the section, from 1.
    pub number: usize,
    /// The name, as accepted by [`section`].
    pub name: &'static str,
    /// The subject of the section.
    pub title: &'static str,
    /// The heading in the paper.
    pub place: &'static str,
    run: fn(&Reader, &mut Findings) -> Result<(), Error>,
}

macro_rules! sections {
    ($($number:literal $name:literal $module:ident: $title:literal, $place:literal;)*) => {
        /// All sections, in the paper's order.
        pub static SECTIONS: &[Section] = &[$(Section {
            number: $number,
            name: $name,
            title: $title,
            place: $place,
            run: $module::run,
        }),*];
    };
}

sections! {
    1 "forward" p01_forward: "Forward map and cost", "Introducing Neural Networks";
    2 "polynomial" p02_polynomial: "Polynomial regression by descent", "Reviewing Polynomial Regression";
    3 "neuron" p03_one_neuron: "One neuron, both sides of the kink", "One Layer of One Neuron";
    4 "chain" p04_chain: "A chain of L neurons", "L layers of one neuron";
    5 "paths" p05_paths: "The sum over all paths", "L Layers with Arbitrary Neurons";
    6 "samples" p06_samples: "A batch is a sum of samples", "Considering Multiple Training Data Points";
    7 "delta" p07_delta: "The recursion of δ", "Backpropagation: Utilizing Matrix/Vector Notation";
    8 "digits" p08_digits: "Forward pass on MNIST", "Worked Example: Basic Handwritten Digit Classifier";
    9 "softmax" p09_softmax: "The Jacobian of softmax", "Worked Example, Backpropagation";
    10 "cross-entropy" p10_cross_entropy: "Cross-entropy and the appendix's proof", "Worked Example, Backpropagation; Appendix";
    11 "batch" p11_batch: "The batch in matrix form", "Worked Example, Backpropagation";
    12 "training" p12_training: "Training to the paper's accuracy", "Worked Example, Backpropagation";
    13 "depth" p13_depth: "Accuracy against depth and width", "Summary: Multi-Layered Handwritten Digit Classifier";
}

/// Returns the section with a number or name.
///
/// # Errors
///
/// If there is no such section.
pub fn section(name: &str) -> Result<&'static Section, Error> {
    let found = SECTIONS
        .iter()
        .find(|section| section.name == name || section.number.to_string() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
        Error::setting(
            "--section",
            format!(
                "there is no section {name:?}; there are 1 to 13, or {}",
                names.join(", ")
            ),
        )
    })
}

/// The result of a run of a section.
#[derive(Clone, Debug)]
pub struct SectionRun {
    /// The section.
    pub section: &'static Section,
    /// The findings of the section.
    pub findings: Findings,
    /// The duration of the run in seconds.
    pub seconds: f64,
}

impl Section {
    /// Runs the section.
    ///
    /// # Errors
    ///
    /// If the data cannot be read, or a setting is invalid.
    pub fn run(&'static self, reader: &Reader) -> Result<SectionRun, Error> {
        let start = Instant::now();
        let mut findings = Findings::new(reader.planted_in(self.number));
        (self.run)(reader, &mut findings)?;
        Ok(SectionRun {
            section: self,
            findings,
            seconds: start.elapsed().as_secs_f64(),
        })
    }
}

/// Whether all checks of the sections and errata passed. If not, the program exits with status 1.
pub fn all_hold(runs: &[SectionRun], trials: &[errata::Trial]) -> bool {
    runs.iter().all(|run| run.findings.passed()) && trials.iter().all(|trial| trial.passed)
}

/// Formats a number for a table.
pub(crate) fn number(x: f64) -> String {
    if x == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e4).contains(&x.abs()) {
        format!("{x:.6}")
    } else {
        format!("{x:.2e}")
    }
}

/// Formats a short duration, such as `12.0 µs`.
fn seconds(time: f64) -> String {
    match time {
        0.0..1e-3 => format!("{:.1} µs", 1e6 * time),
        1e-3..1.0 => format!("{:.1} ms", 1e3 * time),
        _ => format!("{time:.2} s"),
    }
}
