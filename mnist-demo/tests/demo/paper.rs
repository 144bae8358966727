//! All checks of the paper's sections and errata pass, and a planted error is detected.

use mnist_core::report::Style;
use mnist_paper::errata::{self, Kind, Trial};
use mnist_paper::{self as paper, Reader, ReaderSettings, SECTIONS};

fn reader(planted: Option<usize>) -> Reader {
    Reader::new(ReaderSettings {
        quick: true,
        planted,
        ..ReaderSettings::default()
    })
    .unwrap()
}

#[test]
fn every_section_without_training_passes() {
    let reader = reader(None);
    for section in &SECTIONS[..11] {
        let run = section.run(&reader).unwrap();
        let text = paper::text::section(&run, Style::default());
        assert!(run.findings.passed(), "{text}");
        assert!(
            text.contains(section.title) && !text.contains("NaN"),
            "{text}"
        );
        assert!(!run.findings.formulas.is_empty());
    }
}

#[test]
fn an_error_planted_into_a_section_is_detected() {
    for section in &SECTIONS[..11] {
        let run = section.run(&reader(Some(section.number))).unwrap();
        assert!(!run.findings.passed(), "{}", section.name);
        assert!(!paper::all_hold(std::slice::from_ref(&run), &[]));
        let text = paper::text::section(&run, Style::default());
        assert!(text.contains('✗') && text.contains("NOT ≤"), "{text}");
    }
}

#[test]
fn every_erratum_has_the_expected_verdict() {
    let trials = errata::run(&reader(None));
    let text = paper::text::errata(&trials, Style::default());
    for trial in &trials {
        let id = trial.erratum.id;
        assert!(trial.passed, "{id}\n{text}");
        // The corrected formula is right to 1e-12 for every kind.
        assert!(trial.corrected.apart <= 1e-12, "{id}");
        let far = |trial: &Trial| {
            trial
                .printed
                .is_some_and(|printed| printed.apart.is_nan() || printed.apart > 1e-3)
        };
        match trial.erratum.kind {
            Kind::Wrong => assert!(far(trial) && trial.obstacle.is_none(), "{id}"),
            // The shapes do not fit, and on equal widths the values are wrong.
            Kind::Misfit => assert!(far(trial) && trial.obstacle.is_some(), "{id}"),
            Kind::Notation => assert!(far(trial) || trial.obstacle.is_some(), "{id}"),
            // The undefined case has no value, or NaN.
            Kind::Open => assert!(
                trial
                    .printed
                    .map_or(trial.obstacle.is_some(), |printed| printed.tape.is_finite()
                        && !printed.by_hand.is_finite()),
                "{id}"
            ),
        }
    }
}

#[test]
fn all_errata_and_all_kinds_are_present() {
    let all = errata::all();
    for number in 1..=21 {
        let there = all
            .iter()
            .any(|erratum| erratum.id.trim_end_matches(char::is_alphabetic) == number.to_string());
        assert!(there, "erratum {number}");
    }
    for kind in [Kind::Wrong, Kind::Misfit, Kind::Notation, Kind::Open] {
        assert!(all.iter().any(|erratum| erratum.kind == kind));
    }
    let mut ids: Vec<&str> = all.iter().map(|erratum| erratum.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
}

#[test]
fn an_error_planted_into_the_errata_is_detected() {
    let trials = errata::run(&reader(Some(0)));
    assert!(trials.iter().all(|trial| !trial.passed));
    assert!(!paper::all_hold(&[], &trials[..1]));
    assert!(paper::text::errata(&trials, Style::default()).contains("NOT as it should be"));
}

/// To regenerate the table, run `cargo test -p mnist-demo --test demo -- --ignored write_the_table`.
#[test]
fn errata_md_matches_the_code() {
    let written = std::fs::read_to_string(TABLE).unwrap();
    assert!(
        written == errata::markdown(),
        "ERRATA.md is out of date: write it anew"
    );
}

#[test]
#[ignore = "writes ERRATA.md"]
fn write_the_table() {
    std::fs::write(TABLE, errata::markdown()).unwrap();
}

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ERRATA.md");
