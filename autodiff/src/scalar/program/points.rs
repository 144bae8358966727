//! `Points`: the inputs of many points, in rows or in columns.

use super::code::STRIP;
use super::graph::Source;
use super::strip::Ports;

/// The inputs of many points, in one slice.
///
/// The number of points follows from the length, which must be a multiple of the number of inputs of a point. The
/// results of a [`Program`](super::Program) have the layout of its points.
///
/// ```
/// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
/// use autodiff::scalar::program::{Points, Program};
///
/// let mut f = Program::new(0, 2, |_, x| vec![x[0] + x[1], x[0] * x[1]]);
/// // The points (1, 2), (3, 4) and (5, 6).
/// let rows = f.values(&[], Points::Rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))?;
/// assert_eq!(rows, [3.0, 2.0, 7.0, 12.0, 11.0, 30.0]);
/// let columns = f.values(&[], Points::Columns(&[1.0, 3.0, 5.0, 2.0, 4.0, 6.0]))?;
/// assert_eq!(columns, [3.0, 7.0, 11.0, 2.0, 12.0, 30.0]);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Points<'a, T = f64> {
    /// All inputs of the first point, then all inputs of the second, and so on.
    Rows(&'a [T]),
    /// The first input of all points, then the second input of all points, and so on. This is the faster layout.
    Columns(&'a [T]),
}

impl<'a, T: Copy> Points<'a, T> {
    pub(super) fn data(self) -> &'a [T] {
        match self {
            Points::Rows(data) | Points::Columns(data) => data,
        }
    }

    /// Whether the points are in rows.
    pub(super) fn is_rows(self) -> bool {
        matches!(self, Points::Rows(_))
    }

    /// The component `number` of a point, of `count` points with `width` components.
    pub(super) fn get(self, point: usize, number: usize, count: usize, width: usize) -> T {
        match self {
            Points::Rows(data) => data[point * width + number],
            Points::Columns(data) => data[number * count + point],
        }
    }
}

/// Numbers with their layout: a number of rows, one for each point, and of columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a, T> {
    pub(super) points: Points<'a, T>,
    pub(super) count: usize,
    pub(super) width: usize,
}

impl<T: Copy> Table<'_, T> {
    /// Loads a column of the points from `start` on. The last point stands in for points after it.
    #[inline]
    fn load(&self, column: usize, start: usize, to: &mut [T; STRIP]) {
        let end = (start + STRIP).min(self.count);
        match self.points {
            Points::Columns(data) => {
                let from = &data[column * self.count..][start..end];
                if let Some(from) = from.as_array() {
                    *to = *from;
                    return;
                }
                to[..from.len()].copy_from_slice(from);
            }
            Points::Rows(data) => {
                let rows = data[start * self.width..end * self.width].iter();
                for (to, from) in to.iter_mut().zip(rows.skip(column).step_by(self.width)) {
                    *to = *from;
                }
            }
        }
        let live = end - start;
        let last = to[live - 1];
        to[live..].fill(last);
    }
}

/// A part of a table that a thread writes: some points, all columns.
pub(super) enum Part<'a, T> {
    /// The rows of the part.
    Rows { data: &'a mut [T], width: usize },
    /// The columns of all points, of which there are `count`.
    Columns { data: &'a mut [T], count: usize },
    /// The part of each column.
    Pieces(Vec<&'a mut [T]>),
}

impl<'a, T: Copy> Part<'a, T> {
    /// The whole table.
    pub(super) fn whole(data: &'a mut [T], is_rows: bool, count: usize, width: usize) -> Self {
        if is_rows {
            Part::Rows { data, width }
        } else {
            Part::Columns { data, count }
        }
    }

    /// Splits the whole table into parts of these numbers of points.
    pub(super) fn split(
        data: &'a mut [T],
        is_rows: bool,
        count: usize,
        width: usize,
        lengths: &[usize],
    ) -> Vec<Self> {
        let mut parts = Vec::with_capacity(lengths.len());
        if is_rows {
            let mut rest = data;
            for &length in lengths {
                let (data, after) = rest.split_at_mut(length * width);
                parts.push(Part::Rows { data, width });
                rest = after;
            }
            return parts;
        }
        let mut pieces: Vec<Vec<&mut [T]>> = lengths.iter().map(|_| Vec::new()).collect();
        for column in data.chunks_exact_mut(count.max(1)) {
            let mut rest = column;
            for (pieces, &length) in pieces.iter_mut().zip(lengths) {
                let (piece, after) = rest.split_at_mut(length);
                pieces.push(piece);
                rest = after;
            }
        }
        pieces.into_iter().map(Part::Pieces).collect()
    }

    /// Stores a column of the points from `start` on, counted in the part.
    #[inline]
    fn store(&mut self, column: usize, start: usize, from: &[T]) {
        match self {
            Part::Rows { data, width } => {
                let rows = data[start * *width..].iter_mut();
                for (to, from) in rows.skip(column).step_by(*width).zip(from) {
                    *to = *from;
                }
            }
            Part::Columns { data, count } => {
                data[column * *count + start..][..from.len()].copy_from_slice(from);
            }
            Part::Pieces(pieces) => {
                pieces[column][start..][..from.len()].copy_from_slice(from);
            }
        }
    }
}

/// The inputs and outputs of a strip of points.
pub(super) struct StripPorts<'s, 'o, T> {
    pub(super) points: Table<'s, T>,
    pub(super) directions: Option<Table<'s, T>>,
    /// The first outputs, and the others.
    pub(super) outputs: &'s mut [Part<'o, T>; 2],
    /// The number of first outputs.
    pub(super) first_outputs: usize,
    /// The first output that is a derivative.
    pub(super) first_derivative: usize,
    /// The first point of the strip, and its place in the outputs.
    pub(super) start: usize,
    pub(super) output_start: usize,
    /// The number of points in the strip.
    pub(super) live: usize,
    /// Whether a derivative is NaN.
    pub(super) has_nan: bool,
}

impl<T: Copy + PartialEq> Ports<T> for StripPorts<'_, '_, T> {
    #[inline]
    fn load(&self, source: Source, number: usize, to: &mut [T; STRIP]) {
        match (source, &self.directions) {
            (Source::Direction, Some(table)) => table.load(number, self.start, to),
            _ => self.points.load(number, self.start, to),
        }
    }

    #[inline]
    fn store(&mut self, number: usize, from: &[T; STRIP]) {
        let [first, others] = self.outputs;
        let live = &from[..self.live];
        if number >= self.first_derivative {
            // Not `any`: a loop that ends early is not vectorized.
            #[expect(clippy::eq_op, reason = "a NaN differs from itself")]
            let nan = |any, x: &T| any | (x != x);
            self.has_nan |= live.iter().fold(false, nan);
        }
        if number < self.first_outputs {
            first.store(number, self.output_start, live);
        } else {
            others.store(number - self.first_outputs, self.output_start, live);
        }
    }
}

/// Panics if a slice does not have the length that it should have.
#[track_caller]
pub(super) fn check_length(operation: &str, what: &str, length: usize, expected: usize) {
    assert!(
        length == expected,
        "{operation}: the length of {what} is {length}, and should be {expected}"
    );
}
