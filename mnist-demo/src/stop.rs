//! Signals that end a run early. The first one is recorded; the second one ends the program immediately.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mnist_core::Error;
#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Ctrl-C, a request to terminate and, on Unix, the loss of the terminal.
const SIGNALS: &[c_int] = &[
    SIGINT,
    SIGTERM,
    #[cfg(unix)]
    SIGHUP,
];

/// The signal that requested the end of the training, if there was one.
#[derive(Debug)]
pub(crate) struct Stop {
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Installs the signal handlers. Signals that were ignored at the program's start, as under `nohup`, stay ignored.
    pub(crate) fn listen() -> Result<Stop, Error> {
        let requested = Arc::new(AtomicBool::new(false));
        let signal = Arc::new(AtomicUsize::new(0));
        for &number in SIGNALS.iter().filter(|&&number| !is_ignored(number)) {
            // The handlers run in this order, so only the second signal finds the flag set.
            let status = c_int::from(status(number));
            flag::register_conditional_shutdown(number, status, Arc::clone(&requested))
                .and_then(|_| {
                    flag::register_usize(
                        number,
                        Arc::clone(&signal),
                        number.unsigned_abs() as usize,
                    )
                })
                .and_then(|_| flag::register(number, Arc::clone(&requested)))
                .map_err(Error::Signals)?;
        }
        Ok(Stop { signal })
    }

    /// Whether a signal requested the end of the training.
    pub(crate) fn is_requested(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }

    /// The exit status after the recorded signal.
    pub(crate) fn status(&self) -> u8 {
        status(self.signal.load(Ordering::Relaxed) as c_int)
    }
}

/// The exit status that a shell reports for a program ended by `signal`.
fn status(signal: c_int) -> u8 {
    128 + signal as u8
}

/// Whether the parent process had set the signal to be ignored. Always `false` except on Linux.
fn is_ignored(signal: c_int) -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
