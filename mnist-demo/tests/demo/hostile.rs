//! Malicious data files are refused in one line, quickly, and without allocating the memory that they claim.

use std::fs;
use std::io::{Cursor, Read};

use crate::common::{gzip, idx};
use crate::memory::peak;
use crate::png;
use mnist_core::data::{
    DataCause, Error, FILES, MAX_ITEMS, Sketch, Splits, read_images, read_labels,
};
use proptest::prelude::*;

/// The memory limit for reading a file of a few bytes. Buffers for reading and decompressing are included.
const LITTLE: usize = 512 << 10;

/// Creates a compressed file, a thousandth of its decompressed size, with `header` followed by 256 MB of zeros.
fn bomb(header: &[u8]) -> Vec<u8> {
    gzip(header.chain(std::io::repeat(0).take(256 << 20)))
}

/// Replaces one of four valid files by `bytes`, and returns the error of reading the folder.
fn error_of(name: &str, bytes: &[u8]) -> Error {
    let dir = tempfile::tempdir().unwrap();
    let good = [
        idx(&[2, 2, 2], &[0; 8]),
        idx(&[2], &[1, 2]),
        idx(&[1, 2, 2], &[0; 4]),
        idx(&[1], &[0]),
    ];
    for (good_name, good_bytes) in FILES.iter().zip(good) {
        fs::write(dir.path().join(good_name), good_bytes).unwrap();
    }
    fs::write(dir.path().join(name), bytes).unwrap();
    let (result, peak) = peak(|| Splits::from_dir(dir.path()));
    let error = result.expect_err("a hostile file was accepted");
    let message = error.to_string();
    assert!(
        message.contains(name) && !message.contains('\n'),
        "{message}"
    );
    assert!(
        peak < LITTLE,
        "{peak} bytes were allocated before {message}"
    );
    error
}

#[test]
fn hostile_images_are_refused() {
    let cause = |bytes: &[u8]| error_of(FILES[0], bytes).cause;
    assert!(matches!(
        cause(b""),
        DataCause::Truncated { part: "header", .. }
    ));
    assert!(matches!(cause(&[0x1f, 0x8b]), DataCause::Gzip(_)));
    assert!(matches!(
        cause(&[0x1f, 0x8b, 8, 0xff, 0xff, 0xff]),
        DataCause::Gzip(_)
    ));
    assert!(matches!(
        cause(b"<html>not found</html>"),
        DataCause::NotIdx { .. }
    ));
    assert!(matches!(
        cause(&idx(&[2], &[1, 2])),
        DataCause::WrongDimensions { .. }
    ));
    assert!(matches!(
        cause(&idx(&[2; 255], &[])),
        DataCause::WrongDimensions { .. }
    ));
    assert!(matches!(cause(&idx(&[0, 2, 2], &[])), DataCause::Empty));
    assert!(matches!(
        cause(&idx(&[2, 0, u32::MAX], &[])),
        DataCause::Empty
    ));
    assert!(matches!(
        cause(&idx(&[u32::MAX; 3], &[])),
        DataCause::TooLarge { .. }
    ));
    assert!(matches!(
        cause(&idx(&[1 << 31, 1 << 31, 4], &[])),
        DataCause::TooLarge { .. }
    ));
    assert!(matches!(
        cause(&idx(&[2, 1 << 13, 1 << 13], &[])),
        DataCause::TooLarge { .. }
    ));
    assert!(matches!(
        cause(&idx(&[2, 1025, 2], &[])),
        DataCause::TooLarge { .. }
    ));
    assert!(matches!(
        cause(&idx(&[60_000, 28, 28], &[])),
        DataCause::CountMismatch { .. }
    ));
    assert!(matches!(
        cause(&idx(&[2, 1024, 1024], &[0; 9])),
        DataCause::Truncated { part: "data", .. }
    ));
    assert!(matches!(
        cause(&gzip(&idx(&[2, 1024, 1024], &[0; 9])[..])),
        DataCause::Truncated { part: "data", .. }
    ));
    assert!(matches!(
        cause(&idx(&[2, 2, 2], &[0; 9])),
        DataCause::TrailingBytes { expected: 8 }
    ));
    assert!(matches!(
        cause(&[gzip(&idx(&[2, 2, 2], &[0; 8])[..]), b"rest".to_vec()].concat()),
        DataCause::TrailingGarbage
    ));
    assert!(matches!(
        cause(&bomb(b"")),
        DataCause::WrongType { found: 0 }
    ));
    assert!(matches!(
        cause(&bomb(&idx(&[2, 2, 2], &[]))),
        DataCause::TrailingBytes { .. }
    ));
    assert!(matches!(
        cause(&bomb(&idx(&[300_000, 28, 28], &[]))),
        DataCause::CountMismatch { .. }
    ));
    assert!(matches!(
        cause(&gzip(&bomb(&idx(&[2, 2, 2], &[]))[..])),
        DataCause::NotIdx { .. }
    ));
}

