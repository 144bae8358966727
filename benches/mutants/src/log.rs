//! The log of results: a file, from which an interrupted run continues.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The log: one line for each trial of a mutant.
pub struct Log {
    path: PathBuf,
    file: File,
}

/// A line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The digest of the code and the tests.
    pub digest: u64,
    /// The name of the mutant.
    pub name: String,
    /// The test that caught the mutant, or how a test program ended. `None` if nothing caught it.
    pub caught_by: Option<String>,
    /// The time of the trial, in seconds.
    pub seconds: f64,
}

impl Log {
    /// Opens the log for appending.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        let path = path.to_owned();
        Ok(Log { path, file })
    }

    /// The entries with one digest of the code and the tests, by the names of the mutants.
    pub fn entries_with_digest(&self, digest: u64) -> Result<BTreeMap<String, Entry>> {
        let entries = self
            .all_entries()?
            .into_iter()
            .filter(|entry| entry.digest == digest);
        Ok(entries.map(|entry| (entry.name.clone(), entry)).collect())
    }

    /// The names of the mutants that nothing caught when they were last tried, for any digest.
    pub fn survivors(&self) -> Result<BTreeSet<String>> {
        let mut survivors = BTreeSet::new();
        for entry in self.all_entries()? {
            match entry.caught_by {
                Some(_) => survivors.remove(&entry.name),
                None => survivors.insert(entry.name),
            };
        }
        Ok(survivors)
    }

    /// All entries in order. A truncated line is skipped.
    fn all_entries(&self) -> Result<Vec<Entry>> {
        let text = fs::read_to_string(&self.path)?;
        let entries = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Ok(entries.collect())
    }

    /// Appends an entry.
    pub fn append(&mut self, entry: &Entry) -> Result<()> {
        // A single write, which begins a new line in case the previous line is truncated.
        let line = format!("\n{}\n", serde_json::to_string(entry)?);
        Ok(self.file.write_all(line.as_bytes())?)
    }
}
