//! The program: arguments, calls, exit status.

mod arguments;
mod commands;
mod progress;

use std::io::Write;
use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;

/// How a command ended, where it was not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// All is well.
    Well,
    /// A comparison is over its bound, or a verdict not what it should be.
    OverBound,
    /// It was stopped with Ctrl-C.
    Interrupted,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ending = match arguments.command {
        None => commands::train::run(&arguments.train),
        Some(Command::Train(train)) => commands::train::run(&train),
        Some(Command::Compare(compare)) => commands::compare(&compare),
        Some(Command::Eval(eval)) => commands::eval(&eval),
        Some(Command::Predict(predict)) => commands::predict(&predict),
        Some(Command::Paper(paper)) => commands::paper::run(&paper),
    };
    match ending {
        Ok(Ending::Well) => ExitCode::SUCCESS,
        Ok(Ending::OverBound) => ExitCode::from(1),
        // What a shell reports of a program that the same signal has ended.
        Ok(Ending::Interrupted) => ExitCode::from(130),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {}", commands::one_line(error));
            ExitCode::from(2)
        }
    }
}
