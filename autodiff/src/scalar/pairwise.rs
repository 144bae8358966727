//! Pairwise summation: the rounding error grows with the logarithm of the number of terms.

use super::number::Scalar;
use smallvec::SmallVec;

/// Returns the sum of the terms, by pairwise summation.
#[inline(always)]
pub(super) fn sum<T: Scalar>(terms: impl Iterator<Item = T>) -> T {
    /// The number of terms that are added in order, to form a block.
    const BLOCK_LENGTH: u32 = 64;
    let zero = T::from_f64(0.0);
    let mut blocks = PartialSums::default();
    let (mut sum, mut length) = (zero, 0);
    for term in terms {
        sum += term;
        length += 1;
        if length == BLOCK_LENGTH {
            blocks.add(sum);
            (sum, length) = (zero, 0);
        }
    }
    blocks.total(sum)
}

/// Returns the sum of `term(a[i], b[i])` over two slices of the same length, by pairwise summation.
#[inline(always)]
pub(super) fn sum_map<A, B, T: Scalar>(a: &[A], b: &[B], term: impl Fn(&A, &B) -> T + Copy) -> T {
    /// The number of independent partial sums. An addition to one need not wait for the addition to another.
    const LANES: usize = 4;
    /// Longer inputs are split into halves.
    const MAX_TERMS: usize = 64 * LANES;
    if a.len() > MAX_TERMS {
        return sum_by_halves(a, b, term);
    }
    let zero = T::from_f64(0.0);
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [zero; LANES];
    for (a, b) in a.iter().zip(b) {
        sums = std::array::from_fn(|lane| sums[lane] + term(&a[lane], &b[lane]));
    }
    let rest_pairs = a_rest.iter().zip(b_rest);
    let rest = rest_pairs.fold(zero, |sum, (a, b)| sum + term(a, b));
    ((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest
}

/// Returns the sum of the terms of both halves, each by [`sum_map`].
#[inline(never)]
fn sum_by_halves<A, B, T: Scalar>(a: &[A], b: &[B], term: impl Fn(&A, &B) -> T + Copy) -> T {
    let middle = a.len() / 2;
    let ((a_left, a_right), (b_left, b_right)) = (a.split_at(middle), b.split_at(middle));
    sum_map(a_left, b_left, term) + sum_map(a_right, b_right, term)
}

/// Partial sums of 2ᵏ blocks of terms, each with its level k. Two sums of one level are merged, like digits in a binary
/// counter, so the error of the total grows with the logarithm of the number of blocks.
pub(super) struct PartialSums<T>(SmallVec<[(T, u32); 32]>);

impl<T> Default for PartialSums<T> {
    fn default() -> Self {
        PartialSums(SmallVec::new())
    }
}

impl<T: Scalar> PartialSums<T> {
    /// Adds the sum of the next block.
    pub(super) fn add(&mut self, mut sum: T) {
        let mut level = 0;
        while let Some(&(previous, previous_level)) = self.0.last()
            && previous_level == level
        {
            sum = previous + sum;
            level += 1;
            self.0.pop();
        }
        self.0.push((sum, level));
    }

    /// Returns the sum of all blocks and of `rest`, the sum of the terms that do not fill a block.
    pub(super) fn total(&self, rest: T) -> T {
        let sums = self.0.iter().rev();
        sums.fold(rest, |total, &(sum, _)| total + sum)
    }
}
