//! How the programs are started, and their data.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The MNIST program.
pub(crate) const DEMO: &str = env!("CARGO_BIN_EXE_mnist-demo-mpi");

/// `mpirun` with the options that let it run as root and with more ranks than cores.
pub(crate) fn mpirun() -> Command {
    let mut command = Command::new("mpirun");
    command.args(["--allow-run-as-root", "--oversubscribe", "--quiet"]);
    // Without a network, Open MPI looks for interfaces until it gives up.
    command.args(["--mca", "btl", "self,vader", "--bind-to", "none"]);
    command
}

/// Runs a program on some ranks.
pub(crate) fn on_ranks(ranks: usize, program: &str, arguments: &[&str]) -> Output {
    let mut command = mpirun();
    command
        .args(["-n", &ranks.to_string(), program])
        .args(arguments);
    command.output().unwrap()
}

/// Returns the standard output of a run that succeeded.
#[track_caller]
pub(crate) fn success(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The arguments of a training by Adam on one thread a rank, with a hidden layer of `width` neurons.
pub(crate) fn training<'a>(
    width: &'a str,
    batch: &'a str,
    data: &'a Path,
    output: &'a Path,
) -> Vec<&'a str> {
    let network = ["train", "--widths", width, "--batch", batch];
    let how = ["--optimizer", "adam", "--threads", "1"];
    let files = ["--data", text(data), "--output", text(output)];
    [&network[..], &how, &files].concat()
}

/// Writes a data set of `images` images of 8 × 8 pixels for training and 50 for testing.
pub(crate) fn write_data(folder: &Path, images: usize) {
    for (name, count) in [("train", images), ("t10k", 50)] {
        let header = |kind: u32, sides: &[u32]| -> Vec<u8> {
            let numbers = [&[kind, count as u32], sides].concat();
            numbers.into_iter().flat_map(u32::to_be_bytes).collect()
        };
        let class = |image: usize| (image * image / 7 % 10) as u8;
        let pixel = |i: usize| match (i / 64 * 5 + usize::from(class(i / 64)) * i) % 3 {
            0 => (i * i % 251) as u8,
            _ => 0,
        };
        let mut pixels = header(0x803, &[8, 8]);
        pixels.extend((0..count * 64).map(pixel));
        let mut labels = header(0x801, &[]);
        labels.extend((0..count).map(class));
        fs::write(folder.join(format!("{name}-images-idx3-ubyte")), pixels).unwrap();
        fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
    }
}

/// Replaces the files of training images and labels by two parts.
pub(crate) fn split_data(folder: &Path) {
    for (name, header, size) in [("images-idx3", 16, 64), ("labels-idx1", 8, 1)] {
        let whole = folder.join(format!("train-{name}-ubyte"));
        let bytes = fs::read(&whole).unwrap();
        fs::remove_file(&whole).unwrap();
        let (header, data) = bytes.split_at(header);
        let count = data.len() / size;
        let middle = count / 3;
        for (number, images) in [0..middle, middle..count].into_iter().enumerate() {
            let mut part = header.to_vec();
            part[4..8].copy_from_slice(&(images.len() as u32).to_be_bytes());
            part.extend(&data[images.start * size..images.end * size]);
            let name = format!("train-{name}-ubyte-{number}-of-2");
            fs::write(folder.join(name), part).unwrap();
        }
    }
}

/// The path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
