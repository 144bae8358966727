//! Labelled images: the built-in MNIST database, or another data set in the same four IDX files.
//!
//! No file is trusted. Headers are checked before memory is allocated for their data, memory is bounded, and every
//! error names the file and the cause. A panic in a decoder becomes an error too.

mod contain;
mod error;
mod gzip;
mod idx;
mod parts;
mod samples;
mod sketch;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use nn::Dataset;

pub use error::{DataCause, Error};
pub use idx::{Images, MAX_BYTES, MAX_ITEMS, MAX_SIDE, read_images, read_labels};
pub use parts::Parts;
pub use samples::{Place, Samples};
pub use sketch::{MAX_PNG_SIDE, Sketch};

/// The number of classes: the digits 0 to 9, or ten kinds of clothing.
pub const CLASSES: usize = 10;

/// The names of the four files of MNIST and Fashion-MNIST: training images and labels, then test images and labels.
pub const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Returns the data set of images and labels. A pixel is 0 in the background and 255 in the ink.
///
/// # Errors
///
/// If there are no images, the numbers of images and labels differ, or a label is over 9.
pub fn dataset(images: &Images, labels: &[u8]) -> Result<Dataset, DataCause> {
    let &Images {
        ref pixels,
        rows,
        cols,
    } = images;
    if labels.is_empty() || rows == 0 || cols == 0 {
        return Err(DataCause::Empty);
    }
    check_labels(labels)?;
    Dataset::new(pixels, [rows, cols], labels).map_err(|_| DataCause::CountMismatch {
        images: pixels.len() / rows / cols,
        labels: labels.len(),
    })
}

/// The numbers of rows and columns of the images.
pub fn sides(data: &Dataset) -> [usize; 2] {
    [data.shape()[0], data.shape()[1]]
}

/// A training set and a test set, with images of the same size.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits<D = Dataset> {
    /// The training samples.
    pub train: D,
    /// The test samples.
    pub test: Dataset,
}

impl Splits {
    /// Returns MNIST, from the copy that is built into the program.
    ///
    /// # Errors
    ///
    /// If the built-in files are damaged, which the tests exclude.
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

    /// Reads the four [`FILES`] from a folder. Each may be plain or gzip-compressed, with or without the extension
    /// `.gz`.
    ///
    /// The names may have a dot before `idx`, as some tools write them: `train-images.idx3-ubyte`. If the folder
    /// contains a file under several names, the first of these is read: the published name, the published name with
    /// `.gz`, the name with the dot, the name with the dot and `.gz`.
    ///
    /// # Errors
    ///
    /// If a file is missing, cannot be read, is not what its name promises, or does not match the other files.
    pub fn from_dir(dir: impl AsRef<Path>) -> Result<Self, Error> {
        // All four files are located first: reading takes seconds, and a missing file should be reported before.
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
        // The smaller split comes first, so that most errors are found early.
        let test = read_split(test_images, test_labels)?;
        let train = read_split(train_images, train_labels)?;
        check_sides(test_name, sides(&train), sides(&test))?;
        Ok(Self { train, test })
    }
}

impl Splits<Samples> {
    /// Opens a folder. If it contains no [`FILES`] of training images but [`Parts`], the images stay in their files.
    /// The other files are read as by [`from_dir`](Splits::from_dir).
    ///
    /// # Errors
    ///
    /// If a file is missing, cannot be read, is not what its name promises, or does not match the other files.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let parts = match find(folder, FILES[0]) {
            Err(Error {
                cause: DataCause::Missing { .. },
                ..
            }) => Parts::open(folder)?,
            _ => None,
        };
        let Some(parts) = parts else {
            return Splits::from_dir(folder).map(Self::from);
        };
        let [images, labels] = [FILES[2], FILES[3]].map(|name| find(folder, name));
        let (images, labels) = (open(images?)?, open(labels?)?);
        let test_name = images.name.clone();
        let test = read_split(images, labels)?;
        check_sides(test_name, parts.sides(), sides(&test))?;
        let train = Samples::new(Place::Parts(parts));
        Ok(Splits { train, test })
    }
}

impl From<Splits> for Splits<Samples> {
    fn from(Splits { train, test }: Splits) -> Self {
        let train = train.into();
        Splits { train, test }
    }
}

/// Reads a PNG image of one digit and converts it by [`Sketch::prepare`] to `rows`×`cols` pixels, white on black.
///
/// # Errors
///
/// If the file cannot be read, is not a PNG image, is too large, or shows nothing.
pub fn read_digit(path: impl AsRef<Path>, rows: usize, cols: usize) -> Result<Vec<u8>, Error> {
    let Source { name, input } = open(path.as_ref().to_owned())?;
    Sketch::read_png(input)
        .and_then(|sketch| sketch.prepare(rows, cols))
        .map_err(|cause| Error::new(name, cause))
}

/// An input, and its name in errors.
struct Source<R> {
    name: PathBuf,
    input: R,
}

/// Reads a split. The labels come first, so that the number of images in the header can be compared with the number of
/// labels before a pixel is read.
fn read_split<R: BufRead>(images: Source<R>, labels: Source<R>) -> Result<Dataset, Error> {
    let bad_labels = |cause| Error::new(&labels.name, cause);
    let label_bytes = read_labels(labels.input).map_err(bad_labels)?;
    check_labels(&label_bytes).map_err(bad_labels)?;
    let bad_images = |cause| Error::new(&images.name, cause);
    let pixels = read_images(images.input, label_bytes.len()).map_err(bad_images)?;
    dataset(&pixels, &label_bytes).map_err(bad_images)
}

fn check_sides(test_name: PathBuf, train: [usize; 2], test: [usize; 2]) -> Result<(), Error> {
    let [train, test] = [train, test].map(Into::into);
    match train == test {
        true => Ok(()),
        false => Err(Error::new(
            test_name,
            DataCause::SizeMismatch { train, test },
        )),
    }
}

fn check_labels(labels: &[u8]) -> Result<(), DataCause> {
    match labels
        .iter()
        .position(|&label| usize::from(label) >= CLASSES)
    {
        Some(index) => Err(DataCause::BadLabel {
            index,
            label: labels[index],
        }),
        None => Ok(()),
    }
}

/// Returns the path of one of the [`FILES`] in a folder, under the first of its names that exists.
fn find(dir: &Path, name: &str) -> Result<PathBuf, Error> {
    match fs::metadata(dir) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(Error::new(dir, DataCause::NotAFolder)),
        Err(cause) => return Err(Error::new(dir, DataCause::Read(cause))),
    }
    let dotted = name.replace("-idx", ".idx");
    let names = [name, &dotted].map(|name| [name.to_owned(), format!("{name}.gz")]);
    let paths = names.as_flattened().iter().map(|name| dir.join(name));
    // A folder with one of the names does not hide a file with another. Without any file, the first existing path is
    // opened, and the error says what it is.
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
            Error::new(dir, DataCause::Missing { name })
        })
}

/// Opens a regular file. Anything else is an error: reading a pipe or a device might never end.
fn open(path: PathBuf) -> Result<Source<BufReader<File>>, Error> {
    let opened = match fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(DataCause::NotAFile),
        Ok(_) => File::open(&path).map_err(DataCause::Read),
        Err(cause) => Err(DataCause::Read(cause)),
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
