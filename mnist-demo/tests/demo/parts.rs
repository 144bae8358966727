//! Training images in several files: the same bits as from one file, and parts that cannot be used are refused.

use crate::common::{demo, easy_data_set, idx, own_data, refused, run, text, weights};
use mnist_core::data::FILES;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The numbers of images of the parts.
const COUNTS: [usize; 3] = [200, 1, 399];

/// The path of a part of one of the files.
fn part(folder: &Path, file: usize, number: usize) -> PathBuf {
    folder.join(format!("{}-{number}-of-3", FILES[file]))
}

/// Creates a folder with the images of [`own_data`], those for training in parts.
fn data_in_parts() -> TempDir {
    let folder = own_data();
    for (file, header, size) in [(0, 16, 36), (1, 8, 1)] {
        let whole = folder.path().join(FILES[file]);
        let bytes = fs::read(&whole).unwrap();
        fs::remove_file(whole).unwrap();
        let mut rest = &bytes[header..];
        for (number, count) in COUNTS.into_iter().enumerate() {
            let (data, others) = rest.split_at(count * size);
            rest = others;
            let dims: &[u32] = match file {
                0 => &[count as u32, 6, 6],
                _ => &[count as u32],
            };
            fs::write(part(folder.path(), file, number), idx(dims, data)).unwrap();
        }
        assert!(rest.is_empty());
    }
    folder
}

#[test]
fn images_in_parts_give_the_same_results() {
    let (whole, parts) = (own_data(), data_in_parts());
    let output = tempfile::tempdir().unwrap();
    for batch in ["600", "250"] {
        let results = [&whole, &parts].map(|data| {
            let files = ["--data", text(data.path()), "--output", text(output.path())];
            let how = ["--batch", batch, "--steps", "9", "--threads", "2"];
            run(0, &[&files[..], &how].concat());
            let saved = weights(output.path());
            let evaluated = run(
                0,
                &[
                    "eval",
                    "--data",
                    text(data.path()),
                    "--weights",
                    text(&saved),
                ],
            );
            let compared = run(
                0,
                &["compare", "--data", text(data.path()), "--batches", "3"],
            );
            (fs::read(saved).unwrap(), evaluated, compared)
        });
        assert!(results[0] == results[1], "batch {batch}");
    }
}

#[test]
fn parts_that_cannot_be_used_are_refused_by_name() {
    let check = |change: &dyn Fn(&Path), words: &[&str]| {
        let data = data_in_parts();
        change(data.path());
        refused(
            &["--data", text(data.path()), "--output", "/nowhere"],
            words,
        );
    };
    let [images, labels] = easy_data_set(399);
    let write = |file, bytes: &[u8]| {
        let bytes = bytes.to_vec();
        move |folder: &Path| fs::write(part(folder, file, 2), &bytes).unwrap()
    };
    let name = format!("{}-2-of-3: ", FILES[0]);
    check(
        &|folder| fs::remove_file(part(folder, 0, 2)).unwrap(),
        &[&name, "cannot be read"],
    );
    check(
        &write(0, &images[..images.len() - 1]),
        &[&name, "is cut short"],
    );
    check(
        &write(0, &[&images[..], &[0]].concat()),
        &[&name, "is too long"],
    );
    check(
        &write(0, &easy_data_set(398)[0]),
        &[&name, "398 images for 399 labels"],
    );
    check(
        &write(0, &idx(&[399, 5, 5], &[0; 399 * 25])),
        &[&name, "5×5", "6×6"],
    );
    check(
        &write(0, b"\x1f\x8b and more"),
        &[&name, "is not an IDX file"],
    );
    let of_labels = format!("{}-2-of-3: ", FILES[1]);
    let wrong = [&labels[..labels.len() - 1], &[10]].concat();
    check(&write(1, &wrong), &[&of_labels, "label 10 at index 398"]);

    // A file that is whole is read, and its parts are not.
    let data = data_in_parts();
    for (name, bytes) in FILES.iter().zip(easy_data_set(77)) {
        fs::write(data.path().join(name), bytes).unwrap();
    }
    let output = data.path().join("out");
    let files = ["--data", text(data.path()), "--output", text(&output)];
    let printed = demo(&[&files[..], &["--steps", "1"]].concat());
    assert!(
        String::from_utf8(printed.stdout)
            .unwrap()
            .contains("77 images for training")
    );
}
