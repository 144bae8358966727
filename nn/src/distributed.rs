//! Training on several ranks, which are processes on one or several machines, with the bits of one process.
//!
//! Make the training on every rank, with the same model, settings and seeds, and then call
//! [`Training::among`](crate::Training::among). [`on_threads`] runs ranks as threads; the crate `nn-mpi` runs them as
//! processes on any number of machines. [`evaluate_among`](crate::evaluate_among) divides an evaluation.
//!
//! In each step
//!
//! 1. a rank takes a run of the batch's shards forward and back, and the ranks exchange the costs and bounds of the
//!    gradients;
//! 2. it adds the gradients of its shards as far as the fixed tree over all shards allows, which gives a sum for each
//!    of the largest subtrees in its run, and sends each sum, cut by owner, to the ranks that own the parameters;
//! 3. the owner of a range of the parameters finishes the tree and updates its range. It alone has the optimizer's
//!    moments of the range;
//! 4. the updated ranges are gathered, so that all ranks have all parameters.
//!
//! No number is added in an order that depends on the number of ranks, so the bits are those of one process.
//!
//! # Bytes
//!
//! With n ranks, s shards in the batch, P elements in the flat buffer of parameters, of b bytes each, a rank that
//! computes sᵣ shards in mᵣ subtrees and owns Pᵣ parameters sends in each step
//!
//! > (n − 1) · 16 sᵣ + mᵣ (P − Pᵣ) b + (n − 1) Pᵣ b
//!
//! bytes, if a part that is gathered is counted once for each receiver. If n and s are powers of two and n ≤ s, mᵣ is
//! 1, and this is 2 (n − 1)/n · P b and 16 (n − 1) s/n bytes more, as in the best all-reduce. If the bound of the gradient
//! is not safe for the optimizer's rule, which is rare, 24 (n − 1) bytes are added, with which the ranks agree on
//! whether the step is taken.
//!
//! # What is refused
//!
//! A model whose samples depend on each other ([`Chunking::Whole`](crate::Chunking::Whole)), and an optimizer that needs
//! the whole gradient: one that does not implement [`step_by_panels`](crate::Optimizer::step_by_panels).

mod division;
mod error;
mod threads;

pub use error::{Disagreement, DistributionError};
pub use threads::{Threads, on_threads};

pub(crate) use division::{Division, add, add_along_tree, first_half, subtrees};

use std::fmt::Debug;
use std::time::Duration;

/// The connection of a rank to the others.
///
/// All ranks call the methods in the same order, except [`abort`](Communicator::abort). The methods do not return errors:
/// if another rank has ended, the implementation ends this rank.
pub trait Communicator: Debug + Sync {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// The number of ranks.
    fn size(&self) -> usize;

    /// Sends bytes to the rank `to`, and receives bytes from the rank `from`, which sends as many as `incoming` has.
    ///
    /// All ranks call it together, and each receives from exactly one rank.
    fn exchange(&self, to: usize, outgoing: &[u8], from: usize, incoming: &mut [u8]);

    /// Fills `bytes` on all ranks. The rank with the number r has the bytes from `bounds[r]` to `bounds[r + 1]`.
    fn gather(&self, bytes: &mut [u8], bounds: &[usize]);

    /// Copies the bytes of the rank `root` to all ranks.
    fn broadcast(&self, root: usize, bytes: &mut [u8]);

    /// Waits until all ranks have called this method.
    fn barrier(&self);

    /// Ends all ranks. The message is reported by this rank.
    fn abort(&self, message: &str) -> !;
}

/// A single process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Communicator for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn exchange(&self, _: usize, outgoing: &[u8], _: usize, incoming: &mut [u8]) {
        incoming.copy_from_slice(outgoing);
    }

    fn gather(&self, _: &mut [u8], _: &[usize]) {}

    fn broadcast(&self, _: usize, _: &mut [u8]) {}

    fn barrier(&self) {}

    /// # Panics
    ///
    /// Always.
    #[track_caller]
    fn abort(&self, message: &str) -> ! {
        panic!("{message}")
    }
}

/// Where a rank has spent the time of its steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Gradients, sums and updates.
    pub computation: Duration,
    /// From the end of the rank's own shards until the costs of all ranks have arrived.
    pub waiting: Duration,
    /// The exchange of sums, and the gathering of parameters.
    pub communication: Duration,
}

/// Checks that all ranks have the same value of each named property, such as a digest of their settings.
///
/// ```
/// use nn::distributed::{Communicator, agree, on_threads};
///
/// let found = on_threads(3, |ranks| {
///     let seed = if ranks.rank() == 2 { 8_u64 } else { 7 };
///     agree(ranks, &[("data", *b"same"), ("settings", (seed as u32).to_le_bytes())])
/// });
/// for outcome in found {
///     let error = outcome.unwrap_err();
///     assert_eq!(error.to_string(), "rank 2 was started with other settings than rank 0");
/// }
/// ```
///
/// # Errors
///
/// On all ranks, if a rank differs from rank 0. The error names the first property that differs.
pub fn agree<const N: usize>(
    communicator: &dyn Communicator,
    properties: &[(&'static str, [u8; N])],
) -> Result<(), Disagreement> {
    let (rank, size) = (communicator.rank(), communicator.size());
    let bounds: Vec<usize> = (0..=size).map(|rank| rank * N).collect();
    let mut differing = Vec::new();
    for (property, value) in properties {
        let mut values = vec![[0; N]; size];
        values[rank] = *value;
        communicator.gather(values.as_flattened_mut(), &bounds);
        let other = values.iter().position(|value| *value != values[0]);
        differing.extend(other.map(|rank| Disagreement { rank, property }));
    }
    match differing.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(first),
    }
}
