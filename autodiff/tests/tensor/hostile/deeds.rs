//! The side effects of hostile code.

use super::operations::Hostile;
use autodiff::Tensor;
use autodiff::tensor::{Gradients, Tape, raw, release_memory};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::rc::Rc;

/// What foreign code does to the tape on which it runs.
pub(super) type Deed = fn();

thread_local! {
    /// The tape that foreign code records on.
    static TAPE: RefCell<Option<Rc<Tape<f64>>>> = const { RefCell::new(None) };
    /// A tape that belongs to foreign code.
    static OTHER: RefCell<Option<Tape<f64>>> = const { RefCell::new(None) };
    /// Gradients that foreign code keeps, and the number of their variable.
    static KEPT: RefCell<Option<(Gradients<f64>, usize)>> = const { RefCell::new(None) };
    /// The next deed, and the number of chances before it.
    static NEXT: Cell<Option<(Deed, usize)>> = const { Cell::new(None) };
}

/// Runs `attacked` on a tape, and lets foreign code do the deed at the given chance. Returns the result, and whether
/// there was such a chance.
pub(super) fn at_chance<R>(
    tape: &Rc<Tape<f64>>,
    (deed, chance): (Deed, usize),
    attacked: impl FnOnce() -> R,
) -> (R, bool) {
    TAPE.set(Some(Rc::clone(tape)));
    NEXT.set(Some((deed, chance)));
    let result = attacked();
    let was_done = NEXT.take().is_none();
    TAPE.set(None);
    (result, was_done)
}

/// A chance for foreign code to do its deed.
pub(super) fn strike() {
    match NEXT.take() {
        None => {}
        Some((deed, 0)) => deed(),
        later => NEXT.set(later.map(|(deed, chances)| (deed, chances - 1))),
    }
}

/// Calls `act` with the tape under attack, if there is one.
fn on_tape(act: impl FnOnce(&Tape<f64>)) {
    if let Some(tape) = TAPE.with_borrow(Option::clone) {
        act(&tape);
    }
}

/// Deeds after which an operation continues as if nothing had happened.
pub(super) const HARMLESS: [Deed; 9] = [
    || on_tape(record_and_walk),
    // Enough nodes that the tape's list is reallocated.
    || on_tape(|tape| (0..200).for_each(|i| _ = tape.constant(f64::from(i)))),
    || {
        on_tape(|tape| {
            let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
            let y = tape.apply(Hostile, &[x, x]).sum();
            assert_eq!(y.gradients().wrt(x), x.value() * 2.0);
        });
    },
    || on_tape(|tape| _ = tape.var([0.5]).retain().named("foreign")),
    || {
        on_tape(|tape| {
            assert!(tape.len() > 1 && tape.bytes() > 0 && tape.first_non_finite().is_none());
            let texts = [format!("{tape:?}"), tape.to_dot()];
            assert!(texts.iter().all(|text| text.contains("variable")));
        });
    },
    || {
        OTHER.with_borrow_mut(|other| {
            let other = other.get_or_insert_with(Tape::new);
            record_and_walk(other);
            other.reset();
            record_and_walk(other);
        });
    },
    || {
        on_tape(|tape| {
            let number = tape.len();
            let weight = tape.var([[3.0, 4.0]]);
            let y = tape.constant([[1.0, 2.0]]).linear(weight, tape.var([0.0]));
            KEPT.set(Some((y.sum().gradients(), number)));
        });
    },
    || TAPE.set(None),
    || {
        for size in 0..40 {
            let _ = [(); 2].map(|()| Tensor::full([size], f64::NAN));
        }
        release_memory();
    },
];

/// A deed that ends the operation.
pub(super) const PANIC: Deed = || resume_unwind(Box::new(PANICKED));

/// The message of [`PANIC`].
pub(super) const PANICKED: &str = "foreign code";

/// The message of a panic.
pub(super) fn text(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().unwrap_or(&"").to_string(),
    }
}

/// The gradient that a deed kept, if there is one.
pub(super) fn kept() -> Option<Tensor<f64>> {
    let (gradients, number) = KEPT.take()?;
    Some(raw::gradient(&gradients, number)?.tensor())
}

fn record_and_walk(tape: &Tape<f64>) {
    let x = tape.var([3.0, 4.0]);
    let y = (x * x).sum();
    assert_eq!(y.gradients().wrt(x).data(), [6.0, 8.0]);
    assert_eq!(y.recorded_gradients(&[x])[0].value().data(), [6.0, 8.0]);
}
