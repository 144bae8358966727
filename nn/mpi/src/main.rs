//! The MNIST program on several processes: `mpirun -n 4 mnist-demo-mpi train`.

#![forbid(unsafe_code)]

use nn::distributed::Communicator;
use nn_mpi::Mpi;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let ranks = Mpi::new();
    // The other ranks would wait for a rank that panics.
    match catch_unwind(AssertUnwindSafe(|| mnist_demo::run(&args, &ranks))) {
        Ok(status) => status,
        Err(_) => ranks.abort("the program has panicked"),
    }
}
