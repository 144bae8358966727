//! The same bits on any number of ranks and threads, and without ranks.

use crate::common::{DEMO, on_ranks, split_data, success, training, write_data};
use std::fs;
use std::process::Command;

const BITS: &str = env!("CARGO_BIN_EXE_nn-mpi-bits");

#[test]
fn weights_are_those_of_the_plain_program() {
    let plain = success(Command::new(BITS).arg("plain").output().unwrap());
    assert_eq!(plain.lines().count(), 6);
    for ranks in 1..=4 {
        for threads in ["1", "2"] {
            let found = success(on_ranks(ranks, BITS, &[threads]));
            assert_eq!(found, plain, "{ranks} ranks of {threads} threads");
        }
    }
    println!("{plain}equal for 1 to 4 ranks of 1 and 2 threads");
}

#[test]
fn the_program_writes_the_same_weights_and_resumes_on_other_ranks() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    write_data(&data, 600);
    let run = |ranks: usize, output: &str, more: &[&str]| {
        let output = folder.path().join(output);
        let usual = training("20", "200", &data, &output);
        let arguments = [&usual[..], more].concat();
        let printed = success(on_ranks(ranks, DEMO, &arguments));
        (
            printed,
            fs::read(output.join("weights.safetensors")).unwrap(),
        )
    };
    let (_, plain) = run(1, "plain", &["--steps", "20"]);
    for ranks in 2..=4 {
        let (printed, weights) = run(ranks, "several", &["--steps", "20"]);
        assert!(weights == plain, "the weights of {ranks} ranks differ");
        // The batch has two shards.
        assert_eq!(
            printed.contains("has only 2 shards"),
            ranks > 2,
            "{printed}"
        );

        run(ranks, "resumed", &["--steps", "12", "--checkpoint", "6"]);
        let others = 6 - ranks;
        let (_, weights) = run(others, "resumed", &["--steps", "20", "--resume"]);
        assert!(
            weights == plain,
            "resumed on {others} ranks after {ranks}, the weights differ"
        );
    }
    // The same images in parts.
    split_data(&data);
    for ranks in 1..=3 {
        let (_, weights) = run(ranks, "parts", &["--steps", "20"]);
        assert!(
            weights == plain,
            "of parts, the weights of {ranks} ranks differ"
        );
    }
    let (printed, _) = run(2, "json", &["--steps", "5", "--json"]);
    let summary: serde_json::Value = serde_json::from_str(&printed).unwrap();
    for rank in 0..2 {
        for time in ["computation", "waiting", "communication"] {
            assert!(
                summary["ranks"][rank][time].as_f64().unwrap() > 0.0,
                "{printed}"
            );
        }
    }
}
