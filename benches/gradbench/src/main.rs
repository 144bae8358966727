//! A tool for [GradBench](https://github.com/gradbench/gradbench): it computes the functions and derivatives of all
//! evals with `autodiff`.
//!
//! It reads a message from each line of the standard input, and writes its answer to the standard output. It ends when
//! its input ends. [`evals`] holds the functions, a file for each eval; the other modules speak the protocol.

mod call;
mod descent;
mod error;
mod evals;
mod memory;
mod protocol;

use protocol::Tool;
use std::io::{BufRead, Result, Write, stdin, stdout};
use std::process::ExitCode;

const USAGE: &str = "usage: gradbench-autodiff [--multithreaded] [--literal]

  --multithreaded  accepted, as every tool must; one thread is used in any case
  --literal        record the operations of the reference implementations one by one, to compare tapes at equal work";

fn main() -> ExitCode {
    let mut tool = Tool::default();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--multithreaded" => {}
            "--literal" => tool.literal = true,
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    match serve(&tool) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(tool: &Tool) -> Result<()> {
    let (mut input, mut output) = (stdin().lock(), stdout().lock());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? != 0 {
        if !line.trim_ascii().is_empty() {
            writeln!(output, "{}", tool.answer(&line))?;
            output.flush()?;
        }
        line.clear();
    }
    Ok(())
}
