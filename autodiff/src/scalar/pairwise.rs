//! Sums whose rounding error grows with the logarithm of the number of terms: pairwise summation.

use super::number::Scalar;
use smallvec::SmallVec;

/// The sum of terms, in an order in which the error grows with the logarithm of their number.
#[inline(always)]
pub(super) fn sum_of<T: Scalar>(terms: impl Iterator<Item = T>) -> T {
    /// How many terms are added up in order.
    const ENOUGH: u32 = 64;
    let zero = T::from_f64(0.0);
    let mut chunks = Sums::default();
    let (mut sum, mut length) = (zero, 0);
    for term in terms {
        sum = sum + term;
        length += 1;
        if length == ENOUGH {
            chunks.add(sum);
            (sum, length) = (zero, 0);
        }
    }
    chunks.total(sum)
}

/// The sum of the terms that `term` makes of the partners in two slices of one length, with the same error.
#[inline(always)]
pub(super) fn sum_over<A, B, T: Scalar>(a: &[A], b: &[B], term: impl Fn(&A, &B) -> T + Copy) -> T {
    /// A few sums side by side do not wait for each other.
    const LANES: usize = 4;
    if a.len() > 64 * LANES {
        return sum_by_halves(a, b, term);
    }
    let zero = T::from_f64(0.0);
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [zero; LANES];
    for (a, b) in a.iter().zip(b) {
        sums = std::array::from_fn(|lane| sums[lane] + term(&a[lane], &b[lane]));
    }
    let rest = a_rest.iter().zip(b_rest);
    let rest = rest.fold(zero, |sum, (a, b)| sum + term(a, b));
    ((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest
}

#[inline(never)]
fn sum_by_halves<A, B, T: Scalar>(a: &[A], b: &[B], term: impl Fn(&A, &B) -> T + Copy) -> T {
    let half = a.len() / 2;
    let ((a, a_rest), (b, b_rest)) = (a.split_at(half), b.split_at(half));
    sum_over(a, b, term) + sum_over(a_rest, b_rest, term)
}

/// Sums of 1, 2, 4, ... chunks of terms, each with the logarithm of that number, as in counting by twos. So the error of
/// the whole grows with the logarithm of the number of chunks.
pub(super) struct Sums<T>(SmallVec<[(T, u32); 32]>);

impl<T> Default for Sums<T> {
    fn default() -> Self {
        Sums(SmallVec::new())
    }
}

impl<T: Scalar> Sums<T> {
    /// Adds the sum of the next chunk.
    pub(super) fn add(&mut self, mut sum: T) {
        let mut level = 0;
        while let Some(&(half, same)) = self.0.last()
            && same == level
        {
            sum = half + sum;
            level += 1;
            self.0.pop();
        }
        self.0.push((sum, level));
    }

    /// The sum of all and of the `rest`, which makes no chunk.
    pub(super) fn total(&self, rest: T) -> T {
        let sums = self.0.iter().rev();
        sums.fold(rest, |total, &(sum, _)| total + sum)
    }
}
