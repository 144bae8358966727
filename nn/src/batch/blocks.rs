//! The parameters in blocks of rows: a gradient is formed block by block, and each is used while it is in cache.

use crate::Layout;
use crate::split::split;
use autodiff::tensor::Real;
use std::ops::Range;

/// The most rows of a weight matrix in a block: so few that their product is one that packs no operand.
const ROWS: usize = 10;

/// As many elements as are left to one thread. Fewer are through before another one has come for its part.
const SHARE: usize = 1 << 12;

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
    /// As many elements as a thread takes at a time.
    share: usize,
}

impl Blocks {
    /// Each slice in one block, and all blocks on one thread.
    pub(super) fn whole(layout: &Layout) -> Blocks {
        Blocks::new(layout, usize::MAX, usize::MAX)
    }

    /// Weight matrices in blocks of few rows, shared among threads.
    pub(super) fn narrow(layout: &Layout) -> Blocks {
        Blocks::new(layout, ROWS, SHARE)
    }

    /// Vectors whole, and matrices in blocks of so many rows.
    fn new(layout: &Layout, most: usize, share: usize) -> Blocks {
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
        Blocks { list, share }
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
        let share = if rayon::current_num_threads() > 1 {
            self.share
        } else {
            usize::MAX
        };
        each_from(0, &self.list, share, buffers, work);
    }
}

/// As [`Blocks::each`], for some of the blocks, and buffers that begin at element `begin` of the layout.
fn each_from<T: Real, const N: usize>(
    begin: usize,
    blocks: &[Block],
    share: usize,
    mut buffers: [&mut [T]; N],
    work: &(impl Fn(&Block, [&mut [T]; N]) + Sync),
) {
    let end = blocks.last().map_or(begin, |block| block.place.end);
    let half = (end - begin) / 2;
    if blocks.len() > 1 && half >= share {
        // The last block before it has most of itself in the first half.
        let middle = blocks
            .partition_point(|block| block.place.start - begin + block.place.len() / 2 <= half);
        let (blocks, others) = blocks.split_at(middle.clamp(1, blocks.len() - 1));
        let middle = others[0].place.start;
        let (buffers, other_buffers) = split(buffers, middle - begin);
        rayon::join(
            || each_from(begin, blocks, share, buffers, work),
            || each_from(middle, others, share, other_buffers, work),
        );
        return;
    }
    for block in blocks {
        let place = block.place.start - begin..block.place.end - begin;
        let pieces = buffers
            .each_mut()
            .map(|buffer| buffer.get_mut(place.clone()).unwrap_or_default());
        work(block, pieces);
    }
}

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
        assert_eq!(rows, [10, 10, 10, 10, 10, 10, 10, 7, 77, 1, 1]);
        assert_eq!(Blocks::whole(network.layout()).iter().count(), 4);
    }
}
