//! Scopes, in which the functions of checkpoints borrow: a function is dropped before what it borrows, whatever happens.

use autodiff::scalar::{Tape, Var, checkpoint};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the functions that were dropped, in a number that the surroundings own.
struct Counts<'a>(&'a AtomicUsize);

impl Drop for Counts<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_function_in_a_scope_borrows_from_its_surroundings() {
    let factors = vec![2.0, 3.0, 5.0];
    let mut results = Vec::new();
    let mut tape = Tape::new();
    for power in 1..4 {
        let gradient = tape.scope(|scope| {
            let x = scope.tape().var(0.5);
            let mut y = vec![x];
            for factor in &factors {
                y = scope.checkpoint(|[y]| vec![y[0].powi(power) * *factor], [&y]);
            }
            y[0].gradients().wrt(x)
        });
        results.push(gradient);
        assert!(tape.is_empty() && tape.bytes() == 0);
    }
    assert_eq!(results[0], 30.0);
    // ((2 x²)² 3)² 5 = 720 x⁸
    assert_eq!(results[1], 720.0 * 8.0 * 0.5_f64.powi(7));
}

#[test]
fn the_functions_are_dropped_at_the_end_of_the_scope() {
    let dropped = AtomicUsize::new(0);
    let mut tape = Tape::new();
    let value = tape.scope(|scope| {
        let x = scope.tape().var(3.0);
        let counts = Counts(&dropped);
        let y = scope.checkpoint(
            move |[x]| {
                let _ = &counts;
                vec![x[0] * x[0]]
            },
            [&[x]],
        )[0];
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        y.gradients().wrt(x)
    });
    assert_eq!((value, dropped.load(Ordering::Relaxed)), (6.0, 1));
}

#[test]
fn a_panic_in_a_scope_drops_the_functions() {
    for panics_in_function in [false, true] {
        let (dropped, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut tape = Tape::new();
        let scope = AssertUnwindSafe(|| {
            tape.scope(|scope| {
                let x = scope.tape().var(3.0);
                for _ in 0..3 {
                    let counts = Counts(&dropped);
                    let calls = &calls;
                    let _ = scope.checkpoint(
                        move |[x]| {
                            let _ = &counts;
                            if panics_in_function && calls.fetch_add(1, Ordering::Relaxed) == 2 {
                                resume_unwind(Box::new("in a function"));
                            }
                            vec![x[0] * x[0]]
                        },
                        [&[x]],
                    );
                }
                resume_unwind(Box::new("in a scope"))
            })
        });
        assert!(catch_unwind(scope).is_err());
        assert_eq!(dropped.into_inner(), 3);
        assert!(tape.is_empty());
        let x = tape.var(2.0);
        assert_eq!((x * x).gradients().wrt(x), 4.0);
    }
}

#[test]
fn a_function_that_panics_when_it_is_dropped_keeps_no_other() {
    struct Panics<'a>(Counts<'a>);
    impl Drop for Panics<'_> {
        fn drop(&mut self) {
            resume_unwind(Box::new("in a drop"));
        }
    }
    let dropped = AtomicUsize::new(0);
    let mut tape = Tape::new();
    let scope = AssertUnwindSafe(|| {
        tape.scope(|scope| {
            let x = scope.tape().var(3.0);
            let panics = Panics(Counts(&dropped));
            let _ = scope.checkpoint(
                move |[x]| {
                    let _ = &panics.0;
                    x.to_vec()
                },
                [&[x]],
            );
            let counts = Counts(&dropped);
            let _ = scope.checkpoint(
                move |[x]| {
                    let _ = &counts;
                    x.to_vec()
                },
                [&[x]],
            );
        });
    });
    assert!(catch_unwind(scope).is_err());
    assert_eq!(dropped.load(Ordering::Relaxed), 2);
    assert!(tape.is_empty());
    let x = tape.var(2.0);
    let y = checkpoint(|[x]| vec![x[0] * x[0]], [&[x]])[0];
    assert_eq!(y.gradients().wrt(x), 4.0);
}

#[test]
fn scopes_of_several_tapes_nest() {
    let factor = 3.0;
    let (mut outer, mut inner) = (Tape::new(), Tape::new());
    let (a, b) = outer.scope(|outer| {
        let x = outer.tape().var(2.0);
        let y = outer.checkpoint(|[x]| vec![x[0] * x[0] * factor], [&[x]])[0];
        let slope = inner.scope(|inner| {
            let z = inner.tape().var(5.0);
            let w = inner.checkpoint(|[z]| vec![z[0] * z[0] * factor], [&[z]])[0];
            w.gradients().wrt(z)
        });
        (y.gradients().wrt(x), slope)
    });
    assert_eq!((a, b), (12.0, 30.0));
}

#[test]
fn what_is_recorded_before_a_scope_is_removed() {
    let mut tape = Tape::new();
    let mark = tape.mark(&[tape.var(1.0)]);
    tape.scope(|scope| {
        assert!(scope.tape().is_empty());
        let kept = catch_unwind(AssertUnwindSafe(|| scope.tape().kept_variables(&mark)));
        assert!(kept.is_err());
    });
}

#[test]
#[cfg_attr(miri, ignore = "leaks a tape")]
#[should_panic(expected = "checkpoint: the inputs lie on different tapes")]
fn a_variable_of_another_tape_is_refused() {
    let foreign = Box::leak(Box::<Tape>::default()).var(1.0);
    Tape::new().scope(|scope| {
        let _ = scope.checkpoint(|[x]| x.to_vec(), [&[foreign]]);
    });
}

#[test]
fn constants_alone_are_computed_in_place() {
    let calls = Cell::new(0);
    let mut tape = Tape::new();
    tape.scope(|scope| {
        let y = scope.checkpoint(|[x]| vec![x[0] + 1.0], [&[Var::from(2.0)]])[0];
        calls.set(calls.get() + 1);
        assert_eq!((y.value(), y.tape().is_none()), (3.0, true));
    });
    assert_eq!(calls.get(), 1);
}
