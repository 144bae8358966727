//! A rank that is killed ends the others, and the latest checkpoint resumes.

use crate::common::{DEMO, mpirun, on_ranks, success, training, write_data};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const RANKS: usize = 3;

/// The time in which all ranks must end after one of them.
const LIMIT: Duration = Duration::from_secs(10);

/// Whether a process runs: it exists, and is more than a status that nobody has read yet.
fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // After the name, which may contain anything, in parentheses.
    let state = stat.rsplit_once(") ").map(|(_, state)| state);
    state.is_some_and(|state| !state.starts_with(['Z', 'X']))
}

/// Returns the process numbers of the ranks that an `mpirun` has started, by rank.
fn ranks_of(mpirun: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        if !status
            .lines()
            .any(|line| line == format!("PPid:\t{mpirun}"))
        {
            continue;
        }
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let mut variables = environment.split(|&byte| byte == 0);
        let rank = variables.find_map(|v| v.strip_prefix(b"OMPI_COMM_WORLD_RANK="));
        let rank = rank.and_then(|rank| str::from_utf8(rank).ok()?.parse::<usize>().ok());
        found.extend(rank.map(|rank| (rank, process)));
    }
    found.sort_unstable();
    found.into_iter().map(|(_, process)| process).collect()
}

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
        let mut running = mpirun();
        running
            .args(["-n", &RANKS.to_string(), DEMO])
            .args(&usual)
            .args(endless);
        // `--quiet` would leave out the line that names the rank.
        let all: Vec<_> = running
            .get_args()
            .filter(|&a| a != "--quiet")
            .map(Into::into)
            .collect();
        let all: Vec<OsString> = all;
        let mut running = Command::new("mpirun")
            .args(all)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let processes = loop {
            let found = ranks_of(running.id());
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
        let killed = Command::new("kill")
            .args(["-9", &processes[victim].to_string()])
            .status();
        assert!(killed.unwrap().success());
        let start = Instant::now();
        // `mpirun` does not wait for the ranks that it kills.
        while let Some(process) = processes.iter().find(|&&process| runs(process)) {
            assert!(start.elapsed() < LIMIT, "{process} is left");
            sleep(Duration::from_millis(5));
        }
        while start.elapsed() < LIMIT && running.try_wait().unwrap().is_none() {
            sleep(Duration::from_millis(5));
        }
        let took = start.elapsed();
        // PMIx 4.2 may deadlock at the end of `mpirun` if a rank dies while it connects. The ranks have ended.
        let hangs = running.try_wait().unwrap().is_none();
        if hangs {
            running.kill().unwrap();
            hung += 1;
        }
        let ended = running.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success(), "{errors}");
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
            ended.status
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
fn a_killed_rank_ends_the_others_and_the_checkpoint_resumes() {
    kill(3, false);
}

#[test]
#[ignore = "takes minutes"]
fn fifty_killed_ranks_end_the_others_and_the_checkpoints_resume() {
    kill(50, true);
}
