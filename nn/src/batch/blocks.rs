//! The parameters in blocks of rows: a gradient is formed block by block, and each is used while it is in cache.

use super::team::{Ends, share};
use crate::Layout;
use crate::split::split;
use autodiff::tensor::Real;
use std::array;
use std::mem;
use std::ops::Range;

/// The most rows of a weight matrix in a block. The more there are, the more a list of the bytes of pictures serves; the
/// fewer, the sooner a thread that is through finds a block to take.
pub(super) const ROWS: usize = 48;

/// A block begins at a multiple of this, which the kernels form at a time of all matrices.
const GROUP: usize = 8;

/// With fewer elements than this, one thread is through with all before another has come for its part.
pub(super) const WORTH_SHARING: usize = 1 << 13;

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
            let shares = if rows > most {
                halves(rows)
            } else {
                [0..rows, rows..rows]
            };
            let blocks = shares.into_iter().flat_map(|share| parts(share, most));
            list.extend(blocks.map(|rows| Block {
                slice: number,
                place: slice.offset + rows.start * row..slice.offset + rows.end * row,
                rows,
            }));
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
        let work = |(block, pieces): Piece<'_, T, N>| work(block, pieces);
        let elements = self.list.last().map_or(0, |block| block.place.end);
        if elements >= self.worth_sharing {
            share(self.pieces(buffers), work);
        } else {
            let mut run = self.run(buffers);
            while let Some(piece) = run.take_first() {
                work(piece);
            }
        }
    }

    /// All blocks, to be shared.
    fn pieces<'a, T, const N: usize>(&'a self, buffers: [&'a mut [T]; N]) -> Pieces<'a, T, N> {
        Pieces {
            here: Run {
                blocks: &[],
                buffers: array::from_fn(|_| Default::default()),
                begin: 0,
            },
            later: self.run(buffers),
        }
    }

    fn run<'a, T, const N: usize>(&'a self, buffers: [&'a mut [T]; N]) -> Run<'a, T, N> {
        Run {
            blocks: &self.list,
            buffers,
            begin: 0,
        }
    }
}

/// The rows of a matrix in two parts for two threads, as equal as whole groups of rows that the kernels form let them be.
pub(super) fn halves(rows: usize) -> [Range<usize>; 2] {
    let half = ((rows / 2 + GROUP / 2) / GROUP * GROUP).min(rows);
    [0..half, half..rows]
}

/// Some rows in parts of at most so many, about equal in size.
fn parts(rows: Range<usize>, most: usize) -> Vec<Range<usize>> {
    let parts = rows.len().div_ceil(most).max(1);
    let size = rows.len().max(1).div_ceil(parts).next_multiple_of(GROUP);
    let part = |begin| begin..rows.end.min(begin + size);
    rows.clone().step_by(size).map(part).collect()
}

/// The blocks that are left, each with its piece of some buffers.
///
/// They are taken from either end of one slice, and then from either end of the next. So each of two threads has a half of
/// every slice, the same at each step, and whatever else it does with these rows it finds in its cache.
struct Pieces<'a, T, const N: usize> {
    /// What is left of the slice that is being shared.
    here: Run<'a, T, N>,
    /// All slices behind it.
    later: Run<'a, T, N>,
}

/// Consecutive blocks, and their pieces of some buffers.
struct Run<'a, T, const N: usize> {
    blocks: &'a [Block],
    buffers: [&'a mut [T]; N],
    /// The place of the buffers' first elements in the layout.
    begin: usize,
}

