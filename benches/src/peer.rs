//! The protocol of the training benchmarks, by which one process can time tools in several languages in turn.
//!
//! A peer is a program that reads one command per line and answers each with a line of JSON:
//!
//! | command | effect | answer |
//! |---|---|---|
//! | `prepare NAME` | builds the network of the [`Workload`] with this name, loads its batches | `{"setting": "…"}` |
//! | `costs N` | takes N steps from the initial weights | `{"costs": […]}`, the cost before each step |
//! | `time SECONDS` | takes steps from the initial weights for this time | `{"seconds": …}`, the mean time of a step |
//! | `memory N` | takes N steps, and two from the initial weights | `{"bytes": …}`, the growth of memory in the two |

mod memory;

use crate::{Case, Images, Workload};
use autodiff::tensor::release_memory;
use serde_json::json;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

/// Training of a network with some tool.
pub trait Peer {
    /// The tool's settings, in a few words.
    fn setting(&self) -> String;

    /// Restores the initial weights and the initial state of the optimizer.
    fn reset(&mut self);

    /// Takes a step on the batch with the given index.
    fn step(&mut self, batch: usize);

    /// The mean cost of the latest step's batch, before the step.
    fn cost(&mut self) -> f64;
}

impl Peer for Box<dyn Peer> {
    fn setting(&self) -> String {
        (**self).setting()
    }

    fn reset(&mut self) {
        (**self).reset();
    }

    fn step(&mut self, batch: usize) {
        (**self).step(batch);
    }

    fn cost(&mut self) -> f64 {
        (**self).cost()
    }
}

/// The initial state that all peers share.
#[derive(Clone, Debug)]
pub struct Start {
    /// The training step.
    pub workload: Workload,
    /// The samples.
    pub images: Images,
    /// The initial weights and biases of the layers.
    pub layers: Vec<Layer>,
}

/// A layer before training.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The number of inputs.
    pub inputs: usize,
    /// The number of neurons.
    pub outputs: usize,
    /// The weights, one row for each neuron.
    pub weight: Vec<f32>,
    /// The biases, one for each neuron.
    pub bias: Vec<f32>,
}

impl Start {
    /// The initial state of a workload.
    #[must_use]
    pub fn new(workload: Workload) -> Start {
        let parameters = Case::new(workload.widths, 0).parameters();
        let layers = workload
            .widths
            .windows(2)
            .enumerate()
            .map(|(number, widths)| Layer {
                inputs: widths[0],
                outputs: widths[1],
                weight: parameters.tensor(2 * number).data().to_vec(),
                bias: parameters.tensor(2 * number + 1).data().to_vec(),
            });
        Start {
            workload,
            images: Images::first(workload.samples),
            layers: layers.collect(),
        }
    }

    /// The number of batches.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.workload.samples / self.workload.batch
    }

    /// The batches as numbers between 0 and 1, with their classes.
    pub fn float_batches(&self) -> impl Iterator<Item = (Vec<f32>, &[u8])> {
        let Workload { widths, batch, .. } = self.workload;
        let pixels = self.images.pixels.chunks_exact(batch * widths[0]);
        pixels
            .map(|pixels| pixels.iter().map(|&byte| f32::from(byte) / 255.0).collect())
            .zip(self.images.classes.chunks_exact(batch))
    }
}

/// Answers the commands on standard input until its end. `prepare` builds the network of a [`Workload`].
///
/// # Panics
///
/// If a command is invalid, or an answer cannot be written.
pub fn serve<P: Peer>(prepare: impl Fn(Start) -> P) {
    serve_named(|name| of_workload(name, &prepare));
}

/// Answers the commands on standard input until its end. `prepare` returns the training with the given name and the
/// number of its batches.
///
/// # Panics
///
/// If a command is invalid, or an answer cannot be written.
pub fn serve_named<P: Peer>(prepare: impl Fn(&str) -> (P, usize)) {
    answer(std::io::stdin().lock(), std::io::stdout().lock(), prepare);
}

fn of_workload<P: Peer>(name: &str, prepare: impl Fn(Start) -> P) -> (P, usize) {
    let start = Start::new(Workload::named(name).expect("the name of a workload"));
    let batches = start.batches();
    (prepare(start), batches)
}

