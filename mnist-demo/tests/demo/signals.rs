//! Signals that stop the training: the trained weights are kept.

use crate::common::{RESULTS, names, own_data, run, text, weights};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running training that would never end.
struct Training {
    child: Child,
    data: TempDir,
    folder: TempDir,
}

impl Training {
    /// Starts a training in a shell that first runs the commands in `first`, and waits for its first step.
    fn begin(first: &str) -> Training {
        let (data, folder) = (own_data(), tempfile::tempdir().unwrap());
        let mut child = Command::new("sh")
            .args(["-c", &format!(r#"{first}exec "$0" "$@""#)])
            .arg(env!("CARGO_BIN_EXE_mnist-demo"))
            .args(["--steps", "1000000000"])
            .args(["--data", text(data.path()), "--output", text(folder.path())])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.contains("step"), "{line}");
        Training {
            child,
            data,
            folder,
        }
    }

    fn send(&self, signals: &[&str]) {
        for signal in signals {
            let sent = Command::new("kill")
                .args(["-s", signal, &self.child.id().to_string()])
                .status();
            assert!(sent.unwrap().success());
        }
    }

    /// Waits for the end of the training, with a time limit.
    fn end(self) -> (Output, TempDir, TempDir) {
        let begin = Instant::now();
        let output = self.child.wait_with_output().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(10));
        (output, self.data, self.folder)
    }
}

/// The signals that stop a training, and their numbers.
const SIGNALS: [(&str, i32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];

/// Whether a signal is ignored by this process, and therefore by its children. This is so for SIGHUP under `nohup`, and
/// for SIGINT in background jobs of a shell script.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[test]
fn a_signal_stops_cleanly_and_what_was_trained_is_kept() {
    for (signal, number) in SIGNALS {
        if is_ignored(number) {
            continue;
        }
        let training = Training::begin("");
        training.send(&[signal]);
        let (output, data, folder) = training.end();
        assert_eq!(output.status.code(), Some(128 + number), "{signal}");
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(shown.contains("of 1,000,000,000 steps"), "{shown}");
        assert_eq!(names(folder.path()), RESULTS);
        let weights = weights(folder.path());
        let places = ["--data", text(data.path()), "--weights", text(&weights)];
        run(0, &[&["eval"], &places[..]].concat());
    }
}

#[test]
fn a_second_signal_ends_the_program_immediately() {
    if is_ignored(2) {
        return;
    }
    let training = Training::begin("");
    // Both signals are pending until the program continues, so it cannot end between them.
    training.send(&["STOP", "INT", "TERM", "CONT"]);
    let (output, _, folder) = training.end();
    let status = output.status.code();
    assert!(matches!(status, Some(130 | 143)), "{status:?}");
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_signal_that_was_ignored_before_stays_ignored() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let mut training = Training::begin("trap '' HUP; ");
    training.send(&["HUP"]);
    sleep(Duration::from_millis(300));
    assert!(training.child.try_wait().unwrap().is_none());
    training.send(&["TERM"]);
    let (output, _, folder) = training.end();
    assert_eq!(output.status.code(), Some(143));
    assert_eq!(names(folder.path()), RESULTS);
}
