//! A training continues from its checkpoint with the same bits, and only with the options of its run.

use crate::common::{contents, own_data, refused, run, text, weights};
use std::fs;
use std::path::Path;

#[test]
fn a_resumed_training_has_the_bits_of_one_without_interruption() {
    let (data, folder) = (own_data(), tempfile::tempdir().unwrap());
    for precision in ["f32", "f64"] {
        let bits = |output: &Path, parts: &[&[&str]]| {
            for more in parts {
                let files = ["--data", text(data.path()), "--output", text(output)];
                let how = [
                    "--optimizer",
                    "adam",
                    "--batch",
                    "250",
                    "--precision",
                    precision,
                ];
                run(0, &[&files[..], &how, more].concat());
            }
            fs::read(weights(output)).unwrap()
        };
        let whole = bits(&folder.path().join("whole"), &[&["--steps", "11"]]);
        let first = ["--steps", "7", "--checkpoint", "4"];
        let rest = ["--steps", "11", "--resume"];
        let parts = bits(&folder.path().join(precision), &[&first, &rest]);
        assert!(whole == parts, "the weights differ");
    }
}

#[test]
fn a_resumed_training_counts_its_own_images() {
    let (data, folder) = (own_data(), tempfile::tempdir().unwrap());
    let files = ["--data", text(data.path()), "--output", text(folder.path())];
    let summary = |more: &[&str]| -> serde_json::Value {
        let usual = ["--batch", "250", "--json"];
        let printed = run(0, &[&files[..], &usual, more].concat());
        serde_json::from_str(&printed).unwrap()
    };
    let images = |summary: &serde_json::Value| summary["images"].as_u64().unwrap();
    let whole = summary(&["--steps", "11"]);
    let first = summary(&["--steps", "4", "--checkpoint", "4"]);
    let rest = summary(&["--steps", "11", "--resume"]);
    assert_eq!(images(&first) + images(&rest), images(&whole));
    assert_eq!(
        (&first["resumed"], &rest["resumed"]),
        (&0.into(), &4.into())
    );
}

#[test]
fn a_training_with_other_options_does_not_resume() {
    let (data, folder) = (own_data(), tempfile::tempdir().unwrap());
    let output = folder.path().join("out");
    let files = ["--data", text(data.path()), "--output", text(&output)];
    let saved = ["--batch", "200", "--steps", "4", "--checkpoint", "4"];
    refused(
        &[&files[..], &["--resume"]].concat(),
        &["--resume: there is no checkpoint"],
    );
    run(0, &[&files[..], &saved].concat());
    let before = contents(&output);
    for (options, words) in [
        (&["--seed", "2"][..], "seed 1, not 2"),
        (&["--batch", "100"], "batch 200, not 100"),
        (&["--precision", "f64"], "precision f32, not f64"),
        (&["--method", "delta"], "method tape, not delta"),
        (&["--learning-rate", "0.2"], "other options"),
        (&["--widths", "9"], "other options"),
    ] {
        let usual = [&files[..], &["--resume", "--steps", "9"]].concat();
        let batch: &[&str] = if options[0] == "--batch" {
            &[]
        } else {
            &["--batch", "200"]
        };
        let wanted = format!("checkpoint-4.safetensors belongs to a training with {words}");
        refused(
            &[&usual[..], batch, options].concat(),
            &["--resume: ", &wanted],
        );
        assert!(contents(&output) == before, "{options:?}");
    }
}
