//! Tensors, gradients and tapes that move between threads, each of which has its own free list.

use super::{WHOLE, assert_lists_whole, assert_whole};
use autodiff::Tensor;
use autodiff::tensor::{Gradients, Tape, raw, release_memory};
use std::cell::RefCell;
use std::sync::Barrier;
use std::thread;

const THREADS: usize = 3;
const ROUNDS: usize = if cfg!(miri) { 2 } else { 200 };

/// Runs `work` on several threads concurrently, each with its number and a clone of `shared`, which this thread drops
/// meanwhile.
fn on_threads<S: Clone + Send>(shared: S, work: impl Fn(usize, S) + Sync) {
    let (barrier, work) = (Barrier::new(THREADS + 1), &work);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (barrier, clone) = (&barrier, shared.clone());
            scope.spawn(move || {
                barrier.wait();
                work(number, clone);
                assert_lists_whole();
            });
        }
        barrier.wait();
        drop(shared);
    });
    assert_lists_whole();
}

#[test]
fn threads_that_share_a_tensor_see_nothing_of_each_others_writing() {
    for _ in 0..ROUNDS {
        let whole = Tensor::from_flat_fn([4, 3], |i| i as f64);
        let rows = whole.rows(1..3);
        on_threads((whole, rows), |number, (mut whole, mut rows)| {
            let before = rows.sum().item();
            rows.data_mut().fill(number as f64);
            assert_eq!((before, rows.sum().item()), (33.0, 6.0 * number as f64));
            assert_eq!(whole.sum().item(), 66.0);
            drop(rows);
            // The last thread that holds the memory writes to it in place.
            whole.data_mut()[number] += 1.0;
            assert_eq!(whole.sum().item(), 67.0);
        });
    }
}

#[test]
fn bytes_become_numbers_on_several_threads_at_once() {
    for _ in 0..ROUNDS {
        let mut bytes = Tensor::<u8>::from([[0, 2, 4], [6, 8, 10]]);
        let x = Tensor::from_scaled_bytes(&bytes, 0.5);
        let row = x.rows(1..2);
        // The numbers are computed from the bytes before this change.
        bytes.data_mut().fill(0);
        on_threads((x, row), |number, (x, row)| {
            if number == 0 {
                assert_eq!(x.matmul(Tensor::full([3, 1], 1.0)).data(), [3.0, 12.0]);
            }
            assert_eq!(row.data(), [3.0, 4.0, 5.0]);
            drop(x);
            assert_eq!(row.sum().item(), 12.0);
        });
    }
}

#[test]
fn gradients_and_tapes_go_to_other_threads() {
    let mut tape = Tape::new();
    for _ in 0..ROUNDS.min(20) {
        let all: Vec<Gradients<f64>> = (0..THREADS)
            .map(|_| {
                let [a, b] = WHOLE.map(|x| tape.var(x));
                a.matmul(b.transpose()).sum().gradients()
            })
            .collect();
        // The tape moves to another thread, is used there, and returns with memory of that thread.
        tape.reset();
        tape = thread::spawn(move || {
            let mut tape = tape;
            let x = WHOLE.map(|x| tape.var(x));
            assert_whole(&tape, x);
            tape.reset();
            tape
        })
        .join()
        .unwrap();
        let x = WHOLE.map(|x| tape.var(x));
        assert_whole(&tape, x);
        thread::scope(|scope| {
            // Each recorded its two variables first, and then three results.
            for (number, gradients) in all.into_iter().enumerate() {
                scope.spawn(move || {
                    let mut sum = [0.0; 6];
                    let gradient = raw::gradient(&gradients, 5 * number);
                    gradient.unwrap().add_to(1.0, &mut sum);
                    assert_eq!(sum, [9.0, 7.0, 5.0, 9.0, 7.0, 5.0]);
                    drop(gradients);
                    assert_lists_whole();
                });
            }
        });
        tape.reset();
    }
}

#[test]
fn memory_is_released_on_one_thread_while_others_use_theirs() {
    let shared = Tensor::full([100], 1.0);
    on_threads(shared, |number, shared| {
        for _ in 0..ROUNDS {
            let own = &shared * 2.0;
            if number == 0 {
                release_memory();
            }
            assert_eq!(own.sum().item(), 200.0);
        }
    });
}

thread_local! {
    /// A tensor that is dropped at the end of its thread, before or after the free list.
    static LAST: RefCell<Option<(Tensor<f64>, Tape<f64>)>> = const { RefCell::new(None) };
}

#[test]
fn a_thread_that_ends_drops_its_last_tensors_before_its_free_list_or_after_it() {
    for list_first in [true, false] {
        let shared = Tensor::full([100], 1.0);
        let clone = shared.clone();
        thread::spawn(move || {
            if list_first {
                assert_lists_whole();
            }
            LAST.set(None);
            let own = &clone + 1.0;
            LAST.set(Some((own.rows(10..20), Tape::new())));
            LAST.with_borrow(|last| {
                let (own, tape) = last.as_ref().unwrap();
                let x = tape.var(own);
                assert_eq!((x * &clone.rows(0..10)).sum().item(), 20.0);
            });
        })
        .join()
        .unwrap();
        assert!(shared.is_unshared());
        assert_lists_whole();
    }
}
