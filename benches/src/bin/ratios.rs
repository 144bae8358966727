//! Prints what the tape costs over the closed form, as a table: the median of ratios of steps taken in turn.
//!
//! The two take turns, step by step, so that a machine whose speed drifts slows both. Usage:
//! `cargo run --release -p benches --bin ratios -- [threads] [seconds for each row]`.

use benches::{Case, NETWORKS};
use nn::{BatchGradient, Method, Parameters, Sgd};
use std::time::{Duration, Instant};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments
        .next()
        .map_or(1, |word| word.parse().expect("a number of threads"));
    let seconds = arguments
        .next()
        .map_or(1.0, |word| word.parse().expect("a number of seconds"));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a pool of threads");
    println!("| network | batch | closed form, µs | tape, µs | tape / closed form |");
    println!("|---|---:|---:|---:|---:|");
    pool.install(|| {
        for case in NETWORKS.iter().flat_map(Case::of) {
            let [closed_form, tape, ratio] = measure(&case, Duration::from_secs_f64(seconds));
            let name = case.network_name();
            println!(
                "| {name} | {} | {closed_form:.1} | {tape:.1} | {ratio:.3} |",
                case.batch.len()
            );
        }
    });
}

/// The median time of a step of either, in microseconds, and the median of their ratios.
fn measure(case: &Case, time: Duration) -> [f64; 3] {
    let mut closed_form = Trainer::new(case, Method::ClosedForm);
    let mut tape = Trainer::new(case, Method::Tape);
    // So many steps at a time that reading the clock does not count.
    let once = closed_form
        .time(case, 1)
        .min(closed_form.time(case, 1))
        .max(1e-3);
    let steps = (200.0 / once).ceil() as usize;
    tape.time(case, 3);

    let mut times: [Vec<f64>; 3] = Default::default();
    let begin = Instant::now();
    while begin.elapsed() < time || times[0].len() < 9 {
        let first_by_hand = times[0].len().is_multiple_of(2);
        let (by_hand, by_tape) = if first_by_hand {
            let by_hand = closed_form.time(case, steps);
            (by_hand, tape.time(case, steps))
        } else {
            let by_tape = tape.time(case, steps);
            (closed_form.time(case, steps), by_tape)
        };
        for (times, time) in times.iter_mut().zip([by_hand, by_tape, by_tape / by_hand]) {
            times.push(time);
        }
    }
    times.map(|mut times| {
        times.sort_unstable_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

/// A network in training.
struct Trainer {
    gradient: BatchGradient<f32>,
    parameters: Parameters<f32>,
    descent: Sgd<f32>,
}

impl Trainer {
    fn new(case: &Case, method: Method) -> Trainer {
        Trainer {
            gradient: BatchGradient::new(&case.network, case.loss, method),
            parameters: case.parameters(),
            descent: Sgd::new(1e-6),
        }
    }

    /// The time of one of so many steps, in microseconds.
    fn time(&mut self, case: &Case, steps: usize) -> f64 {
        let begin = Instant::now();
        for _ in 0..steps {
            self.gradient
                .step(&mut self.parameters, &case.batch, &mut self.descent);
        }
        begin.elapsed().as_secs_f64() * 1e6 / steps as f64
    }
}
