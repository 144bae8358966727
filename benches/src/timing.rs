//! Times several candidates in turn, so that a drift of the machine's speed affects all of them alike.

use std::time::{Duration, Instant};

/// The minimum time of a turn. Within it, reading the clock and waking a thread are negligible.
const TURN: Duration = Duration::from_millis(2);

/// The minimum number of rounds, for the median.
const ROUNDS: usize = 9;

/// The number of turns that must all reach [`TURN`].
const TRIES: usize = 3;

/// A candidate to time: a function that repeats its work the given number of times.
pub type Side<'a> = Box<dyn FnMut(usize) + 'a>;

/// The times of all turns.
#[derive(Clone, Debug, PartialEq)]
pub struct Turns {
    /// The time in seconds of one repetition, for each side and round.
    times: Vec<Vec<f64>>,
}

impl Turns {
    /// The median time of one repetition, in seconds.
    #[must_use]
    pub fn seconds(&self, side: usize) -> f64 {
        median(self.times[side].clone())
    }

    /// The time of one side relative to another: the median of the ratios within a round.
    #[must_use]
    pub fn ratio(&self, side: usize, other: usize) -> f64 {
        let pairs = self.times[side].iter().zip(&self.times[other]);
        median(pairs.map(|(time, other)| time / other).collect())
    }
}

/// Times the sides in turn for `time` in total. Each round begins with another side.
pub fn take_turns(time: Duration, sides: &mut [Side<'_>]) -> Turns {
    let repeats: Vec<usize> = sides.iter_mut().map(repeats).collect();
    let mut times = vec![Vec::new(); sides.len()];
    let begin = Instant::now();
    let mut round = 0;
    while begin.elapsed() < time || round < ROUNDS {
        for turn in 0..sides.len() {
            let number = (round + turn) % sides.len();
            times[number].push(seconds(&mut sides[number], repeats[number]));
        }
        round += 1;
    }
    Turns { times }
}

/// Returns the number of repetitions in a turn of a side. The trial turns are also its warm-up.
fn repeats(side: &mut Side<'_>) -> usize {
    let mut repeats = 1;
    // Several turns, because a single one may be long due to an interruption.
    while !(0..TRIES).all(|_| seconds(side, repeats) * repeats as f64 >= TURN.as_secs_f64()) {
        repeats *= 2;
    }
    repeats
}

/// The time of one repetition.
fn seconds(side: &mut Side<'_>, repeats: usize) -> f64 {
    let begin = Instant::now();
    side(repeats);
    begin.elapsed().as_secs_f64() / repeats as f64
}

/// The median; the upper one of two middle values.
///
/// # Panics
///
/// If there are no values.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_compare_times_of_the_same_round() {
        // The machine becomes slower, and stalls once.
        let turns = Turns {
            times: vec![
                vec![1.0, 2.0, 3.0, 4.0, 5.0],
                vec![3.0, 6.0, 9.0, 12.0, 90.0],
            ],
        };
        assert_eq!((turns.ratio(1, 0), turns.ratio(0, 0)), (3.0, 1.0));
        assert_eq!((turns.seconds(0), turns.seconds(1)), (3.0, 9.0));
    }

    #[test]
    fn an_interrupted_turn_does_not_count() {
        let mut calls = 0;
        let mut side: Side<'_> = Box::new(|count| {
            calls += 1;
            std::thread::sleep(if calls == 1 {
                TURN
            } else {
                TURN * count as u32 / 64
            });
        });
        // A repetition takes a 64th of a turn, but the first one is interrupted.
        let repeats = repeats(&mut side);
        assert!((2..=64).contains(&repeats), "{repeats} repeats");
    }

    #[test]
    fn every_side_has_a_turn_in_every_round() {
        let mut work = [0, 0];
        let [one, other] = &mut work;
        let sides: [Side<'_>; 2] = [one, other].map(|done| -> Side<'_> {
            Box::new(|count| {
                *done += count;
                std::thread::sleep(TURN);
            })
        });
        let turns = take_turns(Duration::ZERO, &mut { sides });
        assert!(turns.times.iter().all(|times| times.len() == ROUNDS));
        // The trial turns, and one turn in each round.
        assert_eq!(work, [ROUNDS + TRIES; 2]);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0]), 4.0);
    }
}
