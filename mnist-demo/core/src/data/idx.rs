//! The IDX format, in which MNIST is published: a short header followed by the data.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufRead, Read};

use super::DataCause;
use super::gzip::{MAGIC, Members};

/// The maximum number of bytes of data that a file may claim; MNIST's largest file has 47 million.
pub const MAX_BYTES: usize = 1 << 28;

/// The maximum number of items that a file may claim; MNIST's largest file has 60,000.
pub const MAX_ITEMS: u32 = 1 << 20;

/// The largest height or width of an image that a file may claim, in pixels.
pub const MAX_SIDE: usize = 1024;

/// The number of bytes before the first image of a file.
pub(super) const IMAGES_HEADER: u64 = 16;

/// The number of bytes allocated at first, whatever the header claims.
const FIRST_STEP: usize = 1 << 16;

/// Images of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// All pixels, image by image and row by row.
    pub pixels: Vec<u8>,
    /// The height of an image in pixels.
    pub rows: usize,
    /// The width of an image in pixels.
    pub cols: usize,
}

/// Reads a file of labels, plain or gzip-compressed.
///
/// # Errors
///
/// If the input is not a complete and valid IDX file of one dimension, or is empty.
pub fn read_labels(input: impl BufRead) -> Result<Vec<u8>, DataCause> {
    let (_, labels) = read(input, |_: [u32; 1]| Ok(()))?;
    Ok(labels)
}

/// Reads a file of `labels` images, plain or gzip-compressed.
///
/// The number of images is compared with `labels` as soon as the header is read, so a header that claims too many
/// images allocates nothing.
///
/// # Errors
///
/// If the input is not a complete and valid IDX file of three dimensions, is empty, or has another number of images.
pub fn read_images(input: impl BufRead, labels: usize) -> Result<Images, DataCause> {
    let ([_, rows, cols], pixels) = read(input, |dims| check_images(dims, labels))?;
    Ok(Images {
        pixels,
        rows: rows as usize,
        cols: cols as usize,
    })
}

/// Checks a plain file of `labels` images by its header and its size, and returns the numbers of rows and columns.
///
/// # Errors
///
/// As for [`read_images`].
pub(super) fn check_file_of_images(
    file: &mut File,
    labels: usize,
) -> Result<[usize; 2], DataCause> {
    let dims = read_header(file)?;
    let expected = checked_size(&dims)?;
    check_images(dims, labels)?;
    let size = file.metadata().map_err(DataCause::Read)?.len();
    let found = size.saturating_sub(IMAGES_HEADER) as usize;
    match found.cmp(&expected) {
        Ordering::Less => Err(DataCause::Truncated {
            part: "data",
            expected,
            found,
        }),
        Ordering::Equal => Ok([dims[1] as usize, dims[2] as usize]),
        Ordering::Greater => Err(DataCause::TrailingBytes { expected }),
    }
}

/// Checks the dimensions of a file of `labels` images.
fn check_images(dims: [u32; 3], labels: usize) -> Result<(), DataCause> {
    let [images, rows, cols] = dims.map(|dim| dim as usize);
    if images != labels {
        return Err(DataCause::CountMismatch { images, labels });
    }
    if rows.max(cols) > MAX_SIDE {
        return Err(DataCause::TooLarge {
            dims: dims.to_vec(),
        });
    }
    Ok(())
}

/// Reads an IDX file of `N` dimensions and unsigned bytes to its end. `check` gets the dimensions before the data.
fn read<const N: usize>(
    mut input: impl BufRead,
    check: impl FnOnce([u32; N]) -> Result<(), DataCause>,
) -> Result<([u32; N], Vec<u8>), DataCause> {
    // A gzip file is recognized by its first two bytes, not by its name. No IDX file begins with these bytes.
    let mut magic = [0; 2];
    let found = fill(&mut input, &mut magic)?;
    let input = magic[..found].chain(input);
    if magic != MAGIC {
        return read_plain(input, check);
    }
    let mut members = Members::new(input);
    let result = read_plain(&mut members, check);
    if members.has_garbage() {
        return Err(DataCause::TrailingGarbage);
    }
    result.map_err(|cause| match cause {
        DataCause::Read(error) => DataCause::Gzip(error),
        other => other,
    })
}

