//! Plays exchanges with the tool, through its standard input and output.
//!
//! The inputs of `exchanges.jsonl` are small and made for this test. The outputs are those of the reference
//! implementations in C++, and of central differences for the Jacobian matrix of `ht`.

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

mod bad_input;
mod compare;

use compare::difference;

/// Returns the answers to lines, one for each, of a tool that was started with arguments.
fn answers(arguments: &[&str], lines: &[String]) -> Vec<Value> {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_gradbench-autodiff"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = tool.stdin.take().unwrap();
    let text = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = tool.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(
        output.status.success(),
        "the tool ended with {}",
        output.status
    );
    let output = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

fn exchanges() -> Vec<Value> {
    let lines = include_str!("exchanges.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn evaluate(id: usize, exchange: &Value) -> String {
    json!({
        "id": id,
        "kind": "evaluate",
        "module": exchange["module"],
        "function": exchange["function"],
        "input": exchange["input"],
        "description": "small",
    })
    .to_string()
}

fn play(arguments: &[&str]) {
    let exchanges = exchanges();
    let lines: Vec<_> = exchanges
        .iter()
        .enumerate()
        .map(|(id, exchange)| evaluate(id, exchange))
        .collect();
    for ((id, exchange), answer) in exchanges.iter().enumerate().zip(answers(arguments, &lines)) {
        let name = format!("{}::{}", exchange["module"], exchange["function"]);
        assert_eq!(answer["id"], id, "{name}");
        assert_eq!(answer["success"], true, "{name}: {answer}");
        let tolerance = exchange["tolerance"].as_f64().unwrap_or(1e-12);
        if let Some(difference) = difference(&exchange["output"], &answer["output"], tolerance) {
            panic!("{name}: {difference}");
        }
        let timings = answer["timings"].as_array().unwrap();
        let runs = exchange["input"]["min_runs"].as_u64().unwrap_or(1);
        assert_eq!(timings.len() as u64, runs, "{name}");
        for timing in timings {
            assert_eq!(timing["name"], "evaluate");
            assert!(timing["nanoseconds"].is_u64());
        }
    }
}

#[test]
fn all_evals_agree_with_the_reference() {
    play(&[]);
}

#[test]
fn all_evals_agree_when_every_operation_is_recorded() {
    play(&["--literal", "--multithreaded"]);
}

#[test]
fn each_eval_is_played() {
    let listed: Vec<_> = include_str!("../../evals.txt").lines().collect();
    let mut played: Vec<_> = exchanges()
        .iter()
        .map(|exchange| exchange["module"].as_str().unwrap().to_owned())
        .collect();
    played.sort();
    played.dedup();
    assert_eq!(listed, played);
}

#[test]
fn a_whole_session_is_answered() {
    let evaluate = &exchanges()[2];
    let lines = [
        json!({"id": 0, "kind": "start", "eval": "lse", "config": {"seed": 1}}),
        json!({"id": 1, "kind": "define", "module": "lse"}),
        serde_json::from_str(&self::evaluate(2, evaluate)).unwrap(),
        json!({"id": 3, "kind": "analysis", "of": 2, "valid": true}),
        json!({"id": 4, "kind": "of a later version"}),
    ];
    let answers = answers(&[], &lines.map(|line| line.to_string()));
    assert_eq!(answers[0], json!({"id": 0, "tool": "autodiff"}));
    assert_eq!(answers[1], json!({"id": 1, "success": true}));
    assert_eq!(answers[2]["success"], true);
    assert_eq!(answers[3], json!({"id": 3}));
    assert_eq!(answers[4], json!({"id": 4}));
}

#[test]
fn the_runs_last_as_long_as_asked() {
    let mut exchange = exchanges()[2].clone();
    exchange["input"]["min_seconds"] = json!(0.01);
    let answer = &answers(&[], &[evaluate(0, &exchange)])[0];
    let times = answer["timings"].as_array().unwrap().iter();
    let nanoseconds: u64 = times
        .map(|timing| timing["nanoseconds"].as_u64().unwrap())
        .sum();
    assert!(nanoseconds >= 10_000_000, "{nanoseconds}");
}
