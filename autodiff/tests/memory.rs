//! The memory of a recording of four million operations, as the process sees it. The test runs alone in its process.
#![cfg(target_os = "linux")]

use autodiff::scalar::{Tape, checkpoint};

/// The peak memory of the process, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        * 1024
}

#[test]
#[cfg_attr(miri, ignore = "asks the system")]
fn four_million_operations_take_32_bytes_each_with_their_adjoints() {
    const STEPS: usize = 4_000_000;
    let tape = Tape::new();
    let [x, y] = tape.vars([0.5, 1e-9]);

    // First with checkpoints: about √n nodes between them, and about √n nodes inside each.
    let before = peak();
    let mut z = vec![x, y];
    for _ in 0..2000 {
        z = checkpoint(
            |[z]| vec![(0..2000).fold(z[0], |x, _| x + z[1]), z[1]],
            [&z],
        );
    }
    assert_eq!(z[0].gradients().wrt(y), STEPS as f64);
    let recomputed = peak() - before;
    assert!(recomputed < 2 << 20, "{recomputed} bytes with checkpoints");

    // Then without checkpoints.
    let mut z = x;
    for _ in 0..STEPS {
        z += y;
    }
    assert_eq!(z.gradients().wrt(y), STEPS as f64);
    let recorded = (peak() - before) as f64 / STEPS as f64;
    assert!(
        (31.0..33.0).contains(&recorded),
        "{recorded} bytes an operation"
    );
}
