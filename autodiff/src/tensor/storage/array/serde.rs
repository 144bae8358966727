//! Serialization with the crate `serde`.

use super::Tensor;
use crate::tensor::storage::element::Element;
use crate::tensor::storage::shape::Shape;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A tensor as it is written.
#[derive(Serialize)]
#[serde(rename = "Tensor")]
struct Written<'a, T> {
    shape: &'a [usize],
    data: &'a [T],
}

/// A tensor as it is read, before its parts are compared.
#[derive(Deserialize)]
#[serde(rename = "Tensor")]
struct Read<T> {
    shape: Vec<usize>,
    data: Vec<T>,
}

impl<T: Element + Serialize> Serialize for Tensor<T> {
    /// Serializes a structure of `shape` and `data`, the elements in row-major order.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (shape, data) = (self.shape(), self.data());
        Written { shape, data }.serialize(serializer)
    }
}

impl<'de, T: Element + Deserialize<'de>> Deserialize<'de> for Tensor<T> {
    /// Deserializes a structure of `shape` and `data`.
    ///
    /// A shape that does not fit the number of elements is an error. Memory is allocated for the elements that are
    /// present, whatever the shape claims.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read { shape, data } = Read::deserialize(deserializer)?;
        let shape = Shape::from(&shape[..]);
        if shape.checked_size() != Some(data.len()) {
            return Err(D::Error::custom(format_args!(
                "a tensor of shape {shape} cannot have {} elements",
                data.len()
            )));
        }
        Ok(Tensor::new(shape, data))
    }
}
