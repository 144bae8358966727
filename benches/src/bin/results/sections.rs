//! The sections of the document. Another one is a file and a line here.

mod op_overhead;
mod peers;
mod scaling;
mod tape_vs_closed_form;
mod training_step;

use std::error::Error;
use std::time::Duration;

/// A part of the document, and the measures that it is about.
pub(crate) struct Section {
    /// What it is called in commands.
    pub(crate) name: &'static str,
    /// Its title.
    pub(crate) title: &'static str,
    /// Measures, with so much time for each row of a table.
    pub(crate) measure: fn(Duration) -> Result<Findings, Box<dyn Error>>,
}

/// What was found.
pub(crate) struct Findings {
    /// The tables, and what they say, in Markdown.
    pub(crate) text: String,
    /// The name, the text for those who cannot see it, and the SVG of each picture.
    pub(crate) pictures: Vec<(&'static str, &'static str, String)>,
}

/// All sections, in the document's order.
pub(crate) const SECTIONS: [Section; 5] = [
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
];

/// The numbers of threads to measure with: one, and as many as there are cores.
fn thread_counts() -> Vec<usize> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores > 1 { vec![1, cores] } else { vec![1] }
}
