//! Results as text for the terminal, as JSON, and as files.

mod files;

use std::fmt::Write;

use autodiff::tensor::{Real, Tensor};
use nn::{Evaluation, Mlp, StandardLoss};

pub use files::{RESULTS, write_results};

use crate::Error;
use crate::compare::{Comparison, Pair, Side};
use crate::model::{loss_name, shape_name};
use crate::plot::Confusion;
use crate::train::Trained;
use serde_json::json;

/// Whether text may contain terminal colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are allowed.
    pub colour: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Bold text.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Faint text.
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Text in green if `good`, otherwise in bold red.
    pub fn verdict(self, good: bool, text: &str) -> String {
        self.paint(if good { "32" } else { "1;31" }, text)
    }
}

/// Formats a number with thousands separators, such as `60,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a count with its noun, such as `1 batch` or `60,000 images`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", grouped(number))
}

/// Formats a fraction in percent, such as `91.46 %`.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// Formats a cost, such as `0.3029` or `6.62e26`.
pub fn cost(cost: f64) -> String {
    match cost {
        0.0..1e4 => format!("{cost:.4}"),
        _ => format!("{cost:.2e}"),
    }
}

/// Formats a duration, such as `1:23:45`, `2:05` or `8.3 s`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{}:{:02}", whole / 60, whole % 60),
        _ => format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60),
    }
}

/// Describes a network in one line, such as `784-10-10, relu, softmax cross-entropy (7,960 parameters)`.
pub fn network(network: &Mlp, loss: StandardLoss) -> String {
    format!(
        "{}, {}, {} ({} parameters)",
        shape_name(network),
        network.hidden(),
        loss_name(loss),
        grouped(network.layout().parameters() as u64)
    )
}

/// The confusion matrix as a table.
pub fn confusion_table(evaluation: &Evaluation) -> String {
    confusion(&evaluation.confusion).to_string()
}

/// Converts the counts of a confusion matrix to the type that the plots use.
pub fn confusion(counts: &Tensor<u32>) -> Confusion {
    let wide = counts
        .data()
        .iter()
        .map(|&count| u64::from(count))
        .collect();
    Confusion::new(wide, counts.shape()[0])
}

/// Costs and accuracies as a table, one line for each set of samples.
pub fn evaluations(sets: &[(&str, &Evaluation)], style: Style) -> String {
    let head = format!(
        "  {:10} {:>8} {:>9} {:>10}",
        "", "images", "cost", "accuracy"
    );
    let mut text = style.faint(&head) + "\n";
    for (name, evaluation) in sets {
        let _ = writeln!(
            text,
            "  {name:10} {:>8} {:>9} {}",
            grouped(evaluation.samples()),
            cost(evaluation.cost),
            style.bold(&format!("{:>10}", percent(evaluation.accuracy()))),
        );
    }
    text
}

/// A comparison as JSON.
///
/// # Errors
///
/// Never for a finished comparison; the error type comes from the serialization library.
pub fn comparison_json(comparison: &Comparison) -> Result<String, Error> {
    Ok(serde_json::to_string_pretty(comparison)?)
}

