//! Damaged and hostile snapshots are refused by their header, in little memory.

use crate::memory::peak;
use nn::snapshot::{self, Cause, HeaderError, MAX_HEADER_BYTES};
use nn::{
    Activation, Adam, Initializer, Mlp, MlpModel, Parameters, Snapshot, StandardLoss, Supervised,
};
use std::fs;
use std::time::{Duration, Instant};

/// The memory that the library may allocate for a small header, in bytes.
pub(crate) const LITTLE: usize = 256 << 10;

/// Returns the bytes of a saved training of a small network.
pub(crate) fn training() -> Vec<u8> {
    let network = Mlp::new(&[5, 4, 3], Activation::Tanh);
    let mut parameters = network.init::<f32>(Initializer::HeNormal, 1);
    let mut adam = Adam::new(0.01);
    let gradient = network.init::<f32>(Initializer::HeNormal, 2);
    adam.step(parameters.data_mut(), gradient.data()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("training");
    snapshot::save_training(
        &path,
        &Supervised::new(network.clone(), StandardLoss::cross_entropy()),
        &parameters,
        &adam,
    )
    .unwrap();
    fs::read(path).unwrap()
}

/// Returns the header of a file, and the data after it.
pub(crate) fn parts(file: &[u8]) -> (&str, &[u8]) {
    let (length, rest) = file.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    (std::str::from_utf8(header).unwrap(), data)
}

pub(crate) fn file(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Snapshot<f32>, Cause> {
    snapshot::from_bytes(bytes)
}

/// Returns why a file with a header altered by `alter` is refused. Checks that reading takes little memory.
pub(crate) fn refused(alter: impl Fn(&str) -> Vec<u8>) -> Cause {
    let good = training();
    let (header, data) = parts(&good);
    let altered = alter(header);
    assert_ne!(altered, header.as_bytes());
    let bytes = file(&altered, data);
    let (result, bytes) = peak(|| from_bytes(&bytes));
    assert!(bytes < LITTLE + 40 * altered.len(), "{bytes} bytes");
    let cause = result.expect_err("it should be refused");
    assert!(!cause.to_string().contains('\n'), "{cause}");
    cause
}

/// Like [`refused`], with a text in the header replaced by another.
fn replaced(from: &str, to: &str) -> Cause {
    refused(|header| {
        assert!(header.contains(from), "{from} is not in {header}");
        header.replacen(from, to, 1).into_bytes()
    })
}

/// The entry of the first bias in the header.
pub(crate) const BIAS: &str =
    r#""layers.0.bias":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#;

#[test]
fn the_header_of_the_test_file_is_as_expected() {
    let good = training();
    assert!(from_bytes(&good).is_ok());
    let (header, data) = parts(&good);
    assert!(header.contains(BIAS), "{header}");
    assert_eq!(file(header.as_bytes(), data), good);
    // Spaces and another order of entries do not change the meaning.
    let spaced = header.replace(':', " : ") + "   ";
    assert!(from_bytes(&file(spaced.as_bytes(), data)).is_ok());
    let last = header.replacen(&format!("{BIAS},"), "", 1);
    let last = last.trim_end().strip_suffix('}').unwrap().to_owned() + "," + BIAS + "}";
    assert!(from_bytes(&file(last.as_bytes(), data)).is_ok());
}

#[test]
fn duplicate_names_are_refused() {
    let twice = |name: &str, cause: &Cause| {
        assert!(
            matches!(cause, Cause::Header(HeaderError::Twice(found)) if found == name),
            "{cause}"
        );
    };
    // The same entry twice, another entry of the same name, and the same name with an escape.
    for other in [
        BIAS.to_owned(),
        BIAS.replace("[0,16]", "[16,32]"),
        BIAS.replace("bias", r"bi\u0061s"),
    ] {
        twice("layers.0.bias", &replaced(BIAS, &format!("{BIAS},{other}")));
    }
    twice(
        "network",
        &replaced(r#"{"network":"#, r#"{"network":"","network":"#),
    );
    let json = |cause: &Cause| {
        assert!(
            matches!(cause, Cause::Header(HeaderError::Json(_)))
                && cause.to_string().contains("duplicate field"),
            "{cause}"
        );
    };
    twice(
        "__metadata__",
        &replaced("__metadata__\":", "__metadata__\":{},\"__metadata__\":"),
    );
    json(&replaced(r#"[4],"#, r#"[4],"shape":[4],"#));
    for (from, to) in [
        (
            r#"\"widths\":[5,4,3],"#,
            r#"\"widths\":[5,4,3],\"widths\":[5,4,3],"#,
        ),
        (r#"\"beta1\":0.9,"#, r#"\"beta1\":0.9,\"beta1\":0.5,"#),
    ] {
        let cause = replaced(from, to);
        assert!(
            matches!(&cause, Cause::Network(text) if text.contains("duplicate field")),
            "{cause}"
        );
    }
}

#[test]
fn tensors_that_are_not_consecutive_are_refused() {
    for place in [
        // A gap, an overlap, the range of another tensor, and a range after the end of the file.
        "[4,16]",
        "[0,20]",
        "[16,32]",
        "[1000000,1000016]",
    ] {
        let cause = replaced("[0,16]", place);
        assert!(
            matches!(
                cause,
                Cause::Header(HeaderError::Offset { .. } | HeaderError::Size { .. })
            ),
            "{place}: {cause}"
        );
    }
    let offset = replaced("[0,16]", "[1,16]").to_string();
    assert!(
        offset.ends_with("tensor `layers.0.bias` begins at byte 1 of the data, not at 0"),
        "{offset}"
    );
    for place in ["[0,12]", "[0,0]"] {
        let cause = replaced("[0,16]", place);
        assert!(
            matches!(
                cause,
                Cause::Header(HeaderError::Size { .. } | HeaderError::Offset { .. })
            ),
            "{place}: {cause}"
        );
    }
    // Negative and reversed ranges.
    let cause = replaced(BIAS, &BIAS.replace("[0,16]", "[0,-16]"));
    assert!(
        matches!(cause, Cause::Header(HeaderError::Json(_))),
        "{cause}"
    );
    let cause = replaced(BIAS, &BIAS.replace("[0,16]", "[16,0]"));
    assert!(matches!(cause, Cause::Header(_)), "{cause}");
}

#[test]
fn shapes_and_types_that_do_not_fit_their_place_are_refused() {
    for (from, to) in [
        ("[4]", "[5]"),
        ("[4]", "[]"),
        ("[4]", "[0]"),
        ("F32", "F64"),
    ] {
        let cause = replaced(BIAS, &BIAS.replace(from, to));
        assert!(
            matches!(&cause, Cause::Header(HeaderError::Size { name, .. }) if name == "layers.0.bias"),
            "{to}: {cause}"
        );
    }
    for shape in [
        "[18446744073709551615]",
        "[4294967296,4294967296]",
        "[4,9223372036854775807,2]",
        "[2305843009213693952]",
    ] {
        let cause = replaced(BIAS, &BIAS.replace("[4]", shape));
        assert!(
            matches!(cause, Cause::Header(HeaderError::ImpossibleSize(_))),
            "{shape}: {cause}"
        );
    }
    // The size is one and a half bytes.
    let half = BIAS.replace("F32", "F4").replace("[4]", "[3]");
    let cause = replaced(BIAS, &half);
    assert!(
        matches!(cause, Cause::Header(HeaderError::ImpossibleSize(_))),
        "{cause}"
    );
    // The size is right, but the type is not a floating-point type.
    for dtype in ["I32", "U32"] {
        let cause = replaced(BIAS, &BIAS.replace("F32", dtype));
        assert!(matches!(cause, Cause::Precision { .. }), "{dtype}: {cause}");
    }
    let flat = BIAS.replace("[4]", "[2,2]");
    assert!(matches!(replaced(BIAS, &flat), Cause::Shape { .. }));
}

#[test]
fn invalid_headers_are_refused() {
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let deep_shape = BIAS.replace("[4]", &"[".repeat(100_000));
    for header in [
        b"".to_vec(),
        b"{".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        b"{} {}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"\xff\":{}}".to_vec(),
        b"{\"\\ud800\":{}}".to_vec(),
        deep.clone(),
        [b"{\"x\":", &deep[..], b"}"].concat(),
        format!("{{{deep_shape}").into_bytes(),
    ] {
        let cause = refused(|_| header.clone());
        assert!(
            matches!(cause, Cause::Header(HeaderError::Json(_))),
            "{cause}"
        );
    }
    assert!(matches!(
        refused(|_| b"{}".to_vec()),
        Cause::Header(HeaderError::Trailing { .. })
    ));
    for (from, to) in [
        ("\"F32\"", "\"F128\""),
        ("\"F32\"", "32"),
        ("[4]", "[4.0]"),
        ("[4]", "[-4]"),
        ("[4]", "[1e99]"),
        ("[4]", "[18446744073709551616]"),
        ("[4]", "4"),
        ("[0,16]", "[0]"),
        ("[0,16]", "[0,16,16]"),
        ("\"shape\":[4],", ""),
        ("\"shape\":[4],", "\"shape\":[4],\"strides\":[1],"),
    ] {
        let cause = replaced(BIAS, &BIAS.replace(from, to));
        assert!(
            matches!(cause, Cause::Header(HeaderError::Json(_))),
            "{to}: {cause}"
        );
    }
    // Invalid descriptions of a network.
    let cause = replaced(r#"{"network":"#, r#"{"other":"#);
    assert!(matches!(cause, Cause::Network(_)), "{cause}");
    for (from, to) in [
        (r#"\"tanh\""#, r#"\"tan\""#),
        (r#"[5,4,3]"#, r#"[5]"#),
        (r#"[5,4,3]"#, r#"[5,0,3]"#),
        (r#"[5,4,3]"#, r#"[5,-4,3]"#),
        (r#"\"hidden\""#, r#"\"layers\":9,\"hidden\""#),
        (r#":0.0}"#, r#":1.5}"#),
        (r#":0.0}"#, r#":null}"#),
    ] {
        let cause = replaced(from, to);
        assert!(matches!(cause, Cause::Network(_)), "{to}: {cause}");
    }
    let nested = format!(r#"\"settings\":{},"#, "[".repeat(100_000));
    let cause = replaced(r#"\"settings\":"#, &nested);
    assert!(matches!(cause, Cause::Network(_)), "{cause}");
}

#[test]
fn tensors_that_do_not_match_the_model_are_refused() {
    let cause = replaced(r#"\"widths\":[5,4,3]"#, r#"\"widths\":[5,4]"#);
    assert!(matches!(cause, Cause::Unexpected(_)), "{cause}");
    let cause = replaced(BIAS, &BIAS.replace("bias", "bits"));
    assert!(matches!(cause, Cause::Missing(name) if name == "layers.0.bias"));
    let cause = replaced(r#"\"second_moment\""#, r#"\"other_moment\""#);
    assert!(matches!(cause, Cause::Missing(_)), "{cause}");
    let cause = replaced(r#",\"second_moment\""#, "");
    assert!(matches!(cause, Cause::Unexpected(_)), "{cause}");
    let cause = replaced(r#"\"second_moment\""#, r#"\"first_moment\""#);
    assert!(matches!(cause, Cause::Network(_)), "{cause}");
}

/// Headers of the largest size that is read, filled with the entries that take the most memory.
#[test]
fn the_largest_headers_take_little_memory() {
    let most = MAX_HEADER_BYTES as usize;
    let fill = |begin: &str, piece: &dyn Fn(usize) -> String, end: &str| {
        let mut header = begin.to_owned();
        let mut number = 0;
        while header.len() + 100 < most {
            header += &piece(number);
            number += 1;
        }
        (header + end).into_bytes()
    };
    let empty = r#"{"dtype":"F4","shape":[],"data_offsets":[0,0]}"#;
    for header in [
        fill(
            r#"{"x":{"dtype":"F32","shape":["#,
            &|_| "0,".repeat(1000),
            r#"0],"data_offsets":[0,0]}}"#,
        ),
        fill(
            "{",
            &|i| format!("\"{i}\":{empty},"),
            &format!("\"x\":{empty}}}"),
        ),
        fill(
            r#"{"__metadata__":{"#,
            &|i| format!("\"{i}\":\"\","),
            r#""network":""}}"#,
        ),
        fill(
            r#"{"__metadata__":{"network":"{\"model\":{\"hidden\":\"relu\",\"widths\":["#,
            &|_| "1,".repeat(1000),
            r#"1]}}"}}"#,
        ),
        fill(
            r#"{"__metadata__":{"network":"{\"optimizer\":{\"settings\":["#,
            &|_| "[],".repeat(1000),
            r#"[]]}}"}}"#,
        ),
    ] {
        assert!(header.len() <= most + 5000);
        let header = &header[..header.len().min(most)];
        let bytes = file(header, &[]);
        let (result, peak) = peak(|| from_bytes(&bytes));
        assert!(result.is_err());
        assert!(peak <= 64 << 20, "{peak} bytes");
    }
}

/// A header that could not be read again is not written.
#[test]
fn a_network_of_too_many_layers_is_not_saved() {
    let network = Mlp::new(&[1; 40_000], Activation::Relu);
    let parameters = Parameters::<f32>::zeros(network.layout().clone());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    let cause = snapshot::save(
        &path,
        &Supervised::new(network.clone(), StandardLoss::cross_entropy()),
        &parameters,
    )
    .unwrap_err()
    .cause;
    assert!(
        matches!(cause, Cause::Header(HeaderError::TooLarge(_))),
        "{cause}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_network_of_very_many_layers_is_read_quickly() {
    let network = Mlp::new(&[1; 20_000], Activation::Relu);
    let parameters = Parameters::<f32>::zeros(network.layout().clone());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    snapshot::save(
        &path,
        &Supervised::new(network.clone(), StandardLoss::cross_entropy()),
        &parameters,
    )
    .unwrap();
    let start = Instant::now();
    let saved = snapshot::load::<f32, MlpModel>(&path).unwrap();
    // Comparing every name with every other name would take much longer than this.
    assert!(start.elapsed() < Duration::from_secs(4));
    assert_eq!(saved.model.network, network);
}