#[test]
fn hostile_labels_are_refused() {
    let cause = |bytes: &[u8]| error_of(FILES[1], bytes).cause;
    assert!(matches!(
        cause(&idx(&[u32::MAX], &[])),
        DataCause::TooLarge { .. }
    ));
    assert!(matches!(
        cause(&idx(&[MAX_ITEMS + 1], &[])),
        DataCause::TooLarge { .. }
    ));
    assert!(matches!(
        cause(&idx(&[MAX_ITEMS], &[])),
        DataCause::Truncated { .. }
    ));
    assert!(matches!(
        cause(&idx(&[2], &[1, 255])),
        DataCause::BadLabel {
            index: 1,
            label: 255
        }
    ));
    assert!(matches!(
        cause(&idx(&[2, 2, 2], &[0; 8])),
        DataCause::WrongDimensions { .. }
    ));
    assert!(matches!(
        cause(&bomb(&idx(&[2], &[]))),
        DataCause::TrailingBytes { .. }
    ));
    let mut of_floats = idx(&[2], &[0; 8]);
    of_floats[2] = 0x0d;
    assert!(matches!(
        cause(&of_floats),
        DataCause::WrongType { found: 0x0d }
    ));
}

/// The files are gigabytes of zeros, which are sparse on disk.
#[test]
fn large_files_without_weights_are_refused_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    for (header, len) in [(0_u64, 1 << 30), (100, 1 << 32)] {
        fs::write(&path, header.to_le_bytes()).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_len(len).unwrap();
        let (result, peak) = peak(|| nn::snapshot::load::<f32, nn::MlpModel>(&path));
        let message = result.expect_err("zeros were accepted").to_string();
        assert!(
            peak < LITTLE,
            "{peak} bytes were allocated before {message}"
        );
    }
}

#[test]
fn an_image_is_refused_by_its_header() {
    // The header of an image of 2³¹−1 pixels a side, with a correct checksum.
    let header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x06\0\0\0\x14\xc9\x0b\x66";
    let (result, peak) = peak(|| Sketch::read_png(Cursor::new(header)));
    assert!(matches!(result, Err(DataCause::PngTooLarge { .. })));
    assert!(peak < LITTLE, "{peak} bytes");
}

/// The decoder panics at a palette whose last colour is incomplete.
#[test]
fn a_panic_of_the_decoder_is_an_error() {
    for length in [4, 5, 766, 767] {
        let file = png::assemble(&[
            png::header(1, 1, 8, 3, false),
            (*b"PLTE", vec![0; length]),
            (*b"IDAT", png::deflate(&[0, 0][..])),
            (*b"IEND", vec![]),
        ]);
        let error = Sketch::read_png(Cursor::new(file)).unwrap_err();
        assert!(matches!(error, DataCause::PngDecoder { .. }), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

proptest! {
    /// Random bytes, most of them after a header that gets them past the first checks.
    #[test]
    fn any_bytes_are_read_or_refused_in_little_memory(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        dims in prop::array::uniform3(prop_oneof![0_u32..20, any::<u32>()]),
        start in 0_usize..5,
    ) {
        let header = match start {
            0 => vec![],
            1 => idx(&dims[..1], &[]),
            2 => idx(&dims, &[]),
            3 => vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0],
            _ => vec![0x1f, 0x8b],
        };
        let bytes = [header, bytes].concat();
        for bytes in [gzip(&bytes[..]), bytes] {
            let (_, of_labels) = peak(|| read_labels(&bytes[..]));
            let (_, of_images) = peak(|| read_images(&bytes[..], dims[0] as usize));
            prop_assert!(of_labels.max(of_images) < LITTLE, "{} and {} bytes", of_labels, of_images);
        }
    }
}
