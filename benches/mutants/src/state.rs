//! A cache file for facts about the code that take long to determine.

use crate::candidates::Candidates;
use crate::run::{self, Verdict};
use crate::workspace::{TestProgram, Workspace};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Facts about one state of the code and its tests.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    #[serde(skip)]
    path: PathBuf,
    /// The digest of the code.
    code: u64,
    /// The numbers of the mutants that do not compile.
    pub rejected: Vec<u32>,
    /// The digest of code and tests.
    pub tests: u64,
    /// The time of each test program without a mutant, in seconds.
    pub seconds: BTreeMap<String, f64>,
}

impl State {
    /// Reads the file. Without a file, nothing is known.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        State {
            path: path.to_owned(),
            ..serde_json::from_str(&text).unwrap_or_default()
        }
    }

    fn write(&self) -> Result<()> {
        let text = serde_json::to_string(self)?;
        fs::write(&self.path, text).with_context(|| self.path.display().to_string())
    }

    /// Determines which mutants do not compile, unless it is known.
    pub fn find_rejected(&mut self, all: &Candidates<'_>, workspace: &Workspace) -> Result<()> {
        let packages = all.packages();
        let code = all.digest(workspace.digest(&packages, |file| !file.contains("/tests/"))?);
        if self.code != code {
            self.rejected = all.rejected(workspace)?.into_iter().collect();
            self.code = code;
            self.write()?;
        }
        Ok(())
    }

    /// Runs the tests without a mutant to measure their times, unless these are known.
    pub fn find_times(
        &mut self,
        all: &Candidates<'_>,
        workspace: &Workspace,
        programs: &[TestProgram],
    ) -> Result<()> {
        let tests = all.digest(workspace.digest(&all.packages(), |_| true)?);
        if self.tests == tests {
            return Ok(());
        }
        const AN_HOUR: Duration = Duration::from_secs(3600);
        for program in programs {
            let start = Instant::now();
            let verdict = run::run(program, 0, &[], AN_HOUR)?;
            let seconds = start.elapsed().as_secs_f64();
            let name = &program.name;
            ensure!(
                verdict == Verdict::Passed,
                "{name} fails without a mutant: {verdict:?}"
            );
            eprintln!("{name}: {seconds:.1} s without a mutant");
            self.seconds.insert(name.clone(), seconds);
        }
        self.tests = tests;
        self.write()
    }
}
