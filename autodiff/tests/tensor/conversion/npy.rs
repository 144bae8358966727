//! NumPy's formats: files of every kind of header are read, and hostile ones are refused.

use autodiff::Tensor;
use autodiff::tensor::{Element, NpyError, NpzReader, NpzWriter};
use proptest::prelude::*;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A file of version 1 with a header that NumPy pads to a multiple of 64 bytes.
fn file(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let padding = 64 - (10 + dictionary.len() + 1) % 64;
    let header = format!("{dictionary}{}\n", " ".repeat(padding));
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), data].concat()
}

fn read<T: Element>(file: &[u8]) -> Result<Tensor<T>, NpyError> {
    Tensor::read_npy(file)
}

#[track_caller]
fn round_trip<T: Element>(x: &Tensor<T>) {
    let mut file = Vec::new();
    x.write_npy(&mut file).unwrap();
    assert_eq!((file.len() - size_of_val(x.data())) % 64, 0);
    assert_eq!(&read::<T>(&file).unwrap(), x);
}

#[test]
fn what_is_written_is_read() {
    round_trip(&Tensor::scalar(2.5_f32));
    round_trip(&Tensor::from([[1.5, -2.5], [f64::INFINITY, 1e-310]]));
    round_trip(&Tensor::arange(0_u8..200).reshape([2, 100]));
    round_trip(&Tensor::from([u32::MAX, 1]));
    round_trip(&Tensor::from([[[i32::MIN], [7]]]));
    round_trip(&Tensor::from([i64::MIN, i64::MAX]));
    round_trip(&Tensor::<f32>::zeros([3, 0, 2]));
    round_trip(&Tensor::<f32>::zeros([10, 10]).rows(3..5));
    // The length of a header has a bound, so that what is written can be read.
    round_trip(&Tensor::<u8>::zeros(&[1; 3200][..]));
    let refused = Tensor::<u8>::zeros(&[1; 4000][..]).write_npy(Vec::new());
    assert!(refused.unwrap_err().to_string().contains("4000 axes"));
}

#[test]
fn files_of_a_little_endian_machine_equal_those_of_numpy() {
    let mut written = Vec::new();
    Tensor::from([[1.0_f32, 2.0, 3.0]])
        .write_npy(&mut written)
        .unwrap();
    let data = [1.0_f32, 2.0, 3.0].map(f32::to_le_bytes).concat();
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
    if cfg!(target_endian = "little") {
        assert_eq!(written, file(dictionary, &data));
    }
    for (shape, text) in [(&[3][..], "(3,)"), (&[], "()"), (&[1, 1, 3], "(1, 1, 3)")] {
        let mut written = Vec::new();
        Tensor::<u8>::zeros(shape).write_npy(&mut written).unwrap();
        let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {text}, }}");
        assert_eq!(written, file(&text, &vec![0; shape.iter().product()]));
    }
}

#[test]
fn orders_of_bytes_and_axes_are_converted() {
    let big = [1_i32, 2, 3, 4, 5, 6].map(i32::to_be_bytes).concat();
    let c = file(
        "{'descr': '>i4', 'fortran_order': False, 'shape': (2, 3), }",
        &big,
    );
    assert_eq!(read(&c).unwrap(), Tensor::from([[1, 2, 3], [4, 5, 6]]));
    let fortran = file(
        "{'descr': '>i4', 'fortran_order': True, 'shape': (2, 3), }",
        &big,
    );
    assert_eq!(
        read(&fortran).unwrap(),
        Tensor::from([[1, 3, 5], [2, 4, 6]])
    );
    let bytes: Vec<u8> = (0..24).collect();
    let cube = file(
        "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }",
        &bytes,
    );
    let expected = Tensor::from_fn([2, 3, 4], |[i, j, k]| (i + 2 * j + 6 * k) as u8);
    assert_eq!(read(&cube).unwrap(), expected);
    let scalar = file(
        "{'descr': '|u1', 'fortran_order': True, 'shape': (), }",
        &[7],
    );
    assert_eq!(read(&scalar).unwrap(), Tensor::scalar(7_u8));
    let mask = file(
        "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }",
        &[0, 1],
    );
    assert_eq!(read(&mask).unwrap(), Tensor::from([0_u8, 1]));
}

#[test]
fn headers_of_other_writers_are_read() {
    for dictionary in [
        r#"{"shape":(2L,),"fortran_order":False,"descr":"|u1"}"#,
        "  { 'fortran_order' : False , 'descr' : '|u1' , 'shape' : ( 2 , ) , }  ",
        "{'descr': '<u1', 'fortran_order': False, 'shape': (2)}",
    ] {
        assert_eq!(
            read(&file(dictionary, &[1, 2])).unwrap(),
            Tensor::from([1_u8, 2])
        );
    }
    // Version 2 has a longer field of the length; what follows the elements stays in the reader.
    let header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}";
    let length = (header.len() as u32).to_le_bytes();
    let file = [b"\x93NUMPY\x02\0", &length[..], header, b"\x05rest"].concat();
    let mut rest = &file[..];
    assert_eq!(Tensor::read_npy(&mut rest).unwrap(), Tensor::from([5_u8]));
    assert_eq!(rest, b"rest");
}

