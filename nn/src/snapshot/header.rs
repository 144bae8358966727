//! The header of a safetensors file, parsed strictly: an ambiguous header is refused.
//!
//! A file consists of the length of its header in eight bytes, the header in JSON, and the data of the tensors. The
//! header implies the size of the file, so a file of another size is refused before its data is read.

use safetensors::Dtype;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

/// The largest size of a header that is read, in bytes. The header of a model with 6,000 layers and two moments is
/// smaller.
pub const MAX_HEADER_BYTES: u64 = 1 << 22;

/// The size of the number that precedes the header, in bytes.
pub(super) const LENGTH_BYTES: usize = size_of::<u64>();

/// The key of the entry that is not a tensor.
const METADATA: &str = "__metadata__";

/// The error for an invalid header of a safetensors file, or a file of another size than its header implies.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The header is longer than [`MAX_HEADER_BYTES`].
    #[error("its header would be {0} bytes long, more than {MAX_HEADER_BYTES}")]
    TooLarge(u64),
    /// The header is not JSON, or does not have the structure that the format prescribes.
    #[error("its header: {0}")]
    Json(#[from] serde_json::Error),
    /// Two tensors, or two entries of the metadata, have the same name.
    #[error("its header has two entries `{0}`")]
    Twice(String),
    /// The size of a tensor overflows, or is not a whole number of bytes.
    #[error("tensor `{0}` has an impossible size")]
    ImpossibleSize(String),
    /// The size of a tensor differs from the size of its range in the file.
    #[error("tensor `{name}` of {wanted} bytes is said to take {found}")]
    Size {
        /// The name of the tensor.
        name: String,
        /// The size of its range, in bytes.
        found: u64,
        /// The size that its shape and type need, in bytes.
        wanted: u64,
    },
    /// A tensor does not begin where the previous tensor ends.
    #[error("tensor `{name}` begins at byte {found} of the data, not at {wanted}")]
    Offset {
        /// The name of the tensor.
        name: String,
        /// The byte of the data at which it begins.
        found: u64,
        /// The byte of the data at which the previous tensor ends.
        wanted: u64,
    },
    /// The file is shorter than its header says.
    #[error("the file has {found} bytes, not {wanted}: it is cut short")]
    CutShort {
        /// The size of the file, in bytes.
        found: u64,
        /// The smallest size that the file must have, in bytes, as far as it was read.
        wanted: u64,
    },
    /// The file continues after the last tensor.
    #[error("the file goes on after the {wanted} bytes that it should have")]
    Trailing {
        /// The size that the file must have, in bytes.
        wanted: u64,
    },
}

/// The parsed header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) metadata: HashMap<String, String>,
    tensors: HashMap<String, Tensor>,
    /// The size of the whole file, in bytes.
    pub(super) file_size: u64,
    /// The size of the data, in bytes.
    pub(super) data_size: usize,
}

/// A tensor in the file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tensor {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    data_offsets: (usize, usize),
}

impl Tensor {
    /// Returns the range of its bytes in the data.
    pub(super) fn range(&self) -> Range<usize> {
        self.data_offsets.0..self.data_offsets.1
    }

    /// Returns the bytes that the elements need; `None` if the number overflows or is not whole.
    fn size(&self) -> Option<usize> {
        let mut extents = self.shape.iter();
        let elements = extents.try_fold(1_usize, |size, &extent| size.checked_mul(extent))?;
        let bits = elements.checked_mul(self.dtype.bitsize())?;
        bits.is_multiple_of(8).then_some(bits / 8)
    }
}

impl Header {
    /// Returns the length of the JSON, from the bytes that precede it.
    pub(super) fn length(bytes: [u8; LENGTH_BYTES]) -> Result<usize, HeaderError> {
        match u64::from_le_bytes(bytes) {
            length @ ..=MAX_HEADER_BYTES => Ok(length as usize),
            length => Err(HeaderError::TooLarge(length)),
        }
    }

    /// Parses the JSON.
    pub(super) fn parse(json: &[u8]) -> Result<Self, HeaderError> {
        let mut entries = unique(serde_json::from_slice::<Pairs<&RawValue>>(json)?)?;
        let metadata = match entries.remove(METADATA) {
            Some(json) => unique(serde_json::from_str(json.get())?)?,
            None => HashMap::new(),
        };
        let mut tensors = HashMap::with_capacity(entries.len());
        for (name, json) in entries {
            tensors.insert(name, serde_json::from_str(json.get())?);
        }
        let mut order: Vec<(&String, &Tensor)> = tensors.iter().collect();
        order.sort_by_key(|(_, tensor)| tensor.data_offsets);
        let mut end = 0;
        for (name, tensor) in order {
            let range = tensor.range();
            if range.start != end {
                return Err(HeaderError::Offset {
                    name: name.clone(),
                    found: range.start as u64,
                    wanted: end as u64,
                });
            }
            let wanted = tensor.size();
            let wanted = wanted.ok_or_else(|| HeaderError::ImpossibleSize(name.clone()))?;
            if range.end.checked_sub(range.start) != Some(wanted) {
                return Err(HeaderError::Size {
                    name: name.clone(),
                    found: range.len() as u64,
                    wanted: wanted as u64,
                });
            }
            end = range.end;
        }
        Ok(Header {
            metadata,
            tensors,
            file_size: ((LENGTH_BYTES + json.len()) as u64).saturating_add(end as u64),
            data_size: end,
        })
    }

    /// Returns the tensor with the given name.
    pub(super) fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Returns the names of all tensors.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Checks that the data has the size that the tensors need.
    pub(super) fn check_data(&self, data: &[u8]) -> Result<(), HeaderError> {
        self.check_size(self.file_size - self.data_size as u64 + data.len() as u64)
    }

    /// Checks that the size of a file is the size that the header implies.
    pub(super) fn check_size(&self, found: u64) -> Result<(), HeaderError> {
        let wanted = self.file_size;
        match found.cmp(&wanted) {
            std::cmp::Ordering::Less => Err(HeaderError::CutShort { found, wanted }),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(HeaderError::Trailing { wanted }),
        }
    }
}

/// Returns the values by name. Refuses two values with the same name.
fn unique<V>(Pairs(pairs): Pairs<V>) -> Result<HashMap<String, V>, HeaderError> {
    let mut map = HashMap::with_capacity(pairs.len());
    for (name, value) in pairs {
        if map.contains_key(&name) {
            return Err(HeaderError::Twice(name));
        }
        map.insert(name, value);
    }
    Ok(map)
}

/// The entries of a JSON object in their order, with duplicates.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for OfObject<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("values by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(OfObject(PhantomData))
    }
}