/// A block with its pieces.
type Piece<'a, T, const N: usize> = (&'a Block, [&'a mut [T]; N]);

impl<'a, T, const N: usize> Run<'a, T, N> {
    /// Leaves the first blocks, so many of them, here, and gives the others.
    fn split_off(&mut self, count: usize) -> Self {
        let (here, behind) = self.blocks.split_at(count);
        let place = here.last().map_or(self.begin, |block| block.place.end);
        let (before, rest) = split(self.buffers.each_mut().map(mem::take), place - self.begin);
        self.blocks = here;
        self.buffers = before;
        Run {
            blocks: behind,
            buffers: rest,
            begin: place,
        }
    }

    /// The pieces of the only block, without the padding before it.
    fn only(self) -> Option<Piece<'a, T, N>> {
        let block = self.blocks.first()?;
        let (_, pieces) = split(self.buffers, block.place.start - self.begin);
        Some((block, pieces))
    }

    fn take_first(&mut self) -> Option<Piece<'a, T, N>> {
        let rest = self.split_off(self.blocks.len().min(1));
        mem::replace(self, rest).only()
    }

    fn take_last(&mut self) -> Option<Piece<'a, T, N>> {
        self.split_off(self.blocks.len().saturating_sub(1)).only()
    }
}

impl<T, const N: usize> Pieces<'_, T, N> {
    /// Goes on to the next slice if nothing is left of this one.
    fn advance(&mut self) {
        if self.here.blocks.is_empty()
            && let Some(next) = self.later.blocks.first()
        {
            let blocks = self.later.blocks.iter();
            let count = blocks.take_while(|block| block.slice == next.slice).count();
            let later = self.later.split_off(count);
            self.here = mem::replace(&mut self.later, later);
        }
    }
}

impl<'a, T: Send, const N: usize> Ends for Pieces<'a, T, N> {
    type Task = Piece<'a, T, N>;

    fn left(&self) -> usize {
        self.here.blocks.len() + self.later.blocks.len()
    }

    fn take_first(&mut self) -> Option<Self::Task> {
        self.advance();
        self.here.take_first()
    }

    fn take_last(&mut self) -> Option<Self::Task> {
        self.advance();
        self.here.take_last()
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
    fn two_threads_have_a_half_of_each_slice() {
        let network = Mlp::new(&[100, 128, 300, 5], Activation::Relu);
        let layout = network.layout();
        let blocks = Blocks::narrow(layout);
        let mut buffer = vec![0.0_f32; layout.size()];
        let mut pieces = blocks.pieces([&mut buffer[..]]);
        let mut from_front = false;
        for left in (0..blocks.iter().count()).rev() {
            from_front = !from_front;
            let (block, _) = if from_front {
                pieces.take_first().unwrap()
            } else {
                pieces.take_last().unwrap()
            };
            let rows = layout.slices()[block.slice].shape[0];
            let half = halves(rows)[usize::from(!from_front)].clone();
            let is_whole = block.rows == (0..rows);
            assert!(is_whole || half.start <= block.rows.start && block.rows.end <= half.end);
            assert_eq!(pieces.left(), left);
        }
        assert!(pieces.take_first().is_none() && pieces.take_last().is_none());
    }

    #[test]
    fn narrow_blocks_are_narrow() {
        let network = Mlp::new(&[300, 77, 128, 98, 1], Activation::Relu);
        let blocks = Blocks::narrow(network.layout());
        let rows = |slice| {
            let blocks = blocks.iter().filter(move |block| block.slice == slice);
            blocks.map(|block| block.rows.len()).collect::<Vec<_>>()
        };
        assert_eq!([0, 1, 2].map(rows), [&[40, 37][..], &[77], &[32; 4]]);
        assert_eq!([4, 5, 6].map(rows), [&[48, 32, 18][..], &[98], &[1]]);
        assert_eq!(Blocks::whole(network.layout()).iter().count(), 8);
    }

    #[test]
    fn halves_and_parts_are_about_equal() {
        for rows in 0..200 {
            let [before, behind] = halves(rows);
            assert_eq!(
                (before.start, before.end, behind.end),
                (0, behind.start, rows)
            );
            assert!(before.len().abs_diff(behind.len()) <= GROUP);
            let parts = parts(7..7 + rows, ROWS);
            let sizes = || parts.iter().map(Range::len);
            assert_eq!(sizes().sum::<usize>(), rows);
            assert!(sizes().all(|size| 0 < size && size <= ROWS));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!(parts.len(), rows.div_ceil(ROWS));
        }
    }
}
