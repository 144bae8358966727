//! The copy of the workspace in which mutants are written and built.

use crate::mutant::{Mutant, Switched};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A copy of the workspace.
pub struct Workspace {
    root: PathBuf,
    copy: PathBuf,
    build: PathBuf,
    /// The files of the original, relative to its root.
    files: Vec<String>,
}

/// A test program that was built.
#[derive(Clone, Debug)]
pub struct TestProgram {
    /// The name, as `package/target`.
    pub name: String,
    /// The executable.
    pub executable: PathBuf,
    /// The package's folder, in which the program runs.
    pub folder: PathBuf,
}

impl Workspace {
    /// Opens the workspace at `root`, with the files that git tracks or would track. Nothing is copied yet.
    pub fn open(root: &Path, work: &Path) -> Result<Self> {
        let list = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()?;
        ensure!(
            list.status.success(),
            "`git ls-files` fails in {}",
            root.display()
        );
        let list = String::from_utf8(list.stdout)?;
        let files = list
            .split_terminator('\0')
            .filter(|file| root.join(file).is_file());
        Ok(Workspace {
            root: root.to_owned(),
            copy: work.join("workspace"),
            build: work.join("build"),
            files: files.map(str::to_owned).collect(),
        })
    }

    /// The source of a file, without mutants.
    pub fn source(&self, file: &str) -> Result<String> {
        fs::read_to_string(self.root.join(file)).with_context(|| file.to_owned())
    }

    /// A digest of these packages. `covers` says which files count.
    pub fn digest(
        &self,
        packages: &BTreeSet<String>,
        covers: impl Fn(&str) -> bool,
    ) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        for file in &self.files {
            let package = file.split_once('/').map(|(package, _)| package);
            let is_of_them = package.is_none_or(|package| packages.contains(package));
            let is_code = file.ends_with(".rs") || file.contains("Cargo.");
            if is_of_them && is_code && covers(file) {
                (file, fs::read(self.root.join(file))?).hash(&mut hasher);
            }
        }
        Ok(hasher.finish())
    }

    /// Writes the copy, with these mutants in their files and all other files unchanged.
    pub fn write_mutants<'a>(
        &self,
        files: &BTreeSet<String>,
        mutants: &[(u32, &'a Mutant)],
    ) -> Result<BTreeMap<String, Switched<'a>>> {
        let root_of = |file: &String| {
            let (package, _) = file.split_once("src/").context("a file outside of `src`")?;
            Ok(format!("{package}src/lib.rs"))
        };
        let roots = files.iter().map(root_of).collect::<Result<BTreeSet<_>>>()?;
        let mut all = BTreeMap::new();
        for file in files.union(&roots) {
            let here = mutants.iter().filter(|(_, mutant)| mutant.file == *file);
            let here: Vec<_> = here.copied().collect();
            let mut switched = Switched::new(&self.source(file)?, &here);
            if roots.contains(file) {
                switched.make_root();
            }
            all.insert(file.clone(), switched);
        }
        let wanted: BTreeSet<PathBuf> =
            self.files.iter().map(|file| self.copy.join(file)).collect();
        for stale in files_below(&self.copy)?.difference(&wanted) {
            fs::remove_file(stale)?;
        }
        for file in &self.files {
            match all.get(file) {
                Some(switched) => self.write(file, switched.text.as_bytes())?,
                None => self.write(file, &fs::read(self.root.join(file))?)?,
            }
        }
        Ok(all)
    }

    /// Writes a file of the copy, unless it is unchanged: Cargo rebuilds the files that were written.
    fn write(&self, file: &str, content: &[u8]) -> Result<()> {
        let path = self.copy.join(file);
        if fs::read(&path).is_ok_and(|old| old == content) {
            return Ok(());
        }
        fs::create_dir_all(path.with_file_name(""))?;
        Ok(fs::write(path, content)?)
    }
}

/// The files in a folder and its subfolders.
fn files_below(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path);
            }
        }
    }
    Ok(files)
}

