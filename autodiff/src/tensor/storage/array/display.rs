//! `Display` and `Debug` of tensors.

use super::Tensor;
use crate::tensor::storage::element::Element;
use std::fmt;
use std::ops::Range;

/// The largest number of elements that are all written.
const SHOWN: usize = 1000;

/// The number of entries that are written at either end of an axis of a larger tensor.
const EDGE: usize = 3;

impl<T: Element> fmt::Display for Tensor<T> {
    /// Writes nested brackets, in aligned columns.
    ///
    /// If there are more than 1,000 elements, an axis longer than 6 is written as its first and last 3 entries. The
    /// precision of the format applies to each element, as in `{:.3}`.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, -2.5], [30.0, 4.0]]);
    /// assert_eq!(format!("{x:.1}"), "[[ 1.0, -2.5],\n [30.0,  4.0]]");
    /// assert_eq!(Tensor::arange(0..2000).to_string(), "[   0,    1,    2, …, 1997, 1998, 1999]");
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without extents of 0, so that a long empty tensor is abbreviated, too.
        let entries = self
            .shape()
            .iter()
            .fold(1, |n, &extent| extent.max(1).saturating_mul(n));
        let abbreviated = entries > SHOWN;
        let mut texts = Vec::new();
        for_each_shown(self.shape(), self.data(), abbreviated, &mut |x| {
            texts.push(text(x, f));
        });
        let longest = texts.iter().map(|text| text.chars().count()).max();
        let nested = Nested {
            width: longest.max(f.width()).unwrap_or(0),
            abbreviated,
        };
        nested.write(f, self.shape(), &mut texts.iter(), 0)
    }
}

impl<T: Element> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor(")?;
        fmt::Display::fmt(self, f)?;
        write!(f, ", shape {})", self.shape())
    }
}

/// The entries along an axis that are replaced by `…`.
fn hidden(extent: usize, abbreviated: bool) -> Range<usize> {
    if abbreviated && extent > 2 * EDGE {
        EDGE..extent - EDGE
    } else {
        extent..extent
    }
}

/// The entries along an axis that are written.
fn shown(extent: usize, abbreviated: bool) -> impl Iterator<Item = usize> {
    let hidden = hidden(extent, abbreviated);
    (0..hidden.start).chain(hidden.end..extent)
}

/// Calls `f` for every element that is written.
fn for_each_shown<T: Element>(
    shape: &[usize],
    data: &[T],
    abbreviated: bool,
    f: &mut impl FnMut(T),
) {
    let Some((&extent, rest)) = shape.split_first() else {
        return f(data[0]);
    };
    let inner: usize = rest.iter().product();
    for i in shown(extent, abbreviated) {
        for_each_shown(rest, &data[i * inner..][..inner], abbreviated, f);
    }
}

/// Formats an element with the precision and sign of `f`.
fn text<T: Element>(x: T, f: &fmt::Formatter<'_>) -> String {
    match (f.precision(), f.sign_plus()) {
        (Some(digits), true) => format!("{x:+.digits$}"),
        (Some(digits), false) => format!("{x:.digits$}"),
        (None, true) => format!("{x:+}"),
        (None, false) => format!("{x}"),
    }
}

/// How nested brackets are written.
struct Nested {
    /// The width of an element.
    width: usize,
    abbreviated: bool,
}

impl Nested {
    /// Writes the elements `texts` of a tensor, or of a part of one at the given depth.
    fn write<'a>(
        &self,
        f: &mut fmt::Formatter<'_>,
        shape: &[usize],
        texts: &mut impl Iterator<Item = &'a String>,
        depth: usize,
    ) -> fmt::Result {
        let Some((&extent, rest)) = shape.split_first() else {
            let text = texts.next().map_or("", |text| text);
            return write!(f, "{text:>width$}", width = self.width);
        };
        // A line a row, and an empty line between matrices.
        let separator = match rest.len() {
            0 => ", ".to_owned(),
            lines => format!(",{}{}", "\n".repeat(lines), " ".repeat(depth + 1)),
        };
        let hidden = hidden(extent, self.abbreviated);
        write!(f, "[")?;
        for i in shown(extent, self.abbreviated) {
            if i > 0 {
                f.write_str(&separator)?;
            }
            if i == hidden.end {
                write!(f, "…{separator}")?;
            }
            self.write(f, rest, texts, depth + 1)?;
        }
        write!(f, "]")
    }
}
