//! NumPy's file formats `.npy` and `.npz`.

mod header;

use super::Tensor;
use crate::tensor::storage::axes::Axes;
use crate::tensor::storage::element::Element;
use crate::tensor::storage::shape::Shape;
use header::Header;
use std::io::{self, Read, Seek, Write};
use thiserror::Error;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Why a `.npy` or `.npz` file cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NpyError {
    /// The file cannot be read or written.
    #[error("cannot read or write an array: {0}")]
    Io(#[from] io::Error),
    /// The file does not begin like a `.npy` file of a known version.
    #[error("this is not a .npy file of version 1, 2 or 3")]
    Format,
    /// The header is not that of an array of numbers.
    #[error("the header of a .npy file is not that of an array of numbers: {0:?}")]
    Header(String),
    /// The elements have another type.
    #[error("the elements of a .npy file have the type {found:?}, and {expected:?} was expected")]
    Type {
        /// The type in the file, in NumPy's notation, for example `<f8`.
        found: String,
        /// The type of the tensor.
        expected: String,
    },
    /// The shape in the header has more bytes than can be counted.
    #[error("a .npy file claims the shape {0}, which is too large")]
    TooLarge(Shape),
    /// The file ends before its last element.
    #[error("a .npy file ends after {found} of {expected} bytes of elements")]
    Truncated {
        /// The number of bytes of elements in the file.
        found: usize,
        /// The number of bytes that the header claims.
        expected: usize,
    },
    /// The archive cannot be read or written.
    #[error("cannot read or write an archive of arrays: {0}")]
    Archive(#[from] ZipError),
    /// The archive does not have an array of this name.
    #[error("the archive has no array {0:?}")]
    Missing(String),
}

/// With the feature `npy`: NumPy's file format `.npy`.
///
/// [`NpzReader`](crate::tensor::NpzReader) and [`NpzWriter`](crate::tensor::NpzWriter) handle archives of arrays, `.npz`.
impl<T: Element> Tensor<T> {
    /// Reads an array in NumPy's format `.npy`, whose elements have the type `T`.
    ///
    /// Both orders of axes and both byte orders are read, and booleans as `u8`. The reader is left after the last
    /// element. It may be hostile: a header of more than 10,000 bytes is refused, as NumPy does, and memory is
    /// allocated for the elements that are present, whatever the header claims.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let mut file = Vec::new();
    /// x.write_npy(&mut file)?;
    /// assert_eq!(Tensor::<f64>::read_npy(&file[..])?, x);
    /// assert!(Tensor::<f32>::read_npy(&file[..]).is_err());
    /// # Ok::<(), autodiff::tensor::NpyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the reader fails or ends early, the file is not in the format, its elements have another type, or its shape is
    /// too large.
    #[doc(alias = "load")]
    pub fn read_npy(mut reader: impl Read) -> Result<Tensor<T>, NpyError> {
        let Header {
            big_endian,
            fortran_order,
            mut shape,
        } = Header::read::<T>(&mut reader)?;
        let size = shape.checked_size();
        let Some(expected) = size.and_then(|size| size.checked_mul(size_of::<T>())) else {
            return Err(NpyError::TooLarge(shape));
        };
        let mut bytes = Vec::new();
        let found = reader.take(expected as u64).read_to_end(&mut bytes)?;
        if found < expected {
            return Err(NpyError::Truncated { found, expected });
        }
        if big_endian != cfg!(target_endian = "big") {
            for x in bytes.chunks_exact_mut(size_of::<T>()) {
                x.reverse();
            }
        }
        // Without elements there is no order, and a permutation might loop over hostile extents.
        let fortran_order = fortran_order && expected > 0;
        // In Fortran order, the elements are those of the transpose in row-major order.
        if fortran_order {
            let reversed: Vec<usize> = shape.iter().rev().copied().collect();
            shape = Shape::from(&reversed[..]);
        }
        let order: Axes = (0..shape.rank()).rev().collect();
        let tensor = Tensor::made(shape, |out| {
            bytemuck::cast_slice_mut(out).copy_from_slice(&bytes);
        });
        Ok(if fortran_order {
            tensor.permute(order)
        } else {
            tensor
        })
    }

    /// Writes the tensor in NumPy's format `.npy`, for `numpy.load`.
    ///
    /// # Errors
    ///
    /// If the writer fails, or the shape has so many axes (thousands) that a reader would refuse the header.
    #[doc(alias = "save")]
    pub fn write_npy(&self, mut writer: impl Write) -> io::Result<()> {
        writer.write_all(&header::to_bytes::<T>(self.shape())?)?;
        writer.write_all(bytemuck::cast_slice(self.data()))
    }
}

/// Reads arrays by name from an archive in NumPy's format `.npz`, compressed or not.
///
/// With the feature `npy`.
///
/// ```
/// use autodiff::Tensor;
/// use autodiff::tensor::{NpzReader, NpzWriter};
/// use std::io::Cursor;
///
/// let mut writer = NpzWriter::new(Cursor::new(Vec::new()));
/// writer.write("weight", &Tensor::from([[0.5_f32, -0.5]]))?;
/// writer.write("class", &Tensor::from([3_u32]))?;
/// let file = writer.finish()?;
///
/// let mut reader = NpzReader::new(file)?;
/// assert_eq!(reader.names().collect::<Vec<_>>(), ["weight", "class"]);
/// assert_eq!(reader.read::<u32>("class")?, Tensor::from([3]));
/// # Ok::<(), autodiff::tensor::NpyError>(())
/// ```
#[derive(Debug)]
pub struct NpzReader<R>(ZipArchive<R>);

impl<R: Read + Seek> NpzReader<R> {
    /// Reads the list of arrays.
    ///
    /// # Errors
    ///
    /// If the reader fails or is not an archive.
    pub fn new(reader: R) -> Result<Self, NpyError> {
        Ok(NpzReader(ZipArchive::new(reader)?))
    }

    /// The names of the arrays.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let names = self.0.file_names();
        names.filter_map(|name| Some(name.ok()?.strip_suffix(".npy")?.to_owned()))
    }

    /// Reads the array of the given name, as [`Tensor::read_npy`] does.
    ///
    /// A small compressed file may hold a large array; its memory is not limited.
    ///
    /// # Errors
    ///
    /// If there is no array of that name, or it cannot be read.
    pub fn read<T: Element>(&mut self, name: &str) -> Result<Tensor<T>, NpyError> {
        match self.0.by_name(&format!("{name}.npy")) {
            Ok(file) => Tensor::read_npy(file),
            Err(ZipError::FileNotFound) => Err(NpyError::Missing(name.to_owned())),
            Err(error) => Err(error.into()),
        }
    }
}

/// Writes arrays, each with a name, to an archive in NumPy's format `.npz`, as `numpy.savez` does: without compression.
///
/// With the feature `npy`. For an example, see [`NpzReader`].
pub struct NpzWriter<W: Write + Seek>(ZipWriter<W>);

impl<W: Write + Seek> NpzWriter<W> {
    /// Begins an archive.
    pub fn new(writer: W) -> Self {
        NpzWriter(ZipWriter::new(writer))
    }

    /// Adds an array.
    ///
    /// # Errors
    ///
    /// If the writer fails, or the archive already has an array of that name.
    pub fn write<T: Element>(&mut self, name: &str, tensor: &Tensor<T>) -> Result<(), NpyError> {
        let large = size_of_val(tensor.data()) >= u32::MAX as usize / 2;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(large);
        self.0.start_file(format!("{name}.npy"), options)?;
        Ok(tensor.write_npy(&mut self.0)?)
    }

    /// Completes the archive and returns the writer. An archive that is not finished cannot be read.
    ///
    /// # Errors
    ///
    /// If the writer fails.
    pub fn finish(self) -> Result<W, NpyError> {
        Ok(self.0.finish()?)
    }
}
