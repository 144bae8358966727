//! Reads the paper: sections, errata, report.

use mnist_core::Error;
use mnist_core::output::OutputDir;
use mnist_paper::{self as paper, Reader, ReaderSettings, SECTIONS, Section, errata, html, text};

use super::{one_line, pool, print_line, style};
use crate::Outcome;
use crate::arguments::PaperArguments;

/// The name of the report's file.
const REPORT: &str = "paper.html";

/// Runs what is asked for, and says whether all is as it should be.
pub(crate) fn run(arguments: &PaperArguments) -> Result<Outcome, Error> {
    let pool = pool(&arguments.threads)?;
    let sections = arguments.sections()?;
    let reader = Reader::new(ReaderSettings {
        quick: arguments.quick,
        seed: arguments.seed,
        widths: arguments.widths(),
        data: arguments.data.folder.clone(),
        planted: None,
    })?;
    // Images that cannot be used and a place that cannot be written into are told before any work is done.
    if arguments.data.folder.is_some() {
        reader.digits()?;
    }
    let output = match &arguments.report {
        Some(path) => Some(OutputDir::new(path, &[REPORT])?),
        None => None,
    };
    let style = style();
    let mut reads = Vec::new();
    for section in sections {
        let read = pool.install(|| section.run(&reader))?;
        print_line(&text::section(&read, style))?;
        reads.push(read);
    }
    let trials = if arguments.errata || output.is_some() {
        errata::run(&reader)
    } else {
        Vec::new()
    };
    if arguments.errata {
        print_line(text::errata(&trials, style).trim_end())?;
    }
    if let Some(output) = output {
        let path = output.write(REPORT, html::page(&reads, &trials))?;
        print_line(&format!("Written to {}", one_line(path.display())))?;
    }
    Ok(if paper::all_hold(&reads, &trials) {
        Outcome::Success
    } else {
        print_line(&style.verdict(false, "Not everything is as it should be"))?;
        Outcome::OverBound
    })
}

impl PaperArguments {
    /// The sections that are asked for: all of them, unless some are named or the errata alone are wanted.
    fn sections(&self) -> Result<Vec<&'static Section>, Error> {
        if self.section.is_empty() && self.errata && self.report.is_none() {
            return Ok(Vec::new());
        }
        if self.section.is_empty() {
            return Ok(SECTIONS.iter().collect());
        }
        self.section
            .iter()
            .map(|name| paper::section(name))
            .collect()
    }
}
