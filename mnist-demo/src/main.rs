//! The program, in a single process.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    mnist_demo::run(&args, &nn::distributed::Alone)
}
