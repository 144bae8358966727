//! Several files that replace earlier ones together.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use tempfile::{Builder, NamedTempFile, TempDir};

use super::Error;

/// How the name of a staging folder begins.
const STAGING: &str = ".mnist-demo-unfinished-";

/// The file in a staging folder that its process keeps locked.
const LOCK: &str = "lock";

/// The file that says which staging folder has been committed.
const JOURNAL: &str = "UNFINISHED-RUN.txt";

/// How long another process may take to move its files into place.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often something is tried that another process may interfere with.
const TRIES: usize = 100;

/// Files that are written into a staging folder, to be [committed](Transaction::commit) together. If they never are, they
/// are removed.
#[derive(Debug)]
#[must_use = "the files are not results before they are committed"]
pub struct Transaction {
    folder: PathBuf,
    // Declared before the folder that it lies in: on some systems an open file keeps its folder from being removed.
    lock: File,
    staging: TempDir,
}

impl Transaction {
    /// Makes the folder if it is missing, and an empty staging folder in it.
    pub(super) fn begin(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for _ in 0..TRIES {
            // The kind of an error goes on and its path does not: to the user the name of a staging folder means nothing.
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
                // Another process took it for a dead one's before it was locked.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::WouldBlock) => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("another process removes what is written"))
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> Result<(), Error> {
        self.write_with(name, |file| file.write_all(contents.as_ref()))
    }

    /// Writes a table of comma-separated values: a header, and a line for each row.
    ///
    /// A row is anything that serializes as a sequence of values: a tuple, an array, a struct.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or a row has another number of values than the header.
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

    /// Where a file is to be put by somebody else to be committed under this name. It must be on the disk by then.
    pub fn staged(&self, name: &str) -> PathBuf {
        self.staging.path().join(name)
    }

    /// Writes a file by what `fill` puts into it.
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

    /// Tries what a commit needs: a file, a name that replaces nothing, and names that last.
    pub(super) fn probe(&self) -> io::Result<()> {
        let mut file = scratch_file(self.staging.path())?;
        file.write_all(b"The folder can be written into.")?;
        file.persist_noclobber(self.staged("probe"))?;
        sync_folder(self.staging.path())
    }

    /// Makes the files the results, in place of those of the same names. Other files in the folder are left alone.
    ///
    /// # Errors
    ///
    /// When there is no room for the journal; the earlier results then stay. When a file cannot be moved into place; the
    /// journal then stays, and so do the files that were not moved.
    pub fn commit(self) -> Result<(), Error> {
        self.commit_observed(&mut || {})
    }

    /// Commits, and calls `seen` after each change of the folder, to show a test what a process that ends there leaves.
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
        // If it stays, the next run removes it.
        let _ = fs::remove_dir_all(staging);
        seen();
        Ok(())
    }
}

/// Finishes what a process that has ended since had committed but not moved into place. Waits for one that is alive.
///
/// # Errors
///
/// When a file cannot be moved, or a living process takes too long.
pub fn recover(folder: &Path) -> Result<(), Error> {
    recover_observed(folder, &mut || {})
}

/// Recovers, and calls `seen` after each change of the folder.
pub(super) fn recover_observed(folder: &Path, seen: &mut dyn FnMut()) -> Result<(), Error> {
    let begin = Instant::now();
    while let Some(staging) = read_journal(folder) {
        match lock_abandoned(&staging.join(LOCK)) {
            Ok(Some(lock)) => {
                // It may have been finished before the lock was free.
                if read_journal(folder).as_deref() == Some(&*staging) {
                    move_into_place(folder, &staging, seen)?;
                }
                drop(lock);
                let _ = fs::remove_dir_all(staging);
                seen();
            }
            // Its process lives.
            Ok(None) if begin.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let cause = format!("another run is writing into it, as {JOURNAL} says");
                let cause = io::Error::other(cause);
                return Err(Error::folder(folder, cause));
            }
            // Its process has just removed journal and lock, or somebody has removed the lock by hand.
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

/// Removes the staging folders of processes that ended before they committed. What cannot be removed stays.
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
                // Its process may have committed it and ended since the journal was last looked at.
                if read_journal(folder).as_deref() != Some(&*staging) {
                    drop(lock);
                    let _ = fs::remove_dir_all(staging);
                }
            }
            // Its process lives.
            Ok(None) => {}
            // It is about to be locked, or was about to be removed: an empty folder is, and any other stays.
            Err(_) => drop(fs::remove_dir(staging)),
        }
    }
}

/// Refuses a folder in which somebody else's file has the name of the journal.
pub(super) fn check_journal(folder: &Path) -> Result<(), Error> {
    let path = folder.join(JOURNAL);
    if path.symlink_metadata().is_ok() && read_journal(folder).is_none() {
        let cause = io::Error::other("it was not written by this program, which needs its name");
        return Err(Error::File { path, cause });
    }
    Ok(())
}

/// Writes the journal: from then on the staged files are the results. Only one process at a time has one.
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
    // Anything else, such as a pipe, might never end.
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

/// Moves what is left in the staging folder to where it belongs, and removes the journal.
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

/// Gives a file another name, in place of an earlier file of that name, or of the file that a link of that name leads to.
fn replace(from: &Path, to: &Path) -> io::Result<()> {
    let target = fs::canonicalize(to).unwrap_or_else(|_| to.to_owned());
    check_replaceable(&target)?;
    match fs::rename(from, &target) {
        // A link has led to another file system.
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

/// Refuses a place that is taken by something other than a file.
pub(super) fn check_replaceable(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => Err(io::Error::other("is not a regular file")),
        _ => Ok(()),
    }
}

/// A file that removes itself unless it is kept, with the rights that a new file usually has.
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
        // Where there are no locks, nobody removes or finishes what might be another's.
        Ok(()) | Err(TryLockError::Error(_)) => {
            path.symlink_metadata()?;
            Ok(file)
        }
    }
}

/// The lock of a process that has ended; `None` while it lives, or if that cannot be told.
fn lock_abandoned(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().read(true).write(true).open(path)?;
    Ok(file.try_lock().is_ok().then_some(file))
}

/// Makes new names last. Other systems than Unix neither need nor allow it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}
