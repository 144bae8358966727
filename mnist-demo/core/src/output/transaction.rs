//! Replaces several files together.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use tempfile::{Builder, NamedTempFile, TempDir};

use super::Error;

/// The prefix of the names of staging folders.
const STAGING: &str = ".mnist-demo-unfinished-";

/// The file in a staging folder that is locked while its process runs.
const LOCK: &str = "lock";

/// The journal: it names the committed staging folder.
const JOURNAL: &str = "UNFINISHED-RUN.txt";

/// How long to wait for another process to move its files into place.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often an operation that another process may interfere with is tried.
const TRIES: usize = 100;

/// Files in a staging folder. [`commit`](Transaction::commit) makes them the results; otherwise they are removed.
#[derive(Debug)]
#[must_use = "the files are not results before they are committed"]
pub struct Transaction {
    folder: PathBuf,
    // Declared before `staging`: some systems cannot remove a folder that contains an open file.
    lock: File,
    staging: TempDir,
}

impl Transaction {
    /// Creates the folder if it is missing, and an empty staging folder in it.
    pub(super) fn begin(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for _ in 0..TRIES {
            // Only the error's kind is kept: the path of a staging folder would mean nothing to the user.
            let staging = Builder::new()
                .prefix(STAGING)
                .tempdir_in(folder)
                .map_err(|error| io::Error::from(error.kind()))?;
            match lock_new(&staging.path().join(LOCK)) {
                Ok(lock) => {
                    return Ok(Transaction {
                        folder: folder.to_owned(),
                        lock,
                        staging,
                    });
                }
                // Before the lock was taken, another process removed the staging folder as abandoned.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::WouldBlock) => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("another process removes what is written"))
    }

    /// Writes a file into the staging folder.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> Result<(), Error> {
        self.write_with(name, |file| file.write_all(contents.as_ref()))
    }

    /// Writes a CSV table: a header, and one line for each row.
    ///
    /// A row is anything that serializes as a sequence of values: a tuple, an array, a struct.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or a row and the header differ in their number of values.
    pub fn write_csv<R: Serialize>(
        &self,
        name: &str,
        header: &[&str],
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), Error> {
        self.write_with(name, |file| {
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

    /// The path for a file that the caller writes. It must be on disk before it is committed as `name`.
    pub fn staged(&self, name: &str) -> PathBuf {
        self.staging.path().join(name)
    }

    /// Writes a file with the contents that `fill` writes.
    pub(super) fn write_with(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Error> {
        let written = || {
            let mut file = File::create(self.staged(name))?;
            let mut buffer = BufWriter::new(&mut file);
            fill(&mut buffer)?;
            buffer.flush()?;
            drop(buffer);
            file.sync_all()
        };
        let path = self.folder.join(name);
        written().map_err(|cause| Error::File { path, cause })
    }

    /// Tries the operations of a commit: creating a file, renaming it without replacing another, syncing the folder.
    pub(super) fn probe(&self) -> io::Result<()> {
        let mut file = scratch_file(self.staging.path())?;
        file.write_all(b"The folder can be written into.")?;
        file.persist_noclobber(self.staged("probe"))?;
        sync_folder(self.staging.path())
    }

    /// Makes the staged files the results, replacing files with the same names. Other files in the folder are
    /// unchanged.
    ///
    /// # Errors
    ///
    /// If the journal cannot be written; the earlier results then stay. If a file cannot be moved into place; the
    /// journal and the files not yet moved then stay.
    pub fn commit(self) -> Result<(), Error> {
        self.commit_observed(&mut || {})
    }

    /// Like `commit`, calling `seen` after each change of the folder, so that a test can inspect every state.
    pub(super) fn commit_observed(self, seen: &mut dyn FnMut()) -> Result<(), Error> {
        let Transaction {
            folder,
            lock,
            staging,
        } = self;
        let refused = |cause| Error::folder(&folder, cause);
        sync_folder(staging.path()).map_err(refused)?;
        seen();
        begin_journal(&folder, staging.path())?;
        let staging = staging.keep();
        seen();
        move_into_place(&folder, &staging, seen)?;
        drop(lock);
        // If this fails, the next run removes the folder.
        let _ = fs::remove_dir_all(staging);
        seen();
        Ok(())
    }
}

/// Moves the files of a committed but unfinished transaction into place, if its process has ended. Waits for a living
/// one.
///
/// # Errors
///
/// If a file cannot be moved, or a living process takes too long.
pub fn recover(folder: &Path) -> Result<(), Error> {
    recover_observed(folder, &mut || {})
}

/// Like [`recover`], calling `seen` after each change of the folder.
pub(super) fn recover_observed(folder: &Path, seen: &mut dyn FnMut()) -> Result<(), Error> {
    let begin = Instant::now();
    while let Some(staging) = read_journal(folder) {
        match lock_abandoned(&staging.join(LOCK)) {
            Ok(Some(lock)) => {
                // The other process may have finished before it released the lock.
                if read_journal(folder).as_deref() == Some(&*staging) {
                    move_into_place(folder, &staging, seen)?;
                }
                drop(lock);
                let _ = fs::remove_dir_all(staging);
                seen();
            }
            // The process is alive.
            Ok(None) if begin.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let cause = format!("another run is writing into it, as {JOURNAL} says");
                let cause = io::Error::other(cause);
                return Err(Error::folder(folder, cause));
            }
            // The process has just removed the journal and the lock, or the user removed the lock.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if read_journal(folder).as_deref() == Some(&*staging) {
                    move_into_place(folder, &staging, seen)?;
                }
            }
            Err(cause) => return Err(Error::folder(folder, cause)),
        }
    }
    Ok(())
}

/// Removes the staging folders of dead processes that did not commit. Errors are ignored.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_staging = name.to_string_lossy().starts_with(STAGING)
            && entry.file_type().is_ok_and(|found| found.is_dir());
        if !is_staging {
            continue;
        }
        let staging = entry.path();
        match lock_abandoned(&staging.join(LOCK)) {
            Ok(Some(lock)) => {
                // The process may have committed and ended after the journal was last read.
                if read_journal(folder).as_deref() != Some(&*staging) {
                    drop(lock);
                    let _ = fs::remove_dir_all(staging);
                }
            }
            // The process is alive.
            Ok(None) => {}
            // There is no lock yet, or no longer: remove the folder only if it is empty.
            Err(_) => drop(fs::remove_dir(staging)),
        }
    }
}

