//! Signals that end a run early: the first one is noted, and the second ends the program at once.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mnist_core::Error;
#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Ctrl-C, a request to end, and where the system has it, the loss of the terminal.
const SIGNALS: &[c_int] = &[
    SIGINT,
    SIGTERM,
    #[cfg(unix)]
    SIGHUP,
];

/// Which signal has asked the program to stop, if one has.
#[derive(Debug)]
pub(crate) struct Stop {
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Listens from now on. A signal that was ignored when the program began, as `nohup` has it, stays ignored.
    pub(crate) fn listen() -> Result<Stop, Error> {
        let asked = Arc::new(AtomicBool::new(false));
        let signal = Arc::new(AtomicUsize::new(0));
        for &number in SIGNALS.iter().filter(|&&number| !is_ignored(number)) {
            // They are run in this order, so that only the second signal finds the flag set.
            let status = c_int::from(status(number));
            flag::register_conditional_shutdown(number, status, Arc::clone(&asked))
                .and_then(|_| {
                    flag::register_usize(
                        number,
                        Arc::clone(&signal),
                        number.unsigned_abs() as usize,
                    )
                })
                .and_then(|_| flag::register(number, Arc::clone(&asked)))
                .map_err(Error::Signals)?;
        }
        Ok(Stop { signal })
    }

    /// Whether the program is to stop.
    pub(crate) fn is_asked(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }

    /// The exit status after the signal.
    pub(crate) fn status(&self) -> u8 {
        status(self.signal.load(Ordering::Relaxed) as c_int)
    }
}

/// What a shell reports of a program that a signal has ended.
fn status(signal: c_int) -> u8 {
    128 + signal as u8
}

/// Whether the signal was ignored by whoever started the program, as far as the system tells.
fn is_ignored(signal: c_int) -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
