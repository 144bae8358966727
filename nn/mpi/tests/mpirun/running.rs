//! An `mpirun` that a test does not leave behind.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The time in which `mpirun` and its ranks must have ended after a signal.
const PATIENCE: Duration = Duration::from_secs(5);

/// A started `mpirun`. When this is dropped, also by the panic of a test, it and its ranks end.
pub(crate) struct Running {
    mpirun: Child,
    /// The ranks that were found so far. They have another parent after the end of `mpirun`.
    found: Vec<u32>,
}

impl Running {
    /// Starts a command, without its standard output.
    pub(crate) fn start(command: &mut Command) -> Running {
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        Running {
            mpirun: command.spawn().unwrap(),
            found: Vec::new(),
        }
    }

    /// The number of the process `mpirun`.
    pub(crate) fn id(&self) -> u32 {
        self.mpirun.id()
    }

    /// The numbers of the processes of the ranks that `mpirun` has started, by rank.
    pub(crate) fn ranks(&mut self) -> Vec<u32> {
        let parent = format!("PPid:\t{}", self.id());
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(process) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            if status.lines().any(|line| line == parent) {
                found.extend(rank(process).map(|rank| (rank, process)));
            }
        }
        found.sort_unstable();
        let found: Vec<u32> = found.into_iter().map(|(_, process)| process).collect();
        self.found.extend(&found);
        found
    }

    /// Whether `mpirun` has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.mpirun.try_wait(), Ok(None))
    }

    /// Ends `mpirun` and its ranks, if they still run.
    pub(crate) fn end(&mut self) {
        if !self.has_ended() {
            self.ranks();
            // If it can, it ends its ranks itself, and removes its temporary files.
            signal("-TERM", &[self.id()]);
            within_patience(|| self.has_ended());
            // It may have started more ranks since.
            self.ranks();
            let _ = self.mpirun.kill();
            let _ = self.mpirun.wait();
        }
        // A number may belong to another process by now.
        self.found.retain(|&process| rank(process).is_some());
        signal("-KILL", &self.found);
        within_patience(|| !self.found.iter().any(|&process| runs(process)));
    }

    /// Waits for `mpirun`. Returns its status and standard error.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let mut errors = Vec::new();
        let mut pipe = self.mpirun.stderr.take().unwrap();
        pipe.read_to_end(&mut errors).unwrap();
        let status = self.mpirun.wait().unwrap();
        (status, String::from_utf8_lossy(&errors).into_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether a process runs: it exists, and is more than a status that nobody has read yet.
pub(crate) fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // After the name, which may contain anything, in parentheses.
    let state = stat.rsplit_once(") ").map(|(_, state)| state);
    state.is_some_and(|state| !state.starts_with(['Z', 'X']))
}

/// The rank of a process that `mpirun` has started and that runs.
fn rank(process: u32) -> Option<usize> {
    let environment = fs::read(format!("/proc/{process}/environ")).ok()?;
    let mut variables = environment.split(|&byte| byte == 0);
    let rank = variables.find_map(|v| v.strip_prefix(b"OMPI_COMM_WORLD_RANK="))?;
    str::from_utf8(rank).ok()?.parse().ok()
}

/// Sends a signal to processes. That one of them has ended meanwhile is no error.
pub(crate) fn signal(name: &str, processes: &[u32]) {
    let mut command = Command::new("kill");
    command.arg(name);
    command.args(processes.iter().map(u32::to_string));
    let _ = command.stderr(Stdio::null()).status();
}

/// Waits for a condition, but not for ever.
fn within_patience(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() && start.elapsed() < PATIENCE {
        sleep(Duration::from_millis(5));
    }
}
