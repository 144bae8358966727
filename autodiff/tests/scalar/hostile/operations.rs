//! Numbers that record, compute derivatives, drop the tape or panic within an operation, a backward or a forward pass.

use super::number::{DEED, Hostile, TAPE, shared_tape};
use super::{WHOLE, assert_whole};
use autodiff::scalar::{
    Gradients, Tape, Var, checkpoint, custom, dot, general, linear_combination, log_sum_exp, norm,
    preaccumulate,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

/// Records more variables than there is memory for, so that the tape must grow.
const RECORD: fn() = || _ = shared_tape().vars([Hostile(3.0); 40]);

/// The deeds of hostile code within an operation on the tape.
const DEEDS: [fn(); 8] = [
    RECORD,
    || _ = shared_tape().vars(&[] as &[Hostile]),
    || {
        let tape = shared_tape();
        let [x, y] = tape.vars([Hostile(3.0), Hostile(4.0)]);
        let z = x * y + [x, y, x].iter().sum::<Var<'_, Hostile>>();
        assert_eq!(z.gradients().wrt(x).0, 6.0);
    },
    || {
        let tape = shared_tape();
        let x = tape.var(Hostile(3.0));
        let y = checkpoint(|[x]| vec![x[0] * x[0], x[0]], [&[x]]);
        assert_eq!(y[0].gradients().wrt(x).0, 6.0);
    },
    || shared_tape().reserve(10_000),
    || {
        let tape = shared_tape();
        let x = tape.var(Hostile(3.0));
        assert_eq!(tape.kept_variables(&tape.mark(&[x]))[0].value().0, 3.0);
        assert!(tape.nodes().count() == tape.len() && tape.bytes() > 0);
        assert_eq!(tape.trace().is_some(), tape.is_traced());
    },
    || TAPE.set(None),
    || resume_unwind(Box::new("a number that panics")),
];

type Operation = for<'t> fn(&[Var<'t, Hostile>]) -> Var<'t, Hostile>;

/// Operations of every kind, on three variables.
const OPERATIONS: [Operation; 15] = [
    |x| x[0] * x[1] + x[2],
    |x| (x[0].sin() * 2.0 + 1.0).retain() / x[1],
    |x| x[0].powf(x[1]) % x[2],
    |x| x.iter().sum(),
    |x| (0..70).map(|i| x[i % 3] * x[2]).sum(),
    |x| x.iter().product(),
    |x| dot(x, x),
    |x| dot(&x[..2], &x[1..]),
    |x| linear_combination(&[2.0; 3], x),
    |x| norm(x),
    |x| log_sum_exp(x),
    |x| custom(x, |v| (v[0], vec![Hostile(1.0); 3])),
    |x| checkpoint(|[x]| vec![x[0] * x[1], x[2] * x[0]], [x])[1],
    |x| preaccumulate(|x| vec![x[0] * x[1] / x[2]], x)[0],
    |x| preaccumulate(|x| vec![x[0] * x[1], x[2] * x[0]], x)[1],
];

/// Records an operation, and computes derivatives in every way.
fn record_and_walk(operation: Operation, x: &[Var<'_, Hostile>; 3]) {
    let y = operation(x);
    let mut gradients = y.gradients();
    let _ = gradients.wrt_all(x);
    gradients.update([y * y]);
    let _ = Gradients::of([y, x[0] * y, x[1]]).each_wrt(x[0]);
    let Some(tape) = x[0].tape() else { return };
    let _ = tape.is_traced().then(|| tape.first_non_finite());
    if !cfg!(miri) {
        let _ = (tape.to_dot(), format!("{y} {y:?} {tape:?}"));
    }
}

/// Runs `deed` within an operation or a backward pass, after `moment` operations on numbers, and checks the tape.
/// Returns whether the deed was run.
fn attack(operation: Operation, deed: fn(), moment: usize, tape: Tape<Hostile>) -> bool {
    let tape = Rc::new(tape);
    TAPE.set(Some(Rc::clone(&tape)));
    let x = tape.vars(WHOLE);
    DEED.set(Some((deed, moment)));
    let _ = catch_unwind(AssertUnwindSafe(|| record_and_walk(operation, &x)));
    let struck = DEED.take().is_none();
    assert_whole(&tape, &x);
    TAPE.set(None);
    struck
}

#[test]
#[cfg_attr(miri, ignore = "takes hours; the next two tests are parts of it")]
fn a_number_that_records_or_panics_within_an_operation_leaves_the_tape_whole() {
    for (i, operation) in OPERATIONS.into_iter().enumerate() {
        for (k, deed) in DEEDS.into_iter().enumerate() {
            // All moments would take too long.
            for moment in ((i + k) % 7..).step_by(7) {
                let tape = Tape::default();
                let tape = if moment % 2 == 0 {
                    tape.tracing()
                } else {
                    tape
                };
                if !attack(operation, deed, moment, tape) {
                    break;
                }
            }
        }
    }
}

/// The number of operations on numbers in an operation on variables.
fn count(operation: Operation) -> usize {
    let tape = Tape::default();
    let x = tape.vars(WHOLE);
    DEED.set(Some((|| (), usize::MAX)));
    operation(&x);
    DEED.take().map_or(0, |(_, left)| usize::MAX - left)
}

#[test]
fn a_number_that_records_while_the_inputs_of_a_node_are_written_leaves_the_tape_whole() {
    for (i, operation) in OPERATIONS.into_iter().enumerate() {
        // The last operations on numbers include the ones that compute the slopes.
        let count = count(operation);
        let moments = (0..count).rev().step_by(3);
        for moment in moments.take(if cfg!(miri) { 3 } else { 6 }) {
            assert!(attack(operation, RECORD, moment, Tape::default()));
        }
        attack(
            operation,
            DEEDS[i % DEEDS.len()],
            count / 2,
            Tape::default().tracing(),
        );
    }
}

thread_local! {
    /// The number of times that a tape refused to move its nodes while they were being read.
    static REFUSALS: Cell<usize> = const { Cell::new(0) };
}

/// Reserves memory, and catches the panic if the tape refuses.
const TRY_TO_RESERVE: fn() = || {
    let refused = catch_unwind(|| shared_tape().reserve(10_000)).is_err();
    REFUSALS.set(REFUSALS.get() + usize::from(refused));
};

#[test]
fn a_number_that_records_while_the_tape_is_walked_back_leaves_it_whole() {
    for (i, operation) in OPERATIONS.into_iter().enumerate() {
        // The first operations on numbers compute the adjoints with which the pass starts.
        let first = count(operation) + 8;
        let moments = if cfg!(miri) {
            4 + i % 3..5 + i % 3
        } else {
            0..20
        };
        for moment in moments {
            for deed in [RECORD, TRY_TO_RESERVE] {
                assert!(attack(operation, deed, first + moment, Tape::default()));
            }
        }
    }
    assert!(REFUSALS.get() > 5);
}

#[test]
fn a_number_that_records_while_others_are_carried_forward_does_no_harm() {
    for deed in DEEDS {
        for moment in (0..60).step_by(if cfg!(miri) { 19 } else { 1 }) {
            TAPE.set(Some(Rc::default()));
            DEED.set(Some((deed, moment)));
            let _ = catch_unwind(|| {
                let x = [Hostile(0.5), Hostile(1.5)];
                general::jvp(|x| x.iter().map(|&x| x * x * x).collect(), &x, &x)
            });
            DEED.set(None);
        }
    }
    TAPE.set(None);
}
