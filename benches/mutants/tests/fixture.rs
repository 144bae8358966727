//! Tests of the program on a small crate whose mutants are known.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixture");

/// An entry for the list of equivalent mutants: `larger` with another comparison.
fn larger_with(before: &str, after: &str) -> String {
    format!(
        r#"
        [[equivalent]]
        file = "steps/src/lib.rs"
        function = "larger"
        before = "{before}"
        after = "{after}"
        reason = "At a tie the two are equal."
        "#
    )
}

/// A temporary folder for the settings, the list of equivalent mutants and the results.
struct Case(TempDir);

impl Case {
    fn new() -> Self {
        let case = Case(TempDir::new().unwrap());
        let settings = format!(
            r#"
            root = "{FIXTURE}"
            [ignore]
            functions = ["triple"]
            [[area]]
            name = "everything"
            files = ["steps/src/*.rs"]
            tests = ["steps/steps"]
            "#
        );
        fs::write(case.path("mutants.toml"), settings).unwrap();
        case
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn set_equivalent(&self, list: &str) {
        fs::write(self.path("equivalent.toml"), list).unwrap();
    }

    /// Runs the program, and returns its status, standard output and standard error.
    fn run(&self) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_mutants"))
            .arg("--settings")
            .arg(self.path("mutants.toml"))
            .arg("--work")
            .arg(self.path("work"))
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

#[test]
fn mutants_are_caught_unless_they_are_equivalent() {
    let case = Case::new();
    let (status, report, progress) = case.run();
    assert_eq!(status, Some(1), "{report}{progress}");
    let survivors: Vec<&str> = report
        .lines()
        .filter(|line| line.starts_with("SURVIVED"))
        .collect();
    assert_eq!(
        survivors,
        ["SURVIVED steps/src/lib.rs:5:8 in larger: a > b → a >= b"]
    );
    let caught = |mutant: &str, by: &str| {
        let mut lines = progress.lines().skip_while(|line| !line.ends_with(mutant));
        lines
            .nth(1)
            .is_some_and(|line| line.contains(&format!("caught by steps/steps: {by}")))
    };
    assert!(
        caught("in table: x * x → x / x", "a_square_is_a_product"),
        "{progress}"
    );
    // On a busy machine the waiting limit may be reached first.
    let endless = ["it computes forever", "it waits forever"];
    assert!(
        endless
            .iter()
            .any(|by| caught("in halvings: n /= 2 → n = 2", by)),
        "{progress}"
    );
    assert!(!progress.contains("triple"), "{progress}");

    // Mutants in the log are not tried again, except the last one, whose line is truncated.
    let log = fs::read_to_string(case.path("work/results.jsonl")).unwrap();
    fs::write(case.path("work/results.jsonl"), &log[..log.len() - 10]).unwrap();
    let (status, again, progress) = case.run();
    assert_eq!((status, &again), (Some(1), &report));
    assert_eq!(progress.matches("caught by").count(), 1, "{progress}");

    case.set_equivalent(&larger_with("a > b", "a >= b"));
    let (status, report, _) = case.run();
    assert_eq!(status, Some(0), "{report}");
    assert!(report.contains("At a tie the two are equal."), "{report}");

    case.set_equivalent(&larger_with("a > b", "a <= b"));
    let (status, report, _) = case.run();
    assert_eq!(status, Some(1), "{report}");
    assert!(
        report.contains("SAID TO BE EQUIVALENT, and caught by"),
        "{report}"
    );
}

#[test]
fn an_entry_that_matches_no_mutant_is_an_error() {
    let case = Case::new();
    case.set_equivalent(&larger_with("a < b", "a <= b"));
    let (status, _, errors) = case.run();
    assert_eq!(status, Some(2));
    assert!(
        errors.contains("there is no mutant `a < b` → `a <= b` in larger"),
        "{errors}"
    );
}