fn read_plain<const N: usize>(
    mut input: impl Read,
    check: impl FnOnce([u32; N]) -> Result<(), DataCause>,
) -> Result<([u32; N], Vec<u8>), DataCause> {
    let dims = read_header(&mut input)?;
    let len = checked_size(&dims)?;
    check(dims)?;
    Ok((dims, read_data(&mut input, len)?))
}

/// Returns the number of bytes of data that a header claims.
fn checked_size(dims: &[u32]) -> Result<usize, DataCause> {
    let claimed = dims
        .iter()
        .try_fold(1_usize, |product, &dim| product.checked_mul(dim as usize));
    match claimed {
        Some(0) => Err(DataCause::Empty),
        Some(len) if len <= MAX_BYTES && dims[0] <= MAX_ITEMS => Ok(len),
        _ => Err(DataCause::TooLarge {
            dims: dims.to_vec(),
        }),
    }
}

/// Reads the magic number and the dimensions after it.
fn read_header<const N: usize>(input: &mut impl Read) -> Result<[u32; N], DataCause> {
    let mut magic = [0; 4];
    let wanted = 4 + 4 * N;
    let found = fill(input, &mut magic)?;
    // A file of two other bytes is reported as not IDX, and an empty file as truncated.
    if found > 0 && magic[..2] != [0, 0] {
        return Err(DataCause::NotIdx { found: magic });
    }
    if found < 4 {
        return Err(DataCause::Truncated {
            part: "header",
            expected: wanted,
            found,
        });
    }
    let [_, _, element, count] = magic;
    if element != 0x08 {
        return Err(DataCause::WrongType { found: element });
    }
    if usize::from(count) != N {
        return Err(DataCause::WrongDimensions {
            expected: N as u8,
            found: count,
        });
    }
    let mut dims = [0; N];
    for (i, dim) in dims.iter_mut().enumerate() {
        let mut bytes = [0; 4];
        let found = fill(input, &mut bytes)?;
        if found < 4 {
            return Err(DataCause::Truncated {
                part: "header",
                expected: wanted,
                found: 4 + 4 * i + found,
            });
        }
        *dim = u32::from_be_bytes(bytes);
    }
    Ok(dims)
}

/// Reads exactly `len` bytes, after which the file must end.
///
/// The buffer grows at most by a factor of two, and only when it is full. A short file with a large claim in its header
/// therefore allocates little.
fn read_data(input: &mut impl Read, len: usize) -> Result<Vec<u8>, DataCause> {
    let mut data = Vec::new();
    while data.len() < len {
        let step = data.len().max(FIRST_STEP).min(len - data.len());
        data.try_reserve_exact(step)
            .map_err(|error| DataCause::Read(io::Error::new(io::ErrorKind::OutOfMemory, error)))?;
        let got = input
            .take(step as u64)
            .read_to_end(&mut data)
            .map_err(DataCause::Read)?;
        if got < step {
            return Err(DataCause::Truncated {
                part: "data",
                expected: len,
                found: data.len(),
            });
        }
    }
    match fill(input, &mut [0])? {
        0 => Ok(data),
        _ => Err(DataCause::TrailingBytes { expected: len }),
    }
}

