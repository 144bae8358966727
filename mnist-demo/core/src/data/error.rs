use std::io;
use std::path::{Path, PathBuf};

use super::FILES;
use super::idx::{MAX_BYTES, MAX_ITEMS, MAX_SIDE};
use super::sketch::MAX_PICTURE_SIDE;
use crate::report::{counted, grouped};

/// Data that cannot be used: which file it is, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", file.display())]
#[non_exhaustive]
pub struct Error {
    /// The file, or the folder in which one is missing.
    pub file: PathBuf,
    /// What is wrong with it.
    pub cause: Cause,
}

impl Error {
    /// Blames `cause` on `file`.
    pub fn new(file: impl AsRef<Path>, cause: Cause) -> Self {
        Self {
            file: file.as_ref().to_owned(),
            cause,
        }
    }
}

/// What can be wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The system would not open or read it.
    #[error("cannot be read: {0}")]
    Read(io::Error),

    /// Its contents begin as gzip but do not go on so.
    #[error("is damaged or cut short: {0}")]
    Gzip(io::Error),

    /// It is a whole gzip file, but neither another one nor zeros follow.
    #[error("goes on after its compressed data with bytes that are neither gzip nor zeros")]
    TrailingGarbage,

    /// One of the four files is not in the folder.
    #[error("does not contain {name} (needed: {}, each plain or .gz; .idx may stand for -idx)", FILES.join(", "))]
    Missing {
        /// The file that was looked for.
        name: String,
    },

    /// It was to be a folder.
    #[error("is not a folder")]
    NotAFolder,

    /// It is a folder, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,

    /// It does not begin with the two zero bytes of every IDX file.
    #[error("is not an IDX file (it starts with {found:02x?})")]
    NotIdx {
        /// Its first four bytes.
        found: [u8; 4],
    },

    /// It is an IDX file of something other than unsigned bytes.
    #[error("contains {}, not unsigned bytes (0x08)", element_name(*found))]
    WrongType {
        /// The code of the type.
        found: u8,
    },

    /// It is an IDX file of another number of dimensions; labels given as images, for instance.
    #[error("has {} where {expected} are needed (images have 3, labels 1)", counted(u64::from(*found), "dimension", "dimensions"))]
    WrongDimensions {
        /// The number it should have.
        expected: u8,
        /// The number it has.
        found: u8,
    },

    /// There are no pictures, or they have no pixels.
    #[error("is empty")]
    Empty,

    /// The header promises more than any such file holds.
    #[error("claims to contain {} bytes, which is over the limit of {MAX_ITEMS} items, {MAX_SIDE} pixels a side or \
             {MAX_BYTES} bytes",
        .dims.iter().map(u32::to_string).collect::<Vec<_>>().join("×"))]
    TooLarge {
        /// The dimensions that it claims.
        dims: Vec<u32>,
    },

    /// The file ends before it has kept its promise.
    #[error("is cut short: its {part} needs {} and has {}", counted(*expected as u64, "byte", "bytes"), grouped(*found as u64))]
    Truncated {
        /// Whether it ends in the `"header"` or in the `"data"`.
        part: &'static str,
        /// How many bytes that part should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },

    /// The file goes on after it has kept its promise.
    #[error(
        "is too long: it goes on after the {} of data that its header promises",
        counted(*expected as u64, "byte", "bytes")
    )]
    TrailingBytes {
        /// How many bytes of data there should be.
        expected: usize,
    },

    /// Some pictures have no label, or some labels no picture.
    #[error("contains {} for {}", counted(*images as u64, "image", "images"), counted(*labels as u64, "label", "labels"))]
    CountMismatch {
        /// How many pictures there are.
        images: usize,
        /// How many labels there are.
        labels: usize,
    },

    /// A label is not one of the ten classes.
    #[error("label {label} at index {index} is not one of 0 to 9")]
    BadLabel {
        /// Where it is, counted from 0.
        index: usize,
        /// What it is.
        label: u8,
    },

    /// The pictures to test with have another size than those to train on.
    #[error("images are {}×{} pixels, but those to train on are {}×{}", test.0, test.1, train.0, train.1)]
    SizeMismatch {
        /// Rows and columns of the pictures to train on.
        train: (usize, usize),
        /// Rows and columns of the pictures to test with.
        test: (usize, usize),
    },

    /// It is not a PNG picture, or a damaged one.
    #[error("cannot be read as a PNG picture: {0}")]
    Png(png::DecodingError),

    /// The decoder of PNG pictures panicked, which is its fault; no other picture is harmed.
    #[error("cannot be read as a PNG picture: the decoder failed ({message})")]
    PngDecoder {
        /// What the decoder said.
        message: String,
    },

    /// The picture has too many pixels.
    #[error("is a picture of {width}×{height} pixels; at most {MAX_PICTURE_SIDE} a side are read")]
    PictureTooLarge {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },

    /// The picture shows nothing.
    #[error("shows no digit: nothing stands out from the background")]
    Blank,
}

/// The elements of an IDX file, by their code.
fn element_name(code: u8) -> String {
    let name = match code {
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => "elements of an unknown type",
    };
    format!("{name} ({code:#04x})")
}
