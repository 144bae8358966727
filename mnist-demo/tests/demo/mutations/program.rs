//! Runs the program on altered files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use super::random::Random;
use super::{MOST_TIME, idx, png, weights};
use crate::common;
use mnist_core::data::{FILES, Splits, read_digit};
use tempfile::TempDir;

/// Data and weights for the program, and a folder for altered files.
struct Stage {
    data: TempDir,
    results: TempDir,
    read: usize,
    refused: usize,
    slowest: Duration,
}

impl Stage {
    fn new() -> Self {
        let data = common::own_data();
        let results = common::trained(data.path());
        Self {
            data,
            results,
            read: 0,
            refused: 0,
            slowest: Duration::ZERO,
        }
    }

    fn weights(&self) -> PathBuf {
        common::weights(self.results.path())
    }

    /// Runs the program on an altered file. It must refuse the file if `is_bad`.
    fn run(&mut self, arguments: &[&str], is_bad: bool) {
        let (output, time) = limited(MOST_KILOBYTES, arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        let lines = errors.lines().count();
        match output.status.code() {
            Some(0) if lines == 0 && !is_bad => self.read += 1,
            Some(2) if lines == 1 && errors.starts_with("error: ") => self.refused += 1,
            status => panic!("{arguments:?}: status {status:?}, {errors}"),
        }
        assert!(time < MOST_TIME, "{arguments:?}: {time:?}");
        self.slowest = self.slowest.max(time);
    }

    fn report(&self, what: &str) {
        let Self {
            read,
            refused,
            slowest,
            ..
        } = self;
        println!("{what}: {read} read, {refused} refused, the slowest in {slowest:?}");
        assert!(*read > 0 && refused > read, "{what}: {read}, {refused}");
    }
}

/// The program's memory limit: 64 MiB, and some for the stacks of its threads.
const MOST_KILOBYTES: usize = 80 << 10;

/// Runs the program with a memory limit, and returns its output and its processor time.
#[cfg(unix)]
fn limited(kilobytes: usize, arguments: &[&str]) -> (Output, Duration) {
    let times = tempfile::NamedTempFile::new().unwrap();
    // A program that does not end is killed after a minute of processor time.
    let script = r#"ulimit -d "$1"; ulimit -t 60; times=$2; shift 2
        "$0" "$@"; status=$?; times > "$times"; exit $status"#;
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_mnist-demo")])
        .args([&kilobytes.to_string(), text(times.path())])
        .args(arguments)
        .env("RAYON_NUM_THREADS", "2")
        .output()
        .unwrap();
    // The second line has the times of child processes: user time and system time.
    let times = fs::read_to_string(times.path()).unwrap();
    let of_program = times.lines().nth(1).unwrap().split(' ');
    let seconds = of_program.map(|time| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        60.0 * minutes.parse::<f64>().unwrap() + seconds.parse::<f64>().unwrap()
    });
    (output, Duration::from_secs_f64(seconds.sum()))
}

#[cfg(not(unix))]
fn limited(_: usize, arguments: &[&str]) -> (Output, Duration) {
    (common::demo(arguments), Duration::ZERO)
}

fn text(path: &Path) -> &str {
    common::text(path)
}

fn check_png_images(count: usize) {
    let mut stage = Stage::new();
    let mut random = Random::new(3);
    let originals = png::originals(&mut random);
    let (weights, data) = (stage.weights(), stage.data.path().to_owned());
    let file = stage.results.path().join("altered.png");
    for _ in 0..count {
        fs::write(&file, png::alter(&originals, &mut random)).unwrap();
        let is_bad = read_digit(&file, 6, 6).is_err();
        let arguments = ["predict", text(&file), "--weights", text(&weights)];
        stage.run(&[&arguments[..], &["--data", text(&data)]].concat(), is_bad);
    }
    stage.report("images");
}

fn check_data(count: usize) {
    let mut stage = Stage::new();
    let mut random = Random::new(4);
    let (weights, data) = (stage.weights(), stage.data.path().to_owned());
    let good = [
        idx::images(6, 6, &mut random),
        idx::labels(),
        idx::images(6, 6, &mut random),
        idx::labels(),
    ];
    for _ in 0..count {
        let altered = random.below(good.len());
        for (i, (name, bytes)) in FILES.iter().zip(&good).enumerate() {
            let file = if i == altered {
                let forms = idx::forms(bytes, &mut random);
                idx::alter(&forms, &mut random)
            } else {
                bytes.clone()
            };
            fs::write(data.join(name), file).unwrap();
        }
        let is_bad = Splits::from_dir(&data).is_err();
        let arguments = ["eval", "--data", text(&data), "--weights", text(&weights)];
        stage.run(&arguments, is_bad);
    }
    stage.report("data files");
}

fn check_weights(count: usize) {
    let mut stage = Stage::new();
    let mut random = Random::new(5);
    let original = fs::read(stage.weights()).unwrap();
    let data = stage.data.path().to_owned();
    let file = stage.results.path().join("altered.safetensors");
    for _ in 0..count {
        fs::write(&file, weights::alter(&original, &mut random)).unwrap();
        let is_bad = nn::snapshot::load::<f32, nn::MlpModel>(&file).is_err();
        let arguments = ["predict", "0", "--weights", text(&file)];
        stage.run(&[&arguments[..], &["--data", text(&data)]].concat(), is_bad);
    }
    stage.report("weights");
}

#[test]
fn the_program_reads_or_refuses_altered_files_in_one_line() {
    check_png_images(25);
    check_data(25);
    check_weights(25);
}

#[test]
#[ignore = "runs the program on 3,000 altered files: a minute in a release build"]
fn the_program_reads_or_refuses_thousands_of_altered_files_in_one_line() {
    check_png_images(1_000);
    check_data(1_000);
    check_weights(1_000);
}

/// The largest image fits the limits of the tests above, but not half the memory, and its time is measurable.
#[cfg(target_os = "linux")]
#[test]
fn the_largest_image_needs_most_of_the_memory() {
    let stage = Stage::new();
    let (weights, data) = (stage.weights(), stage.data.path());
    let file = stage.results.path().join("large.png");
    let (_, bomb) = &png::bombs()[0];
    fs::write(&file, bomb).unwrap();
    let arguments = ["predict", text(&file), "--weights", text(&weights)];
    let arguments = [&arguments[..], &["--data", text(data)]].concat();
    let (output, time) = limited(MOST_KILOBYTES, &arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("shows no digit"), "{errors}");
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(!time.is_zero());
    let (output, _) = limited(MOST_KILOBYTES / 2, &arguments);
    assert_ne!(output.status.code(), Some(2));
}
