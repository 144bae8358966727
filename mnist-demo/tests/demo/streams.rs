//! Standard output that is full or closed, or whose reader ends early.

use crate::common::{names, own_data, text, trained, weights};
use std::process::{Command, Output};

/// Runs the program by a shell command in which `$0 $@` stands for the program and its arguments.
fn shell(line: &str, arguments: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", &line.replace("$0 $@", r#""$0" "$@""#)])
        .arg(env!("CARGO_BIN_EXE_mnist-demo"))
        .args(arguments)
        .output()
        .unwrap()
}

/// All commands with arguments for the given data and weights.
fn commands<'a>(data: &'a str, weights: &'a str) -> Vec<Vec<&'a str>> {
    let on_data = ["--data", data];
    let saved = ["--data", data, "--weights", weights];
    vec![
        [&["compare", "--batches", "1", "--batch", "5"], &on_data[..]].concat(),
        [
            &["compare", "--json", "--batches", "1", "--batch", "5"],
            &on_data[..],
        ]
        .concat(),
        [&["eval"], &saved[..]].concat(),
        [&["predict", "0"], &saved[..]].concat(),
        vec!["paper", "--section", "neuron"],
        vec!["--help"],
        vec!["train", "--help"],
        vec!["--version"],
    ]
}

#[test]
fn a_full_standard_output_is_reported_in_one_line() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let data = own_data();
    let results = trained(data.path());
    let weights = weights(results.path());
    for arguments in commands(text(data.path()), text(&weights)) {
        let output = shell("$0 $@ >/dev/full", &arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        let full = "error: standard output: No space left on device (os error 28)\n";
        assert_eq!(errors, full, "{arguments:?}");
    }
    // A training that cannot print its settings does not begin.
    let folder = tempfile::tempdir().unwrap();
    let places = ["--data", text(data.path()), "--output", text(folder.path())];
    let output = shell(
        "$0 $@ >/dev/full",
        &[&["--steps", "3"], &places[..]].concat(),
    );
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[cfg(unix)]
#[test]
fn closed_pipes_and_streams_are_no_errors() {
    let data = own_data();
    let results = trained(data.path());
    let weights = weights(results.path());
    for arguments in commands(text(data.path()), text(&weights)) {
        for line in [
            "{ $0 $@ || echo failed >&2; } | true",
            "{ $0 $@ || echo failed >&2; } | head -n 1",
            "$0 $@ >&-",
            "$0 $@ >&- 2>&-",
        ] {
            let output = shell(line, &arguments);
            assert_eq!(output.status.code(), Some(0), "{arguments:?} {line}");
            assert!(output.stderr.is_empty(), "{arguments:?} {line}: {output:?}");
        }
    }
    // An error that cannot be printed still has its exit status.
    let output = shell("$0 $@ 2>&-", &["train", "--steps", "x"]);
    assert_eq!(output.status.code(), Some(2));
    let output = shell("$0 $@ 2>/dev/full", &["train", "--steps", "x"]);
    assert_eq!(output.status.code(), Some(2));
}
