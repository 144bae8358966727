//! Builds PNG files from chunks.

use std::io::Read;

use flate2::read::ZlibEncoder;
use flate2::{Compression, Crc};

/// A chunk: its type and its data.
pub(crate) type Chunk = ([u8; 4], Vec<u8>);

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Creates a file from chunks, with correct lengths and checksums.
pub(crate) fn assemble(chunks: &[Chunk]) -> Vec<u8> {
    let mut file = SIGNATURE.to_vec();
    for (kind, data) in chunks {
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(data);
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(kind);
        file.extend(data);
        file.extend(sum.sum().to_be_bytes());
    }
    file
}

pub(crate) fn deflate(bytes: impl Read) -> Vec<u8> {
    let mut packed = Vec::new();
    ZlibEncoder::new(bytes, Compression::fast())
        .read_to_end(&mut packed)
        .unwrap();
    packed
}

/// Creates the header chunk of an image.
pub(crate) fn header(width: u32, height: u32, depth: u8, color: u8, interlaced: bool) -> Chunk {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let rest = [depth, color, 0, 0, u8::from(interlaced)];
    (*b"IHDR", [&size[..], &rest].concat())
}

/// Creates the rows of an image, each preceded by its filter type, from the samples of each pixel.
pub(crate) fn rows(
    header: &[u8],
    mut filter: impl FnMut() -> u8,
    mut samples: impl FnMut(usize, usize) -> [u16; 4],
) -> Vec<u8> {
    /// For each pass: the first row, the first column, and the steps between rows and columns.
    const PASSES: [[usize; 4]; 7] = [
        [0, 0, 8, 8],
        [0, 4, 8, 8],
        [4, 0, 8, 4],
        [0, 2, 4, 4],
        [2, 0, 4, 2],
        [0, 1, 2, 2],
        [1, 0, 2, 1],
    ];
    let (width, height) = (usize::from(header[3]), usize::from(header[7]));
    let (depth, channels) = (header[8], [1, 0, 3, 1, 2, 0, 4][usize::from(header[9])]);
    let is_interlaced = header[12] == 1;
    let passes = if is_interlaced {
        &PASSES
    } else {
        &[[0, 0, 1, 1]][..]
    };
    let mut bytes = Vec::new();
    for &[top, left, down, across] in passes {
        for y in (top..height).step_by(down).filter(|_| left < width) {
            bytes.push(filter());
            let mut free = 0;
            for x in (left..width).step_by(across) {
                for &sample in &samples(y, x)[..channels] {
                    match depth {
                        16 => bytes.extend(sample.to_be_bytes()),
                        8 => bytes.push(sample as u8),
                        _ => {
                            if free == 0 {
                                bytes.push(0);
                                free = 8;
                            }
                            free -= depth;
                            let low = sample as u8 & ((1 << depth) - 1);
                            *bytes.last_mut().unwrap() |= low << free;
                        }
                    }
                }
            }
        }
    }
    bytes
}
