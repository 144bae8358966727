//! Runs the benchmarks and writes the results to `benches/RESULTS.md`, with plots in `benches/results`.
//!
//! `cargo run --release -p benches --bin results -- [--seconds S] [SECTION...]` updates the named sections, or all
//! sections, and leaves the others unchanged. S is the time for each row of a table.

mod document;
mod machine;
mod plot;
mod sections;

use clap::Parser;
use sections::{SECTIONS, Section};
use std::error::Error;
use std::path::Path;
use std::time::Duration;

#[derive(Parser)]
#[command(about = "Measures, and writes what it finds to benches/RESULTS.md")]
struct Arguments {
    /// The sections to update; all if none is named
    #[arg(value_parser = SECTIONS.map(|section| section.name))]
    sections: Vec<String>,
    /// The time for each row of a table
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let time = Duration::try_from_secs_f64(arguments.seconds)?;
    let wanted = |section: &Section| {
        arguments.sections.is_empty() || arguments.sections.iter().any(|name| name == section.name)
    };
    for section in SECTIONS.iter().filter(|section| wanted(section)) {
        eprintln!("{} ...", section.name);
        let findings = (section.measure)(time)?;
        println!("{}", findings.text);
        document::renew(folder, section, &findings)?;
    }
    Ok(())
}
