//! Digests by which ranks compare what they were started with.

use std::fs;
use std::io;

use nn::Dataset;
use sha2::{Digest, Sha256};

/// Returns the digest of some bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Returns the digest of this program's file.
pub(crate) fn of_program() -> io::Result<[u8; 32]> {
    Ok(of_bytes(&fs::read(std::env::current_exe()?)?))
}

/// Returns the digest of data sets.
pub(crate) fn of_data(sets: &[&Dataset]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for data in sets {
        for number in [data.len(), data.features()] {
            digest.update((number as u64).to_le_bytes());
        }
        digest.update(data.inputs());
        for class in data.classes() {
            digest.update(class.to_le_bytes());
        }
    }
    digest.finalize().into()
}
