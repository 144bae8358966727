//! Sections and errata as text for the terminal.

use std::fmt::Write;

use mnist_core::report::{Style, duration};

use super::errata::Trial;
use super::{Check, Findings, SectionRun, Table, math, number};

/// Formats a section.
pub fn section(run: &SectionRun, style: Style) -> String {
    let section = run.section;
    let mut text = style.bold(&format!("P{} {}", section.number, section.title));
    let place = format!("{} · {}", section.place, duration(run.seconds));
    let _ = writeln!(text, "\n{}", style.faint(&place));
    for formula in &run.findings.formulas {
        let _ = writeln!(text, "    {}", math::text(formula));
    }
    text.push_str(&findings(&run.findings, style));
    text
}

fn findings(findings: &Findings, style: Style) -> String {
    let mut text = String::new();
    for check in &findings.checks {
        let _ = writeln!(text, "  {}", self::check(check, style));
    }
    for table in &findings.tables {
        let _ = write!(text, "\n{}", self::table(table, style));
    }
    for remark in &findings.remarks {
        let _ = writeln!(text, "  {remark}");
    }
    text
}

/// Formats a check in one line.
fn check(check: &Check, style: Style) -> String {
    let mark = style.verdict(check.passed, if check.passed { "✓" } else { "✗" });
    match &check.comparison {
        None => format!("{mark} {}", check.what),
        Some(c) => {
            let relation = if check.passed { "≤" } else { "NOT ≤" };
            let apart = format!("{} apart, {relation} {:.0e}", apart(c.apart), c.bound);
            let example = format!(
                "{} {}; by hand {}, tape {}",
                c.numbers,
                if c.numbers == 1 { "number" } else { "numbers" },
                number(c.by_hand),
                number(c.tape)
            );
            format!(
                "{mark} {}: {apart} {}",
                check.what,
                style.faint(&format!("({example})"))
            )
        }
    }
}

/// Formats a table with aligned columns.
pub fn table(table: &Table, style: Style) -> String {
    let width = |column: usize| {
        let cells = table.rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([table.head[column].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.head.len()).map(width).collect();
    let line = |cells: &[&str]| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:>width$}"));
        padded.collect::<Vec<_>>().join("  ")
    };
    let mut text = format!(
        "  {}\n  {}\n",
        table.caption,
        style.faint(&line(&table.head))
    );
    for row in &table.rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        let _ = writeln!(text, "  {}", line(&cells));
    }
    text
}

/// Formats the errata: the printed and the corrected formula, the differences of both from the tape, and the verdict.
pub fn errata(trials: &[Trial], style: Style) -> String {
    let mut text = style.bold("Errata") + "\n";
    for trial in trials {
        let erratum = trial.erratum;
        let _ = writeln!(
            text,
            "\n{} {}",
            style.bold(erratum.id),
            style.faint(erratum.place)
        );
        let _ = writeln!(text, "    printed    {}", math::text(erratum.printed));
        let _ = writeln!(text, "    corrected  {}", math::text(erratum.corrected));
        let _ = writeln!(text, "  {}", erratum.reason);
        let printed = printed(trial);
        let c = &trial.corrected;
        let _ = writeln!(text, "  printed:   {printed}");
        let _ = writeln!(
            text,
            "  corrected: {}, tape {}; {} apart in {} numbers",
            number(c.by_hand),
            number(c.tape),
            apart(c.apart),
            c.numbers
        );
        let mark = style.verdict(trial.passed, if trial.passed { "✓" } else { "✗" });
        let failed = if trial.passed {
            ""
        } else {
            ", NOT as it should be"
        };
        let _ = writeln!(text, "  {mark} verdict: {}{failed}", erratum.kind.name());
    }
    text
}

/// Describes the result of the printed formula.
pub fn printed(trial: &Trial) -> String {
    let gives = trial.printed.map(|c| {
        format!(
            "{}, tape {}; {} apart",
            number(c.by_hand),
            number(c.tape),
            apart(c.apart)
        )
    });
    match (&trial.obstacle, gives) {
        (None, Some(gives)) => gives,
        (Some(why), Some(gives)) => {
            let reading = trial.reading.unwrap_or_default();
            format!("{why} does not fit; {reading} {gives}")
        }
        (Some(why), None) => why.clone(),
        (None, None) => "nothing".to_owned(),
    }
}

/// Formats a difference, such as `3.1e-16`.
pub(super) fn apart(difference: f64) -> String {
    if difference == 0.0 {
        "0".to_owned()
    } else if difference.is_nan() {
        "no number".to_owned()
    } else {
        format!("{difference:.1e}")
    }
}
