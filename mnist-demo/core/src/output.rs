//! The folder that results are written into: the files of a run replace earlier ones together or not at all.
//!
//! A [`Transaction`] writes its files into a staging folder inside the folder of the results. Once all of them are on the
//! disk, a journal that names the staging folder appears beside the results, and from then on the staged files are the
//! results. They are moved into place one by one, and then the journal is removed. So a process that ends at any moment
//! leaves the earlier results, or a journal; [`recover`] then moves the rest.
//!
//! A process keeps a file in its staging folder locked for as long as it lives, so that the next one can tell what a dead
//! one has left. The system releases such a lock however the process ends. The number of a process would not do: it may
//! be that of another by now, and means nothing in another container or on another computer.

mod transaction;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use transaction::{Transaction, recover};
use transaction::{check_journal, check_replaceable, sweep};

/// A result that cannot be written: where, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder cannot be made, or nothing can be written into it.
    #[error("{}: cannot write into this folder: {cause}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },

    /// A file could not be written. If there was one of this name before, it is as it was.
    #[error("{}: cannot write this file: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl Error {
    fn folder(path: &Path, cause: io::Error) -> Self {
        let path = path.to_owned();
        Error::Folder { path, cause }
    }
}

/// A folder that files can be written into; it is made with the first of them, if it is missing.
#[derive(Clone, Debug)]
pub struct OutputDir {
    path: PathBuf,
}

impl OutputDir {
    /// Finishes or removes what processes that have ended left in the folder, and tries whether files of these names can be
    /// written into it, which leaves everything as it was.
    ///
    /// Called before the work starts, so that its result is not lost for want of a place.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made, is not a folder, or cannot be written into, or one of the names is that of
    /// something other than a file.
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
            // It stays if another program has put something into it.
            let _ = fs::remove_dir(folder);
        }
        match tried {
            Ok(()) => Ok(Self { path }),
            Err(cause) => Err(Error::Folder { path, cause }),
        }
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins to write files that are to replace earlier ones together.
    ///
    /// # Errors
    ///
    /// When nothing can be written into the folder.
    pub fn begin(&self) -> Result<Transaction, Error> {
        Transaction::begin(&self.path).map_err(|cause| Error::folder(&self.path, cause))
    }

    /// Writes a file, or replaces it, and returns its path.
    ///
    /// # Errors
    ///
    /// When it cannot be written; an earlier file of this name is then untouched.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> Result<PathBuf, Error> {
        let transaction = self.begin()?;
        transaction.write(name, contents)?;
        transaction.commit()?;
        Ok(self.path.join(name))
    }
}

/// Whether there is something of this name, be it a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests;
