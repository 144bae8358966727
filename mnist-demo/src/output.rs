//! The folder that results are written into: each file is replaced whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

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

/// A folder that files can be written into; it is made with the first of them, if it is missing.
#[derive(Clone, Debug)]
pub struct OutputDir {
    path: PathBuf,
}

impl OutputDir {
    /// Tries whether files of these names can be written into the folder, and leaves everything as it was.
    ///
    /// Called before the work starts, so that its result is not lost for want of a place.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made, is not a folder, or cannot be written into, or one of the names is that of a
    /// folder in it.
    pub fn new(path: impl Into<PathBuf>, names: &[&str]) -> Result<Self, Error> {
        let path = path.into();
        let mut places = names.iter().map(|name| path.join(name));
        if let Some(path) = places.find(|path| path.is_dir()) {
            let cause = io::ErrorKind::IsADirectory.into();
            return Err(Error::File { path, cause });
        }
        let missing: Vec<&Path> = path
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !is_there(folder))
            .collect();
        let tried = fs::create_dir_all(&path).and_then(|()| {
            let mut file = scratch_file(&path)?;
            file.as_file_mut()
                .write_all(b"The folder can be written into.")?;
            file.close()
        });
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

    /// Writes a file, or replaces it, and returns its path.
    ///
    /// # Errors
    ///
    /// When it cannot be written; an earlier file of this name is then untouched.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> Result<PathBuf, Error> {
        self.prepare(name, contents)?.publish()
    }

    /// Writes a file that has its name only when it is [published](Prepared::publish).
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn prepare(&self, name: &str, contents: impl AsRef<[u8]>) -> Result<Prepared, Error> {
        self.prepare_with(name, |file| file.write_all(contents.as_ref()))
    }

    /// Prepares a table of comma-separated values: a header, and a line for each row.
    ///
    /// A row is anything that serializes as a sequence of values: a tuple, an array, a struct.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or a row has another number of values than the header.
    pub fn prepare_csv<R: Serialize>(
        &self,
        name: &str,
        header: &[&str],
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Prepared, Error> {
        self.prepare_with(name, |file| {
            let mut table = csv::WriterBuilder::new()
                .has_headers(false)
                .from_writer(file);
            table.write_record(header)?;
            for row in rows {
                table.serialize(row)?;
            }
            table.flush()
        })
    }

    /// Prepares a file by what `fill` puts into it.
    ///
    /// The bytes go into a scratch file beside it, which takes its name only when they have reached
    /// the disk. So whoever opens the file finds all of the old one or all of the new one, even
    /// when the program or the machine stops between.
    fn prepare_with(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Prepared, Error> {
        let path = self.path.join(name);
        let written = || {
            fs::create_dir_all(&self.path)?;
            let mut file = scratch_file(&self.path)?;
            let mut buffer = BufWriter::new(file.as_file_mut());
            fill(&mut buffer)?;
            buffer.flush()?;
            drop(buffer);
            file.as_file().sync_all()?;
            Ok(file)
        };
        match written() {
            Ok(file) => Ok(Prepared { file, path }),
            Err(cause) => Err(Error::File { path, cause }),
        }
    }
}

/// A file that is whole and on the disk, but has not its name yet. If it never gets it, the file removes itself.
///
/// Of several files, all that can fail for want of room is done before the first of them replaces an earlier one.
#[derive(Debug)]
#[must_use = "the file has no name before it is published"]
pub struct Prepared {
    file: NamedTempFile,
    path: PathBuf,
}

impl Prepared {
    /// Gives the file its name, in place of an earlier file of this name, and returns its path.
    ///
    /// # Errors
    ///
    /// When the system does not allow it; an earlier file of this name is then untouched.
    pub fn publish(self) -> Result<PathBuf, Error> {
        let Prepared { file, path } = self;
        let named = || {
            file.persist(&path)?;
            path.parent().map_or(Ok(()), sync_folder)
        };
        match named() {
            Ok(()) => Ok(path),
            Err(cause) => Err(Error::File { path, cause }),
        }
    }
}

/// Whether there is something of this name, be it a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// A file that removes itself unless it is kept, with the rights that a new file usually has.
fn scratch_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // The kind of an error goes on and its path does not: to the user the name of a scratch file
    // means nothing.
    builder
        .tempfile_in(folder)
        .map_err(|error| error.kind().into())
}

