//! Images in several files, from which each image is read when it is needed.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nn::Dataset;

use super::idx::{IMAGES_HEADER, check_file_of_images};
use super::{DataCause, Error, FILES, Source, check_labels, open, read_labels};

/// Images to train on, in pairs of files: `train-images-idx3-ubyte-0-of-4`, `train-labels-idx1-ubyte-0-of-4` and so on.
/// The images are numbered through all parts.
///
/// Only the labels are in memory, so the images may take more than there is. The files of images must not be
/// compressed.
#[derive(Debug)]
pub struct Parts {
    files: Vec<Part>,
    labels: Vec<u8>,
    sides: [usize; 2],
}

/// A file of images.
#[derive(Debug)]
struct Part {
    name: PathBuf,
    file: Mutex<File>,
    /// The numbers of its images.
    numbers: Range<usize>,
}

impl Parts {
    /// Opens the parts in a folder, and reads their labels and the headers of their images. Returns `None` if there is
    /// no first part.
    ///
    /// # Errors
    ///
    /// If a part is missing, cannot be read, is not what its name promises, or does not match the other parts.
    pub(super) fn open(folder: &Path) -> Result<Option<Parts>, Error> {
        let Some(count) = count(folder)? else {
            return Ok(None);
        };
        let mut parts = Parts {
            files: Vec::new(),
            labels: Vec::new(),
            sides: [0; 2],
        };
        for number in 0..count {
            parts.add(folder, &format!("-{number}-of-{count}"))?;
        }
        Ok(Some(parts))
    }

    fn add(&mut self, folder: &Path, suffix: &str) -> Result<(), Error> {
        let path = |name: &str| folder.join(format!("{name}{suffix}"));
        let Source { name, input } = open(path(FILES[1]))?;
        let labels = read_labels(input).and_then(|labels| check_labels(&labels).map(|()| labels));
        let labels = labels.map_err(|cause| Error::new(name, cause))?;
        let Source { name, input } = open(path(FILES[0]))?;
        let mut file = input.into_inner();
        let sides = check_file_of_images(&mut file, labels.len());
        let sides = sides.map_err(|cause| Error::new(&name, cause))?;
        if self.files.is_empty() {
            self.sides = sides;
        } else if self.sides != sides {
            let cause = DataCause::SizeMismatch {
                train: self.sides.into(),
                test: sides.into(),
            };
            return Err(Error::new(name, cause));
        }
        let begin = self.labels.len();
        self.labels.extend(labels);
        self.files.push(Part {
            name,
            file: Mutex::new(file),
            numbers: begin..self.labels.len(),
        });
        Ok(())
    }

    /// The labels of all images.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The numbers of rows and columns of the images.
    pub fn sides(&self) -> [usize; 2] {
        self.sides
    }

    /// Reads the images with the given numbers.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    ///
    /// # Panics
    ///
    /// If a number is not below the number of images.
    pub(super) fn read(&self, numbers: &[usize]) -> Result<Dataset, Error> {
        let pixels = self.sides[0] * self.sides[1];
        let mut bytes = vec![0; numbers.len() * pixels];
        let mut rest = &mut bytes[..];
        // Consecutive images of a file are read at once.
        let are_together = |&a: &usize, &b: &usize| a + 1 == b && self.part(a) == self.part(b);
        for run in numbers.chunk_by(are_together) {
            let part = &self.files[self.part(run[0])];
            let (images, others) = rest.split_at_mut(run.len() * pixels);
            rest = others;
            let before = (run[0] - part.numbers.start) as u64 * pixels as u64;
            let place = SeekFrom::Start(IMAGES_HEADER + before);
            // Another thread's panic does not harm the file, whose position is set here.
            let mut file = part.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(place)
                .and_then(|_| file.read_exact(images))
                .map_err(|cause| Error::new(&part.name, DataCause::Read(cause)))?;
        }
        let labels: Vec<u8> = numbers.iter().map(|&number| self.labels[number]).collect();
        match Dataset::new(&bytes, self.sides, &labels) {
            Ok(images) => Ok(images),
            Err(_) => unreachable!("there is a label for each image"),
        }
    }

    /// Returns the number of the part that has an image.
    fn part(&self, image: usize) -> usize {
        self.files.partition_point(|part| part.numbers.end <= image)
    }
}

/// Returns the number of parts in a folder, from the name of the first; `None` if there is none.
fn count(folder: &Path) -> Result<Option<usize>, Error> {
    let entries =
        fs::read_dir(folder).map_err(|cause| Error::new(folder, DataCause::Read(cause)))?;
    let prefix = format!("{}-0-of-", FILES[0]);
    let counts = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_prefix(&prefix)?.parse().ok()
    });
    // The same on all systems, whatever the order of the names.
    Ok(counts.min())
}
