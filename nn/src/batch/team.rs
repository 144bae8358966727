//! Sharing tasks among the threads of the surrounding pool.

use std::hint::spin_loop;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::yield_now;

/// Tasks that are taken from two ends.
pub(super) trait Ends: Send {
    type Task;

    /// The number of tasks that are left.
    fn left(&self) -> usize;

    fn take_first(&mut self) -> Option<Self::Task>;

    fn take_last(&mut self) -> Option<Self::Task>;
}

impl<I: DoubleEndedIterator + ExactSizeIterator + Send> Ends for I {
    type Task = I::Item;

    fn left(&self) -> usize {
        self.len()
    }

    fn take_first(&mut self) -> Option<I::Item> {
        self.next()
    }

    fn take_last(&mut self) -> Option<I::Item> {
        self.next_back()
    }
}

/// Does `work` for each of the tasks on the threads of the surrounding rayon pool, and returns once all are done.
///
/// Half of the threads take tasks from the front and half from the back, so that a thread is handed what it was handed
/// the time before, and finds it in its cache. A thread that finds no task left stays awake while the others finish: in
/// a step of 50 µs that takes a few, and waking it from sleep would take as long as the step.
pub(super) fn share<E: Ends>(mut tasks: E, work: impl Fn(E::Task) + Sync) {
    let threads = rayon::current_num_threads().min(tasks.left());
    if threads <= 1 {
        while let Some(task) = tasks.take_first() {
            work(task);
        }
        return;
    }
    let left = AtomicUsize::new(tasks.left());
    let tasks = Mutex::new(tasks);
    let take = |from_front| {
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if from_front {
            tasks.take_first()
        } else {
            tasks.take_last()
        }
    };
    on_threads(0..threads, &|number| {
        while let Some(task) = take(number % 2 == 0) {
            let _done = Done(&left);
            work(task);
        }
        wait_for_none(&left);
    });
}

/// Calls `member` with each number, each on a thread of its own if the pool has one to spare.
fn on_threads(numbers: Range<usize>, member: &(impl Fn(usize) + Sync)) {
    let middle = numbers.start + numbers.len() / 2;
    if middle == numbers.start {
        return member(numbers.start);
    }
    rayon::join(
        || on_threads(numbers.start..middle, member),
        || on_threads(middle..numbers.end, member),
    );
}

/// Counts a task as done when it ends, be it by a panic, which would otherwise leave the others waiting.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        // What the task wrote is seen by whoever sees that it is done.
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// As often as a thread looks whether the others are through before it may sleep: for about a millisecond.
const LOOKS: usize = 1 << 16;

/// Waits for tasks that are in the hands of other threads, awake, but not for ever.
///
/// Who calls it is waited for by `rayon::join` in any case. So this one may give up, and does, lest two threads wait for
/// each other, whose tasks have taken up work of another team.
fn wait_for_none(left: &AtomicUsize) {
    for look in 1..=LOOKS {
        if left.load(Ordering::Acquire) == 0 {
            return;
        }
        // Where there are more threads than cores, the one that is waited for may need this one.
        if look.is_multiple_of(256) {
            yield_now();
        } else {
            spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::share;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn on(threads: usize, body: impl FnOnce() + Send) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(body);
    }

    #[test]
    fn every_task_is_done_once() {
        for threads in [1, 2, 3, 5] {
            for tasks in [0, 1, 2, 3, 100] {
                let mut done = vec![0; tasks];
                on(threads, || {
                    for _ in 0..10 {
                        share(done.iter_mut(), |done| *done += 1);
                    }
                });
                assert_eq!(done, vec![10; tasks]);
            }
        }
    }

    #[test]
    fn a_task_that_panics_leaves_nobody_waiting() {
        let done = AtomicUsize::new(0);
        on(3, || {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                share(0..20, |task| {
                    assert_ne!(task, 7, "planted");
                    done.fetch_add(1, Ordering::Relaxed);
                });
            }));
            assert!(outcome.is_err());
        });
        // The threads that did not panic have done all the other tasks.
        assert_eq!(done.into_inner(), 19);
    }

    #[test]
    fn teams_in_one_pool_do_not_wait_for_each_other() {
        let done = AtomicUsize::new(0);
        on(2, || {
            rayon::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|_| {
                        share(0..5, |_| {
                            done.fetch_add(1, Ordering::Relaxed);
                        });
                    });
                }
            });
        });
        assert_eq!(done.into_inner(), 40);
    }
}
