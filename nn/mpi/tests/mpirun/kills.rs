//! A rank that is killed ends the others, and the latest checkpoint resumes.

use crate::common::{DEMO, mpirun, on_ranks, success, text, write_data};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const RANKS: usize = 3;

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

fn kill(times: u32) {
    let folder = tempfile::tempdir().unwrap();
    let (data, output) = (folder.path().join("data"), folder.path().join("out"));
    fs::create_dir(&data).unwrap();
    write_data(&data, 600);
    let usual = [
        "train",
        "--widths",
        "64",
        "--batch",
        "300",
        "--optimizer",
        "adam",
        "--threads",
        "1",
        "--data",
        text(&data),
        "--output",
        text(&output),
    ];
    let (mut resumed, mut longest) = (0, Duration::ZERO);
    for time in 0..times {
        // A random moment, and a random rank.
        let moment = u64::from(time.wrapping_mul(2_654_435_761) >> 8) % 1_500;
        let victim = (time * 7 + time / 5) as usize % RANKS;
        let endless = ["--steps", "100000000", "--checkpoint", "5"];
        let mut running = mpirun();
        running
            .args(["-n", &RANKS.to_string(), DEMO])
            .args(usual)
            .args(endless);
        // `--quiet` would leave out the line that names the rank.
        let all: Vec<_> = running
            .get_args()
            .filter(|&a| a != "--quiet")
            .map(Into::into)
            .collect();
        let all: Vec<std::ffi::OsString> = all;
        let running = Command::new("mpirun")
            .args(all)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let processes = loop {
            let found = ranks_of(running.id());
            if found.len() == RANKS {
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
        let ended = running.wait_with_output().unwrap();
        let took = start.elapsed();
        longest = longest.max(took);
        let errors = String::from_utf8_lossy(&ended.stderr);
        assert!(took < Duration::from_secs(10), "{took:?}: {errors}");
        assert!(!ended.status.success(), "{errors}");
        assert!(
            errors.contains(&format!("process rank {victim} ")),
            "{errors}"
        );
        for process in processes {
            assert!(
                !Path::new(&format!("/proc/{process}/environ")).exists(),
                "{process} is left"
            );
        }

        let found = checkpoints(&output).into_iter().max();
        println!(
            "{time}: rank {victim} after {moment} ms: {} in {took:?}, checkpoint {found:?}",
            ended.status
        );
        if let Some(steps) = found {
            let steps = (steps + 3).to_string();
            success(on_ranks(
                1,
                DEMO,
                &[&usual[..], &["--resume", "--steps", &steps]].concat(),
            ));
            resumed += 1;
            let bits = |folder: &Path| fs::read(folder.join("weights.safetensors")).unwrap();
            let whole = folder.path().join("whole");
            let mut plain = usual;
            plain[plain.len() - 1] = text(&whole);
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
    println!("{times} kills: ended within {longest:?}, {resumed} resumed");
    assert!(resumed > times / 2);
}

#[test]
fn a_killed_rank_ends_the_others_and_the_checkpoint_resumes() {
    kill(3);
}

#[test]
#[ignore = "takes minutes"]
fn fifty_killed_ranks_end_the_others_and_the_checkpoints_resume() {
    kill(50);
}