/// Reads until the buffer is full or the input ends, and returns the number of bytes read.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize, DataCause> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(DataCause::Read(error)),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(element: u8, dims: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, element, dims.len() as u8];
        bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
        bytes.extend(data);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(bytes, flate2::Compression::best())
            .read_to_end(&mut packed)
            .unwrap();
        packed
    }

    #[test]
    fn false_headers_are_refused() {
        let labels = |bytes: &[u8]| read_labels(bytes).unwrap_err();
        assert!(matches!(
            labels(b""),
            DataCause::Truncated {
                part: "header",
                expected: 8,
                found: 0
            }
        ));
        assert!(matches!(
            labels(b"\x00\x00\x08"),
            DataCause::Truncated {
                part: "header",
                found: 3,
                ..
            }
        ));
        assert!(matches!(
            labels(b"PNG and more"),
            DataCause::NotIdx {
                found: [b'P', b'N', b'G', b' ']
            }
        ));
        assert!(matches!(
            labels(&file(0x0d, &[4], &[0; 16])),
            DataCause::WrongType { found: 0x0d }
        ));
        assert!(matches!(
            labels(&file(8, &[1, 1, 1], &[1])),
            DataCause::WrongDimensions {
                expected: 1,
                found: 3
            }
        ));
        assert!(matches!(labels(&file(8, &[0], &[])), DataCause::Empty));
        assert!(matches!(
            labels(&file(8, &[u32::MAX], &[1])),
            DataCause::TooLarge { .. }
        ));
    }

    #[test]
    fn images_are_checked_against_the_labels_and_the_limits() {
        let images =
            |dims: &[u32], labels| read_images(&file(8, dims, &[])[..], labels).unwrap_err();
        assert!(matches!(
            images(&[u32::MAX; 3], usize::MAX),
            DataCause::TooLarge { .. }
        ));
        assert!(matches!(
            images(&[1, 1025, 1], 1),
            DataCause::TooLarge { .. }
        ));
        assert!(matches!(
            images(&[300_000, 28, 28], 10),
            DataCause::CountMismatch {
                images: 300_000,
                labels: 10
            }
        ));
        assert!(matches!(images(&[10, 0, 28], 10), DataCause::Empty));
    }

    #[test]
    fn compressed_files_must_be_complete_too() {
        let packed = gzip(&file(8, &[5], &[1, 2, 3, 4, 5]));
        assert_eq!(read_labels(&packed[..]).unwrap(), [1, 2, 3, 4, 5]);
        for len in 2..packed.len() {
            assert!(
                matches!(read_labels(&packed[..len]), Err(DataCause::Gzip(_))),
                "cut to {len}"
            );
        }
        let padded = [&packed[..], &[0; 512]].concat();
        assert_eq!(read_labels(&padded[..]).unwrap(), [1, 2, 3, 4, 5]);
        let more = [&packed[..], b"more"].concat();
        assert!(matches!(
            read_labels(&more[..]),
            Err(DataCause::TrailingGarbage)
        ));
        let halves = [gzip(&file(8, &[5], &[1, 2])), gzip(&[3, 4, 5])].concat();
        assert_eq!(read_labels(&halves[..]).unwrap(), [1, 2, 3, 4, 5]);
        let two_files = gzip(&[file(8, &[1], &[1]), file(8, &[1], &[1])].concat());
        assert!(matches!(
            read_labels(&two_files[..]),
            Err(DataCause::TrailingBytes { expected: 1 })
        ));
    }

    proptest! {
        #[test]
        fn complete_files_are_read(count in 1_usize..40, rows in 1_usize..9, cols in 1_usize..9, packed: bool) {
            let pixels: Vec<u8> = (0..count * rows * cols).map(|i| (i * 37) as u8).collect();
            let plain = file(8, &[count as u32, rows as u32, cols as u32], &pixels);
            let bytes = if packed { gzip(&plain) } else { plain };
            prop_assert_eq!(read_images(&bytes[..], count).unwrap(), Images { pixels, rows, cols });
        }

        #[test]
        fn truncated_and_extended_files_are_refused(data in prop::collection::vec(any::<u8>(), 1..40)) {
            let whole = file(8, &[data.len() as u32], &data);
            prop_assert_eq!(&read_labels(&whole[..]).unwrap(), &data);
            for len in 0..whole.len() {
                let refused = matches!(read_labels(&whole[..len]), Err(DataCause::Truncated { .. }));
                prop_assert!(refused, "cut to {}", len);
            }
            let longer = [whole, vec![0]].concat();
            let refused = matches!(read_labels(&longer[..]), Err(DataCause::TrailingBytes { .. }));
            prop_assert!(refused);
        }
    }
}
