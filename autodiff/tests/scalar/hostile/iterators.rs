//! Iterators that lie about their length, record, or panic halfway.

use autodiff::scalar::{Tape, Var};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// An iterator that claims the given size hint.
struct Liar<I>(I, (usize, Option<usize>));

impl<I: Iterator> Iterator for Liar<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.1
    }
}

impl<I: Iterator> ExactSizeIterator for Liar<I> {
    fn len(&self) -> usize {
        self.1.0
    }
}

#[test]
fn iterators_that_lie_about_their_length_do_no_harm() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.vars([2.0, 0.5, 3.0]);
        let lengths: &[usize] = if cfg!(miri) {
            &[33]
        } else {
            &[0, 1, 2, 31, 32, 33, 64, 100]
        };
        for &n in lengths {
            for claim in [(0, Some(0)), (1, Some(1)), (1000, Some(3)), (n / 2, None)] {
                let terms = || Liar((0..n).map(|i| x[i % 3]), claim);
                let sum: Var<'_> = terms().sum();
                assert_eq!(sum.gradients().wrt(x[0]), n.div_ceil(3) as f64);
                let product: Var<'_> = terms().product();
                let expected =
                    terms().map(Var::value).product::<f64>() * n.div_ceil(3) as f64 / 2.0;
                assert!((product.gradients().wrt(x[0]) / expected - 1.0).abs() < 1e-12 || n == 0);
            }
            let endless = Liar((0..n).map(|i| x[i % 3]), (usize::MAX, None));
            // There is no memory for the claimed number of items.
            let _ = catch_unwind(AssertUnwindSafe(|| endless.product::<Var<'_>>()));
        }
        assert_eq!((x[0] * x[2]).gradients().wrt(x[0]), 3.0);
    }
}

#[test]
fn iterators_that_record_and_panic_half_way_do_no_harm() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.vars([2.0, 0.5, 3.0]);
        let moments: &[usize] = if cfg!(miri) {
            &[33]
        } else {
            &[0, 1, 31, 32, 33, 63, 64, 1000]
        };
        for &panics_at in moments {
            let (outer, inner) = if cfg!(miri) { (35, 2) } else { (100, 40) };
            let term = |i: usize| {
                // Sums within a sum record nodes, and use the same reused memory.
                let inner: Var<'_> = (0..inner).map(|k| x[k % 3] * x[i % 3]).sum();
                if i == panics_at {
                    resume_unwind(Box::new("half way"));
                }
                inner
            };
            let sum = catch_unwind(AssertUnwindSafe(|| (0..outer).map(term).sum::<Var<'_>>()));
            assert_eq!(sum.is_ok(), panics_at == 1000);
            let product = catch_unwind(AssertUnwindSafe(|| {
                (0..outer).map(term).product::<Var<'_>>()
            }));
            assert_eq!(product.is_ok(), panics_at == 1000);
            assert_eq!((x[0] * x[2] * x[0]).gradients().wrt(x[0]), 12.0);
            assert_eq!(tape.nodes().count(), tape.len());
        }
    }
}