#[test]
fn wrong_types_and_hostile_headers_are_errors() {
    let of = |descr: &str, shape: &str| {
        file(
            &format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"),
            &[0; 8],
        )
    };
    let error = |file: &[u8]| read::<f32>(file).unwrap_err().to_string();
    assert_eq!(
        error(&of("'<f8'", "(1,)")),
        "the elements of a .npy file have the type \"<f8\", and \"<f4\" was expected"
    );
    for descr in [
        "'f4'", "'<i4'", "'|b1'", "''", "'é'", "'<f4 '", "'|O'", "'?f4'",
    ] {
        let error = read::<f32>(&of(descr, "(1,)")).unwrap_err();
        assert!(matches!(error, NpyError::Type { .. }), "{descr}: {error}");
    }
    for (descr, shape) in [
        ("[('a', '<f4')]", "(1,)"),
        ("'<f4'", "(-1,)"),
        ("'<f4'", "(1.5,)"),
        ("'<f4'", "(99999999999999999999999,)"),
        ("'<f4'", "(,)"),
        ("'<f4'", "1"),
        ("'<f4'", "(1 2)"),
        ("'<f4'", "((1,),)"),
        ("'<f4'", "(1,), 'more': 1"),
        ("'<f4'", "(1,) + (2,)"),
        ("'<f4", "(1,)"),
    ] {
        let error = read::<f32>(&of(descr, shape)).unwrap_err();
        assert!(
            matches!(error, NpyError::Header(_)),
            "{descr} {shape}: {error}"
        );
    }
    for shape in [
        "(4611686018427387904, 4)",
        "(0, 4611686018427387904, 16)",
        "(9223372036854775807,)",
    ] {
        let error = read::<f32>(&of("'<f4'", shape)).unwrap_err();
        assert!(matches!(error, NpyError::TooLarge(_)), "{shape}: {error}");
    }
    // Terabytes that are not there.
    let error = read::<f32>(&of("'<f4'", "(1000000, 1000000)")).unwrap_err();
    assert!(matches!(
        error,
        NpyError::Truncated {
            found: 8,
            expected: 4_000_000_000_000
        }
    ));
    // A header of gigabytes that are not there, and one that nests.
    assert!(matches!(
        read::<f32>(b"\x93NUMPY\x02\0\xff\xff\xff\xff{"),
        Err(NpyError::Header(_))
    ));
    assert!(matches!(
        read::<f32>(&file(&"(".repeat(9000), b"")),
        Err(NpyError::Header(_))
    ));
    for early in [
        &b""[..],
        b"\x93NUM",
        b"\x93NUMPX\x01\0",
        b"\x93NUMPY\x04\0",
        b"\x93NUMPY\x01\0\xff",
    ] {
        assert!(matches!(read::<f32>(early), Err(NpyError::Format)));
    }
}

proptest! {
    /// Files that are cut or changed in a few bytes are read or refused, and nothing panics.
    #[test]
    fn mutations_do_not_panic(at in prop::collection::vec((0..140_usize, any::<u8>()), 0..4), cut in 0..160_usize) {
        let mut file = Vec::new();
        Tensor::from([[1_u8, 2, 3], [4, 5, 6]]).write_npy(&mut file).unwrap();
        for (at, byte) in at {
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
        }
        file.truncate(cut);
        if let Ok(x) = read::<u8>(&file) {
            prop_assert!(x.size() <= 6);
        }
    }
}

#[test]
fn archives_hold_arrays_by_name() {
    let mut writer = NpzWriter::new(Cursor::new(Vec::new()));
    let (weight, class) = (Tensor::from([[0.5_f32, -0.5]]), Tensor::from([3_u32, 1]));
    writer.write("layers/0.weight", &weight).unwrap();
    writer.write("class", &class).unwrap();
    assert!(matches!(
        writer.write("class", &class),
        Err(NpyError::Archive(_))
    ));
    let file = writer.finish().unwrap();
    let mut reader = NpzReader::new(file).unwrap();
    assert_eq!(
        reader.names().collect::<Vec<_>>(),
        ["layers/0.weight", "class"]
    );
    assert_eq!(reader.read::<u32>("class").unwrap(), class);
    assert_eq!(reader.read::<f32>("layers/0.weight").unwrap(), weight);
    assert!(matches!(
        reader.read::<f32>("class"),
        Err(NpyError::Type { .. })
    ));
    assert!(matches!(reader.read::<f32>("bias"), Err(NpyError::Missing(name)) if name == "bias"));
    assert!(matches!(
        NpzReader::new(Cursor::new(b"PK\x03\x04 no archive")),
        Err(NpyError::Archive(_))
    ));
}

#[test]
fn compressed_arrays_are_read() {
    let x = Tensor::from_fn([50, 40], |[i, j]| (i * j) as f64);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file("x.npy", options).unwrap();
    x.write_npy(&mut archive).unwrap();
    archive.start_file("notes.txt", options).unwrap();
    archive.write_all(b"not an array").unwrap();
    let file = archive.finish().unwrap();
    assert!(file.get_ref().len() < size_of_val(x.data()) / 2);
    let mut reader = NpzReader::new(file).unwrap();
    assert_eq!(reader.names().collect::<Vec<_>>(), ["x"]);
    assert_eq!(reader.read::<f64>("x").unwrap(), x);
}
