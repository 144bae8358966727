//! The sections of the document. To add one, add a file and an entry in [`SECTIONS`].

mod gradbench;
mod models;
mod op_overhead;
mod peers;
mod programs;
mod scaling;
mod tape_vs_closed_form;
mod training_step;

use serde::de::DeserializeOwned;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// A section of the document, with its benchmark.
pub(crate) struct Section {
    /// The name on the command line.
    pub(crate) name: &'static str,
    /// The title.
    pub(crate) title: &'static str,
    /// Runs the benchmark, with the given time for each row of a table.
    pub(crate) measure: fn(Duration) -> Result<SectionOutput, Box<dyn Error>>,
}

/// The results of a benchmark.
pub(crate) struct SectionOutput {
    /// When and on which machine.
    pub(crate) measured: String,
    /// The tables and their explanation, in Markdown.
    pub(crate) text: String,
    /// The name, the alternative text and the SVG of each plot.
    pub(crate) figures: Vec<(&'static str, &'static str, String)>,
}

/// Returns the section that `written` makes of the results of a comparison with other tools, or says that
/// `benches/peers/PEERS/run` has not stored them in `results/FILE.json`.
fn from_stored<T: DeserializeOwned>(
    file: &str,
    peers: &str,
    written: fn(&T) -> Result<SectionOutput, Box<dyn Error>>,
) -> Result<SectionOutput, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("results/{file}.json"));
    match std::fs::read(path) {
        Ok(json) => written(&serde_json::from_slice(&json)?),
        Err(_) => Ok(SectionOutput {
            measured: "Not measured".into(),
            text: format!("`benches/peers/{peers}/run` has not been run."),
            figures: vec![],
        }),
    }
}

/// All sections, in the document's order.
pub(crate) const SECTIONS: [Section; 8] = [
    Section {
        name: "tape_vs_closed_form",
        title: "What the tape costs over the closed form",
        measure: tape_vs_closed_form::measure,
    },
    Section {
        name: "training_step",
        title: "Training steps",
        measure: training_step::measure,
    },
    Section {
        name: "op_overhead",
        title: "What a node costs",
        measure: op_overhead::measure,
    },
    Section {
        name: "scaling",
        title: "How cost grows",
        measure: scaling::measure,
    },
    Section {
        name: "peers",
        title: "Other tools",
        measure: peers::measure,
    },
    Section {
        name: "models",
        title: "Models with other tools",
        measure: models::measure,
    },
    Section {
        name: "programs",
        title: "Programs",
        measure: programs::measure,
    },
    Section {
        name: "gradbench",
        title: "GradBench",
        measure: gradbench::measure,
    },
];

/// The numbers of threads to measure with: one, and the number of cores.
fn thread_counts() -> Vec<usize> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores > 1 { vec![1, cores] } else { vec![1] }
}
