//! The header of a `.npy` file.
//!
//! It has the magic number, a version, its length, and a literal of a Python dictionary. The grammar is the part of
//! Python that NumPy writes for arrays of numbers. It has no nesting, so a hostile header cannot exhaust the stack.

use super::NpyError;
use crate::tensor::storage::element::Element;
use crate::tensor::storage::shape::Shape;
use std::io::{self, ErrorKind, Read};

const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// The length at which NumPy refuses a header, too.
const LONGEST: u16 = 10_000;

/// The elements begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// What a header says about the elements, whose type has been checked.
pub(super) struct Header {
    pub(super) big_endian: bool,
    /// Whether the first axis varies fastest.
    pub(super) fortran_order: bool,
    pub(super) shape: Shape,
}

impl Header {
    /// Reads the header of an array of `T`.
    pub(super) fn read<T: Element>(reader: &mut impl Read) -> Result<Header, NpyError> {
        let magic: [u8; 8] = read_array(reader)?;
        if magic[..6] != MAGIC {
            return Err(NpyError::Format);
        }
        let length = match magic[6] {
            1 => u32::from(u16::from_le_bytes(read_array(reader)?)),
            2 | 3 => u32::from_le_bytes(read_array(reader)?),
            _ => return Err(NpyError::Format),
        };
        if length > u32::from(LONGEST) {
            return Err(NpyError::Header(format!("{length} bytes")));
        }
        let mut bytes = vec![0; length as usize];
        reader.read_exact(&mut bytes).map_err(early_end)?;
        let text = String::from_utf8_lossy(&bytes);
        let Some((descr, fortran_order, shape)) = (Literal { rest: &text }).header() else {
            return Err(NpyError::Header(text.trim_end().to_owned()));
        };
        let (order, code) = descr.split_at_checked(1).unwrap_or_default();
        let own = code == code_of::<T>() || (code == "b1" && code_of::<T>() == "u1");
        if !own || !["<", ">", "=", "|"].contains(&order) {
            return Err(NpyError::Type {
                found: descr.to_owned(),
                expected: descr_of::<T>(),
            });
        }
        Ok(Header {
            big_endian: order == ">" || (order != "<" && cfg!(target_endian = "big")),
            fortran_order,
            shape,
        })
    }
}

fn read_array<const N: usize>(reader: &mut impl Read) -> Result<[u8; N], NpyError> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(early_end)?;
    Ok(bytes)
}

/// A file that ends within its header is not in the format.
fn early_end(error: io::Error) -> NpyError {
    match error.kind() {
        ErrorKind::UnexpectedEof => NpyError::Format,
        _ => NpyError::Io(error),
    }
}

/// Returns the header of an array of `T` in the byte order of this machine, with all that precedes the elements.
pub(super) fn to_bytes<T: Element>(shape: &Shape) -> io::Result<Vec<u8>> {
    let extents: String = shape.iter().map(|extent| format!("{extent}, ")).collect();
    // Python writes one extent as `(3,)`, and several without the last comma.
    let extents = match shape.rank() {
        1 => extents.trim_end(),
        _ => extents.trim_end_matches(", "),
    };
    let descr = descr_of::<T>();
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({extents}), }}");
    let before = MAGIC.len() + 4;
    let total = (before + text.len() + 1).next_multiple_of(ALIGNMENT);
    let length = total - before;
    let Ok(length @ 0..=LONGEST) = u16::try_from(length) else {
        let rank = shape.rank();
        let message = format!("a .npy file cannot have a shape of {rank} axes");
        return Err(io::Error::new(ErrorKind::InvalidInput, message));
    };
    let mut bytes = [
        &MAGIC[..],
        &[1, 0],
        &length.to_le_bytes()[..],
        text.as_bytes(),
    ]
    .concat();
    bytes.resize(total - 1, b' ');
    bytes.push(b'\n');
    Ok(bytes)
}

/// The kind and size of `T` in NumPy's notation, for example `f4`.
fn code_of<T: Element>() -> String {
    format!("{}{}", T::KIND, size_of::<T>())
}

/// The type `T` in NumPy's notation, in the byte order of this machine.
fn descr_of<T: Element>() -> String {
    let order = match size_of::<T>() {
        1 => '|',
        _ if cfg!(target_endian = "big") => '>',
        _ => '<',
    };
    format!("{order}{}", code_of::<T>())
}

/// The rest of the literal of a Python dictionary.
struct Literal<'a> {
    rest: &'a str,
}

impl<'a> Literal<'a> {
    /// Reads the dictionary: the type of the elements, whether the first axis varies fastest, and the shape.
    fn header(mut self) -> Option<(&'a str, bool, Shape)> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.token("{")?;
        while self.token("}").is_none() {
            let key = self.string()?;
            self.token(":")?;
            match key {
                "descr" => descr = Some(self.string()?),
                "fortran_order" => fortran_order = Some(self.boolean()?),
                "shape" => shape = Some(self.shape()?),
                _ => return None,
            }
            self.comma_before("}")?;
        }
        self.rest.trim_end().is_empty().then_some(())?;
        Some((descr?, fortran_order?, shape?))
    }

    /// Reads a token after white space; `None` if another follows.
    fn token(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(token)?;
        Some(())
    }

    /// Reads the comma after an item, which may be absent before the closing bracket.
    fn comma_before(&mut self, closing: &str) -> Option<()> {
        let at_end = self.rest.trim_start().starts_with(closing);
        self.token(",").or(at_end.then_some(()))
    }

    fn string(&mut self) -> Option<&'a str> {
        let quote = ["'", "\""]
            .into_iter()
            .find(|quote| self.token(quote).is_some())?;
        let (string, rest) = self.rest.split_once(quote)?;
        self.rest = rest;
        Some(string)
    }

    fn boolean(&mut self) -> Option<bool> {
        let is_true = self.token("True").is_some();
        (is_true || self.token("False").is_some()).then_some(is_true)
    }

    fn shape(&mut self) -> Option<Shape> {
        let mut extents = Vec::new();
        self.token("(")?;
        while self.token(")").is_none() {
            self.rest = self.rest.trim_start();
            let end = self.rest.find(|c: char| !c.is_ascii_digit())?;
            let (digits, rest) = self.rest.split_at(end);
            // Python 2 may mark an integer as long.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            extents.push(digits.parse().ok()?);
            self.comma_before(")")?;
        }
        Some(Shape::from(&extents[..]))
    }
}
