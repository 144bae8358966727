//! Labelled pictures: the MNIST database as built into the program, or any other in the same four
//! IDX files.
//!
//! Nothing that a file says is believed: a header is checked before anything is allocated for it,
//! memory is bounded, and every refusal names the file and the cause. A decoder that panics gives
//! an error like any other.

mod contain;
mod error;
mod gzip;
mod idx;
mod sketch;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use nn::Dataset;

pub use error::{Cause, Error};
pub use idx::{Images, MAX_BYTES, MAX_ITEMS, MAX_SIDE, read_images, read_labels};
pub use sketch::{MAX_PICTURE_SIDE, Sketch};

/// How many classes there are: the digits 0 to 9, or ten kinds of clothing.
pub const CLASSES: usize = 10;

/// The names of the four files, by which MNIST and Fashion-MNIST are published: images and labels
/// to train on, then images and labels to test with.
pub const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Joins pictures and labels, and checks that they fit together: there is at least one picture, every picture has its
/// label, and no label is over 9. A pixel is 0 where the background is, and 255 where the ink is.
///
/// # Errors
///
/// When there are no pictures, their number is not that of the labels, or a label is over 9.
pub fn dataset(images: &Images, labels: &[u8]) -> Result<Dataset, Cause> {
    let &Images {
        ref pixels,
        rows,
        cols,
    } = images;
    if labels.is_empty() || rows == 0 || cols == 0 {
        return Err(Cause::Empty);
    }
    check_labels(labels)?;
    Dataset::new(pixels, [rows, cols], labels).map_err(|_| Cause::CountMismatch {
        images: pixels.len() / rows / cols,
        labels: labels.len(),
    })
}

/// The rows and columns of the pictures.
pub fn sides(data: &Dataset) -> [usize; 2] {
    [data.shape()[0], data.shape()[1]]
}

/// A data set to train on and one to test with, of pictures of the same size.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits {
    /// What the network learns from.
    pub train: Dataset,
    /// What it has never seen.
    pub test: Dataset,
}

impl Splits {
    /// MNIST, from the copy that is built into the program.
    ///
    /// # Errors
    ///
    /// Never with the files that the program was released with; the type is that of
    /// [`Splits::from_dir`], since both go the same way.
    pub fn embedded() -> Result<Self, Error> {
        const BUILT_IN: [&[u8]; 4] = [
            include_bytes!("../data/train-images-idx3-ubyte.gz"),
            include_bytes!("../data/train-labels-idx1-ubyte.gz"),
            include_bytes!("../data/t10k-images-idx3-ubyte.gz"),
            include_bytes!("../data/t10k-labels-idx1-ubyte.gz"),
        ];
        let [train_images, train_labels, test_images, test_labels] =
            std::array::from_fn(|i| Source {
                name: PathBuf::from(format!("built-in {}", FILES[i])),
                input: BUILT_IN[i],
            });
        Self::read(train_images, train_labels, test_images, test_labels)
    }

    /// The four [`FILES`] of a folder, each plain or, with the ending `.gz` or without, compressed
    /// with gzip.
    ///
    /// As some tools unpack them, the names may have a dot before `idx`: `train-images.idx3-ubyte`.
    /// Where a folder has a file under several names, the first of these is read: as published,
    /// as published with `.gz`, with the dot, with the dot and `.gz`.
    ///
    /// # Errors
    ///
    /// When a file is missing, cannot be read, is not what its name promises, or does not fit to
    /// the others.
    pub fn from_dir(dir: impl AsRef<Path>) -> Result<Self, Error> {
        // All four are looked for first, so that a missing one is told before seconds go into
        // reading the others.
        let [train_images, train_labels, test_images, test_labels] =
            FILES.map(|name| find(dir.as_ref(), name));
        let (train_images, train_labels) = (open(train_images?)?, open(train_labels?)?);
        let (test_images, test_labels) = (open(test_images?)?, open(test_labels?)?);
        Self::read(train_images, train_labels, test_images, test_labels)
    }

