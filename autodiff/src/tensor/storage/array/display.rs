//! `Display` and `Debug` of tensors.

use super::Tensor;
use crate::tensor::storage::element::Element;
use std::fmt;

/// The largest number of elements that are written.
const SHOWN: usize = 1000;

impl<T: Element> fmt::Display for Tensor<T> {
    /// Writes nested brackets, one row per line. Of a tensor with more than 1,000 elements, it writes only the shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.size() > SHOWN {
            return write!(f, "[… of shape {}]", self.shape());
        }
        write_nested(f, self.shape(), self.data(), 0)
    }
}

fn write_nested<T: Element>(
    f: &mut fmt::Formatter<'_>,
    shape: &[usize],
    data: &[T],
    depth: usize,
) -> fmt::Result {
    let Some((&extent, rest)) = shape.split_first() else {
        return fmt::Display::fmt(&data[0], f);
    };
    let inner: usize = rest.iter().product();
    write!(f, "[")?;
    for i in 0..extent {
        match (i, rest) {
            (0, _) => {}
            (_, []) => write!(f, ", ")?,
            _ => write!(f, ",\n{:width$}", "", width = depth + 1)?,
        }
        write_nested(f, rest, &data[i * inner..(i + 1) * inner], depth + 1)?;
    }
    write!(f, "]")
}

impl<T: Element> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({self}, shape {})", self.shape())
    }
}
