//! The results so far, in a file, so that an interrupted run goes on where it was.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The results, a line for each mutant that has been tried.
pub struct Log {
    path: PathBuf,
    file: File,
}

/// A line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The state of code and tests.
    pub digest: u64,
    /// The mutant.
    pub name: String,
    /// What caught it: a test, or how a test program ended. `None` if nothing did.
    pub caught_by: Option<String>,
    /// How long that took, in seconds.
    pub seconds: f64,
}

impl Log {
    /// Opens the log, to append to it.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        let path = path.to_owned();
        Ok(Log { path, file })
    }

    /// The results for one state of code and tests, by the names of mutants.
    pub fn entries(&self, digest: u64) -> Result<BTreeMap<String, Entry>> {
        let entries = self
            .all()?
            .into_iter()
            .filter(|entry| entry.digest == digest);
        Ok(entries.map(|entry| (entry.name.clone(), entry)).collect())
    }

    /// The names of the mutants that nothing caught when they were tried last, whatever the state was.
    pub fn survivors(&self) -> Result<BTreeSet<String>> {
        let mut survivors = BTreeSet::new();
        for entry in self.all()? {
            match entry.caught_by {
                Some(_) => survivors.remove(&entry.name),
                None => survivors.insert(entry.name),
            };
        }
        Ok(survivors)
    }

    /// All entries in order. A line that was cut short is passed over.
    fn all(&self) -> Result<Vec<Entry>> {
        let text = fs::read_to_string(&self.path)?;
        let entries = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Ok(entries.collect())
    }

    /// Appends an entry.
    pub fn append(&mut self, entry: &Entry) -> Result<()> {
        // In one piece, and on a line of its own even after one that was cut short.
        let line = format!("\n{}\n", serde_json::to_string(entry)?);
        Ok(self.file.write_all(line.as_bytes())?)
    }
}
