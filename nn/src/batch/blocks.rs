//! The parameters in blocks of rows: a gradient is formed block by block, and each is used while it is in cache.

use super::team::share;
use crate::Layout;
use crate::split::split;
use autodiff::tensor::Real;
use std::mem;
use std::ops::Range;

/// The most rows of a weight matrix in a block: as many as the kernel forms at a time of the gradient of a layer of
/// pictures, and a multiple of what it forms of others.
const ROWS: usize = 24;

/// With fewer elements than this, one thread is through with all before another has come for its part.
const WORTH_SHARING: usize = 1 << 13;

/// Both ways of cutting the parameters.
#[derive(Debug)]
pub(super) struct Cuts {
    whole: Blocks,
    narrow: Blocks,
}

impl Cuts {
    pub(super) fn new(layout: &Layout) -> Cuts {
        Cuts {
            whole: Blocks::whole(layout),
            narrow: Blocks::narrow(layout),
        }
    }

    /// What is formed at a time of a gradient of so many lanes: of one, a whole slice, and of several, a few rows.
    pub(super) fn of_lanes(&self, lanes: usize) -> &Blocks {
        match lanes {
            1 => &self.whole,
            _ => &self.narrow,
        }
    }

    /// In which the chunks of a lane are added up.
    pub(super) fn of_chunks(&self) -> &Blocks {
        &self.narrow
    }
}

/// Some rows of one slice of the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The number of the slice.
    pub(super) slice: usize,
    /// The rows.
    pub(super) rows: Range<usize>,
    /// Where they lie in the flat buffer, without padding.
    pub(super) place: Range<usize>,
}

/// All parameters in blocks. How they are cut depends on the network alone.
#[derive(Debug)]
pub(super) struct Blocks {
    list: Vec<Block>,
    /// With fewer elements than this, all blocks are one thread's.
    worth_sharing: usize,
}

impl Blocks {
    /// Each slice in one block, and all blocks on one thread.
    fn whole(layout: &Layout) -> Blocks {
        Blocks::new(layout, usize::MAX, usize::MAX)
    }

    /// Weight matrices in blocks of few rows, shared among threads.
    fn narrow(layout: &Layout) -> Blocks {
        Blocks::new(layout, ROWS, WORTH_SHARING)
    }

    /// Vectors whole, and matrices in blocks of so many rows.
    fn new(layout: &Layout, most: usize, worth_sharing: usize) -> Blocks {
        let mut list = Vec::new();
        for (number, slice) in layout.slices().iter().enumerate() {
            let (rows, row) = match &slice.shape[..] {
                &[rows, ref row @ ..] => (rows, row.iter().product()),
                [] => (1, 1),
            };
            let most = if row > 1 { most } else { usize::MAX };
            let mut begin = 0;
            while begin < rows {
                let end = rows.min(begin.saturating_add(most));
                list.push(Block {
                    slice: number,
                    rows: begin..end,
                    place: slice.offset + begin * row..slice.offset + end * row,
                });
                begin = end;
            }
        }
        Blocks {
            list,
            worth_sharing,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Block> {
        self.list.iter()
    }

    /// Does some work for each block, with its piece of each of some buffers of the whole layout, on the threads of the
    /// surrounding pool where there is much of it. A buffer that is empty stays so.
    pub(super) fn each<T: Real, const N: usize>(
        &self,
        buffers: [&mut [T]; N],
        work: &(impl Fn(&Block, [&mut [T]; N]) + Sync),
    ) {
        let pieces = Pieces {
            blocks: &self.list,
            buffers,
            begin: 0,
        };
        let work = |(block, pieces)| work(block, pieces);
        let elements = self.list.last().map_or(0, |block| block.place.end);
        if elements >= self.worth_sharing {
            share(pieces, work);
        } else {
            pieces.for_each(work);
        }
    }
}

/// The blocks, each with its piece of some buffers, to be taken from the front or from the back.
struct Pieces<'a, T, const N: usize> {
    blocks: &'a [Block],
    buffers: [&'a mut [T]; N],
    /// The place of the buffers' first elements in the layout.
    begin: usize,
}

impl<'a, T, const N: usize> Pieces<'a, T, N> {
    /// What lies before a place of the layout, which is left here, and what lies behind.
    fn split_off(&mut self, place: usize) -> [&'a mut [T]; N] {
        let buffers = self.buffers.each_mut().map(mem::take);
        let (before, behind) = split(buffers, place - self.begin);
        self.buffers = before;
        behind
    }
}

impl<'a, T, const N: usize> Iterator for Pieces<'a, T, N> {
    type Item = (&'a Block, [&'a mut [T]; N]);

    fn next(&mut self) -> Option<Self::Item> {
        let (block, blocks) = self.blocks.split_first()?;
        self.blocks = blocks;
        let rest = self.split_off(block.place.end);
        let piece = self.split_off(block.place.start);
        (self.buffers, self.begin) = (rest, block.place.end);
        Some((block, piece))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.blocks.len(), Some(self.blocks.len()))
    }
}

impl<T, const N: usize> DoubleEndedIterator for Pieces<'_, T, N> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let (block, blocks) = self.blocks.split_last()?;
        self.blocks = blocks;
        self.split_off(block.place.end);
        let piece = self.split_off(block.place.start);
        Some((block, piece))
    }
}

impl<T, const N: usize> ExactSizeIterator for Pieces<'_, T, N> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Mlp};

    #[test]
    fn every_parameter_is_in_one_block() {
        let network = Mlp::new(&[300, 77, 200, 1, 16, 15, 3], Activation::Relu);
        let layout = network.layout();
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            for blocks in [Blocks::whole(layout), Blocks::narrow(layout)] {
                let mut seen = vec![0.0_f32; layout.size()];
                let mut rows = vec![-1.0_f32; layout.size()];
                let buffers = [&mut seen[..], &mut [], &mut rows];
                pool.as_ref().unwrap().install(|| {
                    blocks.each(buffers, &|block, [seen, none, rows]| {
                        assert!(none.is_empty() && seen.len() == block.place.len());
                        seen.iter_mut().for_each(|seen| *seen += 1.0);
                        let row = rows.len() / block.rows.len();
                        for (row, number) in rows.chunks_exact_mut(row).zip(block.rows.clone()) {
                            row.fill(number as f32);
                        }
                    });
                });
                let mut parameters = 0;
                for slice in layout.slices() {
                    let place = slice.offset..slice.offset + slice.shape.size();
                    parameters += place.len();
                    assert!(seen[place.clone()].iter().all(|&seen| seen == 1.0));
                    let row = place.len() / slice.shape[0];
                    for (element, &found) in rows[place].iter().enumerate() {
                        assert_eq!(found, (element / row) as f32);
                    }
                }
                // The padding is in none.
                assert_eq!(seen.iter().sum::<f32>(), parameters as f32);
            }
        }
    }

    #[test]
    fn narrow_blocks_are_narrow() {
        let network = Mlp::new(&[300, 77, 1], Activation::Relu);
        let blocks = Blocks::narrow(network.layout());
        let rows: Vec<_> = blocks.iter().map(|block| block.rows.len()).collect();
        assert_eq!(rows, [24, 24, 24, 5, 77, 1, 1]);
        assert_eq!(Blocks::whole(network.layout()).iter().count(), 4);
    }
}
