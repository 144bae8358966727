//! Invalid values for every option: each is refused in one line that names the option and the reason.

use crate::common::{own_data, text};
use std::ffi::OsStr;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Values that are invalid for most options.
const INVALID: [&str; 20] = [
    "",
    " ",
    "0",
    "-1",
    "-0.5",
    "1.5",
    "NaN",
    "-NaN",
    "inf",
    "-inf",
    "1e400",
    "1e-400",
    "-1e400",
    "99999999999999999999999",
    "½",
    "٣",
    "1,,5",
    "x",
    "--steps",
    "-q",
];

/// The commands, each with arguments that make it fast on the test data.
const COMMANDS: [(&str, &[&str]); 5] = [
    ("train", &["--steps", "2", "--output", "out"]),
    ("compare", &["--batches", "1", "--batch", "2"]),
    ("eval", &[]),
    ("predict", &["0"]),
    ("paper", &["--section", "digits"]),
];

/// The values of [`INVALID`] that an option accepts.
fn accepted(option: &str) -> &'static [&'static str] {
    match option {
        "--seed" | "--momentum" | "--beta1" | "--beta2" => &["0"],
        "--learning-rate" | "--weight-decay" => &["0", "1.5"],
        "--epsilon" => &["1.5", "99999999999999999999999"],
        // Names of folders.
        "--output" | "--report" => &[
            " ",
            "0",
            "1.5",
            "NaN",
            "inf",
            "1e400",
            "1e-400",
            "99999999999999999999999",
            "½",
            "٣",
            "1,,5",
            "x",
        ],
        "--widths" | "--activation" | "--loss" | "--output-map" | "--batch" | "--steps"
        | "--epochs" | "--optimizer" | "--method" | "--precision" | "--threads" | "--data"
        | "--batches" | "--plant-error" | "--weights" | "--section" | "--checkpoint" => &[],
        _ => panic!("nobody has said which values {option} takes"),
    }
}

/// Whether the value of the option is a file or folder.
fn is_path(option: &str) -> bool {
    ["--output", "--report", "--data", "--weights"].contains(&option)
}

