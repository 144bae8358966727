//! A snapshot that is longer or shorter than its header says is refused before its data is read.

use crate::hostile_weights::{LITTLE, from_bytes, parts, refused, training};
use crate::memory::peak;
use nn::MlpModel;
use nn::snapshot::{self, Cause, HeaderError, MAX_HEADER_BYTES};
use std::fs::{self, File};

#[test]
fn a_file_of_another_size_than_its_header_says_is_refused() {
    let good = training();
    let cut = |length: usize| from_bytes(&good[..length]).unwrap_err();
    let header = good.len() - parts(&good).1.len();
    for length in [0, 7, 8, 9, header - 1, header, header + 1, good.len() - 1] {
        let cause = cut(length);
        assert!(
            matches!(cause, Cause::Header(HeaderError::CutShort { found, .. }) if found == length as u64),
            "{length}: {cause}"
        );
    }
    let cause = from_bytes(&[&good[..], b"\0"].concat()).unwrap_err();
    assert_eq!(
        cause.to_string(),
        format!(
            "not a safetensors file: the file goes on after the {} bytes that it should have",
            good.len()
        )
    );
    // The length of the header exceeds the file, the limit, and every possible size.
    for length in [good.len() as u64, MAX_HEADER_BYTES] {
        let mut altered = good.clone();
        altered[..8].copy_from_slice(&length.to_le_bytes());
        let (result, bytes) = peak(|| from_bytes(&altered));
        assert!(bytes < LITTLE, "{bytes} bytes");
        let cause = result.unwrap_err();
        assert!(
            matches!(cause, Cause::Header(HeaderError::CutShort { .. })),
            "{cause}"
        );
    }
    for length in [MAX_HEADER_BYTES + 1, u64::MAX] {
        let mut altered = good.clone();
        altered[..8].copy_from_slice(&length.to_le_bytes());
        let cause = from_bytes(&altered).unwrap_err();
        assert!(matches!(cause, Cause::Header(HeaderError::TooLarge(found)) if found == length));
    }
    // The data exceeds the largest size of a file that is read.
    let size = snapshot::MAX_BYTES;
    let large = format!(
        r#"{{"layers.0.weight":{{"dtype":"F32","shape":[{}],"data_offsets":[0,{size}]}}}}"#,
        size / 4
    );
    assert!(matches!(
        refused(|_| large.clone().into_bytes()),
        Cause::TooLarge
    ));
}

/// A valid file with a tail of zeros, which is a hole and takes no space on the disk.
#[test]
fn a_long_tail_is_refused_without_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    let good = training();
    fs::write(&path, &good).unwrap();
    let tail = File::options().write(true).open(&path).unwrap();
    tail.set_len(good.len() as u64 + (2 << 30)).unwrap();
    let (result, bytes) = peak(|| snapshot::load::<f32, MlpModel>(&path));
    assert!(bytes < LITTLE, "{bytes} bytes");
    let cause = result.unwrap_err().cause;
    assert!(
        matches!(cause, Cause::Header(HeaderError::Trailing { .. })),
        "{cause}"
    );
    // The file contains only the length of its header.
    fs::write(&path, MAX_HEADER_BYTES.to_le_bytes()).unwrap();
    let (result, bytes) = peak(|| snapshot::load::<f32, MlpModel>(&path));
    let cause = result.unwrap_err().cause;
    assert!(bytes < LITTLE && matches!(cause, Cause::Header(HeaderError::CutShort { .. })));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_only_as_far_as_the_header_says() {
    use std::io::Write;
    let good = training();
    let expected = from_bytes(&good).unwrap();
    let through_pipe = |tail: usize| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let bytes = [&good[..], &vec![0; tail]].concat();
        let writing = std::thread::spawn(move || {
            // The reader may have closed the pipe.
            let _ = writer.write_all(&bytes);
        });
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
        let result = peak(|| snapshot::load::<f32, MlpModel>(&path));
        drop(reader);
        writing.join().unwrap();
        result
    };
    if !fs::exists("/proc/self/fd").unwrap() {
        return;
    }
    assert_eq!(through_pipe(0).0.unwrap(), expected);
    for tail in [1, 1 << 20] {
        let (result, bytes) = through_pipe(tail);
        let cause = result.unwrap_err().cause;
        assert!(
            matches!(cause, Cause::Header(HeaderError::Trailing { .. })),
            "{cause}"
        );
        assert!(bytes < LITTLE, "{bytes} bytes");
    }
}
