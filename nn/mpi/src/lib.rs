//! The ranks of an MPI program, on which [`nn`] trains with the bits of one process: see [`nn::distributed`].

#![forbid(unsafe_code)]

use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator as _, CommunicatorCollectives, Destination, Root, Source};
use mpi::{Count, Threading};
use nn::distributed::Communicator;
use std::fmt;
use std::io::{Write, stderr};

/// The largest number of bytes in a message. MPI counts in 32 bits, with a sign.
const MESSAGE: usize = 1 << 30;

/// The largest number of bytes that are gathered by MPI's own operation, which takes fewer messages, but copies the
/// bytes more often than they must be.
const SMALL: usize = 1 << 16;

/// The processes that `mpirun` started.
///
/// An error of MPI, and the end of another rank, end the process. If this value is dropped by a panic, all ranks end,
/// since they would wait for this one.
pub struct Mpi {
    /// MPI is finalized when this is dropped.
    _universe: Universe,
}

impl Mpi {
    /// Connects this process to the others.
    ///
    /// The methods may be called from any thread, but only from one at a time.
    ///
    /// # Panics
    ///
    /// If MPI was initialized before.
    #[must_use]
    #[track_caller]
    pub fn new() -> Mpi {
        let Some((universe, _)) = mpi::initialize_with_threading(Threading::Serialized) else {
            panic!("MPI was initialized before")
        };
        Mpi {
            _universe: universe,
        }
    }

    /// The communicator of all ranks. It cannot be stored, because it may not be shared among threads.
    fn world() -> SimpleCommunicator {
        SimpleCommunicator::world()
    }
}

impl Default for Mpi {
    fn default() -> Self {
        Mpi::new()
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.abort("the program has panicked");
        }
    }
}

impl fmt::Debug for Mpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {}", self.rank(), self.size())
    }
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        Mpi::world().rank() as usize
    }

    fn size(&self) -> usize {
        Mpi::world().size() as usize
    }

    fn exchange(&self, to: usize, outgoing: &[u8], from: usize, incoming: &mut [u8]) {
        let world = Mpi::world();
        let to = world.process_at_rank(to as i32);
        let from = world.process_at_rank(from as i32);
        mpi::request::scope(|scope| {
            // The receives are posted first, so that no send waits for another rank's.
            let requests: Vec<_> = incoming
                .chunks_mut(MESSAGE)
                .map(|piece| from.immediate_receive_into(scope, piece))
                .collect();
            for piece in outgoing.chunks(MESSAGE) {
                to.send(piece);
            }
            for request in requests {
                request.wait_without_status();
            }
        });
    }

    fn gather(&self, bytes: &mut [u8], bounds: &[usize]) {
        let (rank, size) = (self.rank(), self.size());
        let part = |rank: usize| bounds[rank]..bounds[rank + 1];
        if bytes.len() > SMALL {
            for distance in 1..size {
                let (to, from) = ((rank + distance) % size, (rank + size - distance) % size);
                let Ok([own, incoming]) = bytes.get_disjoint_mut([part(rank), part(from)]) else {
                    panic!("the parts of the ranks overlap")
                };
                self.exchange(to, own, from, incoming);
            }
            return;
        }
        let own = bytes[part(rank)].to_vec();
        let counts: Vec<Count> = (0..size).map(|rank| part(rank).len() as Count).collect();
        let begins: Vec<Count> = bounds[..size].iter().map(|&b| b as Count).collect();
        let mut parts = PartitionMut::new(bytes, counts, begins);
        Mpi::world().all_gather_varcount_into(&own[..], &mut parts);
    }

    fn broadcast(&self, root: usize, bytes: &mut [u8]) {
        let world = Mpi::world();
        let root = world.process_at_rank(root as i32);
        for piece in bytes.chunks_mut(MESSAGE) {
            root.broadcast_into(piece);
        }
    }

    fn barrier(&self) {
        Mpi::world().barrier();
    }

    fn abort(&self, message: &str) -> ! {
        // Nothing more can be done if standard error is closed.
        let _ = writeln!(stderr(), "error: rank {}: {message}", self.rank());
        Mpi::world().abort(2)
    }
}
