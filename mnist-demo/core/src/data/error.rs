use std::io;
use std::path::{Path, PathBuf};

use super::FILES;
use super::idx::{MAX_BYTES, MAX_ITEMS, MAX_SIDE};
use super::sketch::MAX_PNG_SIDE;
use crate::report::{counted, grouped};

/// Unusable data: the file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", file.display())]
#[non_exhaustive]
pub struct Error {
    /// The file, or the folder in which a file is missing.
    pub file: PathBuf,
    /// What is wrong with the file.
    pub cause: DataCause,
}

impl Error {
    /// Creates an error about `file`.
    pub fn new(file: impl AsRef<Path>, cause: DataCause) -> Self {
        Self {
            file: file.as_ref().to_owned(),
            cause,
        }
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataCause {
    /// The system could not open or read the file.
    #[error("cannot be read: {0}")]
    Read(io::Error),

    /// The file begins as gzip, but the rest is not valid.
    #[error("is damaged or cut short: {0}")]
    Gzip(io::Error),

    /// A complete gzip file is followed by bytes that are neither another gzip member nor zeros.
    #[error("goes on after its compressed data with bytes that are neither gzip nor zeros")]
    TrailingGarbage,

    /// One of the four files is missing in the folder.
    #[error("does not contain {name} (needed: {}, each plain or .gz; .idx may stand for -idx)", FILES.join(", "))]
    Missing {
        /// The name of the missing file.
        name: String,
    },

    /// The path is not a folder.
    #[error("is not a folder")]
    NotAFolder,

    /// The path is a folder, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,

    /// The file does not begin with the two zero bytes of the IDX format.
    #[error("is not an IDX file (it starts with {found:02x?})")]
    NotIdx {
        /// The first four bytes of the file.
        found: [u8; 4],
    },

    /// The elements of the IDX file are not unsigned bytes.
    #[error("contains {}, not unsigned bytes (0x08)", element_name(*found))]
    WrongType {
        /// The type code of the elements.
        found: u8,
    },

    /// The IDX file has another number of dimensions, as when labels are passed as images.
    #[error("has {} where {expected} are needed (images have 3, labels 1)", counted(u64::from(*found), "dimension", "dimensions"))]
    WrongDimensions {
        /// The required number of dimensions.
        expected: u8,
        /// The file's number of dimensions.
        found: u8,
    },

    /// There are no images, or they have no pixels.
    #[error("is empty")]
    Empty,

    /// The header claims more data than the limits allow.
    #[error("claims to contain {} bytes, which is over the limit of {MAX_ITEMS} items, {MAX_SIDE} pixels a side or \
             {MAX_BYTES} bytes",
        .dims.iter().map(u32::to_string).collect::<Vec<_>>().join("×"))]
    TooLarge {
        /// The claimed dimensions.
        dims: Vec<u32>,
    },

    /// The file ends before the header or the data is complete.
    #[error("is cut short: its {part} needs {} and has {}", counted(*expected as u64, "byte", "bytes"), grouped(*found as u64))]
    Truncated {
        /// The part in which the file ends: `"header"` or `"data"`.
        part: &'static str,
        /// The number of bytes that this part should have.
        expected: usize,
        /// The number of bytes that this part has.
        found: usize,
    },

    /// The file continues after its data.
    #[error(
        "is too long: it goes on after the {} of data that its header promises",
        counted(*expected as u64, "byte", "bytes")
    )]
    TrailingBytes {
        /// The number of bytes of data that the header claims.
        expected: usize,
    },

    /// The numbers of images and labels differ.
    #[error("contains {} for {}", counted(*images as u64, "image", "images"), counted(*labels as u64, "label", "labels"))]
    CountMismatch {
        /// The number of images.
        images: usize,
        /// The number of labels.
        labels: usize,
    },

    /// A label is not one of the ten classes.
    #[error("label {label} at index {index} is not one of 0 to 9")]
    BadLabel {
        /// The index of the label, counted from 0.
        index: usize,
        /// The label.
        label: u8,
    },

    /// The test images and the training images differ in size.
    #[error("images are {}×{} pixels, but those to train on are {}×{}", test.0, test.1, train.0, train.1)]
    SizeMismatch {
        /// Rows and columns of the training images.
        train: (usize, usize),
        /// Rows and columns of the test images.
        test: (usize, usize),
    },

    /// The file is not a PNG image, or a damaged one.
    #[error("cannot be read as a PNG image: {0}")]
    Png(png::DecodingError),

    /// The PNG decoder panicked: a bug of the decoder. Other images are not affected.
    #[error("cannot be read as a PNG image: the decoder failed ({message})")]
    PngDecoder {
        /// The message of the panic.
        message: String,
    },

    /// The image is too large.
    #[error("is an image of {width}×{height} pixels; at most {MAX_PNG_SIDE} a side are read")]
    PngTooLarge {
        /// The width of the image in pixels.
        width: u32,
        /// The height of the image in pixels.
        height: u32,
    },

    /// The image is blank.
    #[error("shows no digit: nothing stands out from the background")]
    Blank,
}

/// The name of an IDX element type.
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
