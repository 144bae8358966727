//! Closures, drops and conversions that record, panic, or return a wrong number of results.

use super::number::{Hostile, TAPE};
use super::{WHOLE, assert_whole};
use autodiff::scalar::{Tape, Var, checkpoint, custom};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn closures_that_record_panic_or_return_too_few_slopes_do_no_harm() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.vars([2.0, 0.5, 3.0]);
        let within = |v: f64| {
            let y = tape.var(v) * x[0];
            assert_eq!(y.gradients().wrt(x[0]), v);
            (v * v, y.value())
        };
        assert_eq!(x[2].custom(within).gradients().wrt(x[2]), 6.0);
        for slopes in [0, 2, 4, 100] {
            let short = |v: &[f64]| {
                let (value, slope) = within(v[0]);
                (value, vec![slope; slopes])
            };
            let refused = catch_unwind(AssertUnwindSafe(|| custom(&x, short)));
            assert!(refused.is_err());
        }
        let panics = |v: f64| -> (f64, f64) { resume_unwind(Box::new(within(v))) };
        assert!(catch_unwind(AssertUnwindSafe(|| x[2].custom(panics))).is_err());
        assert_eq!((x[0] * x[2] * x[0]).gradients().wrt(x[0]), 12.0);
        assert_eq!(tape.nodes().count(), tape.len());
    }
}

/// Records, and runs a backward pass, when it is dropped.
struct RecordsWhenDropped;

impl Drop for RecordsWhenDropped {
    fn drop(&mut self) {
        if let Ok(Some(tape)) = TAPE.try_with(|tape| tape.borrow().clone()) {
            let x = tape.var(Hostile(3.0));
            assert_eq!((x * tape.var(Hostile(2.0))).gradients().wrt(x).0, 2.0);
        }
    }
}

#[test]
fn checkpoints_that_change_panic_or_record_when_dropped_do_no_harm() {
    // The numbers of outputs of the first and the second call; 9 is a panic. Later calls behave like the first.
    for calls in [[0, 1], [1, 0], [1, 2], [3, 1], [9, 9], [1, 9]] {
        let tape = Rc::new(Tape::<Hostile>::default());
        TAPE.set(Some(Rc::clone(&tape)));
        let x = tape.vars(WHOLE);
        let (call, dropped) = (AtomicUsize::new(0), RecordsWhenDropped);
        let walked = catch_unwind(AssertUnwindSafe(|| {
            let y = checkpoint(
                move |[x]| {
                    let _ = &dropped;
                    let call = call.fetch_add(1, Ordering::Relaxed);
                    match calls.get(call).unwrap_or(&calls[0]) {
                        9 => resume_unwind(Box::new("in a checkpoint")),
                        &outputs => vec![x[0] * x[1], x[0], x[1]][..outputs].to_vec(),
                    }
                },
                [&x],
            );
            y.first().map(|y| y.gradients().wrt(x[0]))
        }));
        assert!(walked.is_err() || calls == [0, 1]);
        assert_whole(&tape, &x);
        TAPE.set(None);
    }
}

#[test]
fn a_drop_that_panics_as_a_tape_is_reset_forgets_the_recording_all_the_same() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            resume_unwind(Box::new("in a drop"));
        }
    }
    for mut tape in [Tape::new(), Tape::traced()] {
        let dropped = Panics;
        let x = tape.var(2.0);
        let y = checkpoint(
            move |[x]| {
                let _ = &dropped;
                x.iter().map(|&x| x * x).collect()
            },
            [&[x]],
        )[0];
        let before = y.gradients();
        assert!(catch_unwind(AssertUnwindSafe(|| tape.reset())).is_err());
        assert!(tape.is_empty());
        let x = tape.var(3.0);
        assert_eq!((x * x).gradients().wrt(x), 6.0);
        assert_eq!(tape.trace().map_or(2, |steps| steps.len()), 2);
        assert!(catch_unwind(AssertUnwindSafe(|| before.wrt(x))).is_err());
    }
}

#[test]
fn empty_checkpoints_and_lists_do_not_disturb_the_next_ones() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.var(3.0);
        assert!(checkpoint(|_| vec![], [&[x]]).is_empty());
        assert!(tape.vars(&[] as &[f64]).is_empty());
        let y = checkpoint(|[x]| vec![x[0] * x[0]], [&[x]])[0];
        assert_eq!(y.gradients().wrt(x), 6.0);
        let z = checkpoint(|[x]| vec![x[0] * x[0] * x[0]], [&[y]])[0];
        assert_eq!(z.gradients().wrt(x), 6.0 * 3.0 * 81.0);
    }
}

/// A name whose conversion records on the tape.
struct Name<'t>(Var<'t>);

impl From<Name<'_>> for Cow<'static, str> {
    fn from(name: Name<'_>) -> Self {
        let y = (name.0 * name.0).named("square");
        format!("{:?}", y.gradients().wrt(name.0)).into()
    }
}

#[test]
fn a_name_whose_conversion_records_does_no_harm() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.var(3.0);
        let x = x.named(Name(x));
        assert_eq!(tape.to_dot().contains("6.0"), tape.is_traced());
        assert_eq!((x * x).gradients().wrt(x), 6.0);
    }
}

#[test]
#[should_panic(expected = "mul: recorded on a traced tape while its steps were being read")]
fn recording_while_steps_are_read_is_refused_by_name() {
    let tape = Tape::traced();
    let x = tape.var(3.0);
    let _steps = tape.trace();
    let _ = x * x;
}
