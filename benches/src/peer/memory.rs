//! The memory that a piece of work takes, from Linux's counters of resident pages.

use std::fs;

/// Returns the number of bytes by which the resident memory of this process grows at most while `work` runs.
///
/// # Panics
///
/// If the system does not count resident pages.
pub(super) fn peak_growth(work: impl FnOnce()) -> u64 {
    // Makes the present size the peak.
    fs::write("/proc/self/clear_refs", "5").expect("the system has a peak to reset");
    let before = status("VmRSS:");
    work();
    status("VmHWM:").saturating_sub(before)
}

/// An entry of the status of this process, in bytes.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a process has a status");
    let mut words = status.split_whitespace().skip_while(|&word| word != name);
    let kibibytes: Option<u64> = words.nth(1).and_then(|word| word.parse().ok());
    1024 * kibibytes.expect("the status has this entry")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn memory_is_counted_that_is_freed_before_the_end() {
        // Much more than what the other tests, which run at the same time, may free in between.
        let size = 1 << 28;
        let grown = peak_growth(|| drop(black_box(vec![1_u8; size])));
        assert!(grown > size as u64 / 2, "{grown} bytes");
    }
}
