//! The MNIST program on several processes: `mpirun -n 4 mnist-demo-mpi train`.

#![forbid(unsafe_code)]

use nn_mpi::Mpi;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    mnist_demo::run(&args, &Mpi::new())
}
