//! Mistakes in the arguments, in one line.

use std::ffi::OsString;

use clap::error::ErrorKind;

/// What is wrong with the arguments, and what could be meant. clap takes several lines for it.
pub(crate) fn mistake(error: &clap::Error, arguments: &[OsString]) -> String {
    // clap does not say which argument it is.
    let misspelt = arguments.iter().position(|text| text.to_str().is_none());
    if let (ErrorKind::InvalidUtf8, Some(place)) = (error.kind(), misspelt) {
        let with_option = &arguments[place.saturating_sub(1)..=place];
        let text: Vec<_> = with_option
            .iter()
            .map(|text| text.to_string_lossy())
            .collect();
        return format!("'{}' is not valid UTF-8", text.join(" "));
    }
    let text = error.to_string();
    let mut line = String::new();
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if part.starts_with("Usage:") || part.starts_with("For more information") {
            break;
        }
        let between = match (line.is_empty(), part.starts_with("tip:")) {
            (true, _) => "",
            (false, true) => "; ",
            (false, false) => " ",
        };
        line = line + between + part;
    }
    let mistake = line.strip_prefix("error: ").unwrap_or(&line);
    format!("{mistake} (see --help)")
}
