//! This project's side of the comparison in `benches/peers/program`.
//!
//! `program_peer write FOLDER` writes the inputs of the problems to files, for the side that is not written in Rust.
//! `program_peer time [NAME]` prints a line `problem way ns_per_point checksum` for each problem and each way to
//! compute it. The time is the CPU time of the thread, in the best of several turns. `program_peer orders` prints such
//! lines for the derivatives of one program.

use autodiff::scalar::program::{self, Program};
use autodiff::scalar::sparse::SparseJacobian;
use autodiff::scalar::{Gradients, Tape, Var};
use benches::program_problems::{
    OnTape, Points, Problem, Rosenbrock, SUPPORT, SparseResiduals, Visitor, residual,
    visit_compared, visit_others,
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

/// What a way computes: the outputs at each point, and the derivatives at each point, or one row of sums.
#[derive(Default)]
struct Results {
    values: Vec<f64>,
    derivatives: Vec<f64>,
    layout: Layout,
}

/// How derivatives are stored.
#[derive(Default)]
enum Layout {
    /// Point after point.
    #[default]
    Rows,
    /// In columns with an entry for each of so many points. There may be more columns than derivatives are asked for.
    Columns(usize),
    /// In an order of its own: for each derivative in rows, its place.
    Places(Vec<usize>),
}

impl Results {
    /// The sum of all numbers, where derivative number i at each point counts i + 1 times.
    fn checksum(&self, derivatives_of_a_point: usize) -> f64 {
        let weighted = |row: &[f64]| {
            let terms = row.iter().zip(1..).map(|(x, i)| x * f64::from(i));
            terms.sum::<f64>()
        };
        let of_rows = |derivatives: &[f64]| {
            let rows = derivatives.chunks_exact(derivatives_of_a_point);
            rows.map(weighted).sum::<f64>()
        };
        let derivatives = match &self.layout {
            Layout::Rows => of_rows(&self.derivatives),
            Layout::Columns(count) => {
                let columns = self.derivatives.chunks_exact(*count);
                let sums: Vec<f64> = columns.map(|column| column.iter().sum()).collect();
                weighted(&sums[..derivatives_of_a_point])
            }
            Layout::Places(places) => {
                let rows: Vec<f64> = places
                    .iter()
                    .map(|&place| self.derivatives[place])
                    .collect();
                of_rows(&rows)
            }
        };
        self.values.iter().sum::<f64>() + derivatives
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
        if is_columns && !problem.is_summed() {
            results.layout = Layout::Columns(count);
        }
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
        let (mut sparse, places) = sparse_jacobian(problem);
        // One residual as a program, whose points are gathered: 12 variables and 12 coefficients.
        let mut program = Program::new(0, 2 * SUPPORT, |_, x: &[Var<'_>]| {
            let (variables, coefficients) = x.as_chunks().0.split_at(1);
            vec![residual(&variables[0], &coefficients[0])]
        });
        let transposed = |rows: &[[f64; SUPPORT]]| {
            let column = |j: usize| rows.iter().map(move |row| row[j]);
            (0..SUPPORT).flat_map(column).collect::<Vec<f64>>()
        };
        let coefficients = transposed(problem.coefficients());
        let mut points = [vec![0.0; coefficients.len()], coefficients].concat();
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
            Way::new("sparse", move |results| {
                results.values.resize(count, 0.0);
                results.derivatives.resize(places.len(), 0.0);
                let (values, nonzeros) = (&mut results.values, &mut results.derivatives);
                let done = sparse.values_into(black_box(x), values, nonzeros);
                done.expect("the residuals can be replayed");
                if !matches!(results.layout, Layout::Places(_)) {
                    results.layout = Layout::Places(places.clone());
                }
            }),
            Way::new("columns", move |results| {
                let x = black_box(x);
                for (j, column) in points.chunks_exact_mut(count).take(SUPPORT).enumerate() {
                    for (to, indices) in column.iter_mut().zip(problem.indices()) {
                        *to = x[indices[j]];
                    }
                }
                results.values.resize(count, 0.0);
                results.derivatives.resize(points.len(), 0.0);
                let (values, derivatives) = (&mut results.values, &mut results.derivatives);
                let points = program::Points::Columns(&points);
                let done = program.values_and_gradients_into(&[], points, values, derivatives);
                done.expect("a residual can be replayed");
                results.layout = Layout::Columns(count);
            }),
        ];
        self.report("sparse-residuals", 1, SUPPORT, ways);
    }

    /// Times a program: its values, its gradient, and its gradient with the product of its Hessian matrix.
    fn orders(&self, problem: &Rosenbrock) {
        let (count, columns) = (problem.points().count(), problem.points().columns());
        let (x, directions) = (program::Points::Columns(&columns), vec![1.0; columns.len()]);
        let recorded = || {
            Program::new(0, columns.len() / count, |_, x: &[Var<'_>]| {
                problem.values(&[], x).to_vec()
            })
        };
        let mut programs = [recorded(), recorded(), recorded()];
        let [values, gradients, products] = &mut programs;
        let places = |results: &mut Results, first: usize| {
            results.values.resize(first, 0.0);
            results.derivatives.resize(columns.len(), 0.0);
        };
        let ways = vec![
            Way::new("values", |results| {
                results.values.resize(count, 0.0);
                let done = values.values_into(&[], black_box(x), &mut results.values);
                done.expect("the function can be replayed");
            }),
            Way::new("gradients", |results| {
                places(results, count);
                let (y, gradient) = (&mut results.values, &mut results.derivatives);
                let done = gradients.values_and_gradients_into(&[], black_box(x), y, gradient);
                done.expect("the function can be replayed");
            }),
            Way::new("hvp", |results| {
                places(results, columns.len());
                let (gradient, product) = (&mut results.values, &mut results.derivatives);
                let done = products.hvp_into(&[], black_box(x), &directions, gradient, product);
                done.expect("the function can be replayed");
            }),
        ];
        self.report(&problem.name(), count, 1, ways);
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

/// The sparse Jacobian matrix of all residuals, and the place of each derivative of [`SparseResiduals::by_hand`] among
/// its nonzeros.
fn sparse_jacobian(problem: &SparseResiduals) -> (SparseJacobian<'_>, Vec<usize>) {
    let jacobian = SparseJacobian::new(|x| problem.residuals(x).collect(), problem.x())
        .expect("the residuals can be replayed");
    let pattern = jacobian.pattern();
    let place = |(i, j): (usize, usize)| {
        let found = pattern.row(i).binary_search(&(j as u32));
        pattern.offsets()[i] + found.expect("a residual depends on its variables")
    };
    let rows = problem.indices().iter().enumerate();
    let entries = rows.flat_map(|(i, indices)| indices.map(|j| (i, j)));
    let places = entries.map(place).collect();
    (jacobian, places)
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