/// Returns an error if the journal's name belongs to a file of another program.
pub(super) fn check_journal(folder: &Path) -> Result<(), Error> {
    let path = folder.join(JOURNAL);
    if path.symlink_metadata().is_ok() && read_journal(folder).is_none() {
        let cause = io::Error::other("it was not written by this program, which needs its name");
        return Err(Error::File { path, cause });
    }
    Ok(())
}

/// Writes the journal; from then on the staged files are the results. Waits until no other process has a journal.
fn begin_journal(folder: &Path, staging: &Path) -> Result<(), Error> {
    let name = staging.file_name().unwrap_or_default().to_string_lossy();
    let note = format!(
        "{name}\n\
         \n\
         The files in this hidden folder are newer than those of the same names here, and are of another run.\n\
         The program ended while it moved them here. The next time that it uses this folder, it moves the rest.\n"
    );
    let refused = |cause| Error::folder(folder, cause);
    for _ in 0..TRIES {
        recover(folder)?;
        let mut file = scratch_file(staging).map_err(refused)?;
        let written = file
            .write_all(note.as_bytes())
            .and_then(|()| file.as_file().sync_all());
        written.map_err(refused)?;
        match file.persist_noclobber(folder.join(JOURNAL)) {
            Ok(_) => return sync_folder(folder).map_err(refused),
            Err(failure) if failure.error.kind() == ErrorKind::AlreadyExists => {}
            Err(failure) => return Err(refused(failure.error)),
        }
    }
    check_journal(folder)?;
    Err(refused(io::Error::other("other runs are writing into it")))
}

/// The staging folder that the journal names, if there is a journal.
fn read_journal(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(JOURNAL);
    // Reading anything else, such as a pipe, might never end.
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(4_096).read_to_string(&mut text).ok()?;
    let name = text.lines().next()?;
    let is_name = name.starts_with(STAGING) && !name.contains(['/', '\\']);
    is_name.then(|| folder.join(name))
}

/// Moves the files that are left in the staging folder into place, and removes the journal.
fn move_into_place(folder: &Path, staging: &Path, seen: &mut dyn FnMut()) -> Result<(), Error> {
    let refused = |cause| Error::folder(folder, cause);
    let mut names = Vec::new();
    match fs::read_dir(staging) {
        Ok(entries) => {
            for entry in entries {
                names.push(entry.map_err(refused)?.file_name());
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(cause) => return Err(refused(cause)),
    }
    names.retain(|name| name != LOCK && !name.to_string_lossy().starts_with(STAGING));
    names.sort();
    for name in names {
        let path = folder.join(&name);
        if let Err(cause) = replace(&staging.join(&name), &path) {
            return Err(Error::File { path, cause });
        }
        seen();
    }
    sync_folder(folder).map_err(refused)?;
    match fs::remove_file(folder.join(JOURNAL)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    seen();
    sync_folder(folder).map_err(refused)
}

/// Renames a file. An earlier file with the new name, or the target of a symbolic link with this name, is replaced.
fn replace(from: &Path, to: &Path) -> io::Result<()> {
    let target = fs::canonicalize(to).unwrap_or_else(|_| to.to_owned());
    check_replaceable(&target)?;
    match fs::rename(from, &target) {
        // A symbolic link points to another file system.
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let beside = target.parent().unwrap_or(Path::new("."));
            let mut copy = scratch_file(beside)?;
            io::copy(&mut File::open(from)?, &mut copy)?;
            copy.as_file().sync_all()?;
            copy.persist(&target)?;
            fs::remove_file(from)
        }
        renamed => renamed,
    }
}

/// Returns an error if the path exists and is not a regular file.
pub(super) fn check_replaceable(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => Err(io::Error::other("is not a regular file")),
        _ => Ok(()),
    }
}

/// A temporary file with the default permissions of a new file. It is removed unless it is persisted.
fn scratch_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(STAGING);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .tempfile_in(folder)
        .map_err(|error| error.kind().into())
}

/// Creates a file and locks it.
fn lock_new(path: &Path) -> io::Result<File> {
    let file = File::create_new(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
        // On systems without locks, no process removes or completes a staging folder.
        Ok(()) | Err(TryLockError::Error(_)) => {
            path.symlink_metadata()?;
            Ok(file)
        }
    }
}

/// Returns the lock of a dead process; `None` if the process is alive or the lock cannot be tested.
fn lock_abandoned(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().read(true).write(true).open(path)?;
    Ok(file.try_lock().is_ok().then_some(file))
}

/// Makes renames in the folder durable. Only Unix needs and allows it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}
