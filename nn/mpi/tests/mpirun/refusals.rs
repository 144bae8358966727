//! What is wrong on one rank ends all of them: one line, status 2, and nothing is overwritten.

use crate::common::{DEMO, mpirun, split_data, text, write_data};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Runs the program with a command line for each of two ranks. Returns the line of the error.
fn refused(commands: [&[&str]; 2]) -> String {
    let mut command = mpirun();
    command.args(["-n", "1"]).args(commands[0]);
    command.args([":", "-n", "1"]).args(commands[1]);
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let lines: Vec<&str> = errors
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(lines.len(), 1, "{errors}");
    lines[0].to_owned()
}

#[test]
fn one_line_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, images) in [("data", 300), ("other", 301)] {
        fs::create_dir(path(name)).unwrap();
        write_data(&path(name), images);
    }
    let output = path("out");
    fs::create_dir(&output).unwrap();
    fs::write(output.join("weights.safetensors"), "earlier").unwrap();
    let program = path("program");
    let mut bytes = fs::read(DEMO).unwrap();
    bytes.push(0);
    fs::write(&program, bytes).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();

    let (data, other, missing) = (path("data"), path("other"), path("missing"));
    let line = |program: &'static str, data: &Path, more: &[&str]| -> Vec<String> {
        let usual = [
            "train",
            "--steps",
            "3",
            "--threads",
            "1",
            "--output",
            text(&output),
        ];
        let all = [&[program][..], &usual, &["--data", text(data)], more].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    let usual = line(DEMO, &data, &[]);
    let mut of_program = usual.clone();
    of_program[0] = text(&program).to_owned();
    let cases = [
        (
            of_program,
            "rank 1 was started with other program than rank 0",
        ),
        (
            line(DEMO, &data, &["--seed", "2"]),
            "rank 1 was started with other settings than rank 0",
        ),
        (
            line(DEMO, &data, &["--precision", "f64"]),
            "other precision than rank 0",
        ),
        (line(DEMO, &other, &[]), "other data than rank 0"),
        (line(DEMO, &missing, &[]), "error: rank 1: /"),
        (line(DEMO, &missing, &[]), "missing: cannot be read"),
        (
            line(DEMO, &data, &["--checkpoint", "0"]),
            "error: rank 1: --checkpoint: must be at least 1",
        ),
        (
            line(DEMO, &data, &["--stepz", "3"]),
            "error: rank 1: unexpected argument '--stepz'",
        ),
    ];
    for (second, wanted) in cases {
        let second: Vec<&str> = second.iter().map(String::as_str).collect();
        let first: Vec<&str> = usual.iter().map(String::as_str).collect();
        let found = refused([&first, &second]);
        assert!(found.contains(wanted), "{found}");
    }

    // What all ranks find wrong is said by one.
    let negative = line(DEMO, &data, &["--learning-rate", "-1"]);
    let negative: Vec<&str> = negative.iter().map(String::as_str).collect();
    let found = refused([&negative, &negative]);
    assert!(found.starts_with("error: --learning-rate: "), "{found}");

    // Files that rank 0 cannot write: a result, and a checkpoint.
    fs::create_dir_all(output.join("checkpoint-2.safetensors")).unwrap();
    let blocked = line(DEMO, &data, &["--checkpoint", "2"]);
    let blocked: Vec<&str> = blocked.iter().map(String::as_str).collect();
    let found = refused([&blocked, &blocked]);
    assert!(found.starts_with("error: rank 0: "), "{found}");
    assert!(
        found.contains("checkpoint-2.safetensors: not a regular file"),
        "{found}"
    );
    let earlier = fs::read_to_string(output.join("weights.safetensors")).unwrap();
    assert_eq!(earlier, "earlier");
    assert_eq!(fs::read_dir(&output).unwrap().count(), 2);
}

#[test]
fn a_part_that_one_rank_cannot_read_ends_all() {
    let folder = tempfile::tempdir().unwrap();
    let [data, cut, other] = ["data", "cut", "other"].map(|name| folder.path().join(name));
    for data in [&data, &cut, &other] {
        fs::create_dir(data).unwrap();
        write_data(data, 300);
        split_data(data);
    }
    let part = "train-images-idx3-ubyte-1-of-2";
    let bytes = fs::read(data.join(part)).unwrap();
    fs::write(cut.join(part), &bytes[..bytes.len() - 1]).unwrap();
    let labels = other.join("train-labels-idx1-ubyte-0-of-2");
    let mut bytes = fs::read(&labels).unwrap();
    bytes[8] ^= 1;
    fs::write(labels, bytes).unwrap();
    let output = folder.path().join("out");
    let line = |data| {
        let files = ["--data", text(data), "--output", text(&output)];
        [
            &[DEMO, "train", "--steps", "3", "--threads", "1"][..],
            &files,
        ]
        .concat()
    };
    let found = refused([&line(&data), &line(&cut)]);
    assert!(found.contains(&format!("{part}: is cut short")), "{found}");
    let found = refused([&line(&data), &line(&other)]);
    assert!(
        found.contains("rank 1 was started with other data"),
        "{found}"
    );
    assert!(!output.exists());
}

#[test]
fn a_training_of_other_options_does_not_resume() {
    let folder = tempfile::tempdir().unwrap();
    let (data, output) = (folder.path().join("data"), folder.path().join("out"));
    fs::create_dir(&data).unwrap();
    write_data(&data, 300);
    let line = |more: &[&'static str]| {
        let files = ["--data", text(&data), "--output", text(&output)];
        let usual = [DEMO, "train", "--threads", "1", "--steps", "4"];
        [&usual[..], &files, more].concat()
    };
    let mut saved = mpirun();
    saved.args(["-n", "2"]).args(line(&["--checkpoint", "2"]));
    assert!(saved.output().unwrap().status.success());
    let other = line(&["--resume", "--seed", "2"]);
    let found = refused([&other, &other]);
    assert!(
        found.contains("checkpoint-4.safetensors belongs to a training with seed 1, not 2"),
        "{found}"
    );
}

#[test]
fn only_training_runs_on_several_ranks() {
    let compare = [DEMO, "compare"];
    let found = refused([&compare, &compare]);
    assert_eq!(found, "error: only `train` runs on several ranks");
}

/// A disk that is full on rank 0. Needs the right to mount a file system.
#[test]
fn a_full_disk_ends_all_ranks() {
    let folder = tempfile::tempdir().unwrap();
    let (data, disk) = (folder.path().join("data"), folder.path().join("disk"));
    fs::create_dir(&data).unwrap();
    fs::create_dir(&disk).unwrap();
    write_data(&data, 300);
    let mount = ["-t", "tmpfs", "-o", "size=128k", "none", text(&disk)];
    let mounted = std::process::Command::new("mount").args(mount).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return eprintln!("SKIP: a small file system cannot be mounted here");
    }
    let output = disk.join("out");
    let more = [
        "--steps",
        "3",
        "--threads",
        "1",
        "--widths",
        "900",
        "--checkpoint",
        "1",
    ];
    let usual = [
        DEMO,
        "train",
        "--data",
        text(&data),
        "--output",
        text(&output),
    ];
    let command = [&usual[..], &more].concat();
    let found = std::panic::catch_unwind(|| refused([&command, &command]));
    let left = fs::read_dir(&output).map_or(0, Iterator::count);
    let _ = std::process::Command::new("umount").arg(&disk).status();
    let found = found.unwrap();
    assert!(found.contains("No space left on device"), "{found}");
    assert_eq!(left, 0);
}
