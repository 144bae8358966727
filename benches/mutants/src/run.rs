//! Runs test programs with a mutant.

use crate::settings::Area;
use crate::workspace::TestProgram;
use anyhow::{Context, Result};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The memory limit of a test program in KiB. A mutant may allocate without end.
const MEMORY: u64 = 6 << 20;

/// The result of running a test program with a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All tests pass.
    Passed,
    /// This test fails.
    Failed(String),
    /// The program ends without naming a failed test, or does not end; the text says how.
    Died(String),
}

/// The test programs, and the tests that have caught mutants so far.
pub struct Runner {
    programs: BTreeMap<String, (TestProgram, Duration)>,
    /// The tests that caught mutants and how many each caught, by area and program.
    catches: Mutex<BTreeMap<(String, String), BTreeMap<String, usize>>>,
}

impl Runner {
    /// Creates a runner for these programs, given the time of each without a mutant.
    pub fn new(programs: Vec<TestProgram>, seconds: &BTreeMap<String, f64>) -> Self {
        let with_limit = |program: TestProgram| {
            let seconds = seconds.get(&program.name).copied().unwrap_or_default();
            // A generous limit: a slow machine must not count as a catch.
            let limit = Duration::from_secs_f64(5.0 + 5.0 * seconds);
            (program.name.clone(), (program, limit))
        };
        Runner {
            programs: programs.into_iter().map(with_limit).collect(),
            catches: Mutex::default(),
        }
    }

    /// Runs the tests on a mutant, and returns what catches it, if anything does.
    ///
    /// The tests that caught other mutants of the same area run first, then the whole programs.
    pub fn try_mutant(&self, area: &Area, mutant: u32) -> Result<Option<String>> {
        let best = |program: &String| self.best_tests(&(area.name.clone(), program.clone()));
        let first = area.tests.iter().map(|program| (program, best(program)));
        let first = first.filter(|(_, tests)| !tests.is_empty());
        let whole = area.tests.iter().map(|program| (program, Vec::new()));
        for (name, tests) in first.chain(whole) {
            let (program, limit) = self
                .programs
                .get(name)
                .with_context(|| format!("area `{}`: no test program `{name}`", area.name))?;
            match run(program, mutant, &tests, *limit)? {
                Verdict::Passed => {}
                Verdict::Died(how) => return Ok(Some(format!("{name}: {how}"))),
                Verdict::Failed(test) => {
                    let key = (area.name.clone(), name.clone());
                    let mut catches = self.catches.lock().unwrap_or_else(PoisonError::into_inner);
                    *catches
                        .entry(key)
                        .or_default()
                        .entry(test.clone())
                        .or_default() += 1;
                    return Ok(Some(format!("{name}: {test}")));
                }
            }
        }
        Ok(None)
    }

    /// The tests of a program that have caught most mutants, in decreasing order.
    fn best_tests(&self, key: &(String, String)) -> Vec<String> {
        const ENOUGH: usize = 12;
        let catches = self.catches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tests: Vec<_> = catches.get(key).into_iter().flatten().collect();
        tests.sort_by_key(|(_, caught)| Reverse(**caught));
        tests
            .into_iter()
            .take(ENOUGH)
            .map(|(test, _)| test.clone())
            .collect()
    }
}

/// Runs a program's tests, all or the named ones, until the first failure. Number 0 selects no mutant.
pub fn run(
    program: &TestProgram,
    mutant: u32,
    tests: &[String],
    limit: Duration,
) -> Result<Verdict> {
    // The limit is on processor time, which does not depend on other processes.
    let seconds = limit.as_secs();
    let limits = format!("ulimit -c 0; ulimit -S -t {seconds}; ulimit -v {MEMORY}; exec \"$@\"");
    let mut command = Command::new("sh");
    command
        .args(["-c", &limits, "sh"])
        .arg(&program.executable)
        .arg("--test-threads=1");
    if !tests.is_empty() {
        command.arg("--exact").args(tests);
    }
    let mut child = command
        .current_dir(&program.folder)
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .env("MUTANT", mutant.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("a test program cannot be started")?;
    let output = child.stdout.take().context("no output of a test program")?;
    let verdict = watch(&mut child, output, 20 * limit);
    // The program may have ended already.
    let _ = child.kill();
    let status = child.wait()?;
    Ok(verdict.unwrap_or_else(|| of_status(status)))
}

/// Reads the output until a test fails, the program ends, or the time is over.
fn watch(
    child: &mut Child,
    output: impl Read + Send + 'static,
    limit: Duration,
) -> Option<Verdict> {
    let (send, receive) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let end = Instant::now() + limit;
    loop {
        match receive.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                let failed = line
                    .strip_prefix("test ")
                    .and_then(|line| line.split_once(" ... "));
                if let Some((name, "FAILED")) = failed {
                    return Some(Verdict::Failed(name.to_owned()));
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                return Some(Verdict::Died("it waits forever".to_owned()));
            }
            Err(RecvTimeoutError::Disconnected) => {
                let _ = child.wait();
                return None;
            }
        }
    }
}

fn of_status(status: ExitStatus) -> Verdict {
    /// The signal sent to a program that exceeds its limit of processor time.
    const SIGXCPU: i32 = 24;
    match status.signal() {
        None if status.success() => Verdict::Passed,
        Some(SIGXCPU) => Verdict::Died("it computes forever".to_owned()),
        _ => Verdict::Died(format!("it ends with {status}")),
    }
}
