use super::*;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::io::Read;

fn idx(dims: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    bytes.extend(data);
    bytes
}

/// Creates a folder with two training images and one test image, all of 2×3 pixels.
fn small_folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let contents = [
        idx(&[2, 2, 3], &[7; 12]),
        idx(&[2], &[3, 9]),
        idx(&[1, 2, 3], &[1, 2, 3, 4, 5, 6]),
        idx(&[1], &[0]),
    ];
    for (name, bytes) in FILES.iter().zip(contents) {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn refusal(dir: &tempfile::TempDir) -> String {
    let message = Splits::from_dir(dir.path()).unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn the_built_in_files_are_the_published_ones() {
    let published = [
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ];
    for (name, published) in FILES.iter().zip(published) {
        let path = format!("{}/data/{name}.gz", env!("CARGO_MANIFEST_DIR"));
        let mut bytes = Vec::new();
        GzDecoder::new(File::open(path).unwrap())
            .read_to_end(&mut bytes)
            .unwrap();
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest, published, "{name}");
    }
}

#[test]
fn the_built_in_data_set_is_complete() {
    let Splits { train, test } = Splits::embedded().unwrap();
    assert_eq!((train.len(), sides(&train)), (60_000, [28, 28]));
    assert_eq!((test.len(), sides(&test)), (10_000, [28, 28]));
    assert_eq!(train.inputs().len(), 60_000 * 784);
    assert_eq!(train.classes()[..5], [5, 0, 4, 1, 9]);
    assert_eq!(test.classes()[..5], [7, 2, 1, 0, 4]);
}

#[test]
fn a_folder_is_read() {
    let Splits { train, test } = Splits::from_dir(small_folder().path()).unwrap();
    assert_eq!((train.len(), train.classes()), (2, &[3, 9][..]));
    assert_eq!(
        (test.sample(0), sides(&test)),
        (&[1, 2, 3, 4, 5, 6][..], [2, 3])
    );
}

#[test]
fn a_compressed_file_is_recognised_by_its_contents() {
    let dir = small_folder();
    let plain = Splits::from_dir(dir.path()).unwrap();
    for (name, ending) in FILES.iter().zip(["", ".gz", ".gz", ""]) {
        let old = dir.path().join(name);
        let mut gz =
            flate2::read::GzEncoder::new(File::open(&old).unwrap(), flate2::Compression::fast());
        let mut bytes = Vec::new();
        gz.read_to_end(&mut bytes).unwrap();
        fs::remove_file(&old).unwrap();
        fs::write(dir.path().join(format!("{name}{ending}")), bytes).unwrap();
    }
    assert_eq!(Splits::from_dir(dir.path()).unwrap(), plain);
}

#[test]
fn a_file_is_found_under_all_its_names_with_the_published_one_first() {
    let dir = small_folder();
    let labels = |label: u32| idx(&[1], &[label as u8]);
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    let found = || Splits::from_dir(dir.path()).unwrap().test.classes()[0];
    fs::remove_file(dir.path().join(FILES[3])).unwrap();
    // From the last name to the first, each file hides the ones before it.
    for (label, name) in [
        (1, "t10k-labels.idx1-ubyte.gz"),
        (2, "t10k-labels.idx1-ubyte"),
        (3, "t10k-labels-idx1-ubyte.gz"),
        (4, "t10k-labels-idx1-ubyte"),
    ] {
        write(name, &labels(label));
        assert_eq!(found(), label, "{name}");
    }
}

#[test]
fn a_data_set_unpacked_with_dots_in_its_names_is_read() {
    let dir = small_folder();
    let plain = Splits::from_dir(dir.path()).unwrap();
    for name in FILES {
        let dotted = name.replace("-idx", ".idx");
        fs::rename(dir.path().join(name), dir.path().join(dotted)).unwrap();
        // Some archives contain a folder with the published name next to the file.
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    assert_eq!(Splits::from_dir(dir.path()).unwrap(), plain);
}

#[test]
fn the_error_names_a_missing_file_and_the_needed_files() {
    let dir = small_folder();
    fs::remove_file(dir.path().join(FILES[3])).unwrap();
    let message = refusal(&dir);
    assert!(
        message.contains("does not contain t10k-labels-idx1-ubyte"),
        "{message}"
    );
    assert!(FILES.iter().all(|name| message.contains(name)), "{message}");
}

#[test]
fn paths_of_the_wrong_kind_are_refused() {
    let dir = small_folder();
    let file = dir.path().join(FILES[0]);
    assert!(matches!(
        Splits::from_dir(&file).unwrap_err().cause,
        DataCause::NotAFolder
    ));
    assert!(matches!(
        Splits::from_dir(dir.path().join("none")).unwrap_err().cause,
        DataCause::Read(_)
    ));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(
        Splits::from_dir(dir.path()).unwrap_err().cause,
        DataCause::NotAFile
    ));
}

#[test]
fn files_that_do_not_fit_together_are_refused() {
    let cases = [
        (
            FILES[1],
            idx(&[3], &[1, 2, 3]),
            "train-images-idx3-ubyte: contains 2 images for 3 labels",
        ),
        (
            FILES[1],
            idx(&[2], &[1, 10]),
            "train-labels-idx1-ubyte: label 10 at index 1 is not one of 0 to 9",
        ),
        (
            FILES[2],
            idx(&[1, 3, 2], &[0; 6]),
            "t10k-images-idx3-ubyte: images are 3×2 pixels, but those to train on are 2×3",
        ),
        (
            FILES[2],
            idx(&[1], &[1]),
            "t10k-images-idx3-ubyte: has 1 dimension where 3 are needed",
        ),
        (FILES[3], idx(&[0], &[]), "t10k-labels-idx1-ubyte: is empty"),
        (
            FILES[0],
            [&[0, 0, 0x0b, 3][..], &idx(&[2, 2, 3], &[0; 24])[4..]].concat(),
            "train-images-idx3-ubyte: contains 16-bit integers (0x0b), not unsigned bytes (0x08)",
        ),
        (
            FILES[2],
            [idx(&[1, 2, 3], &[0; 6]), b"text".to_vec()].concat(),
            "t10k-images-idx3-ubyte: is too long",
        ),
    ];
    for (name, bytes, expected) in cases {
        let dir = small_folder();
        fs::write(dir.path().join(name), bytes).unwrap();
        let message = refusal(&dir);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_data_set_is_checked_however_it_is_made() {
    let images = |count: usize| Images {
        pixels: vec![0; count * 4],
        rows: 2,
        cols: 2,
    };
    assert_eq!(dataset(&images(2), &[0, 1]).unwrap().len(), 2);
    assert!(matches!(
        dataset(&images(2), &[0]),
        Err(DataCause::CountMismatch {
            images: 2,
            labels: 1
        })
    ));
    assert!(matches!(dataset(&images(0), &[]), Err(DataCause::Empty)));
    assert!(matches!(
        dataset(&images(1), &[11]),
        Err(DataCause::BadLabel {
            index: 0,
            label: 11
        })
    ));
}
