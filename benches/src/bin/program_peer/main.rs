//! This project's side of the comparison in `benches/peers/program`.
//!
//! `program_peer write FOLDER` writes the inputs of the problems to files, for the side that is not written in Rust.
//! `program_peer time [NAME]` prints a line `problem way ns_per_point checksum` for each problem and each way to
//! compute it. The time is the CPU time of the thread, in the best of several turns. `program_peer orders` prints such
//! lines for the derivatives of one program.

mod orders;
mod points;
mod sparse;
mod timed;
mod way;

use benches::program_problems::{
    Problem, Rosenbrock, SparseResiduals, Visitor, visit_compared, visit_others,
};
use clap::Parser;
use std::fs::{create_dir_all, write};
use std::path::{Path, PathBuf};
use timed::Timed;

/// This project's side of the comparison in `benches/peers/program`.
#[derive(Parser)]
enum Command {
    /// Write the inputs of the problems that are compared with other tools.
    Write {
        /// Where the files go.
        folder: PathBuf,
    },
    /// Time the ways to compute the problems.
    Time {
        /// Only the problems whose name contains this.
        #[arg(default_value = "")]
        name: String,

        /// The number of turns of each way.
        #[arg(long, default_value_t = 7)]
        turns: usize,
    },
    /// Time a program of Rosenbrock's function: its values, and derivatives of several kinds.
    Orders {
        /// The number of points.
        #[arg(long, default_value_t = 1024)]
        points: usize,

        /// The number of turns of each way.
        #[arg(long, default_value_t = 7)]
        turns: usize,
    },
}

fn main() {
    match Command::parse() {
        Command::Write { folder } => {
            create_dir_all(&folder).expect("the folder can be created");
            visit_compared(&mut Written(&folder));
        }
        Command::Time { name, turns } => {
            let timed = &mut Timed { name, turns };
            visit_compared(timed);
            visit_others(timed);
            timed.sparse(&SparseResiduals::at_full_size(1));
        }
        Command::Orders { turns, points } => {
            let name = String::new();
            Timed { name, turns }.orders(&Rosenbrock::new(20, points, 1));
        }
    }
}

/// Writes the inputs of each problem to `NAME.shared` and `NAME.points`, as numbers of eight bytes, least significant
/// first.
struct Written<'a>(&'a Path);

impl Visitor for Written<'_> {
    fn visit<P: Problem<OUTPUTS>, const OUTPUTS: usize>(&mut self, problem: &P) {
        let save = |kind: &str, numbers: &[f64]| {
            let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
            let file = self.0.join(format!("{}.{kind}", problem.name()));
            write(file, bytes).expect("the file can be written");
        };
        save("shared", problem.shared());
        save("points", problem.points().numbers());
    }
}
