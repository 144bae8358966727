//! A user-defined operation whose every method runs foreign code.

use super::deeds::{Deed, HARMLESS, PANIC, PANICKED, at_chance, kept, strike, text};
use super::{WHOLE, assert_whole};
use autodiff::Tensor;
use autodiff::tensor::{Adjoints, Algebra, Op, Point, Real, Saved, Tape, Var};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// `a · b` of two tensors of one shape.
pub(super) struct Hostile;

impl fmt::Debug for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        strike();
        f.write_str("Hostile")
    }
}

impl<T: Real> Op<T> for Hostile {
    fn name(&self) -> &'static str {
        strike();
        "hostile"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        strike();
        let y = x[0] * x[1];
        strike();
        y
    }

    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        strike();
        let y = self.value(x);
        strike();
        (y.clone(), Saved::nothing().with(y))
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        strike();
        x_bar.add(0, || {
            strike();
            at.x[1] * &y_bar
        });
        // Debug output includes the operation, whose `fmt` runs foreign code. It takes seconds under Miri.
        assert!(cfg!(miri) || !format!("{at:?}").is_empty());
        x_bar.add(1, || {
            let term = at.x[0] * &y_bar;
            strike();
            term
        });
        strike();
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        strike();
    }
}

/// Records the operation, and reads its derivatives and its description in every way.
fn record_and_walk<'t>(tape: &'t Tape<f64>, [a, b]: [Var<'t, f64>; 2]) {
    let y = tape.apply(Hostile, &[a, b]);
    let z = tape.apply(Hostile, &[y, (a * 0.0).exp()]).sum();
    let gradients = z.gradients();
    assert_eq!(gradients.wrt(a), b.value());
    let recorded = z.recorded_gradients(&[b])[0];
    assert_eq!(recorded.value(), a.value());
    assert_eq!(recorded.sum().gradients().wrt(a), Tensor::full([2, 3], 1.0));
    assert_eq!(y.vjp(b.value()).wrt(a), b.value() * b.value());
    assert!(tape.first_non_finite().is_none());
    if !cfg!(miri) {
        let texts = [format!("{y:?}{tape:?}"), tape.to_dot(), tape.to_svg()];
        assert!(texts.iter().all(|text| text.contains("hostile")));
    }
}

/// Attacks the recording and its tape at one chance of foreign code. Returns whether there was such a chance, and the
/// message of the panic that ended the recording, if any.
fn attack(deed: Deed, chance: usize) -> (bool, Option<String>) {
    let tape = Rc::new(Tape::new());
    let x = WHOLE.map(|x| tape.var(x));
    let (outcome, was_done) = at_chance(&tape, (deed, chance), || {
        catch_unwind(AssertUnwindSafe(|| record_and_walk(&tape, x)))
    });
    assert_whole(&tape, x);
    (was_done, outcome.err().map(text))
}

#[test]
fn an_operation_with_side_effects_leaves_the_tape_whole() {
    for (number, deed) in HARMLESS.into_iter().chain([PANIC]).enumerate() {
        let step = if cfg!(miri) { 13 } else { 1 };
        let (mut chance, mut went_through) = (number % step, 0);
        loop {
            let (was_done, message) = attack(deed, chance);
            went_through += usize::from(message.is_none());
            match message.as_deref() {
                None => assert!(!was_done || number < HARMLESS.len(), "a panic was lost"),
                Some(PANICKED) => assert_eq!(number, HARMLESS.len()),
                Some(message) => {
                    assert_eq!(message, "a tape cannot be recorded on while it is read");
                }
            }
            if let Some(kept) = kept() {
                assert_eq!(kept, Tensor::from([[1.0, 2.0]]));
            }
            if !was_done {
                break;
            }
            chance += step;
        }
        assert!(chance > 10 && went_through > 0, "{number}");
    }
}
