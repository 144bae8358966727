//! Digests by which ranks compare what they were started with.

use std::fs;
use std::io;

use mnist_core::data::{Place, Samples};
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

/// Returns the digest of a training set and a test set. Of images in parts, which would have to be read as a whole, it
/// contains only the labels and the size.
pub(crate) fn of_data(train: &Samples, test: &Dataset) -> [u8; 32] {
    let mut digest = Sha256::new();
    match train.place() {
        Place::Memory(train) => add(&mut digest, train),
        Place::Parts(parts) => {
            for number in parts.sides() {
                digest.update((number as u64).to_le_bytes());
            }
            digest.update(parts.labels());
        }
    }
    add(&mut digest, test);
    digest.finalize().into()
}

fn add(digest: &mut Sha256, data: &Dataset) {
    for number in [data.len(), data.features()] {
        digest.update((number as u64).to_le_bytes());
    }
    digest.update(data.inputs());
    for class in data.classes() {
        digest.update(class.to_le_bytes());
    }
}
