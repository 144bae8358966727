//! A run that is killed at any moment leaves the earlier results, its own results, or a journal.

use crate::common::{RESULTS, contents, names, own_data, run, text, weights};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// The numbers of steps of the two alternating runs.
const STEPS: [&str; 2] = ["20", "30"];

/// The result files of the two runs without interference.
struct Runs([Vec<(String, Vec<u8>)>; 2]);

/// The part of a file that identifies its run: everything except the times in the table.
fn essence(name: &str, contents: &[u8]) -> Vec<u8> {
    if name == "run.csv" {
        let lines = contents.split(|&byte| byte == b'\n').count();
        return lines.to_string().into_bytes();
    }
    contents.to_vec()
}

impl Runs {
    /// The run that each file in the folder belongs to; `None` if it belongs to neither.
    fn of(&self, folder: &Path) -> Vec<Option<usize>> {
        let found = |name: &str| fs::read(folder.join(name)).unwrap();
        let is = |name: &str, run: usize| {
            let (_, expected) = self.0[run].iter().find(|(other, _)| other == name).unwrap();
            essence(name, expected) == essence(name, &found(name))
        };
        RESULTS
            .iter()
            .map(|name| (0..2).find(|&run| is(name, run)))
            .collect()
    }
}

fn arguments<'a>(steps: &'a str, data: &'a Path, folder: &'a Path) -> [&'a str; 9] {
    let places = [text(data), text(folder)];
    [
        "train",
        "--steps",
        steps,
        "--learning-rate",
        "1",
        "--data",
        places[0],
        "--output",
        places[1],
    ]
}

/// Kills `count` runs, each shortly after its last step, and returns how many were moving files into place.
fn kill(count: u32) -> u32 {
    let data = own_data();
    let runs = Runs(STEPS.map(|steps| {
        let folder = tempfile::tempdir().unwrap();
        run(0, &arguments(steps, data.path(), folder.path()));
        contents(folder.path())
    }));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    run(0, &arguments(STEPS[1], data.path(), folder.path()));
    let mut moving = 0;
    for number in 0..count {
        let steps = STEPS[number as usize % 2];
        let mut child = Command::new(env!("CARGO_BIN_EXE_mnist-demo"))
            .args(arguments(steps, data.path(), folder.path()))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let last = format!("step {steps}/{steps}");
        let errors = BufReader::new(child.stderr.take().unwrap());
        assert!(errors.lines().any(|line| line.unwrap().contains(&last)));
        // Up to 25 ms: longer than writing the results takes.
        sleep(Duration::from_micros(u64::from(
            number.wrapping_mul(2_654_435_761) % 25_000,
        )));
        child.kill().unwrap();
        child.wait().unwrap();

        let is_one = |of: &[Option<usize>]| of[0].is_some() && of.iter().all(|run| *run == of[0]);
        let left = runs.of(folder.path());
        let journal = folder.path().join("UNFINISHED-RUN.txt").exists();
        assert!(is_one(&left) || journal, "{number}: {left:?}");
        moving += u32::from(journal);
        // Reading the results completes them first.
        let weights = weights(folder.path());
        let places = ["--data", text(data.path()), "--weights", text(&weights)];
        run(0, &[&["eval"], &places[..]].concat());
        let found = runs.of(folder.path());
        assert!(is_one(&found), "{number}: {found:?}");
        assert!(
            !journal || found[0] == Some(number as usize % 2),
            "{number}: {found:?}"
        );
    }
    // The next run removes the leftovers of the killed runs.
    run(0, &arguments(STEPS[0], data.path(), folder.path()));
    let mut expected = [&["notes.txt"], &RESULTS[..]].concat();
    expected.sort_unstable();
    assert_eq!(names(folder.path()), expected);
    assert_eq!(fs::read(folder.path().join("notes.txt")).unwrap(), b"mine");
    moving
}

#[test]
fn runs_that_are_killed_do_not_mix_their_results() {
    kill(6);
}

#[test]
#[ignore = "kills 400 runs: two minutes in a release build"]
fn many_runs_that_are_killed_do_not_mix_their_results() {
    let moving = kill(400);
    println!("{moving} of 400 were killed while they moved their files into place");
}
