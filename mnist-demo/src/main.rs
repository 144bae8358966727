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

/// How a command ended, where it was not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Success,
    /// A comparison is over its bound, or a verdict not what it should be.
    OverBound,
    /// A signal has stopped it; with the exit status that says so.
    Stopped(u8),
}

fn main() -> ExitCode {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let ending = match Arguments::try_parse_from(&typed) {
        Ok(arguments) => run(arguments),
        Err(error) if error.use_stderr() => return refuse(&arguments::mistake(&error, &typed)),
        // The help or the version, which was asked for.
        Err(text) => commands::said(text.print()).map(|()| Outcome::Success),
    };
    match ending {
        Ok(Outcome::Success) => ExitCode::SUCCESS,
        Ok(Outcome::OverBound) => ExitCode::from(1),
        Ok(Outcome::Stopped(status)) => ExitCode::from(status),
        Err(error) => refuse(&error.to_string()),
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

/// Says in one line why nothing was done. That nobody can be told is no reason to do more.
fn refuse(cause: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {}", commands::one_line(cause));
    ExitCode::from(2)
}