/// Makes a new name last. Other systems than Unix neither need nor allow it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_missing_folder_is_made_with_the_first_file() {
        let dir = tempfile::tempdir().unwrap();
        let output = OutputDir::new(dir.path().join("a/b"), &["result"]).unwrap();
        assert_eq!(files(dir.path()), [""; 0]);
        output.write("result", "first").unwrap();
        assert_eq!(files(output.path()), ["result"]);
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("result")).unwrap();
        let error = OutputDir::new(dir.path(), &["other", "result"]).unwrap_err();
        let message = error.to_string();
        assert!(
            message.ends_with("result: cannot write this file: is a directory"),
            "{message}"
        );
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let output = OutputDir::new(dir.path(), &[]).unwrap();
        output.write("result", "a long first result").unwrap();
        let path = output.write("result", "second").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "second");
        assert_eq!(files(dir.path()), ["result"]);
    }

    #[test]
    fn a_failure_half_way_leaves_the_earlier_result() {
        let dir = tempfile::tempdir().unwrap();
        let output = OutputDir::new(dir.path(), &[]).unwrap();
        output.write("result", "first").unwrap();
        let failed = output.prepare_with("result", |file| {
            file.write_all(&[0; 100_000])?;
            Err(io::Error::other("the disk is full"))
        });
        let message = failed.unwrap_err().to_string();
        assert!(
            message.ends_with("result: cannot write this file: the disk is full"),
            "{message}"
        );
        assert_eq!(
            fs::read_to_string(dir.path().join("result")).unwrap(),
            "first"
        );
        assert_eq!(files(dir.path()), ["result"]);
    }

    #[test]
    fn a_file_that_is_never_published_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let output = OutputDir::new(dir.path(), &[]).unwrap();
        let path = output.write("result", "first").unwrap();
        drop(output.prepare("result", "second").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(files(dir.path()), ["result"]);
        output
            .prepare("result", "third")
            .unwrap()
            .publish()
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "third");
        assert_eq!(files(dir.path()), ["result"]);
    }

    #[test]
    fn what_cannot_be_written_into_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "here already").unwrap();
        for path in [file.clone(), file.join("below")] {
            let error = OutputDir::new(&path, &[]).unwrap_err();
            let message = error.to_string();
            assert!(matches!(error, Error::Folder { .. }));
            assert!(
                message.starts_with(path.to_str().unwrap()) && !message.contains('\n'),
                "{message}"
            );
        }
        assert_eq!(fs::read_to_string(file).unwrap(), "here already");
    }

    // The one folder of which it is sure that not even the superuser can write into it.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_probe_finds_a_folder_that_takes_no_files() {
        let message = OutputDir::new("/proc/self", &[]).unwrap_err().to_string();
        assert!(
            message.starts_with("/proc/self: cannot write into this folder: "),
            "{message}"
        );
        assert!(!message.contains("unfinished"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_the_user_lets_them() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let usual = dir.path().join("usual");
        fs::write(&usual, "").unwrap();
        let path = OutputDir::new(dir.path(), &[])
            .unwrap()
            .write("result", "")
            .unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(path), mode(usual));
    }

    #[test]
    fn tables_have_a_header_and_a_line_a_row() {
        let dir = tempfile::tempdir().unwrap();
        let output = OutputDir::new(dir.path(), &[]).unwrap();
        let rows = [(1, 0.25_f32, Some("a,b")), (2, f32::NAN, None)];
        let header = ["step", "loss", "note"];
        let table = output.prepare_csv("run.csv", &header, rows).unwrap();
        let path = table.publish().unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "step,loss,note\n1,0.25,\"a,b\"\n2,NaN,\n"
        );
        let no_rows = [(0_u32, 0.0_f32); 0];
        let table = output.prepare_csv("run.csv", &header[..2], no_rows);
        table.unwrap().publish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "step,loss\n");
        assert!(output.prepare_csv("run.csv", &["step"], [(1, 2)]).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "step,loss\n");
    }
}
