//! Prints a table of the tape's time relative to the closed form: the median ratio of steps that are timed alternately.
//!
//! Usage: `cargo run --release -p benches --bin ratios -- [threads] [seconds for each row]`.

use benches::{Case, NETWORKS, pool, steps, take_turns};
use mnist_core::gradient::Method;
use nn::{OptimizerSettings, SgdSettings};
use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments
        .next()
        .map_or(1, |argument| argument.parse().expect("a number of threads"));
    let seconds = arguments.next().map_or(1.0, |argument| {
        argument.parse().expect("a number of seconds")
    });
    let pool = pool(threads);
    let optimizer = OptimizerSettings::Sgd(SgdSettings::new(1e-6));
    println!("| network | batch | closed form, µs | tape, µs | tape / closed form |");
    println!("|---|---:|---:|---:|---:|");
    for case in NETWORKS.iter().flat_map(Case::of) {
        let [closed_form, tape] =
            [Method::Delta, Method::Tape].map(|method| steps(&pool, &case, method, optimizer));
        let turns = take_turns(Duration::from_secs_f64(seconds), &mut [closed_form, tape]);
        println!(
            "| {} | {} | {:.1} | {:.1} | {:.3} |",
            case.network_name(),
            case.batch.len(),
            turns.seconds(0) * 1e6,
            turns.seconds(1) * 1e6,
            turns.ratio(1, 0),
        );
    }
}
