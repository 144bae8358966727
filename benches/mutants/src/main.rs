//! Mutation tests: small changes to the derivative code, each of which the tests should catch.
//!
//! All mutants are compiled into one program, in a copy of the workspace. The environment variable `MUTANT` selects one
//! of them at run time, so trying a mutant needs no build.

mod candidates;
mod find;
mod log;
mod mutant;
mod report;
mod rules;
mod run;
mod settings;
mod state;
mod tokens;
mod workspace;

use anyhow::{Context, Result, bail, ensure};
use candidates::Candidates;
use clap::Parser;
use log::{Entry, Log};
use report::Outcome;
use run::Runner;
use settings::{Equivalent, Settings};
use state::State;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;
use workspace::Workspace;

/// Runs the tests on mutants of the code.
#[derive(Debug, Parser)]
struct Arguments {
    /// Number of mutants to try, drawn at random from all areas alike
    #[arg(long, default_value_t = 200)]
    count: usize,
    /// Seed of the draw
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of test programs that run at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Only mutants of this area
    #[arg(long)]
    area: Option<String>,
    /// Only mutants of files whose path contains this
    #[arg(long)]
    file: Option<String>,
    /// Only mutants of this line
    #[arg(long, requires = "file")]
    line: Option<usize>,
    /// Only mutants that nothing caught when they were last tried
    #[arg(long)]
    retry: bool,
    /// List the mutants without trying them
    #[arg(long)]
    list: bool,
    /// The settings file; `equivalent.toml` is in the same folder
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/mutants.toml"))]
    settings: PathBuf,
    /// Folder for the build and the results [default: `target/mutants` of the workspace]
    #[arg(long)]
    work: Option<PathBuf>,
}

fn main() -> ExitCode {
    match try_main() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("mutants: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether every mutant was caught or is known to be equivalent.
fn try_main() -> Result<bool> {
    let arguments = Arguments::parse();
    let settings = Settings::read(&arguments.settings)?;
    let equivalent = Equivalent::read(&arguments.settings.with_file_name("equivalent.toml"))?;
    let default_work = || settings.root.join("target/mutants");
    let work = arguments.work.clone().unwrap_or_else(default_work);
    fs::create_dir_all(&work)?;
    let lock = File::create(work.join("lock"))?;
    lock.try_lock()
        .with_context(|| format!("another run uses {}", work.display()))?;
    let workspace = Workspace::open(&settings.root, &work)?;
    let all = Candidates::find(&settings, &workspace)?;
    all.check_equivalent(&equivalent)?;
    let mut state = State::read(&work.join("state.json"));
    state.find_rejected(&all, &workspace)?;
    let mut log = Log::open(&work.join("results.jsonl"))?;

    let survivors = log.survivors()?;
    let wanted = |number: u32| {
        let (area, mutant) = all.get(number);
        !state.rejected.contains(&number)
            && arguments
                .area
                .as_ref()
                .is_none_or(|name| *name == area.name)
            && arguments
                .file
                .as_ref()
                .is_none_or(|file| mutant.file.contains(file))
            && arguments.line.is_none_or(|line| mutant.line == line)
            && (!arguments.retry || survivors.contains(all.name(number)))
    };
    let is_equivalent = |number: u32| {
        let (_, mutant) = all.get(number);
        equivalent.iter().any(|entry| entry.describes(mutant))
    };
    let chosen = all.draw(arguments.seed, arguments.count, wanted, is_equivalent);
    ensure!(!chosen.is_empty(), "there is no such mutant that compiles");
    if arguments.list {
        for &number in &chosen {
            println!("{}", all.get(number).1);
        }
        return Ok(true);
    }

    eprintln!("building the tests");
    let programs = all.build(&workspace, &chosen)?;
    state.find_times(&all, &workspace, &programs)?;
    let runner = Runner::new(programs, &state.seconds);
    let known = log.entries_with_digest(state.tests)?;
    let is_known = |number: &&u32| known.contains_key(all.name(**number));
    let left: Vec<u32> = chosen
        .iter()
        .filter(|number| !is_known(number))
        .copied()
        .collect();
    eprintln!(
        "{} mutants, {} of them known from before",
        chosen.len(),
        chosen.len() - left.len()
    );
    try_mutants(&all, &left, &runner, arguments.jobs, state.tests, &mut log)?;

    let known = log.entries_with_digest(state.tests)?;
    let outcome = |&number: &u32| {
        let (area, mutant) = all.get(number);
        let entry = known
            .get(all.name(number))
            .context("a result is missing in the log")?;
        Ok(Outcome {
            area: &area.name,
            mutant,
            caught_by: entry.caught_by.as_deref(),
            equivalent: equivalent.iter().find(|entry| entry.describes(mutant)),
        })
    };
    let outcomes = chosen.iter().map(outcome).collect::<Result<Vec<_>>>()?;
    print!("{}", report::table(&outcomes));
    Ok(report::unexplained(&outcomes) == 0)
}

/// Tries mutants, several at a time, and appends the results to the log.
fn try_mutants(
    all: &Candidates<'_>,
    numbers: &[u32],
    runner: &Runner,
    jobs: usize,
    digest: u64,
    log: &mut Log,
) -> Result<()> {
    let (next, log) = (AtomicUsize::new(0), Mutex::new(log));
    let work = || {
        while let Some(&number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
            let start = Instant::now();
            let (area, mutant) = all.get(number);
            let caught_by = runner.try_mutant(area, number)?;
            let seconds = start.elapsed().as_secs_f64();
            let by = caught_by.as_deref().unwrap_or("NOTHING");
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("{mutant}\n    caught by {by} in {seconds:.1} s");
            log.append(&Entry {
                digest,
                name: all.name(number).clone(),
                caught_by,
                seconds,
            })?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        let mut results = workers.into_iter().map(|worker| worker.join());
        results.try_for_each(|result| result.unwrap_or_else(|_| bail!("a worker panicked")))
    })
}
