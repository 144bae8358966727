//! The document with the results.

use crate::sections::{SECTIONS, Section, SectionOutput};
use std::fmt::Write as _;
use std::fs::{create_dir_all, read_to_string, write};
use std::io;
use std::path::Path;

const HEAD: &str = "# Results

`cargo run --release -p benches --bin results` measures and writes this file. With names of sections behind it, it renews
those alone:
{names}.

Steps are whole ones, gradient and update, in single precision. Times are medians over rounds in which all sides of a row
take turns, and ratios are medians of the ratios within a round, which the machine's speed, drifting, does not touch.
";

/// Replaces a section, or inserts it at its place, and writes its figures.
pub(crate) fn renew(folder: &Path, section: &Section, findings: &SectionOutput) -> io::Result<()> {
    let figures = folder.join("results");
    create_dir_all(&figures)?;
    let mut text = format!("{}.\n\n{}", findings.measured, findings.text);
    for (name, alternative, svg) in &findings.figures {
        write(figures.join(format!("{name}.svg")), svg)?;
        let _ = write!(text, "\n![{alternative}](results/{name}.svg)\n");
    }
    let path = folder.join("RESULTS.md");
    let old = read_to_string(&path).unwrap_or_default();
    write(path, merge(&old, section.title, &text))
}

/// Returns the document with the text of one section replaced.
fn merge(old: &str, title: &str, text: &str) -> String {
    let names = SECTIONS
        .map(|section| format!("`{}`", section.name))
        .join(", ");
    let mut document = HEAD.replace("{names}", &names);
    for section in SECTIONS {
        let text = if section.title == title {
            Some(text)
        } else {
            text_of(old, section.title)
        };
        if let Some(text) = text {
            let _ = write!(document, "\n## {}\n\n{}\n", section.title, text.trim());
        }
    }
    document
}

/// The text under a title in a document.
fn text_of<'a>(document: &'a str, title: &str) -> Option<&'a str> {
    document
        .split("\n## ")
        .skip(1)
        .find_map(|section| section.strip_prefix(title)?.strip_prefix('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_updated_and_the_others_stay_in_order() {
        let [first, second] = [SECTIONS[0].title, SECTIONS[1].title];
        let document = merge("", second, "two");
        let document = merge(&document, first, "one");
        let document = merge(&document, second, "new\n\n| table |");
        assert_eq!(text_of(&document, first).map(str::trim), Some("one"));
        assert_eq!(
            text_of(&document, second).map(str::trim),
            Some("new\n\n| table |")
        );
        assert!(document.find(first) < document.find(second));
        assert_eq!(merge(&document, first, "one"), document);
    }
}
