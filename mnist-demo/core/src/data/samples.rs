//! Images to train on, wherever they are.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use autodiff::tensor::{Real, Targets, Tensor};
use nn::{Batch, Dataset, Gather, Labelled};

use super::{Error, Parts, sides};

/// Images to train on: in memory, or in files from which each image is read when it is needed. A training has the same
/// bits with the same images in either.
#[derive(Debug)]
pub struct Samples {
    place: Place,
    failure: Mutex<Option<Error>>,
}

/// Where images are.
#[derive(Debug)]
pub enum Place {
    /// In memory.
    Memory(Dataset),
    /// In files.
    Parts(Parts),
}

impl Samples {
    /// Returns the images in a place.
    pub fn new(place: Place) -> Samples {
        Samples {
            place,
            failure: Mutex::new(None),
        }
    }

    /// Where the images are.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The number of images.
    pub fn count(&self) -> usize {
        match &self.place {
            Place::Memory(data) => data.len(),
            Place::Parts(parts) => parts.labels().len(),
        }
    }

    /// The numbers of rows and columns of the images.
    pub fn sides(&self) -> [usize; 2] {
        match &self.place {
            Place::Memory(data) => sides(data),
            Place::Parts(parts) => parts.sides(),
        }
    }

    /// Checks that all images could be read since the latest call. Those that could not were given as NaN, with which
    /// no step is taken.
    ///
    /// # Errors
    ///
    /// If an image could not be read.
    pub fn check_read(&self) -> Result<(), Error> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().map_or(Ok(()), Err)
    }
}

impl From<Dataset> for Samples {
    fn from(data: Dataset) -> Samples {
        Samples::new(Place::Memory(data))
    }
}

impl<T: Real> Batch<Labelled<T>> for Samples {
    fn len(&self) -> usize {
        self.count()
    }

    #[track_caller]
    fn load(&self, range: Range<usize>) -> Labelled<T> {
        match &self.place {
            Place::Memory(data) => data.load(range),
            Place::Parts(_) => self.gather(&range.collect::<Vec<_>>()),
        }
    }

    fn whole(&self) -> Option<Labelled<T>> {
        match &self.place {
            Place::Memory(data) => data.whole(),
            Place::Parts(_) => None,
        }
    }
}

impl<T: Real> Gather<Labelled<T>> for Samples {
    #[track_caller]
    fn gather(&self, numbers: &[usize]) -> Labelled<T> {
        let parts = match &self.place {
            Place::Memory(data) => return data.gather(numbers),
            Place::Parts(parts) => parts,
        };
        match parts.read(numbers) {
            Ok(images) => images.load(0..numbers.len()),
            Err(error) => {
                let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert(error);
                let [rows, cols] = parts.sides();
                let nothing = |width| Tensor::full([numbers.len(), width], T::from_f64(f64::NAN));
                let targets = Targets::Probabilities(nothing(super::CLASSES));
                (nothing(rows * cols), targets)
            }
        }
    }
}