    fn read<R: BufRead>(
        train_images: Source<R>,
        train_labels: Source<R>,
        test_images: Source<R>,
        test_labels: Source<R>,
    ) -> Result<Self, Error> {
        let test_name = test_images.name.clone();
        // The smaller split comes first, so that most mistakes are found at once.
        let test = read_split(test_images, test_labels)?;
        let train = read_split(train_images, train_labels)?;
        let [train_size, test_size] = [&train, &test].map(|data| sides(data).into());
        if train_size != test_size {
            return Err(Error::new(
                test_name,
                Cause::SizeMismatch {
                    train: train_size,
                    test: test_size,
                },
            ));
        }
        Ok(Self { train, test })
    }
}

/// Reads a PNG picture of one digit and prepares it as [`Sketch::prepare`] tells: `rows`×`cols`
/// pixels, white on black.
///
/// # Errors
///
/// When the file cannot be read, is no PNG picture or too large a one, or shows nothing.
pub fn read_digit(path: impl AsRef<Path>, rows: usize, cols: usize) -> Result<Vec<u8>, Error> {
    let Source { name, input } = open(path.as_ref().to_owned())?;
    Sketch::read_png(input)
        .and_then(|sketch| sketch.prepare(rows, cols))
        .map_err(|cause| Error::new(name, cause))
}

/// Something to read, and what to call it in an error.
struct Source<R> {
    name: PathBuf,
    input: R,
}

/// Reads the labels before the images, whose header is then held against their number before a
/// pixel is read.
fn read_split<R: BufRead>(images: Source<R>, labels: Source<R>) -> Result<Dataset, Error> {
    let bad_labels = |cause| Error::new(&labels.name, cause);
    let label_bytes = read_labels(labels.input).map_err(bad_labels)?;
    check_labels(&label_bytes).map_err(bad_labels)?;
    let bad_images = |cause| Error::new(&images.name, cause);
    let pixels = read_images(images.input, label_bytes.len()).map_err(bad_images)?;
    dataset(&pixels, &label_bytes).map_err(bad_images)
}

fn check_labels(labels: &[u8]) -> Result<(), Cause> {
    match labels
        .iter()
        .position(|&label| usize::from(label) >= CLASSES)
    {
        Some(index) => Err(Cause::BadLabel {
            index,
            label: labels[index],
        }),
        None => Ok(()),
    }
}

/// The path of one of the [`FILES`] in a folder, under the first of its names that is there.
fn find(dir: &Path, name: &str) -> Result<PathBuf, Error> {
    match fs::metadata(dir) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(Error::new(dir, Cause::NotAFolder)),
        Err(cause) => return Err(Error::new(dir, Cause::Read(cause))),
    }
    let dotted = name.replace("-idx", ".idx");
    let names = [name, &dotted].map(|name| [name.to_owned(), format!("{name}.gz")]);
    let paths = names.as_flattened().iter().map(|name| dir.join(name));
    // A folder that has one of the names does not hide a file that has another. Where there is no
    // file at all, whatever is there is opened, and the error tells what it is.
    let is_file = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.is_file());
    let is_there = |path: &PathBuf| match fs::metadata(path) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::NotFound,
    };
    let found = paths.clone().find(is_file);
    found
        .or_else(|| paths.clone().find(is_there))
        .ok_or_else(|| {
            let name = name.to_owned();
            Error::new(dir, Cause::Missing { name })
        })
}

/// Opens a regular file. Anything else is refused, since a pipe would wait for ever and a device
/// never ends.
fn open(path: PathBuf) -> Result<Source<BufReader<File>>, Error> {
    let opened = match fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(Cause::NotAFile),
        Ok(_) => File::open(&path).map_err(Cause::Read),
        Err(cause) => Err(Cause::Read(cause)),
    };
    match opened {
        Ok(file) => Ok(Source {
            name: path,
            input: BufReader::new(file),
        }),
        Err(cause) => Err(Error::new(path, cause)),
    }
}

#[cfg(test)]
mod tests;
