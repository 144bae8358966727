//! Padding with a number, or with elements of the tensor.
//!
//! ```text
//! constant    c c | x₀ x₁ x₂ x₃ | c c         x̄ = ȳ, without the padding
//! reflect    x₂ x₁ | x₀ x₁ x₂ x₃ | x₂ x₁      x̄ = the sum of ȳ over the copies
//! replicate  x₀ x₀ | x₀ x₁ x₂ x₃ | x₃ x₃
//! circular   x₂ x₃ | x₀ x₁ x₂ x₃ | x₀ x₁
//! ```
//!
//! A number is a constant that is concatenated. Copies are gathered.

use super::prelude::*;
use autodiff_kernels::Float;

/// How [`pad_with`](Tensor::pad_with) fills the positions that it adds before and after an axis.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Padding {
    /// A number.
    Constant(f64),
    /// The neighbours of the first and of the last element, in reverse order: `c b | a b c`.
    Reflect,
    /// Copies of the first and of the last element: `a a | a b c`.
    Replicate,
    /// The elements from the other end, as often as needed: `b c | a b c`.
    Circular,
}

/// Padding of an axis, with arguments that have been checked.
struct Padded {
    before: usize,
    extent: usize,
    after: usize,
}

impl Padded {
    /// # Panics
    ///
    /// If the padding needs more elements than the axis has, or the result has more elements than can be counted.
    #[track_caller]
    fn new(shape: &Shape, axis: usize, before: usize, after: usize, padding: Padding) -> Padded {
        let extent = shape[axis];
        let describe =
            || format!("pad_with: {before} before and {after} after axis {axis} of shape {shape}");
        let needed = match padding {
            Padding::Reflect => before.max(after).saturating_add(1),
            Padding::Replicate | Padding::Circular => 1,
            Padding::Constant(_) => 0,
        };
        assert!(
            extent >= needed || (before, after) == (0, 0),
            "{}: {padding:?} needs {needed} elements along the axis",
            describe()
        );
        assert!(
            matches!(padding, Padding::Constant(_)) || u32::try_from(extent).is_ok(),
            "{}: {padding:?} takes at most {} elements along the axis",
            describe(),
            u32::MAX
        );
        let padded = extent
            .checked_add(before)
            .and_then(|sum| sum.checked_add(after));
        let is_countable = padded.is_some_and(|padded| {
            Shape::joined([&shape[..axis], &[padded], &shape[axis + 1..]])
                .checked_size()
                .is_some()
        });
        assert!(
            is_countable,
            "{} are more elements than can be counted",
            describe()
        );
        Padded {
            before,
            extent,
            after,
        }
    }

    /// The index to gather for each position of the padded axis. `source` maps a position relative to the first
    /// element.
    #[track_caller]
    fn indices(&self, source: impl Fn(isize) -> usize) -> Tensor<u32> {
        let Padded {
            before,
            extent,
            after,
        } = *self;
        Tensor::from_flat_fn([before + extent + after], |i| {
            source(i as isize - before as isize) as u32
        })
    }
}

