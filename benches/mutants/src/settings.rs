//! The settings: what is mutated, which tests should catch the mutants, and which mutants are known to be equivalent.

use crate::mutant::{Mutant, one_line};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// The settings file, `mutants.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The workspace, relative to the settings file.
    pub root: PathBuf,
    /// Code that is not mutated.
    #[serde(default)]
    pub ignore: Ignore,
    /// Pairs of names that are replaced by each other: methods, functions, variants.
    #[serde(default)]
    pub swaps: Vec<[String; 2]>,
    /// The areas of the code, which are reported separately.
    #[serde(rename = "area")]
    pub areas: Vec<Area>,
}

/// Code whose mutants say nothing about the tests.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// Functions whose bodies are not mutated, for instance lists of cases for tests.
    #[serde(default)]
    pub functions: Vec<String>,
    /// Calls that do not change a result, such as `clone` and compiler hints.
    #[serde(default)]
    pub calls: Vec<String>,
    /// Calls whose result does not depend on the order of their operands.
    #[serde(default)]
    pub commutative: Vec<String>,
}

/// An area of the code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// The name in the report.
    pub name: String,
    /// Glob patterns of paths, relative to the workspace.
    pub files: Vec<String>,
    /// The test programs to run, as `package/target`, in decreasing order of how many mutants they catch. The target of
    /// a library's unit tests is `lib`.
    pub tests: Vec<String>,
}

impl Settings {
    /// Reads the settings file, and makes `root` relative to the current folder.
    pub fn read(path: &Path) -> Result<Self> {
        let mut settings: Settings = read_toml(path)?;
        settings.root = path
            .with_file_name("")
            .join(&settings.root)
            .canonicalize()?;
        Ok(settings)
    }
}

impl Area {
    /// The paths of the area's files, relative to the workspace.
    pub fn paths(&self, root: &Path) -> Result<Vec<String>> {
        let mut paths = Vec::new();
        for pattern in &self.files {
            let before = paths.len();
            let absolute = root.join(pattern);
            for path in glob::glob(absolute.to_str().context("a path that is not UTF-8")?)? {
                let path = path?;
                let path = path.strip_prefix(root)?.to_str();
                paths.push(path.context("a path that is not UTF-8")?.to_owned());
            }
            ensure!(
                paths.len() > before,
                "area `{}`: no file matches `{pattern}`",
                self.name
            );
        }
        Ok(paths)
    }
}

/// An entry of `equivalent.toml`: a mutant that no test can catch, because it does not change the results.
///
/// An entry matches by its text, not by a line number, so it stays valid when the code moves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalent {
    /// The file, relative to the workspace.
    pub file: String,
    /// The function, as in the report.
    pub function: String,
    /// A part of the mutant's line, if the other fields are ambiguous.
    #[serde(default)]
    pub line: String,
    /// The number of the mutant, from 1, among those on the line; all of them if absent.
    pub occurrence: Option<usize>,
    /// The replaced code, on one line with single spaces.
    pub before: String,
    /// The replacement.
    pub after: String,
    /// Why the results do not change.
    pub reason: String,
}

impl Equivalent {
    /// Reads the list. A missing file is an empty list.
    pub fn read(path: &Path) -> Result<Vec<Self>> {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct List {
            #[serde(default)]
            equivalent: Vec<Equivalent>,
        }
        let list: List = if path.exists() {
            read_toml(path)?
        } else {
            List::default()
        };
        Ok(list.equivalent)
    }

    /// Whether the entry describes this mutant.
    pub fn describes(&self, mutant: &Mutant) -> bool {
        self.file == mutant.file
            && self.function == mutant.function
            && mutant.line_text.contains(&self.line)
            && self
                .occurrence
                .is_none_or(|occurrence| occurrence == mutant.occurrence)
            && self.before == one_line(&mutant.before)
            && self.after == one_line(&mutant.after)
    }
}

fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}