fn answer<P: Peer>(
    commands: impl BufRead,
    mut answers: impl Write,
    prepare: impl Fn(&str) -> (P, usize),
) {
    let mut running: Option<(P, usize)> = None;
    for line in commands.lines() {
        let line = line.expect("commands are text");
        let (command, argument) = line.split_once(' ').expect("a command and its argument");
        let answer = if command == "prepare" {
            drop(running.take());
            let (peer, _) = running.insert(prepare(argument));
            json!({ "setting": peer.setting() })
        } else {
            let (peer, batches) = running.as_mut().expect("something was prepared");
            peer.reset();
            match command {
                "costs" => {
                    let steps: usize = argument.parse().expect("a number of steps");
                    let cost = |step| {
                        peer.step(step % *batches);
                        peer.cost()
                    };
                    json!({ "costs": (0..steps).map(cost).collect::<Vec<_>>() })
                }
                "time" => {
                    let seconds = argument.parse().expect("a number of seconds");
                    json!({ "seconds": time(peer, *batches, Duration::from_secs_f64(seconds)) })
                }
                "memory" => {
                    let steps: usize = argument.parse().expect("a number of steps");
                    json!({ "bytes": memory(peer, *batches, steps) })
                }
                _ => panic!("no such command: {line}"),
            }
        };
        writeln!(answers, "{answer}")
            .and_then(|()| answers.flush())
            .expect("somebody reads the answers");
    }
}

/// Returns the mean time of a step in seconds, after a warm-up of a tenth of `time`.
fn time(peer: &mut impl Peer, batches: usize, time: Duration) -> f64 {
    let mut next = (0..batches).cycle();
    let mut run = |time: Duration| {
        let begin = Instant::now();
        let mut steps = 0;
        // The clock is read ever more rarely, but at least ten times.
        let mut stride = 1;
        loop {
            for batch in next.by_ref().take(stride) {
                peer.step(batch);
            }
            steps += stride;
            let passed = begin.elapsed();
            if passed >= time {
                return passed.as_secs_f64() / steps as f64;
            }
            stride = (steps / 10).max(1);
        }
    };
    run(time / 10);
    run(time)
}

/// Returns the growth of the resident memory in two steps, in bytes. The steps before load the program's code.
fn memory(peer: &mut impl Peer, batches: usize, steps: usize) -> u64 {
    (0..steps).for_each(|step| peer.step(step % batches));
    peer.reset();
    release_memory();
    memory::peak_growth(|| (0..2).for_each(|step| peer.step(step % batches)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// A peer whose cost is the number of steps since the reset.
    struct Counter {
        batches: usize,
        steps: usize,
    }

    impl Peer for Counter {
        fn setting(&self) -> String {
            "counts".into()
        }

        fn reset(&mut self) {
            self.steps = 0;
        }

        fn step(&mut self, batch: usize) {
            assert_eq!(batch, self.steps % self.batches);
            self.steps += 1;
        }

        fn cost(&mut self) -> f64 {
            self.steps as f64
        }
    }

    #[test]
    fn commands_are_answered_line_by_line() {
        let commands = "prepare W4\ncosts 3\ntime 0.001\ncosts 2\nprepare W2-1024\ncosts 9\n";
        let mut answers = Vec::new();
        let counter = |start: Start| Counter {
            batches: start.batches(),
            steps: 0,
        };
        answer(commands.as_bytes(), &mut answers, |name| {
            of_workload(name, counter)
        });
        let answers = String::from_utf8(answers).expect("answers are text");
        let answers: Vec<Value> = answers
            .lines()
            .map(|line| serde_json::from_str(line).expect("answers are JSON"))
            .collect();
        assert_eq!(answers.len(), 6);
        assert_eq!(answers[0], json!({ "setting": "counts" }));
        assert_eq!(answers[1], json!({ "costs": [1.0, 2.0, 3.0] }));
        assert!(
            answers[2]["seconds"]
                .as_f64()
                .is_some_and(|time| time > 0.0)
        );
        assert_eq!(answers[3], json!({ "costs": [1.0, 2.0] }));
        assert_eq!(answers[5]["costs"].as_array().map(Vec::len), Some(9));
    }

    #[test]
    fn a_start_has_all_weights_and_samples() {
        let start = Start::new(Workload::named("W2-1024").expect("it is one"));
        let shapes: Vec<_> = start
            .layers
            .iter()
            .map(|layer| (layer.weight.len(), layer.bias.len()))
            .collect();
        assert_eq!(shapes, [(784 * 128, 128), (128 * 64, 64), (64 * 10, 10)]);
        let batches: Vec<_> = start.float_batches().collect();
        assert_eq!(batches.len(), start.batches());
        let white = |(images, _): &(Vec<f32>, &[u8])| images.iter().any(|&pixel| pixel > 0.99);
        assert!(batches.iter().all(white));
    }
}