methods! {
    /// Padding.
    pub trait PadWithMethods;

    /// Pads an axis with a number or with elements of the tensor: `before` elements before those of the axis, and
    /// `after` elements after them. [`pad`](Tensor::pad) pads with zeros.
    ///
    /// ```
    /// # use autodiff::tensor::{Padding, Tensor};
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.pad_with(0, 2, 1, Padding::Constant(9.0)).data(), [9.0, 9.0, 1.0, 2.0, 3.0, 9.0]);
    /// assert_eq!(x.pad_with(0, 2, 1, Padding::Reflect).data(), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
    /// assert_eq!(x.pad_with(0, 2, 1, Padding::Replicate).data(), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]);
    /// assert_eq!(x.pad_with(0, 2, 1, Padding::Circular).data(), [2.0, 3.0, 1.0, 2.0, 3.0, 1.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, the axis has too few elements (reflection by `n` needs `n + 1` elements, replication
    /// and circular padding need one), it has more than [`u32::MAX`] elements and the padding is not a number, or there
    /// is not enough memory.
    #[doc(alias("reflection_pad", "replication_pad", "circular_pad", "edge", "wrap"))]
    pub fn pad_with(self, axis: impl Into<Axis>, before: usize, after: usize, padding: Padding) -> Self {
        let shape = self.shape();
        let axis = axis.into().of(&shape, "pad_with");
        let padded = Padded::new(&shape, axis, before, after, padding);
        let last = shape[axis] as isize - 1;
        let indices = match padding {
            Padding::Constant(number) => {
                let mut part = shape.clone();
                part.set(axis, before);
                let first = self.constant(Tensor::full(&part, Float::from_f64(number)));
                part.set(axis, after);
                let last = self.constant(Tensor::full(&part, Float::from_f64(number)));
                return Self::concat(&[&first, self, &last], axis);
            }
            Padding::Reflect => padded.indices(|i| (last - (last - i.abs()).abs()) as usize),
            Padding::Replicate => padded.indices(|i| i.clamp(0, last) as usize),
            Padding::Circular => padded.indices(|i| i.rem_euclid(last + 1) as usize),
        };
        self.gather(axis, indices)
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], isize, usize, usize); 9] = [
        (&[1], 0, 0, 0),
        (&[3], 0, 2, 1),
        (&[4], -1, 0, 3),
        (&[3, 4], 0, 1, 2),
        (&[2, 3], -1, 2, 2),
        (&[2, 3, 2], 1, 1, 1),
        (&[2, 1, 3], -1, 2, 0),
        (&[3, 2, 1], -3, 0, 2),
        (&[0, 3], 1, 1, 1),
    ];
    let paddings = [
        Padding::Constant(0.5),
        Padding::Reflect,
        Padding::Replicate,
        Padding::Circular,
    ];
    let mut checks = Vec::new();
    for (shape, axis, before, after) in cases {
        for padding in paddings {
            checks.push(CheckCase::new("pad_with", &[shape], move |x| {
                x[0].pad_with(axis, before, after, padding)
            }));
        }
    }
    // More copies than there are elements, and none.
    for (shape, padding) in [
        (&[2, 2], Padding::Circular),
        (&[1, 2], Padding::Replicate),
        (&[0, 2], Padding::Constant(-1.0)),
    ] {
        checks.push(CheckCase::new("pad_with", &[shape], move |x| {
            x[0].pad_with(0, 5, 4, padding)
        }));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::Padding;
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn a_copied_element_gets_the_terms_of_its_copies() {
        let tape = Tape::new();
        let x = tape.var([1.0, 2.0, 3.0]);
        let y_bar = Tensor::from([1.0, 10.0, 100.0, 1e3, 1e4, 1e5]);
        let gradient = |padding| x.pad_with(0, 2, 1, padding).vjp(&y_bar).wrt(x);
        assert_eq!(gradient(Padding::Constant(7.0)).data(), [100.0, 1e3, 1e4]);
        assert_eq!(
            gradient(Padding::Reflect).data(),
            [100.0, 101_010.0, 10_001.0]
        );
        assert_eq!(gradient(Padding::Replicate).data(), [111.0, 1e3, 110_000.0]);
        assert_eq!(
            gradient(Padding::Circular).data(),
            [100_100.0, 1001.0, 10_010.0]
        );
    }

    #[test]
    fn a_constant_may_be_infinite() {
        let x = Tensor::from([[1.0_f32], [2.0]]);
        let y = x.pad_with(-1, 0, 1, Padding::Constant(f64::NEG_INFINITY));
        assert_eq!(
            y,
            Tensor::from([[1.0, f32::NEG_INFINITY], [2.0, f32::NEG_INFINITY]])
        );
    }

    #[test]
    fn circular_padding_may_exceed_the_axis() {
        let x = Tensor::from([1.0, 2.0]);
        let y = x.pad_with(0, 3, 2, Padding::Circular);
        assert_eq!(y.data(), [2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
        let none = Tensor::<f64>::zeros([0]);
        assert_eq!(none.pad_with(0, 0, 0, Padding::Reflect), none);
    }
}
