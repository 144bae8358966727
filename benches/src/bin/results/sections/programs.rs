//! Programs beside the tape, formulas and another tool, from the results of `benches/peers/program/run`.

use super::{SectionOutput, from_stored};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

#[derive(Deserialize)]
struct Comparison {
    date: String,
    processor: String,
    /// For each problem and way, the time for a point.
    nanoseconds: BTreeMap<String, BTreeMap<String, f64>>,
}

/// The ways of the columns, and their titles.
const WAYS: [(&str, &str); 6] = [
    ("plain", "function"),
    ("hand", "by hand"),
    ("tape", "tape"),
    ("columns", "program, columns"),
    ("rows", "program, rows"),
    ("codipack", "CoDiPack"),
];

/// The ways to which a program is compared.
const REFERENCES: [&str; 4] = ["plain", "hand", "tape", "codipack"];

pub(super) fn measure(_: Duration) -> Result<SectionOutput, Box<dyn Error>> {
    from_stored("programs", "program", written)
}

fn written(found: &Comparison) -> Result<SectionOutput, Box<dyn Error>> {
    let mut text = String::from(
        "`benches/peers/program/run` measures and [its page](peers/program/README.md) says how: CPU time in ns per point, on \
         one thread, each way with the derivatives that its problem asks for. The ratios are those of the program, with the \
         points in columns.\n\n",
    );
    let titles = WAYS.map(|(_, title)| title.to_owned());
    let ratios = ["/ function", "/ by hand", "/ tape", "/ CoDiPack"].map(str::to_owned);
    let titles = [&titles[..], &ratios].concat();
    writeln!(text, "| | {} |", titles.join(" | "))?;
    writeln!(text, "|---|{}", "---:|".repeat(titles.len()))?;
    for (problem, times) in &found.nanoseconds {
        write!(text, "| {problem} |")?;
        for (way, _) in WAYS {
            match times.get(way) {
                Some(time) => write!(text, " {time:.0} |")?,
                None => write!(text, " |")?,
            }
        }
        for reference in REFERENCES {
            match (times.get("columns"), times.get(reference)) {
                (Some(program), Some(time)) => write!(text, " {:.2} |", program / time)?,
                _ => write!(text, " |")?,
            }
        }
        text += "\n";
    }
    Ok(SectionOutput {
        measured: format!("{} on {}", found.date, found.processor),
        text,
        figures: vec![],
    })
}
