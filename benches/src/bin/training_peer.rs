//! This project's side of the comparison in `benches/peers/training`.
//!
//! `training_peer THREADS` answers commands by the protocol of [`benches::peer`]. `training_peer write FOLDER` writes
//! the initial state of all workloads to files, for the tools that are not written in Rust.

use benches::peer::{Peer, Start, serve};
use benches::{Case, Trainer, WORKLOADS, Workload};
use mnist_core::gradient::Method;
use nn::Dataset;
use std::error::Error;
use std::fs::{File, create_dir_all, write};
use std::io::{BufWriter, Write};
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", folder] => write_starts(Path::new(folder))?,
        [threads] => rayon::ThreadPoolBuilder::new()
            .num_threads(threads.parse()?)
            .build()?
            .install(|| serve(Ours::new)),
        _ => return Err("usage: training_peer THREADS, or training_peer write FOLDER".into()),
    }
    Ok(())
}

/// The tape, in training.
struct Ours {
    workload: Workload,
    case: Case,
    batches: Vec<Dataset>,
    trainer: Trainer,
    cost: f64,
}

impl Ours {
    fn new(start: Start) -> Ours {
        let workload = start.workload;
        drop(start);
        let case = Case::new(workload.widths, workload.samples);
        let first = (0..workload.samples).step_by(workload.batch);
        Ours {
            workload,
            batches: first
                .map(|first| case.batch.range(first..first + workload.batch))
                .collect(),
            trainer: Trainer::new(&case, Method::Tape, workload.optimizer),
            case,
            cost: f64::NAN,
        }
    }
}

impl Peer for Ours {
    fn setting(&self) -> String {
        "the tape, images as bytes".into()
    }

    fn reset(&mut self) {
        self.trainer = Trainer::new(&self.case, Method::Tape, self.workload.optimizer);
    }

    fn step(&mut self, batch: usize) {
        self.cost = self.trainer.step(&self.batches[batch]);
    }

    fn cost(&mut self) -> f64 {
        self.cost
    }
}

/// Writes the list of workloads, the images and the weights. Numbers are written in their memory representation.
fn write_starts(folder: &Path) -> Result<(), Box<dyn Error>> {
    create_dir_all(folder)?;
    for workload in WORKLOADS {
        let start = Start::new(workload);
        let samples = workload.samples;
        write(
            folder.join(format!("{samples}.pixels")),
            &start.images.pixels,
        )?;
        write(
            folder.join(format!("{samples}.classes")),
            &start.images.classes,
        )?;
        let weights = folder.join(format!("{}.weights", workload.network_name()));
        let mut file = BufWriter::new(File::create(weights)?);
        for layer in &start.layers {
            for number in layer.weight.iter().chain(&layer.bias) {
                file.write_all(&number.to_ne_bytes())?;
            }
        }
        file.flush()?;
    }
    let list = serde_json::to_vec_pretty(&WORKLOADS)?;
    Ok(write(folder.join("workloads.json"), list)?)
}
