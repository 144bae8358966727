//! The program as a library: arguments, calls, exit status. A program for several processes calls it with its
//! communicator.

#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod digest;
mod progress;
mod stop;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use mnist_core::Error;
use mnist_core::together::on_first;
use nn::distributed::Communicator;

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

/// Runs the program with the given arguments, the first of which is its name. Returns the exit status.
///
/// All ranks call this function together. On several ranks there is only the command `train`.
#[must_use]
pub fn run(args: &[OsString], ranks: &dyn Communicator) -> ExitCode {
    let outcome = match Arguments::try_parse_from(args) {
        Ok(arguments) => command(arguments, ranks),
        Err(error) if error.use_stderr() => {
            let error = Error::Arguments(arguments::error_message(&error, args));
            commands::train::refused(error, ranks)
        }
        // `--help` or `--version`.
        Err(text) => {
            on_first(ranks, || commands::ignore_broken_pipe(text.print())).map(|_| Outcome::Success)
        }
    };
    match outcome {
        Ok(Outcome::Success) => ExitCode::SUCCESS,
        Ok(Outcome::OverBound) => ExitCode::from(1),
        Ok(Outcome::Stopped(status)) => ExitCode::from(status),
        Err(Error::OtherRank) => ExitCode::from(2),
        Err(error) => report_error(&error.to_string()),
    }
}

fn command(arguments: Arguments, ranks: &dyn Communicator) -> Result<Outcome, Error> {
    match arguments.command {
        None => commands::train::run(&arguments.train, ranks),
        Some(Command::Train(train)) => commands::train::run(&train, ranks),
        Some(_) if ranks.size() > 1 => {
            let error = Error::Arguments("only `train` runs on several ranks".to_owned());
            commands::train::refused(error, ranks)
        }
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
