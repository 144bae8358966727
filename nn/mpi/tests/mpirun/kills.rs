//! A rank that is killed ends the others, and the latest checkpoint resumes.

use crate::common::{DEMO, mpirun, on_ranks, success, training, write_data};
use crate::running::{Running, runs, signal};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

const RANKS: usize = 3;

/// The time in which all ranks must end after one of them.
const LIMIT: Duration = Duration::from_secs(10);

/// The numbers of steps of the checkpoints in a folder.
fn checkpoints(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let steps = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_prefix("checkpoint-")?
            .strip_suffix(".safetensors")?
            .parse()
            .ok()
    });
    steps.collect()
}

/// Whether a file of this name is a checkpoint that was not complete.
fn is_unfinished(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".unfinished-")
}

/// A command that starts the program on the ranks, and says which rank was killed: `--quiet` would leave that out.
fn loud(arguments: &[&str]) -> Command {
    let quiet = mpirun();
    let options: Vec<OsString> = quiet
        .get_args()
        .filter(|&option| option != "--quiet")
        .map(Into::into)
        .collect();
    let mut command = Command::new("mpirun");
    command
        .args(options)
        .args(["-n", &RANKS.to_string(), DEMO])
        .args(arguments);
    command
}

/// Kills ranks so many times, one of four while MPI starts if that is wanted.
fn kill(times: u32, while_starting: bool) {
    let folder = tempfile::tempdir().unwrap();
    let (data, output) = (folder.path().join("data"), folder.path().join("out"));
    fs::create_dir(&data).unwrap();
    write_data(&data, 600);
    let usual = training("64", "300", &data, &output);
    let (mut resumed, mut hung, mut longest) = (0, 0, Duration::ZERO);
    for time in 0..times {
        let _ = fs::remove_dir_all(&output);
        // A random moment, and a random rank.
        let starts = while_starting && time % 4 == 0;
        let moment = u64::from(time.wrapping_mul(2_654_435_761) >> 8) % 1_500;
        let victim = (time * 7 + time / 5) as usize % RANKS;
        let endless = ["--steps", "100000000", "--checkpoint", "5"];
        let mut running = Running::start(&mut loud(&[&usual[..], &endless].concat()));
        let start = Instant::now();
        let processes = loop {
            let found = running.ranks();
            if found.len() == RANKS && (starts || !checkpoints(&output).is_empty()) {
                break found;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "the ranks did not start"
            );
            sleep(Duration::from_millis(20));
        };
        sleep(Duration::from_millis(moment));
        signal("-KILL", &[processes[victim]]);
        let start = Instant::now();
        // `mpirun` does not wait for the ranks that it kills.
        while let Some(process) = processes.iter().find(|&&process| runs(process)) {
            assert!(start.elapsed() < LIMIT, "{process} is left");
            sleep(Duration::from_millis(5));
        }
        while start.elapsed() < LIMIT && !running.has_ended() {
            sleep(Duration::from_millis(5));
        }
        let took = start.elapsed();
        // PMIx 4.2 may deadlock at the end of `mpirun` if a rank dies while it connects. The ranks have ended.
        let hangs = !running.has_ended();
        if hangs {
            running.end();
            hung += 1;
        }
        let (status, errors) = running.wait();
        assert!(!status.success(), "{errors}");
        assert!(starts || !hangs, "`mpirun` has not ended: {errors}");
        if !hangs {
            longest = longest.max(took);
        }
        assert!(
            hangs || errors.contains(&format!("process rank {victim} ")),
            "{errors}"
        );
        let found = checkpoints(&output).into_iter().max();
        println!(
            "{time}: rank {victim} after {moment} ms: {} in {took:?}, checkpoint {found:?}",
            status
        );
        if let Some(steps) = found {
            let steps = (steps + 3).to_string();
            let more = ["--resume", "--steps", &steps, "--checkpoint", "1"];
            success(on_ranks(1, DEMO, &[&usual[..], &more].concat()));
            resumed += 1;
            let mut left = fs::read_dir(&output).unwrap().flatten();
            assert!(!left.any(|entry| is_unfinished(&entry.file_name())));
            let bits = |folder: &Path| fs::read(folder.join("weights.safetensors")).unwrap();
            let whole = folder.path().join("whole");
            let plain = training("64", "300", &data, &whole);
            // Once, because it takes as long as all steps before.
            if resumed == 1 {
                success(on_ranks(
                    1,
                    DEMO,
                    &[&plain[..], &["--steps", &steps]].concat(),
                ));
                assert!(
                    bits(&output) == bits(&whole),
                    "the weights differ after {steps} steps"
                );
            }
        }
    }
    println!("{times} kills: ended within {longest:?}, {resumed} resumed, {hung} `mpirun` hung");
    assert!(resumed >= times - times.div_ceil(4));
}

#[test]
fn a_test_that_fails_leaves_no_rank() {
    let folder = tempfile::tempdir().unwrap();
    let (data, output) = (folder.path().join("data"), folder.path().join("out"));
    fs::create_dir(&data).unwrap();
    write_data(&data, 600);
    let endless = ["--steps", "100000000"];
    let arguments = [&training("64", "300", &data, &output)[..], &endless].concat();
    // An `mpirun` that does not react to a signal must end too.
    for stopped in [false, true] {
        let mut processes = Vec::new();
        let failed = catch_unwind(AssertUnwindSafe(|| {
            let mut running = Running::start(&mut loud(&arguments));
            let start = Instant::now();
            while running.ranks().len() < RANKS {
                assert!(start.elapsed() < Duration::from_secs(60));
                sleep(Duration::from_millis(20));
            }
            processes = running.ranks();
            processes.push(running.id());
            if stopped {
                signal("-STOP", &[running.id()]);
            }
            panic!("as a test that fails");
        }));
        assert!(failed.is_err());
        assert_eq!(processes.len(), RANKS + 1);
        let left: Vec<_> = processes.iter().filter(|&&p| runs(p)).collect();
        assert!(left.is_empty(), "{left:?} are left");
    }
}

#[test]
fn a_killed_rank_ends_the_others_and_the_checkpoint_resumes() {
    kill(3, false);
}

#[test]
#[ignore = "takes minutes"]
fn fifty_killed_ranks_end_the_others_and_the_checkpoints_resume() {
    kill(50, true);
}
