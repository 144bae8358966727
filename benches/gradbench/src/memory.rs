//! A check before an evaluation that its memory is there.

use crate::error::Error;
use std::fs::read_to_string;

/// Returns an error if `bytes` is more than the system has available. `None` is a size that no number holds.
///
/// Without the check the system would end the program: Linux grants memory that it does not have.
pub(crate) fn check(bytes: Option<u64>) -> Result<(), Error> {
    let needed = bytes.unwrap_or(u64::MAX);
    let available = available().unwrap_or(u64::MAX / 2);
    if needed <= available {
        Ok(())
    } else {
        Err(Error::Memory { needed, available })
    }
}

/// The product of sizes, or `None` if it is too large.
pub(crate) fn product<const N: usize>(sizes: [usize; N]) -> Option<u64> {
    sizes
        .iter()
        .try_fold(1_u64, |product, &size| product.checked_mul(size as u64))
}

/// The available memory in bytes, where the system reports it.
fn available() -> Option<u64> {
    let report = read_to_string("/proc/meminfo").ok()?;
    let line = report
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let of_system = kilobytes * 1024;
    let limit = read_to_string("/sys/fs/cgroup/memory.max").ok();
    let of_group = limit.and_then(|limit| limit.trim().parse().ok());
    Some(of_group.map_or(of_system, |limit: u64| limit.min(of_system)))
}
