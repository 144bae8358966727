//! The program: arguments, calls, exit status.

#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod progress;
mod stop;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use mnist_core::Error;

/// How a command that returned no error ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The command succeeded.
    Success,
    /// A difference exceeds its bound, or a check of the paper failed.
    OverBound,
    /// A signal stopped training; the value is the exit status.
    Stopped(u8),
}

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let outcome = match Arguments::try_parse_from(&args) {
        Ok(arguments) => run(arguments),
        Err(error) if error.use_stderr() => {
            return report_error(&arguments::error_message(&error, &args));
        }
        // `--help` or `--version`.
        Err(text) => commands::ignore_broken_pipe(text.print()).map(|()| Outcome::Success),
    };
    match outcome {
        Ok(Outcome::Success) => ExitCode::SUCCESS,
        Ok(Outcome::OverBound) => ExitCode::from(1),
        Ok(Outcome::Stopped(status)) => ExitCode::from(status),
        Err(error) => report_error(&error.to_string()),
    }
}

fn run(arguments: Arguments) -> Result<Outcome, Error> {
    match arguments.command {
        None => commands::train::run(&arguments.train),
        Some(Command::Train(train)) => commands::train::run(&train),
        Some(Command::Compare(compare)) => commands::compare(&compare),
        Some(Command::Eval(eval)) => commands::eval(&eval),
        Some(Command::Predict(predict)) => commands::predict(&predict),
        Some(Command::Paper(paper)) => commands::paper::run(&paper),
    }
}

/// Prints the cause in one line to standard error and returns exit status 2. A failed write is ignored.
fn report_error(cause: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {}", commands::one_line(cause));
    ExitCode::from(2)
}
