//! This project's side of the comparison in `benches/peers/program`.
//!
//! `program_peer write FOLDER` writes the inputs of the problems to files, for the side that is not written in Rust.
//! `program_peer time [NAME]` prints a line `problem way ns_per_point checksum` for each problem and each way to compute
//! it. The time is the CPU time of the thread, in the best of several turns.

use autodiff::scalar::program::{self, Program};
use autodiff::scalar::{Gradients, Tape, Var};
use benches::program_problems::{
    OnTape, Points, Problem, SUPPORT, SparseResiduals, Visitor, visit_compared, visit_others,
};
use clap::Parser;
use rustix::time::{ClockId, clock_gettime};
use std::fs::{create_dir_all, write};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// What a way computes: the outputs at each point, and the derivatives at each point, or one row of sums.
#[derive(Default)]
struct Results {
    values: Vec<f64>,
    derivatives: Vec<f64>,
    /// Whether the derivatives are in columns.
    is_columns: bool,
}

impl Results {
    /// The sum of all numbers, where derivative number i at each point counts i + 1 times.
    fn checksum(&self, derivatives_of_a_point: usize) -> f64 {
        if self.is_columns {
            let count = self.derivatives.len() / derivatives_of_a_point;
            let columns = self.derivatives.chunks_exact(count).zip(1..);
            let weighted = |(column, i): (&[f64], i32)| column.iter().sum::<f64>() * f64::from(i);
            return self.values.iter().sum::<f64>() + columns.map(weighted).sum::<f64>();
        }
        let rows = self.derivatives.chunks_exact(derivatives_of_a_point);
        let weighted = |row: &[f64]| {
            let terms = row.iter().zip(1..).map(|(x, i)| x * f64::from(i));
            terms.sum::<f64>()
        };
        self.values.iter().sum::<f64>() + rows.map(weighted).sum::<f64>()
    }
}

/// A way to compute a problem at all points.
struct Way<'a> {
    name: &'static str,
    run: Box<dyn FnMut(&mut Results) + 'a>,
}

impl<'a> Way<'a> {
    fn new(name: &'static str, run: impl FnMut(&mut Results) + 'a) -> Self {
        Way {
            name,
            run: Box::new(run),
        }
    }
}

/// All ways to compute a problem.
fn ways<P: Problem<OUTPUTS>, const OUTPUTS: usize>(problem: &P) -> Vec<Way<'_>> {
    let mut scratch = Vec::new();
    let mut on_tape = OnTape::default();
    vec![
        Way::new("plain", move |results| {
            let values = values_of::<OUTPUTS>(results, problem.points());
            let shared = problem.shared();
            for (point, values) in black_box(problem.points()).rows().zip(values) {
                *values = problem.values(shared, point);
            }
        }),
        Way::new("hand", move |results| {
            point_by_point(problem, results, |point, derivatives| {
                problem.by_hand(point, &mut scratch, derivatives)
            });
        }),
        Way::new("tape", move |results| {
            point_by_point(problem, results, |point, derivatives| {
                on_tape.differentiate(problem, point, derivatives)
            });
        }),
        by_program(problem, "columns"),
        by_program(problem, "rows"),
    ]
}

/// The way by a program that is replayed, with the points in columns or in rows.
fn by_program<'a, P: Problem<OUTPUTS>, const OUTPUTS: usize>(
    problem: &'a P,
    name: &'static str,
) -> Way<'a> {
    let (points, shared) = (problem.points(), problem.shared());
    let (count, is_columns) = (points.count(), name == "columns");
    let columns = points.columns();
    let mut program = Program::new(shared.len(), points.width(), |shared, x: &[Var<'_>]| {
        problem.values(shared, x).to_vec()
    });
    Way::new(name, move |results| {
        let points = if is_columns {
            program::Points::Columns(black_box(&columns))
        } else {
            program::Points::Rows(black_box(points.numbers()))
        };
        results.is_columns = is_columns && !problem.is_summed();
        let derivatives = problem.derivative_count();
        let done = if problem.is_summed() {
            results.derivatives.resize(derivatives, 0.0);
            let sum = program.sum_and_gradient_into(shared, points, &mut results.derivatives);
            sum.map(|sum| results.values = vec![sum])
        } else {
            results.values.resize(count * OUTPUTS, 0.0);
            results.derivatives.resize(count * derivatives, 0.0);
            let (values, derivatives) = (&mut results.values, &mut results.derivatives);
            if OUTPUTS == 1 {
                program.values_and_gradients_into(shared, points, values, derivatives)
            } else {
                program.values_and_jacobians_into(shared, points, values, derivatives)
            }
        };
        done.expect("the problems can be replayed");
    })
}

