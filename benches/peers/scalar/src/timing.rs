//! Times several competitors in turn, so that a disturbance of the machine affects all of them.

use std::time::{Duration, Instant};

/// The minimum time of a turn. Short calls are repeated, so that reading the clock and a cold cache are negligible.
const TURN: Duration = Duration::from_millis(10);

/// The time after which a competitor takes no more turns, if it has had [`FEWEST`].
const PATIENCE: Duration = Duration::from_secs(15);

/// The minimum number of turns of a slow competitor.
const FEWEST: usize = 3;

/// A function to time.
pub(crate) struct Competitor<'a> {
    /// The name in the table.
    pub(crate) name: &'static str,
    /// Does the work once.
    pub(crate) run: Box<dyn FnMut() + 'a>,
}

/// The seconds per call in each of a competitor's turns. Turn i of every competitor is in round i.
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// The shortest time.
    pub(crate) fn shortest(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The median time.
    pub(crate) fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// The median over the rounds of this time divided by the time of `other` in the same round.
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

/// The median.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

/// Gives each competitor `rounds` turns. Each round begins with another competitor, so that the order varies.
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

/// Returns the seconds per call of `run`, and the duration of the turn. The first call starts with the caches of the
/// previous competitor, and counts only if it fills the turn alone.
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
