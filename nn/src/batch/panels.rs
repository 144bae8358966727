//! The parameters in panels of rows. A gradient is formed panel by panel, and each panel is used while it is in cache.

use crate::Layout;
use crate::optim::{Buffers, cut_off};
use crate::parallel::in_halves;
use autodiff::tensor::Real;
use std::mem;
use std::ops::Range;

/// A panel: some rows of one slice of the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Panel {
    /// The number of the slice.
    pub(super) slice: usize,
    /// The rows.
    pub(super) rows: Range<usize>,
    /// The range of the rows in the flat buffer.
    pub(super) range: Range<usize>,
}

/// The largest number of rows of a weight matrix in a panel. With more rows, the kernels reuse the list of nonzero
/// input bytes more often. With fewer rows, an idle thread finds a panel sooner.
const ROWS: usize = 48;

/// Panels begin at multiples of this number of rows, the rows that the kernels compute together.
const GROUP: usize = 8;

/// A slice with fewer elements is not shared: one thread finishes it before another thread could wake up.
const WORTH_SHARING: usize = 1 << 13;

/// Calls `work` with each panel and its part of each buffer.
///
/// If `are_cut` is set, the threads of the surrounding rayon pool share the panels. Every slice is halved recursively,
/// and an idle thread takes the largest remaining part. The same thread therefore mostly has the same part of a slice
/// in every step, and finds it in its cache. The cuts depend on the layout alone.
pub(super) fn each_panel<T: Real>(
    layout: &Layout,
    are_cut: bool,
    mut buffers: Buffers<'_, T>,
    work: &(impl Fn(&Panel, &mut [&mut [T]]) + Sync),
) {
    let mut end = 0;
    for (number, slice) in layout.slices().iter().enumerate() {
        let panel = Panel {
            slice: number,
            rows: 0..slice.rows(),
            range: slice.range(),
        };
        let padding = panel.range.start - end;
        for buffer in &mut buffers {
            *buffer = &mut mem::take(buffer)[padding..];
        }
        let mut parts = cut_off(&mut buffers, panel.range.len());
        end = panel.range.end;
        // A row of a vector is a single number, so vectors are not cut.
        if are_cut && slice.shape.rank() > 1 && panel.range.len() >= WORTH_SHARING {
            let run = |(panel, mut parts): Part<'_, T>| work(&panel, &mut parts);
            in_halves((panel, parts), &halves, &run, &|(), ()| ());
        } else {
            work(&panel, &mut parts);
        }
    }
}

/// A panel with its part of each buffer.
type Part<'a, T> = (Panel, Buffers<'a, T>);

/// Halves a panel, unless it has at most [`ROWS`] rows.
fn halves<T>((panel, mut parts): Part<'_, T>) -> Result<[Part<'_, T>; 2], Part<'_, T>> {
    let rows = panel.rows.len();
    if rows <= ROWS {
        return Err((panel, parts));
    }
    let first = (rows / 2).next_multiple_of(GROUP);
    let elements = first * (panel.range.len() / rows);
    let (middle_row, middle) = (panel.rows.start + first, panel.range.start + elements);
    let before = cut_off(&mut parts, elements);
    let half = |rows, range| Panel {
        slice: panel.slice,
        rows,
        range,
    };
    let first = half(panel.rows.start..middle_row, panel.range.start..middle);
    let second = half(middle_row..panel.rows.end, middle..panel.range.end);
    Ok([(first, before), (second, parts)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Mlp};
    use smallvec::SmallVec;
    use std::sync::Mutex;

    /// The numbers of rows of the panels of each slice, in order.
    fn panels(layout: &Layout, are_cut: bool) -> Vec<Vec<usize>> {
        let mut none = vec![0.0_f32; layout.size()];
        let found = Mutex::new(Vec::new());
        let buffers = SmallVec::from_iter([&mut none[..]]);
        each_panel(layout, are_cut, buffers, &|panel, _| {
            found
                .lock()
                .unwrap()
                .push((panel.slice, panel.rows.clone()));
        });
        let mut found = found.into_inner().unwrap();
        found.sort_by_key(|(slice, rows)| (*slice, rows.start));
        let of_slice = |number| {
            let panels = found.iter().filter(move |(slice, _)| *slice == number);
            panels.map(|(_, rows)| rows.len()).collect()
        };
        (0..layout.slices().len()).map(of_slice).collect()
    }

    #[test]
    fn every_parameter_is_in_one_panel() {
        let network = Mlp::new(&[300, 77, 200, 1, 16, 15, 3], Activation::Relu);
        let layout = network.layout();
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            for are_cut in [false, true] {
                let mut seen = vec![0.0_f32; layout.size()];
                let mut rows = vec![-1.0_f32; layout.size()];
                let buffers = SmallVec::from_iter([&mut seen[..], &mut rows]);
                pool.as_ref().unwrap().install(|| {
                    each_panel(layout, are_cut, buffers, &|panel, parts| {
                        let [seen, rows] = parts else {
                            panic!("there are two buffers")
                        };
                        assert_eq!(seen.len(), panel.range.len());
                        seen.iter_mut().for_each(|seen| *seen += 1.0);
                        let row = rows.len() / panel.rows.len();
                        for (row, number) in rows.chunks_exact_mut(row).zip(panel.rows.clone()) {
                            row.fill(number as f32);
                        }
                    });
                });
                let mut parameters = 0;
                for slice in layout.slices() {
                    let range = slice.range();
                    parameters += range.len();
                    assert!(seen[range.clone()].iter().all(|&seen| seen == 1.0));
                    let row = range.len() / slice.rows();
                    for (element, &found) in rows[range].iter().enumerate() {
                        assert_eq!(found, (element / row) as f32);
                    }
                }
                // The padding is in no panel.
                assert_eq!(seen.iter().sum::<f32>(), parameters as f32);
            }
        }
    }

    #[test]
    fn large_matrices_are_halved_until_their_panels_have_few_rows() {
        let network = Mlp::new(&[300, 77, 128, 98, 1], Activation::Relu);
        let found = panels(network.layout(), true);
        assert_eq!(found[..3], [&[40, 37][..], &[77], &[32; 4]]);
        assert_eq!(found[4..7], [&[32, 24, 42][..], &[98], &[1]]);
        let whole = panels(network.layout(), false);
        assert!(whole.iter().all(|panels| panels.len() == 1));
    }
}