/// The places of the outputs of each point.
fn values_of<'r, const OUTPUTS: usize>(
    results: &'r mut Results,
    points: &Points,
) -> &'r mut [[f64; OUTPUTS]] {
    results.values.resize(points.count() * OUTPUTS, 0.0);
    results.values.as_chunks_mut().0
}

/// Differentiates `problem` at one point after the other.
#[inline]
fn point_by_point<P: Problem<OUTPUTS>, const OUTPUTS: usize>(
    problem: &P,
    results: &mut Results,
    mut differentiate: impl FnMut(&[f64], &mut [f64]) -> [f64; OUTPUTS],
) {
    let points = black_box(problem.points());
    let row = problem.derivative_count();
    let rows = if problem.is_summed() {
        1
    } else {
        points.count()
    };
    let mut derivatives = std::mem::take(&mut results.derivatives);
    derivatives.resize(rows * row, 0.0);
    let values = values_of::<OUTPUTS>(results, points);
    if problem.is_summed() {
        derivatives.fill(0.0);
        for (point, values) in points.rows().zip(values) {
            *values = differentiate(point, &mut derivatives);
        }
    } else {
        let rows = derivatives.chunks_exact_mut(row);
        for ((point, values), row) in points.rows().zip(values).zip(rows) {
            *values = differentiate(point, row);
        }
    }
    results.derivatives = derivatives;
}

struct Timed {
    name: String,
    turns: usize,
}

impl Visitor for Timed {
    fn visit<P: Problem<OUTPUTS>, const OUTPUTS: usize>(&mut self, problem: &P) {
        let (points, derivatives) = (problem.points().count(), problem.derivative_count());
        self.report(&problem.name(), points, derivatives, ways(problem));
    }
}

impl Timed {
    /// Times all residuals, as one point.
    fn sparse(&self, problem: &SparseResiduals) {
        let count = problem.indices().len();
        let x = problem.x();
        let mut tape = Tape::new();
        let mut gradients = Gradients::default();
        let ways = vec![
            Way::new("plain", |results| {
                results.values.clear();
                results.values.extend(problem.residuals(black_box(x)));
            }),
            Way::new("hand", |results| {
                let (values, rows) = sparse_places(results, count);
                problem.by_hand(black_box(x), values, rows);
            }),
            Way::new("tape", |results| {
                let (values, rows) = sparse_places(results, count);
                problem.on_tape(black_box(x), &mut tape, &mut gradients, values, rows);
            }),
        ];
        self.report("sparse-residuals", 1, SUPPORT, ways);
    }

    /// Lets the ways take turns, and prints a line for each.
    fn report(&self, problem: &str, points: usize, derivatives: usize, mut ways: Vec<Way<'_>>) {
        if !problem.contains(&self.name) {
            return;
        }
        let mut results: Vec<Results> = ways.iter().map(|_| Results::default()).collect();
        let mut best = vec![f64::INFINITY; ways.len()];
        for _ in 0..self.turns {
            for ((way, results), best) in ways.iter_mut().zip(&mut results).zip(&mut best) {
                *best = best.min(seconds(&mut || (way.run)(black_box(&mut *results))));
            }
        }
        for ((way, results), best) in ways.iter().zip(&results).zip(&best) {
            let nanoseconds = best * 1e9 / points as f64;
            let checksum = results.checksum(derivatives);
            println!("{problem} {} {nanoseconds:.2} {checksum:.15e}", way.name);
        }
    }
}

/// The places of the residuals and of the rows of their Jacobian.
fn sparse_places(results: &mut Results, count: usize) -> (&mut [f64], &mut [[f64; SUPPORT]]) {
    results.values.resize(count, 0.0);
    results.derivatives.resize(count * SUPPORT, 0.0);
    (&mut results.values, results.derivatives.as_chunks_mut().0)
}

/// The CPU time of a call of `run` in a turn, in seconds. A first call, which is not counted, fills the caches.
fn seconds(run: &mut dyn FnMut()) -> f64 {
    const TURN: Duration = Duration::from_millis(10);
    run();
    let start = thread_time();
    let mut calls = 0;
    loop {
        run();
        calls += 1;
        let time = thread_time() - start;
        if time >= TURN {
            return time.as_secs_f64() / f64::from(calls);
        }
    }
}

/// The CPU time of this thread so far.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let parts = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    let (Ok(seconds), Ok(nanoseconds)) = parts else {
        panic!("a time is not negative");
    };
    Duration::new(seconds, nanoseconds)
}