struct Fixture {
    data: TempDir,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Fixture {
        Fixture {
            data: own_data(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Runs a command with the given arguments, and with those of `usual` that they do not replace.
    fn run<S: AsRef<OsStr>>(&self, command: &str, usual: &[&str], arguments: &[S]) -> Output {
        let given = |option: &str| arguments.iter().any(|argument| argument.as_ref() == option);
        let mut program = Command::new(env!("CARGO_BIN_EXE_mnist-demo"));
        program.current_dir(self.folder.path()).arg(command);
        if !given("--data") {
            program.args(["--data", text(self.data.path())]);
        }
        for option in usual.chunks(2) {
            let replaced = option.len() == 2 && given(option[0])
                || option[0] == "--steps" && given("--epochs");
            if !replaced {
                program.args(option);
            }
        }
        if given("--beta1") || given("--beta2") || given("--epsilon") {
            program.args(["--optimizer", "adam"]);
        }
        program.args(arguments).output().unwrap()
    }
}

/// The options of a command as listed in its help, and whether each takes a value.
fn options(command: &str) -> Vec<(String, bool)> {
    let help = Command::new(env!("CARGO_BIN_EXE_mnist-demo"))
        .args([command, "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let lines = help.lines().map(str::trim);
    let listed = lines.filter(|line| line.starts_with("--"));
    let options: Vec<_> = listed
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().unwrap().to_owned();
            (name, words.next().is_some_and(|word| word.starts_with('<')))
        })
        .collect();
    assert!(options.len() >= 2, "{help}");
    options
}

/// Checks that the program refused its arguments in one line, and returns the line.
#[track_caller]
fn refusal(output: &Output) -> String {
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let line = errors.strip_suffix('\n').unwrap_or_default();
    let is_line = line.starts_with("error: ") && !line.contains(char::is_control);
    assert!(is_line, "{errors:?}");
    line.to_owned()
}

#[test]
fn invalid_values_are_refused_with_the_name_of_the_option() {
    let fixture = Fixture::new();
    for (command, usual) in COMMANDS {
        for (option, takes_value) in options(command) {
            if !takes_value {
                continue;
            }
            for value in INVALID {
                // Whether a large learning rate diverges depends on the data.
                if option == "--learning-rate" && value.len() > 10 {
                    continue;
                }
                if accepted(&option).contains(&value) {
                    // One folder name is enough.
                    if is_path(&option) && value != "½" {
                        continue;
                    }
                    let output = fixture.run(command, usual, &[option.as_str(), value]);
                    let status = output.status.code();
                    assert_eq!(status, Some(0), "{command} {option} {value:?}: {output:?}");
                    continue;
                }
                let line = refusal(&fixture.run(command, usual, &[option.as_str(), value]));
                // The message for a missing file may name the file instead of the option.
                let named = line.contains(&option) || is_path(&option) && line.contains(value);
                assert!(named, "{command} {option} {value:?}: {line}");
            }
        }
    }
}

#[test]
fn incomplete_repeated_and_misspelt_options_are_refused() {
    let fixture = Fixture::new();
    for (command, usual) in COMMANDS {
        for (option, takes_value) in options(command) {
            let named = |arguments: &[&str]| {
                let line = refusal(&fixture.run(command, usual, arguments));
                // A misspelt β may be taken for either one.
                let name = option.trim_end_matches(['1', '2']);
                assert!(line.contains(name), "{command} {arguments:?}: {line}");
            };
            let misspelt = &option[..option.len() - 1];
            if takes_value {
                named(&[&option]);
                named(&[misspelt, "1"]);
                if option != "--section" {
                    named(&[&option, "1", &option, "1"]);
                }
            } else {
                named(&[&format!("{option}=1")]);
                named(&[&option, &option]);
                named(&[misspelt]);
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn values_that_are_not_utf8_are_refused_with_the_name_of_the_option() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = Fixture::new();
    let no_text = OsStr::from_bytes(b"\xff\n");
    for (command, usual) in COMMANDS {
        for (option, takes_value) in options(command) {
            if takes_value && !is_path(&option) {
                let line = refusal(&fixture.run(command, usual, &[OsStr::new(&option), no_text]));
                assert!(line.contains(&option), "{command} {option}: {line}");
            }
        }
    }
}

#[test]
fn invalid_combinations_are_refused_in_one_line() {
    let fixture = Fixture::new();
    for (arguments, words) in [
        (&["train", "--steps", "1", "--epochs", "1"][..], "--epochs"),
        (
            &["train", "--optimizer", "adam", "--beta1", "0.9999999999"],
            "--beta1: 0.9999999999 is 1.0 in single precision",
        ),
        (
            &["train", "--weight-decay", "1e30"],
            "--weight-decay: 1e30 is not at most 1 over the learning rate",
        ),
        (
            &["train", "--optimizer", "adamw", "--weight-decay", "1e30"],
            "--weight-decay: 1e30",
        ),
        (
            &["train", "--learning-rate", "1e39"],
            "--learning-rate: 1e39 is inf in single precision",
        ),
        (&["trian"], "tip: a similar subcommand exists: 'train'"),
        (&["--steps", "3", "train"], "--steps"),
        (&["train", "compare"], "compare"),
        (&["predict"], "<IMAGE>"),
        (&["predict", "0", "1"], "'1'"),
        (&["predict", "-1"], "-- -1"),
        (&["predict", ""], "<IMAGE>"),
        (&["help", "trian"], "trian"),
        (&["\u{1b}[31m\nUsage:"], "unrecognized subcommand"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_mnist-demo"))
            .current_dir(fixture.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        let line = refusal(&output);
        assert!(line.contains(words), "{arguments:?}: {line}");
    }
}

#[test]
fn a_refusal_with_the_wrong_exit_status_is_detected() {
    let silent = Output {
        status: Command::new("true").status().unwrap(),
        stdout: Vec::new(),
        stderr: b"error: no\n".to_vec(),
    };
    assert!(std::panic::catch_unwind(|| refusal(&silent)).is_err());
}
