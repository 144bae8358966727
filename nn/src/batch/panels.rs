//! The parameters in panels of rows: a gradient is formed panel by panel, and each is used while it is in cache.

use crate::Layout;
use crate::optim::{Buffers, split};
use autodiff::tensor::Real;
use std::ops::Range;

/// Some rows of one slice of the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Panel {
    /// The number of the slice.
    pub(super) slice: usize,
    /// The rows.
    pub(super) rows: Range<usize>,
    /// Where they lie in the flat buffer.
    pub(super) range: Range<usize>,
}

/// The most rows of a weight matrix in a panel. The more there are, the more a list of the bytes of pictures serves; the
/// fewer, the sooner an idle thread finds a panel to take.
const ROWS: usize = 48;

/// A panel begins at a multiple of this, which the kernels form at a time of all matrices.
const GROUP: usize = 8;

/// With fewer elements than this, one thread is done with a slice before another has come for its part.
const WORTH_SHARING: usize = 1 << 13;

/// Calls `work` with each panel and its part of each buffer.
///
/// If the slices are cut, the threads of the surrounding rayon pool share them. Every slice is halved, and halved again,
/// and an idle thread takes the largest part that is left. So the same thread mostly has the same part of every slice, at
/// every step, and finds it in its cache. How slices are cut depends on the layout alone.
pub(super) fn each_panel<T: Real>(
    layout: &Layout,
    are_cut: bool,
    buffers: Buffers<'_, T>,
    work: &(impl Fn(&Panel, Buffers<'_, T>) + Sync),
) {
    let (mut rest, mut end) = (buffers, 0);
    for (number, slice) in layout.slices().iter().enumerate() {
        let (_, padded) = split(rest, slice.offset - end);
        let (parts, behind) = split(padded, slice.shape.size());
        (rest, end) = (behind, slice.range().end);
        let panel = Panel {
            slice: number,
            rows: 0..slice.rows(),
            range: slice.range(),
        };
        // The rows of vectors are single numbers.
        if are_cut && slice.shape.rank() > 1 && slice.shape.size() >= WORTH_SHARING {
            share(panel, parts, work);
        } else {
            work(&panel, parts);
        }
    }
}

/// Halves a panel until the parts have few rows, each half for a thread of its own if one is idle.
fn share<T: Real>(
    panel: Panel,
    parts: Buffers<'_, T>,
    work: &(impl Fn(&Panel, Buffers<'_, T>) + Sync),
) {
    let rows = panel.rows.len();
    if rows <= ROWS {
        return work(&panel, parts);
    }
    let first = (rows / 2).next_multiple_of(GROUP);
    let elements = first * (panel.range.len() / rows);
    let (middle_row, middle) = (panel.rows.start + first, panel.range.start + elements);
    let (before, behind) = split(parts, elements);
    let half = |rows, range| Panel {
        slice: panel.slice,
        rows,
        range,
    };
    rayon::join(
        || {
            share(
                half(panel.rows.start..middle_row, panel.range.start..middle),
                before,
                work,
            )
        },
        || {
            share(
                half(middle_row..panel.rows.end, middle..panel.range.end),
                behind,
                work,
            )
        },
    );
}
