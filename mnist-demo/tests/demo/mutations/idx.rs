//! IDX files, plain and compressed, and their alterations.

use super::random::Random;
use crate::common::{gzip, idx};

/// The number of images in each file, and the number of labels.
pub(super) const COUNT: u32 = 3;

/// Creates a file of images of this size.
pub(super) fn images(rows: u32, cols: u32, random: &mut Random) -> Vec<u8> {
    let dims = [COUNT, rows, cols];
    idx(&dims, &random.bytes(dims.iter().product::<u32>() as usize))
}

/// Creates the file of labels for the images.
pub(super) fn labels() -> Vec<u8> {
    idx(&[COUNT], &[1, 2, 9])
}

/// The variants of a file: plain, compressed, and in two members followed by zeros.
pub(super) fn forms(file: &[u8], random: &mut Random) -> Vec<Vec<u8>> {
    let (begin, end) = file.split_at(random.below(file.len()));
    let padded = [gzip(begin), gzip(end), vec![0; 100]].concat();
    vec![file.to_vec(), gzip(file), padded]
}

/// Returns an alteration of one of the files.
pub(super) fn alter(originals: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut file = random.pick(originals).clone();
    for _ in 0..=random.below(2) {
        let is_packed = file.starts_with(&[0x1f, 0x8b]);
        match random.below(10) {
            // A header with other claims.
            0 | 1 if !is_packed && file.len() >= 8 => {
                let dims = (file.len().min(16) - 4) / 4;
                let place = 4 + 4 * random.below(dims);
                file[place..place + 4].copy_from_slice(&random.extreme().to_be_bytes());
            }
            2 if !is_packed && file.len() >= 4 => {
                let place = random.below(4);
                file[place] = *random.pick(&[0, 1, 2, 3, 4, 8, 9, 0x0b, 0x0d, 0xff]);
            }
            // A gzip header with optional fields, which are then read from the data.
            2 if file.len() >= 10 => file[3] = random.below(256) as u8,
            // Another checksum or length.
            3 if is_packed => {
                let place = file.len() - 1 - random.below(file.len().min(8));
                file[place] ^= 1 << random.below(8);
            }
            4 => file = gzip(&file[..]),
            5 => file.extend(vec![0; random.below(2_000)]),
            6 => file.extend(b"more text"),
            7 => {
                let other = random.pick(originals);
                file = random.splice(&file, other);
            }
            8 => file.extend(random.pick(originals)),
            _ => random.alter(&mut file),
        }
    }
    file
}
