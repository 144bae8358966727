//! Helpers for the tests of the program: data files, and running the program.
#![allow(dead_code, reason = "no test needs all of it")]

use flate2::Compression;
use flate2::read::GzEncoder;
use mnist_core::data::FILES;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The result files of a run.
pub(crate) const RESULTS: [&str; 6] = [
    "accuracy.svg",
    "confusion.svg",
    "loss.svg",
    "mistakes.svg",
    "run.csv",
    "weights.safetensors",
];

/// Runs the program.
pub(crate) fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mnist-demo"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs the program, checks its exit status, and returns its standard output.
#[track_caller]
pub(crate) fn run(status: i32, arguments: &[&str]) -> String {
    let output = demo(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(status),
        "{arguments:?}: {errors}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the program, and checks that it refuses in one line that contains all of `words`.
#[track_caller]
pub(crate) fn refused(arguments: &[&str], words: &[&str]) {
    let output = demo(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
    let lines: Vec<&str> = errors
        .lines()
        .filter(|line| !line.starts_with("  step"))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].starts_with("error: "),
        "{arguments:?}: {errors}"
    );
    for word in words {
        assert!(
            errors.contains(word),
            "{arguments:?}: no {word} in {errors}"
        );
    }
}

/// The path as a string, for an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The names and contents of the files in a folder, sorted.
pub(crate) fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The names of the files in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    contents(folder).into_iter().map(|(name, _)| name).collect()
}

/// Creates an IDX file of unsigned bytes.
pub(crate) fn idx(dims: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    bytes.extend(data);
    bytes
}

/// Compresses bytes with gzip.
pub(crate) fn gzip(bytes: impl Read) -> Vec<u8> {
    let mut packed = Vec::new();
    GzEncoder::new(bytes, Compression::best())
        .read_to_end(&mut packed)
        .unwrap();
    packed
}

/// An easy data set, images and labels: in images of 6×6 pixels the class is the position of a bright spot.
pub(crate) fn easy_data_set(count: usize) -> [Vec<u8>; 2] {
    let classes: Vec<u8> = (0..count).map(|i| (i * 7 % 10) as u8).collect();
    let mut pixels = Vec::new();
    for (i, &class) in classes.iter().enumerate() {
        let noise = (0..36).map(|j| ((i * 31 + j * 17) % 61) as u8);
        let mut image: Vec<u8> = noise.collect();
        image[3 * usize::from(class) + 1] = 255;
        pixels.extend(image);
    }
    [
        idx(&[count as u32, 6, 6], &pixels),
        idx(&[count as u32], &classes),
    ]
}

/// Creates a folder with 600 training images and 50 test images.
pub(crate) fn own_data() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [easy_data_set(600), easy_data_set(50)].concat();
    for (name, bytes) in FILES.iter().zip(files) {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// Creates a folder with the results of a short run on the data.
pub(crate) fn trained(data: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (data, output) = (text(data), text(folder.path()));
    run(
        0,
        &[
            "--data",
            data,
            "--output",
            output,
            "--steps",
            "60",
            "--learning-rate",
            "1",
        ],
    );
    folder
}

/// The path of the weights in a folder with results.
pub(crate) fn weights(folder: &Path) -> PathBuf {
    folder.join("weights.safetensors")
}
