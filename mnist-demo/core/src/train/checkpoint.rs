//! Checkpoints: files from which an interrupted training continues with the same bits.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use autodiff::tensor::Real;
use nn::distributed::Communicator;
use nn::snapshot::{self, Notes, UNFINISHED};
use nn::{MlpModel, Optimizer, Parameters, Snapshot};

use crate::Error;
use crate::output;
use crate::together::on_first;

/// When checkpoints are written, and whether the training continues from the latest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checkpoints<'a> {
    /// The folder, which is created if missing.
    pub folder: Option<&'a Path>,
    /// The number of steps between checkpoints; `None` for no checkpoints.
    pub every: Option<u64>,
    /// Whether the training continues from the latest checkpoint.
    pub resume: bool,
}

/// The name of a checkpoint after some steps is this, the number and the extension.
const PREFIX: &str = "checkpoint-";
const EXTENSION: &str = ".safetensors";

/// Returns the number of steps of the checkpoint with this name.
fn steps_of(name: &OsStr) -> Option<u64> {
    let number = name.to_str()?.strip_prefix(PREFIX)?;
    number.strip_suffix(EXTENSION)?.parse().ok()
}

/// Describes the first note of a file that differs from the wanted one, such as `seed 1, not 2`.
fn difference(found: &Notes, wanted: &Notes) -> Option<String> {
    let differs = |&(name, value): &(&String, &String)| found.get(name) != Some(value);
    let (name, value) = wanted.iter().find(differs)?;
    Some(match found.get(name) {
        Some(other) => format!("{name} {other}, not {value}"),
        None => format!("an unknown {name}"),
    })
}

impl Checkpoints<'_> {
    fn path(&self, steps: u64) -> PathBuf {
        let folder = self.folder.unwrap_or(Path::new("."));
        folder.join(format!("{PREFIX}{steps}{EXTENSION}"))
    }

    /// Returns the names in the folder.
    fn names(&self) -> Result<Vec<OsString>, Error> {
        let folder = self.folder.unwrap_or(Path::new("."));
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|cause| output::Error::Folder {
                path: folder.to_owned(),
                cause,
            })?,
        };
        Ok(entries.flatten().map(|entry| entry.file_name()).collect())
    }

    /// Writes a checkpoint by `save`, which all ranks call together, and then removes the others, also those that were
    /// not complete when the program was killed.
    ///
    /// # Errors
    ///
    /// If it cannot be written. The others then stay.
    pub(super) fn write(
        &self,
        ranks: &dyn Communicator,
        steps: u64,
        save: impl FnOnce(&Path) -> Result<(), nn::SnapshotError>,
    ) -> Result<(), Error> {
        if ranks.rank() != 0 {
            return Ok(save(&self.path(steps))?);
        }
        if let Some(folder) = self.folder {
            // If the folder cannot be created, the file cannot be written, which all ranks must try.
            let _ = fs::create_dir_all(folder);
        }
        save(&self.path(steps))?;
        for name in self.names()? {
            let is_unfinished = name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
            if is_unfinished || steps_of(&name).is_some_and(|other| other != steps) {
                // One that stays is not the latest.
                let _ = fs::remove_file(self.path(steps).with_file_name(name));
            }
        }
        Ok(())
    }

    /// Reads the latest checkpoint on rank 0, and sends it to all. Restores the optimizer, and returns the number of
    /// steps and the parameters; `None` if the training does not continue from a checkpoint.
    ///
    /// # Errors
    ///
    /// If there is none, it cannot be read, or it belongs to other settings: another model or optimizer, or other
    /// notes.
    pub(super) fn read<T: Real>(
        &self,
        ranks: &dyn Communicator,
        model: &MlpModel,
        optimizer: &mut dyn Optimizer<T>,
        notes: &Notes,
    ) -> Result<Option<(u64, Parameters<T>)>, Error> {
        if !self.resume {
            return Ok(None);
        }
        let read = on_first(ranks, || {
            let Some(steps) = self.names()?.iter().filter_map(|name| steps_of(name)).max() else {
                let cause = "there is no checkpoint in the output folder";
                return Err(Error::setting("--resume", cause));
            };
            let path = self.path(steps);
            let bytes = fs::read(&path).map_err(|cause| output::Error::File {
                path: path.clone(),
                cause,
            })?;
            Ok((steps, bytes))
        })?;
        let (steps, mut bytes) = read.unwrap_or_default();
        let mut numbers = [steps, bytes.len() as u64].map(u64::to_le_bytes);
        ranks.broadcast(0, numbers.as_flattened_mut());
        let [steps, length] = numbers.map(u64::from_le_bytes);
        bytes.resize(length as usize, 0);
        ranks.broadcast(0, &mut bytes);

        let settings = optimizer.state().settings;
        let saved: Snapshot<T> =
            snapshot::training_from_bytes(&bytes, optimizer).map_err(|cause| {
                nn::SnapshotError {
                    path: self.path(steps),
                    cause,
                }
            })?;
        let differs = match saved.model == *model && optimizer.state().settings == settings {
            true => difference(&saved.notes, notes),
            false => Some("other options".to_owned()),
        };
        match differs {
            None => Ok(Some((steps, saved.parameters))),
            Some(what) => {
                let file = self.path(steps);
                let cause = format!("{} belongs to a training with {what}", file.display());
                Err(Error::setting("--resume", cause))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::distributed::Alone;

    #[test]
    fn only_the_latest_checkpoint_and_foreign_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints {
            folder: Some(folder.path()),
            ..Checkpoints::default()
        };
        let names = [
            "checkpoint-3.safetensors",
            "checkpoint-x.safetensors",
            ".unfinished-a1b2",
            "weights.safetensors",
        ];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let save = |path: &Path| {
            fs::write(path, "").unwrap();
            Ok(())
        };
        checkpoints.write(&Alone, 12, save).unwrap();
        let mut left = checkpoints.names().unwrap();
        left.sort();
        let wanted = [
            "checkpoint-12.safetensors",
            "checkpoint-x.safetensors",
            "weights.safetensors",
        ];
        assert_eq!(left, wanted);
    }
}