/// The messages of Cargo that are used.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum CargoMessage {
    CompilerMessage {
        message: Diagnostic,
    },
    CompilerArtifact {
        manifest_path: PathBuf,
        target: Target,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    spans: Vec<Site>,
    children: Vec<Diagnostic>,
    rendered: Option<String>,
}

/// A position in the source, with the position of the macro call that produced it.
#[derive(Deserialize)]
struct Site {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Site,
}

impl Diagnostic {
    /// All positions that the message names, beginning with the position of the error itself.
    fn places(&self) -> Vec<&Site> {
        let mut spans: Vec<&Site> = self.spans.iter().collect();
        spans.sort_by_key(|place| !place.is_primary);
        let mut places = Vec::new();
        for span in spans {
            let mut next = Some(span);
            while let Some(place) = next {
                places.push(place);
                next = place.expansion.as_ref().map(|expansion| &expansion.span);
            }
        }
        places.extend(self.children.iter().flat_map(Diagnostic::places));
        places
    }
}

impl Workspace {
    fn cargo(&self, arguments: &[&str], packages: &BTreeSet<String>) -> Result<Output> {
        let packages = packages.iter().flat_map(|package| ["--package", package]);
        Command::new("cargo")
            .args(arguments)
            .args(["--quiet", "--message-format=json"])
            .args(packages)
            .current_dir(&self.copy)
            .env("CARGO_TARGET_DIR", &self.build)
            .output()
            .context("cargo cannot be run")
    }

    /// Returns the numbers of the written mutants that do not compile. If there are any, they may not be all; an empty
    /// set means that all compile.
    pub fn rejected(
        &self,
        packages: &BTreeSet<String>,
        written: &BTreeMap<String, Switched<'_>>,
    ) -> Result<BTreeSet<u32>> {
        let output = self.cargo(&["check"], packages)?;
        if output.status.success() {
            return Ok(BTreeSet::new());
        }
        let mut rejected = BTreeSet::new();
        let mut errors = String::new();
        for message in messages(&output) {
            let CargoMessage::CompilerMessage { message } = message else {
                continue;
            };
            if message.level != "error" {
                continue;
            }
            errors.extend(message.rendered.as_deref());
            let places = message.places();
            let mut files: Vec<&str> = Vec::new();
            for place in &places {
                if !files.contains(&place.file_name.as_str()) {
                    files.push(&place.file_name);
                }
            }
            let blamed = files.into_iter().find_map(|file| {
                let here = places.iter().filter(|place| place.file_name == file);
                let here: Vec<Range<usize>> =
                    here.map(|place| place.byte_start..place.byte_end).collect();
                written.get(file)?.blame(&here)
            });
            rejected.extend(blamed);
        }
        if rejected.is_empty() {
            errors += &String::from_utf8_lossy(&output.stderr);
            bail!("the code does not compile, and not because of a mutant:\n{errors}");
        }
        Ok(rejected)
    }

    /// Builds the test programs of these packages.
    pub fn build_tests(&self, packages: &BTreeSet<String>) -> Result<Vec<TestProgram>> {
        let output = self.cargo(&["test", "--no-run", "--tests"], packages)?;
        ensure!(
            output.status.success(),
            "the tests do not compile:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let programs = messages(&output).filter_map(|message| {
            let CargoMessage::CompilerArtifact {
                manifest_path,
                target,
                executable: Some(executable),
            } = message
            else {
                return None;
            };
            let folder = manifest_path.parent()?.to_owned();
            let is_lib = target.kind.iter().any(|kind| kind == "lib");
            let target = if is_lib { "lib" } else { &target.name };
            Some(TestProgram {
                name: format!("{}/{target}", folder.file_name()?.to_str()?),
                executable,
                folder,
            })
        });
        Ok(programs.collect())
    }
}

fn messages(output: &Output) -> impl Iterator<Item = CargoMessage> {
    let lines = output.stdout.split(|&byte| byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice(line).ok())
}
