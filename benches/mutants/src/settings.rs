//! What is mutated, by which tests it is to be caught, and which mutants are known to be equivalent.

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
    /// What is left alone.
    #[serde(default)]
    pub ignore: Ignore,
    /// Names of which each is replaced by the other: methods, functions, variants.
    #[serde(default)]
    pub swaps: Vec<[String; 2]>,
    /// The parts of the code, which are reported one by one.
    #[serde(rename = "area")]
    pub areas: Vec<Area>,
}

/// Code in which a mutant would say nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// Functions whose bodies are not mutated, such as those that list test samples.
    #[serde(default)]
    pub functions: Vec<String>,
    /// Calls that do not change a result, such as `clone` and hints to the compiler.
    #[serde(default)]
    pub calls: Vec<String>,
    /// Calls whose result does not depend on the order of their operands.
    #[serde(default)]
    pub commutative: Vec<String>,
}

/// A part of the code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// What the report calls it.
    pub name: String,
    /// Patterns of paths, relative to the workspace.
    pub files: Vec<String>,
    /// The test programs to run, as `package/target`, those that catch most first. The unit tests of a library are its
    /// target `lib`.
    pub tests: Vec<String>,
}

impl Settings {
    /// Reads the file, and makes `root` a path from the current folder.
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
    /// The paths of its files, relative to the workspace.
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

/// A mutant that no test can catch, since it does not change what is computed: an entry of `equivalent.toml`.
///
/// It is found by its text and not by a line number, so that it follows the code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalent {
    /// The file, relative to the workspace.
    pub file: String,
    /// The function, as the report gives it.
    pub function: String,
    /// A part of the line on which it begins, where the rest does not tell.
    #[serde(default)]
    pub line: String,
    /// Which of those on the line it is, from 1; all of them, if it is not given.
    pub occurrence: Option<usize>,
    /// The code, on one line with single blanks.
    pub before: String,
    /// What it is replaced by.
    pub after: String,
    /// Why nothing that is computed changes.
    pub reason: String,
}

impl Equivalent {
    /// Reads the list; a file that does not exist is an empty one.
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

    /// Whether this is the mutant that it describes.
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
