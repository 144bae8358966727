//! Timing of several competitors in turn, so that what disturbs the machine disturbs all of them.

use std::time::{Duration, Instant};

/// How long one turn should take at least: short calls are repeated, so that the clock and a cold cache do not show.
const TURN: Duration = Duration::from_millis(10);

/// After this much time a competitor takes no more turns, if it had [`FEWEST`].
const PATIENCE: Duration = Duration::from_secs(15);

/// The fewest turns of a slow competitor.
const FEWEST: usize = 3;

/// Something that is timed.
pub(crate) struct Competitor<'a> {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// Does the work once.
    pub(crate) run: Box<dyn FnMut() + 'a>,
}

/// Seconds per call in each of a competitor's turns. Turn i of all competitors lies in round i.
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// The shortest.
    pub(crate) fn shortest(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The one in the middle.
    pub(crate) fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// The median over the rounds of the time over that of `other` in the same round.
    pub(crate) fn over(&self, other: &Times) -> f64 {
        median(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(own, other)| own / other)
                .collect(),
        )
    }

    /// The number of turns.
    pub(crate) fn turns(&self) -> usize {
        self.0.len()
    }
}

/// The middle of `values`.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

/// Gives each competitor `rounds` turns. Each round begins with another one, so that none always follows the same.
pub(crate) fn time_in_turns(competitors: &mut [Competitor<'_>], rounds: usize) -> Vec<Times> {
    let mut times: Vec<Times> = competitors.iter().map(|_| Times(Vec::new())).collect();
    let mut spent = vec![Duration::ZERO; competitors.len()];
    for round in 0..rounds {
        for turn in 0..competitors.len() {
            let who = (round + turn) % competitors.len();
            if spent[who] > PATIENCE && round >= FEWEST {
                continue;
            }
            let (per_call, total) = take_turn(&mut competitors[who].run);
            times[who].0.push(per_call);
            spent[who] += total;
        }
    }
    times
}

/// Seconds per call of `run`, and how long the turn took in all. The first call, which finds the caches as the
/// competitor before left them, counts only where it alone fills the turn.
fn take_turn(run: &mut dyn FnMut()) -> (f64, Duration) {
    let start = Instant::now();
    run();
    let first = start.elapsed();
    if first >= TURN {
        return (first.as_secs_f64(), first);
    }
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < TURN {
        run();
        calls += 1;
    }
    let total = start.elapsed();
    (total.as_secs_f64() / f64::from(calls), first + total)
}
