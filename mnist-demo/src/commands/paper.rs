//! Checks the paper: sections, errata and report.

use mnist_core::Error;
use mnist_core::output::OutputDir;
use mnist_paper::{self as paper, Reader, ReaderSettings, SECTIONS, Section, errata, html, text};

use super::{one_line, pool, print_line, style};
use crate::Outcome;
use crate::arguments::PaperArguments;

/// The name of the report's file.
const REPORT: &str = "paper.html";

/// Runs the sections and the errata given by the arguments. The outcome is [`Outcome::OverBound`] if a check failed.
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
    // Unusable images and folders are reported before any work is done.
    if arguments.data.folder.is_some() {
        reader.digits()?;
    }
    let output = match &arguments.report {
        Some(path) => Some(OutputDir::new(path, &[REPORT])?),
        None => None,
    };
    let style = style();
    let mut runs = Vec::new();
    for section in sections {
        let run = pool.install(|| section.run(&reader))?;
        print_line(&text::section(&run, style))?;
        runs.push(run);
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
        let path = output.write(REPORT, html::page(&runs, &trials))?;
        print_line(&format!("Written to {}", one_line(path.display())))?;
    }
    Ok(if paper::all_hold(&runs, &trials) {
        Outcome::Success
    } else {
        print_line(&style.verdict(false, "Not everything is as it should be"))?;
        Outcome::OverBound
    })
}

impl PaperArguments {
    /// The sections given by `--section`. Without it: all sections, or none if only the errata are printed.
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
