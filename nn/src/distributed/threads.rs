//! Ranks that are threads of one process.

use super::Communicator;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// A rank that is a thread: see [`on_threads`].
pub struct Threads {
    rank: usize,
    /// The ends of the channels to and from each rank.
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Mutex<Receiver<Vec<u8>>>>,
}

/// Runs `work` on a number of ranks, each a thread of its own, and returns the results. If a rank panics, the others
/// panic as soon as they wait for it, and so does this function.
///
/// ```
/// use nn::distributed::{Communicator, on_threads};
///
/// let sums = on_threads(3, |ranks| {
///     let mut numbers = [0; 3];
///     numbers[ranks.rank()] = 5 + ranks.rank() as u8;
///     ranks.gather(&mut numbers, &[0, 1, 2, 3]);
///     numbers.iter().sum::<u8>()
/// });
/// assert_eq!(sums, [18; 3]);
/// ```
///
/// # Panics
///
/// If a rank panics, or waits for a rank that has returned.
#[track_caller]
pub fn on_threads<R: Send>(ranks: usize, work: impl Fn(&Threads) -> R + Sync) -> Vec<R> {
    let mut all: Vec<Threads> = (0..ranks)
        .map(|rank| Threads {
            rank,
            to: Vec::new(),
            from: Vec::new(),
        })
        .collect();
    for sender in 0..ranks {
        for receiver in 0..ranks {
            let (to, from) = channel();
            all[sender].to.push(to);
            all[receiver].from.push(Mutex::new(from));
        }
    }
    let work = &work;
    thread::scope(|scope| {
        let ranks: Vec<_> = all
            .into_iter()
            // A rank that ends drops its ends of the channels, which the others notice.
            .map(|rank| scope.spawn(move || work(&rank)))
            .collect();
        let mut results: Vec<_> = ranks.into_iter().map(|rank| rank.join()).collect();
        // The panic of a rank that only noticed the end of another is not the cause.
        let is_cause =
            |result: &thread::Result<R>| result.as_ref().is_err_and(|panic| !panic.is::<Ended>());
        if let Some(cause) = results.iter().position(is_cause) {
            results.swap(0, cause);
        } else if let Some(waited) = results.iter().position(Result::is_err) {
            panic!("on_threads: rank {waited} waited for a rank that had returned");
        }
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

/// The payload of the panic of a rank that waits for a rank that has ended.
struct Ended;

impl Threads {
    fn send(&self, to: usize, bytes: &[u8]) {
        if self.to[to].send(bytes.to_vec()).is_err() {
            resume_unwind(Box::new(Ended));
        }
    }

    fn receive(&self, from: usize, bytes: &mut [u8]) {
        let receiver = self.from[from].lock();
        match receiver.ok().and_then(|receiver| receiver.recv().ok()) {
            Some(received) => bytes.copy_from_slice(&received),
            None => resume_unwind(Box::new(Ended)),
        }
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let rank = self.rank;
        (0..self.to.len()).filter(move |&other| other != rank)
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {} threads", self.rank, self.to.len())
    }
}

impl Communicator for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn exchange(&self, to: usize, outgoing: &[u8], from: usize, incoming: &mut [u8]) {
        self.send(to, outgoing);
        self.receive(from, incoming);
    }

    fn gather(&self, bytes: &mut [u8], bounds: &[usize]) {
        let part = |rank: usize| bounds[rank]..bounds[rank + 1];
        for other in self.others() {
            self.send(other, &bytes[part(self.rank)]);
        }
        for other in self.others() {
            self.receive(other, &mut bytes[part(other)]);
        }
    }

    fn broadcast(&self, root: usize, bytes: &mut [u8]) {
        if self.rank == root {
            self.others().for_each(|other| self.send(other, bytes));
        } else {
            self.receive(root, bytes);
        }
    }

    fn barrier(&self) {
        self.gather(&mut [], &vec![0; self.size() + 1]);
    }

    /// # Panics
    ///
    /// Always. The other ranks panic as soon as they wait for this one.
    #[track_caller]
    fn abort(&self, message: &str) -> ! {
        panic!("rank {}: {message}", self.rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_that_ends_ends_the_others() {
        for calls in [
            |ranks: &Threads| ranks.barrier(),
            |ranks: &Threads| ranks.broadcast(1, &mut [0]),
            |ranks: &Threads| ranks.exchange(1, &[], 1, &mut []),
        ] {
            let panic = std::panic::catch_unwind(|| {
                on_threads(4, |ranks| match ranks.rank() {
                    1 => ranks.abort("the disk is full"),
                    _ => calls(ranks),
                })
            });
            let message = panic.unwrap_err().downcast::<String>().unwrap();
            assert_eq!(*message, "rank 1: the disk is full");
        }
    }

    #[test]
    #[should_panic(expected = "on_threads: rank 0 waited for a rank that had returned")]
    fn a_rank_that_returns_early_is_an_error() {
        on_threads(2, |ranks| {
            if ranks.rank() == 0 {
                ranks.barrier();
            }
        });
    }

    #[test]
    fn bytes_arrive_where_they_belong() {
        let found = on_threads(3, |ranks| {
            let rank = ranks.rank();
            let mut incoming = [0];
            ranks.exchange((rank + 1) % 3, &[rank as u8], (rank + 2) % 3, &mut incoming);
            let mut word = [rank as u8; 2];
            ranks.broadcast(2, &mut word);
            (incoming[0], word)
        });
        assert_eq!(found, [(2, [2; 2]), (0, [2; 2]), (1, [2; 2])]);
    }
}
