//! Error messages of the command line, in one line.

use std::ffi::OsString;

use clap::error::ErrorKind;

/// Returns clap's message for invalid arguments, with its tips, joined into one line.
pub(crate) fn error_message(error: &clap::Error, arguments: &[OsString]) -> String {
    // clap's message does not name the argument that is not UTF-8.
    let invalid = arguments.iter().position(|text| text.to_str().is_none());
    if let (ErrorKind::InvalidUtf8, Some(index)) = (error.kind(), invalid) {
        let with_option = &arguments[index.saturating_sub(1)..=index];
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
    let message = line.strip_prefix("error: ").unwrap_or(&line);
    format!("{message} (see --help)")
}