/// The summary of a training as JSON, with the times of each rank in seconds.
///
/// # Errors
///
/// If it cannot be serialized, which finite numbers exclude.
pub fn training_json<T: Real>(trained: &Trained<T>) -> Result<String, Error> {
    let evaluation = |found: &Evaluation| json!({"cost": found.cost, "accuracy": found.accuracy()});
    let ranks: Vec<_> = trained
        .times
        .iter()
        .enumerate()
        .map(|(rank, times)| {
            json!({
                "rank": rank,
                "computation": times.computation.as_secs_f64(),
                "waiting": times.waiting.as_secs_f64(),
                "communication": times.communication.as_secs_f64(),
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({
        "steps": trained.steps,
        "resumed": trained.resumed,
        "images": trained.images,
        "seconds": trained.seconds,
        "training": evaluation(&trained.train),
        "test": evaluation(&trained.test),
        "ranks": ranks,
    }))?)
}

/// A comparison as a table: for each weight matrix and bias the differences between the tape and the formulas in both
/// precisions; then the verdict on each pair, the plain loops included.
pub fn comparison(comparison: &Comparison, style: Style) -> String {
    let table: Vec<&Pair> = comparison
        .pairs
        .iter()
        .filter(|pair| (pair.left, pair.right) == (Side::Tape, Side::Delta))
        .collect();
    let names = table.iter().flat_map(|pair| &pair.parameters);
    let wide = names.map(|p| p.name.len()).max().unwrap_or(0).max(9);

    let mut over = format!("  {:wide$} {:>8}", "", "");
    let mut head = format!("  {:wide$} {:>8}", "parameter", "shape");
    for pair in &table {
        let _ = write!(
            over,
            " {:>17}{:9}",
            format!("{}, tape − δ", pair.precision),
            ""
        );
        let _ = write!(head, " {:>8} {:>8}  {:7}", "absolute", "relative", "at");
    }
    let mut text = String::new();
    for line in [over, head] {
        text.push_str(&(style.faint(line.trim_end()) + "\n"));
    }
    let slices = table.first().map_or(0, |pair| pair.parameters.len());
    for slice in 0..slices {
        let first = &table[0].parameters[slice];
        let mut line = format!("  {:wide$} {:>8}", first.name, join(&first.shape, "×"));
        for pair in &table {
            let difference = &pair.parameters[slice];
            let relative = format!("{:>8}", small(difference.relative));
            let place = difference.index.as_ref().map(|index| join(index, ","));
            let _ = write!(
                line,
                " {:>8} {}  {:7}",
                small(difference.absolute),
                style.verdict(difference.relative <= pair.bound, &relative),
                place.unwrap_or_else(|| "–".to_owned()),
            );
        }
        text.push_str(&(line.trim_end().to_owned() + "\n"));
    }
    for pair in &comparison.pairs {
        text.push_str(&verdict(pair, comparison.batches, style));
    }
    text
}

/// The verdict on a pair in one line, such as `✓ f64  tape and δ formulas  3.1e-16 apart  bound 1e-12`.
fn verdict(pair: &Pair, batches: usize, style: Style) -> String {
    let name = |side| match side {
        Side::Tape => "tape",
        Side::Delta => "δ formulas",
        Side::Loops => "plain loops",
    };
    let Some(worst) = pair.worst() else {
        return String::new();
    };
    let sides = format!("{} and {}", name(pair.left), name(pair.right));
    if pair.left_out == batches {
        return format!(
            "  {} {}  {sides:26}  not compared: numbers overflow\n",
            style.faint("–"),
            pair.precision
        );
    }
    let left_out = match pair.left_out {
        0 => String::new(),
        number => format!(
            ", without {} in which numbers overflow",
            counted(number as u64, "batch", "batches")
        ),
    };
    let apart = match &worst.index {
        None => "the same bits".to_owned(),
        Some(_) => format!("{} apart", small(worst.relative)),
    };
    let mark = style.verdict(pair.passed, if pair.passed { "✓" } else { "✗" });
    let place = match (&worst.index, worst.batch, pair.passed) {
        (Some(index), Some(batch), false) => {
            format!(", in {} at {}, batch {batch}", worst.name, join(index, ","))
        }
        _ => String::new(),
    };
    format!(
        "  {mark} {}  {sides:26}  {apart:13}  bound {}{place}{left_out}\n",
        pair.precision,
        small(pair.bound)
    )
}

/// Formats a small number, such as `3.1e-16`.
fn small(number: f64) -> String {
    if number == 0.0 {
        "0".to_owned()
    } else if number.log10().fract() == 0.0 {
        format!("{number:.0e}")
    } else {
        format!("{number:.1e}")
    }
}

/// Joins numbers with a separator, such as `10×784`.
fn join(numbers: &[usize], between: &str) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted() {
        assert_eq!(
            [0, 999, 1_000, 7_960, 1_234_567].map(grouped).join(" "),
            "0 999 1,000 7,960 1,234,567"
        );
        assert_eq!(
            [8.33, 59.4, 125.0, 5025.0].map(duration).join(" "),
            "8.3 s 59.4 s 2:05 1:23:45"
        );
        assert_eq!(
            [0.0, 1e-12, 1e-5, 3.14e-16].map(small).join(" "),
            "0 1e-12 1e-5 3.1e-16"
        );
        assert_eq!(
            [0.0, 0.30287, 9999.0, 6.623e26].map(cost).join(" "),
            "0.0000 0.3029 9999.0000 6.62e26"
        );
        assert_eq!(percent(0.91457), "91.46 %");
        assert_eq!(
            [0, 1, 2, 1_000]
                .map(|n| counted(n, "batch", "batches"))
                .join(", "),
            "0 batches, 1 batch, 2 batches, 1,000 batches"
        );
    }

    #[test]
    fn colours_are_optional() {
        assert_eq!(Style { colour: false }.bold("x"), "x");
        assert_eq!(
            Style { colour: true }.verdict(true, "x"),
            "\x1b[32mx\x1b[0m"
        );
    }
}
