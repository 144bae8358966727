//! The output folder: the files of a run replace earlier ones together or not at all.
//!
//! A [`Transaction`] writes its files into a staging folder inside the output folder. When all of them are on disk, it
//! writes a journal that names the staging folder into the output folder. From then on the staged files are the
//! results: they are moved into place one by one, and then the journal is removed. A process that ends at any moment
//! therefore leaves either the earlier results or a journal, and [`recover`] completes the moves of a journal.
//!
//! A process holds a lock on a file in its staging folder for as long as it runs, which distinguishes it from a process
//! that died. The system releases the lock however the process ends. A process identifier would not do: it may have
//! been reused, and it has no meaning in another container or on another computer.

mod transaction;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use transaction::{Transaction, recover};
use transaction::{check_journal, check_replaceable, sweep};

/// A result cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder cannot be created, or is not writable.
    #[error("{}: cannot write into this folder: {cause}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },

    /// A file cannot be written. An earlier file with this name is unchanged.
    #[error("{}: cannot write this file: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
}

impl Error {
    fn folder(path: &Path, cause: io::Error) -> Self {
        let path = path.to_owned();
        Error::Folder { path, cause }
    }
}

/// An output folder. If it is missing, the first transaction creates it.
#[derive(Clone, Debug)]
pub struct OutputDir {
    path: PathBuf,
}

impl OutputDir {
    /// Completes or removes what dead processes left in the folder, and checks that files with these names can be
    /// written into it. The check leaves no trace.
    ///
    /// Call this before the work starts, so that no result is lost because the folder is not writable.
    ///
    /// # Errors
    ///
    /// If the folder cannot be created, is not a folder or is not writable, or if one of the names belongs to something
    /// other than a regular file.
    pub fn new(path: impl Into<PathBuf>, names: &[&str]) -> Result<Self, Error> {
        let path = path.into();
        recover(&path)?;
        sweep(&path);
        check_journal(&path)?;
        for name in names {
            let path = path.join(name);
            if let Err(cause) = check_replaceable(&path) {
                return Err(Error::File { path, cause });
            }
        }
        let missing: Vec<&Path> = path
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !is_there(folder))
            .collect();
        let tried = Transaction::begin(&path).and_then(|transaction| transaction.probe());
        for folder in missing {
            // It stays if another program has written into it.
            let _ = fs::remove_dir(folder);
        }
        match tried {
            Ok(()) => Ok(Self { path }),
            Err(cause) => Err(Error::Folder { path, cause }),
        }
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// If the folder is not writable.
    pub fn begin(&self) -> Result<Transaction, Error> {
        Transaction::begin(&self.path).map_err(|cause| Error::folder(&self.path, cause))
    }

    /// Writes or replaces a single file, and returns its path.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; an earlier file with this name is then unchanged.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> Result<PathBuf, Error> {
        let transaction = self.begin()?;
        transaction.write(name, contents)?;
        transaction.commit()?;
        Ok(self.path.join(name))
    }
}

/// Whether the path exists. A dangling symbolic link exists.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests;
