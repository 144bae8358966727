//! Snapshots with random damage are read or refused, without a panic and in little memory.

use crate::hostile_weights::{BIAS, LITTLE, file, from_bytes, parts, training};
use crate::memory::peak;
use autodiff::Tensor;
use nn::Snapshot;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// Returns a file with random damage. Most damage to the header keeps its length valid, so that the header is parsed.
fn damaged(good: &[u8], rng: &mut impl Rng) -> Vec<u8> {
    const TEXTS: [&str; 24] = [
        "0",
        "-1",
        "1e400",
        "18446744073709551615",
        "4294967296",
        "null",
        "true",
        "{}",
        "[]",
        "\"\"",
        ",",
        ":",
        "\"",
        "{",
        "}",
        "[",
        "]",
        "\\",
        "\\u0000",
        "\u{fffd}",
        "F64",
        "F4",
        "__metadata__",
        BIAS,
    ];
    let (header, data) = parts(good);
    let (mut header, mut data) = (header.as_bytes().to_vec(), data.to_vec());
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..header.len().max(1));
        let length = rng
            .random_range(0..20)
            .min(header.len() - at.min(header.len()));
        match rng.random_range(0..9) {
            0 => header
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= 1 << rng.random_range(0..8)),
            1 => header
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte = rng.random()),
            2 => drop(header.drain(at..at + length)),
            3 => {
                let text = TEXTS[rng.random_range(0..TEXTS.len())];
                drop(header.splice(at..at + length.min(3), text.bytes()));
            }
            // Repeats some bytes at a random position.
            4 => {
                let piece = header[at..at + length].to_vec();
                let to = rng.random_range(0..=header.len());
                drop(header.splice(to..to, piece));
            }
            // Changes a digit, which keeps the syntax valid.
            5 => {
                let digits = header
                    .iter_mut()
                    .skip(at)
                    .filter(|byte| byte.is_ascii_digit());
                digits
                    .take(1)
                    .for_each(|digit| *digit = b'0' + rng.random_range(0..10));
            }
            6 => data.truncate(rng.random_range(0..=data.len())),
            7 => data.extend(vec![0; rng.random_range(1..20)]),
            _ => data.iter_mut().for_each(|byte| *byte = rng.random()),
        }
    }
    let mut bytes = file(&header, &data);
    if rng.random_range(0..10) == 0 {
        let length: u64 = rng.random::<u64>() >> rng.random_range(0..64);
        bytes[..8].copy_from_slice(&length.to_le_bytes());
    }
    if rng.random_range(0..10) == 0 {
        bytes.truncate(rng.random_range(0..=bytes.len()));
    }
    bytes
}

/// Reads `count` damaged files. Returns the number of files that are valid nevertheless, and the longest time of a
/// file.
fn read_damaged(count: usize) -> (usize, Duration) {
    let good = training();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut read, mut slowest) = (0, Duration::ZERO);
    for number in 0..count {
        let bytes = damaged(&good, &mut rng);
        let start = Instant::now();
        let (result, peak) = peak(|| from_bytes(&bytes));
        slowest = slowest.max(start.elapsed());
        assert!(peak < LITTLE, "file {number}: {peak} bytes");
        if let Ok(Snapshot {
            model, parameters, ..
        }) = result
        {
            // The model can be used.
            let network = model.network;
            let x = Tensor::zeros([1, network.widths()[0]]);
            assert_eq!(network.predict(&parameters, &x).size(), network.outputs());
            read += 1;
        }
    }
    (read, slowest)
}

#[test]
fn damaged_files_are_read_or_refused_in_little_memory() {
    let (read, _) = read_damaged(5_000);
    // In some files, only the numbers are damaged.
    assert!((100..2_500).contains(&read), "{read}");
}

#[test]
#[ignore = "a million files: a minute in a release build"]
fn a_million_damaged_files_are_read_or_refused_in_little_memory() {
    let (_, slowest) = read_damaged(1_000_000);
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
}
