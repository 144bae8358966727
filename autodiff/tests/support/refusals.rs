//! Checks that every function that documents a panic reports it with its name, at the line of the mistake.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{self, AssertUnwindSafe, Location};
use std::path::Path;
use std::sync::Once;

/// The largest number of lines of a call of [`refused`].
const LINES: u32 = 12;

/// Checks that `misuse` panics with `expected` in its message, at a line of the call.
#[track_caller]
pub(crate) fn refused<R>(expected: &str, misuse: impl FnOnce() -> R) {
    let mut misuse = Some(misuse);
    refused_once(expected, &mut || drop(misuse.take().map(|misuse| misuse())));
}

/// The part of [`refused`] that is not generic, so that it is compiled once for hundreds of calls.
#[track_caller]
fn refused_once(expected: &str, misuse: &mut dyn FnMut()) {
    let call = Location::caller();
    let (message, file, line) = report_of_panic(misuse);
    assert!(
        message.contains(expected),
        "{message:?} does not say {expected:?}"
    );
    assert!(
        file == call.file() && (call.line()..call.line() + LINES).contains(&line),
        "{message:?} is reported at {file}:{line}, and the mistake is at {call}"
    );
}

/// Checks that `misuse` panics with `expected` in its message, at a line of `file`.
#[allow(dead_code, reason = "one of the test programs does not call it")]
#[track_caller]
pub(crate) fn refused_in<R>(file: &str, expected: &str, misuse: impl FnOnce() -> R) {
    let mut misuse = Some(misuse);
    let mut misuse = || drop(misuse.take().map(|misuse| misuse()));
    let (message, reported, _) = report_of_panic(&mut misuse);
    assert!(
        message.contains(expected),
        "{message:?} does not say {expected:?}"
    );
    assert!(reported == file, "{message:?} is reported in {reported}");
}

/// Returns the message, file and line of the panic in `misuse`.
///
/// The panic hook is global to the process, so panics of other threads are passed to the earlier hook.
#[track_caller]
fn report_of_panic(misuse: &mut dyn FnMut()) -> (String, String, u32) {
    thread_local! {
        /// The report of the hook; `None` if this thread does not expect a panic.
        static REPORT: RefCell<Option<(String, String, u32)>> = const { RefCell::new(None) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let taken = REPORT.with_borrow_mut(|report| {
                let Some(report) = report else { return false };
                let message = info.payload_as_str().unwrap_or("no text").to_owned();
                let place = info.location().map(|at| (at.file().to_owned(), at.line()));
                let (file, line) = place.unwrap_or_default();
                *report = (message, file, line);
                true
            });
            if !taken {
                earlier(info);
            }
        }));
    });
    REPORT.set(Some(Default::default()));
    let outcome = panic::catch_unwind(AssertUnwindSafe(misuse));
    let report = REPORT.take().unwrap_or_default();
    assert!(outcome.is_err(), "it must be refused");
    report
}

/// The functions whose misuse was checked, by their file under `src` and their name.
#[derive(Default)]
pub(crate) struct Checked(BTreeSet<String>);

impl Checked {
    /// Calls [`refused`], and counts the function, given as its file and name, as checked.
    #[track_caller]
    pub(crate) fn refused<R>(
        &mut self,
        function: &str,
        expected: &str,
        misuse: impl FnOnce() -> R,
    ) {
        refused(expected, misuse);
        self.0.insert(function.to_owned());
    }

    /// Counts a function as checked, because another test checks it or no test can make it panic.
    pub(crate) fn also(&mut self, function: &str) {
        self.0.insert(function.to_owned());
    }

    /// Checks that every public function in a folder of `src` that documents a panic was checked, and that every
    /// checked function documents a panic.
    pub(crate) fn check_complete(&self, folder: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut documented = BTreeSet::new();
        find_documented(&root, &root.join(folder), &mut documented);
        let missing: Vec<_> = documented.difference(&self.0).collect();
        assert!(
            missing.is_empty(),
            "no misuse of these was checked: {missing:#?}"
        );
        let unknown: Vec<_> = self.0.difference(&documented).collect();
        assert!(unknown.is_empty(), "these document no panic: {unknown:#?}");
    }
}

/// Finds the public functions in the sources of a folder whose documentation has the section `# Panics`.
fn find_documented(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_documented(root, &path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(root).unwrap().display().to_string();
        let mut lines = text.lines().map(str::trim_start);
        while lines.any(|line| line == "/// # Panics") {
            let documented = lines.find(|line| !line.starts_with("//") && !line.starts_with("#["));
            let name = documented.and_then(|line| line.strip_prefix("pub fn "));
            if let Some(name) = name.and_then(|line| line.split(['(', '<']).next()) {
                found.insert(format!("{file} {name}"));
            }
        }
    }
}
