//! How the ways take turns, and are timed.

use super::points::ways;
use super::way::{Results, Way};
use benches::program_problems::{Problem, Visitor};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

/// Problems whose ways are timed.
pub(super) struct Timed {
    /// Only problems whose name contains this.
    pub(super) name: String,
    /// The number of turns of each way.
    pub(super) turns: usize,
}

impl Visitor for Timed {
    fn visit<P: Problem<OUTPUTS>, const OUTPUTS: usize>(&mut self, problem: &P) {
        let (points, derivatives) = (problem.points().count(), problem.derivative_count());
        self.report(&problem.name(), points, derivatives, ways(problem));
    }
}

impl Timed {
    /// Lets the ways take turns, and prints a line for each.
    pub(super) fn report(
        &self,
        problem: &str,
        points: usize,
        derivatives: usize,
        mut ways: Vec<Way<'_>>,
    ) {
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
