//! How the shards of a batch and the parameters of a model are divided among ranks, and the fixed tree over the shards.

use autodiff::tensor::Real;
use autodiff::tensor::raw::vectorized;
use std::ops::Range;

/// The ranges of the parameters begin at multiples of this number of elements, as slices do.
const LINE: usize = 16;

/// The division among a number of ranks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Division {
    pub(crate) ranks: usize,
}

impl Division {
    /// Returns the run of shards that a rank computes.
    pub(crate) fn shards(self, rank: usize, shards: usize) -> Range<usize> {
        share_begin(shards, rank, self.ranks)..share_begin(shards, rank + 1, self.ranks)
    }

    /// Returns the range of the parameters that a rank owns, given the size of the buffer.
    pub(crate) fn parameters(self, rank: usize, size: usize) -> Range<usize> {
        let begin = |rank| (share_begin(size.div_ceil(LINE), rank, self.ranks) * LINE).min(size);
        begin(rank)..begin(rank + 1)
    }

    /// Returns the begin of each rank's part, and the end of the last, of `part(rank)`, times the size of an element.
    pub(crate) fn bounds<T>(self, part: impl Fn(usize) -> Range<usize>) -> Vec<usize> {
        let ends = (0..self.ranks).map(|rank| part(rank).end * size_of::<T>());
        std::iter::once(0).chain(ends).collect()
    }
}

/// Returns where the share of a rank begins; shares differ by one at most.
fn share_begin(total: usize, rank: usize, ranks: usize) -> usize {
    // `total * rank / ranks` might overflow.
    let (each, more) = (total / ranks, total % ranks);
    rank * each + rank * more / ranks
}

/// The number of shards in the left half of the tree: the largest power of two below their number. A sum over shards
/// therefore has the same bits wherever its parts are computed.
pub(crate) fn first_half(shard_count: usize) -> usize {
    shard_count.next_power_of_two() / 2
}

/// Returns the largest subtrees of the tree over `shards` shards that lie within a run, as ranges of shards.
pub(crate) fn subtrees(shards: usize, run: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    collect(0..shards, run, &mut found);
    found
}

fn collect(tree: Range<usize>, run: &Range<usize>, found: &mut Vec<Range<usize>>) {
    if tree.start >= run.end || run.start >= tree.end {
        return;
    }
    if run.start <= tree.start && tree.end <= run.end {
        return found.push(tree);
    }
    let middle = tree.start + first_half(tree.len());
    collect(tree.start..middle, run, found);
    collect(middle..tree.end, run, found);
}

/// Adds the sums of subtrees that together are `tree`, in the order of the tree. `begins` are their first shards, and
/// `sums` holds as many elements for each of them. The result replaces the first sum.
pub(crate) fn add_along_tree<T: Real>(tree: Range<usize>, begins: &[usize], sums: &mut [T]) {
    if begins.len() < 2 {
        return;
    }
    let length = sums.len() / begins.len();
    let middle = tree.start + first_half(tree.len());
    let cut = begins.partition_point(|&begin| begin < middle);
    let (first_begins, other_begins) = begins.split_at(cut);
    let (first, others) = sums.split_at_mut(cut * length);
    add_along_tree(tree.start..middle, first_begins, first);
    add_along_tree(middle..tree.end, other_begins, others);
    let (sum, terms) = (&mut first[..length], &others[..length]);
    add(sum, terms);
}

/// Adds terms to sums.
pub(crate) fn add<T: Real>(sum: &mut [T], terms: &[T]) {
    vectorized(
        #[inline(always)]
        move || {
            for (sum, &term) in sum.iter_mut().zip(terms) {
                *sum = *sum + term;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_and_every_parameter_belongs_to_one_rank() {
        for ranks in 1..=9 {
            let division = Division { ranks };
            for total in [0, 1, 2, 15, 16, 17, 8_000, 8_016] {
                let (mut shard, mut parameter) = (0, 0);
                for rank in 0..ranks {
                    let (shards, range) = (
                        division.shards(rank, total),
                        division.parameters(rank, total),
                    );
                    assert_eq!((shards.start, range.start), (shard, parameter));
                    (shard, parameter) = (shards.end, range.end);
                    assert!(shards.len().abs_diff(total / ranks) <= 1);
                    assert!(range.len().abs_diff(total / ranks) <= LINE);
                }
                assert_eq!((shard, parameter), (total, total));
            }
        }
    }

    #[test]
    fn a_tree_is_added_from_the_subtrees_of_any_runs_with_the_same_bits() {
        let leaf = |shard: usize| ((shard * 7 + 3) as f32).sqrt() * 10_f32.powi(shard as i32 % 7);
        fn sum(leaf: &dyn Fn(usize) -> f32, tree: Range<usize>) -> f32 {
            if tree.len() == 1 {
                return leaf(tree.start);
            }
            let middle = tree.start + first_half(tree.len());
            sum(leaf, tree.start..middle) + sum(leaf, middle..tree.end)
        }
        for shards in 1..40 {
            for ranks in 1..9 {
                let runs = (0..ranks).map(|rank| Division { ranks }.shards(rank, shards));
                let found: Vec<_> = runs.flat_map(|run| subtrees(shards, &run)).collect();
                let begins: Vec<usize> = found.iter().map(|subtree| subtree.start).collect();
                let mut sums: Vec<f32> = found.iter().cloned().map(|s| sum(&leaf, s)).collect();
                add_along_tree(0..shards, &begins, &mut sums);
                assert_eq!(sums[0].to_bits(), sum(&leaf, 0..shards).to_bits());
            }
        }
        // If the ranks divide the shards, and both are powers of two, a rank has one subtree.
        let run = Division { ranks: 4 }.shards(2, 16);
        assert_eq!(subtrees(16, &run).len(), 1);
    }
}
