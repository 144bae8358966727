//! Safe code that does not keep its promises: numbers, iterators and closures that record on the tape in the midst of an
//! operation, panic, or lie. Whatever they do, a tape stays whole: what is recorded next has the right derivatives.
//!
//! Run under Miri as well, where any undefined behaviour is an error.

use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::{
    Gradients, Scalar, Tape, Var, checkpoint, custom, dot, general, linear_combination,
    log_sum_exp, norm,
};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a number does, and after how many operations.
type Delayed = (fn(), usize);

thread_local! {
    /// The tape that hostile code records on.
    static TAPE: RefCell<Option<Rc<Tape<Hostile>>>> = const { RefCell::new(None) };
    /// What a [`Hostile`] number does beside computing, and after how many of its operations.
    static DEED: Cell<Option<Delayed>> = const { Cell::new(None) };
}

/// Does what was asked for, if it is time.
fn strike() {
    match DEED.take() {
        None => {}
        Some((deed, 0)) => deed(),
        later => DEED.set(later.map(|(deed, operations)| (deed, operations - 1))),
    }
}

/// A number whose operations run foreign code.
#[derive(Copy, Debug)]
struct Hostile(f64);

#[expect(
    clippy::non_canonical_clone_impl,
    reason = "a copy and a clone need not agree"
)]
impl Clone for Hostile {
    fn clone(&self) -> Self {
        strike();
        *self
    }
}

impl PartialEq for Hostile {
    fn eq(&self, other: &Self) -> bool {
        strike();
        self.0 == other.0
    }
}

impl PartialOrd for Hostile {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        strike();
        self.0.partial_cmp(&other.0)
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        strike();
        self.0.fmt(f)
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident),*) => { $(
        impl $Trait for Hostile {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                strike();
                Hostile(self.0.$method(other.0))
            }
        }
    )* };
}
operators!(Add add, Sub sub, Mul mul, Div div, Rem rem);

impl Neg for Hostile {
    type Output = Self;

    fn neg(self) -> Self {
        strike();
        Hostile(-self.0)
    }
}

impl Number for Hostile {
    type Mask = bool;

    fn constant(self, c: f64) -> Self {
        strike();
        Hostile(c)
    }

    fn less(self, other: Self) -> bool {
        strike();
        self.0 < other.0
    }

    fn equal(self, other: Self) -> bool {
        strike();
        self.0 == other.0
    }

    fn select(mask: &bool, a: Self, b: Self) -> Self {
        strike();
        if *mask { a } else { b }
    }

    fn unary(self, function: Unary) -> Self {
        strike();
        Hostile(self.0.unary(function))
    }

    fn binary(self, function: Binary, other: Self) -> Self {
        strike();
        Hostile(self.0.binary(function, other.0))
    }
}

impl Scalar for Hostile {
    type Plain = f64;

    fn from_f64(c: f64) -> Self {
        strike();
        Hostile(c)
    }

    fn to_f64(self) -> f64 {
        strike();
        self.0
    }

    fn has_nan(self) -> bool {
        strike();
        self.0.is_nan()
    }

    fn is_safe_factor(self) -> bool {
        strike();
        true
    }
}

fn shared_tape() -> Rc<Tape<Hostile>> {
    TAPE.with_borrow(|tape| tape.clone().unwrap())
}

/// What hostile code does to the tape from within an operation on it.
const DEEDS: [fn(); 8] = [
    || _ = shared_tape().variables([Hostile(3.0); 40]),
    || _ = shared_tape().variables(&[] as &[Hostile]),
    || {
        let tape = shared_tape();
        let [x, y] = tape.variables([Hostile(3.0), Hostile(4.0)]);
        let z = x * y + [x, y, x].iter().sum::<Var<'_, Hostile>>();
        assert_eq!(z.gradients().wrt(x).0, 6.0);
    },
    || {
        let tape = shared_tape();
        let x = tape.variable(Hostile(3.0));
        let y = checkpoint(|x| vec![x[0] * x[0], x[0]], &[x]);
        assert_eq!(y[0].gradients().wrt(x).0, 6.0);
    },
    || shared_tape().reserve(10_000),
    || {
        let tape = shared_tape();
        let x = tape.variable(Hostile(3.0));
        assert_eq!(tape.survivors(&tape.mark(&[x]))[0].value().0, 3.0);
        assert!(tape.nodes().count() == tape.len() && tape.bytes() > 0);
        assert_eq!(tape.steps().is_some(), tape.is_traced());
    },
    || TAPE.set(None),
    || resume_unwind(Box::new("a number that panics")),
];

type Operation = for<'t> fn(&[Var<'t, Hostile>]) -> Var<'t, Hostile>;

/// Operations of every kind, on at least three variables.
const OPERATIONS: [Operation; 13] = [
    |x| x[0] * x[1] + x[2],
    |x| (x[0].sin() * 2.0 + 1.0).anchor() / x[1],
    |x| x[0].powf(x[1]) % x[2],
    |x| x.iter().sum(),
    |x| (0..70).map(|i| x[i % 3] * x[2]).sum(),
    |x| x.iter().product(),
    |x| dot(x, x),
    |x| dot(&x[..2], &x[1..]),
    |x| linear_combination(&[Hostile(2.0); 3], x),
    |x| norm(x),
    |x| log_sum_exp(x),
    |x| custom(x, |v| (v[0], vec![Hostile(1.0); 3])),
    |x| checkpoint(|x| vec![x[0] * x[1], x[2] * x[0]], x)[1],
];

/// Records an operation, and asks for derivatives in every way.
fn record_and_walk(operation: Operation, x: &[Var<'_, Hostile>; 3]) {
    let y = operation(x);
    let mut gradients = y.gradients();
    let _ = gradients.wrt_all(x);
    gradients.update([y * y]);
    let _ = Gradients::of([y, x[0] * y, x[1]]).each_wrt(x[0]);
    let Some(tape) = x[0].tape() else { return };
    let _ = tape.is_traced().then(|| tape.find_nan());
    if !cfg!(miri) {
        let _ = (tape.to_dot(), format!("{y} {y:?} {tape:?}"));
    }
}

/// The numbers that the following expects of its variables.
const WHOLE: [Hostile; 3] = [Hostile(2.0), Hostile(3.0), Hostile(5.0)];

/// What is recorded from now on with these variables of the tape has the right derivatives.
fn assert_whole<'t>(tape: &'t Tape<Hostile>, x: &[Var<'t, Hostile>; 3]) {
    // First operations on two variables alone: whatever else is recorded says anew at which node it is.
    let mut y = x[0] * x[1];
    for _ in 0..10 {
        y += x[2] * x[0];
    }
    let slopes = |z: Var<'t, Hostile>| {
        z.gradients()
            .wrt_all(x)
            .iter()
            .map(|g| g.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(y.value().0, 106.0);
    assert_eq!(slopes(y), [53.0, 2.0, 20.0]);
    let sum: Var<'_, Hostile> = [y, x[1], x[2]].iter().sum();
    let z = checkpoint(|x| vec![x[0] * x[0]], &[sum])[0] * tape.variable(Hostile(0.5));
    assert_eq!(z.value().0, 0.5 * 114.0 * 114.0);
    assert_eq!(slopes(z), [53.0, 3.0, 21.0].map(|slope| slope * 114.0));
    assert_eq!(tape.nodes().count(), tape.len());
}

/// Has a number do a deed within an operation or a walk back, and checks the tape. Whether it came to that.
fn attack(operation: Operation, deed: fn(), moment: usize, tape: Tape<Hostile>) -> bool {
    let tape = Rc::new(tape);
    TAPE.set(Some(Rc::clone(&tape)));
    let x = tape.variables(WHOLE);
    DEED.set(Some((deed, moment)));
    let _ = catch_unwind(AssertUnwindSafe(|| record_and_walk(operation, &x)));
    let struck = DEED.take().is_none();
    assert_whole(&tape, &x);
    TAPE.set(None);
    struck
}

#[test]
#[cfg_attr(miri, ignore = "takes hours; the next test is a part of it")]
fn a_number_that_records_or_panics_within_an_operation_leaves_the_tape_whole() {
    for (i, operation) in OPERATIONS.into_iter().enumerate() {
        for (k, deed) in DEEDS.into_iter().enumerate() {
            // Every moment would take a minute.
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

#[test]
fn a_number_that_records_while_the_inputs_of_a_node_are_written_leaves_the_tape_whole() {
    for (i, operation) in OPERATIONS.into_iter().enumerate() {
        // The last of its operations, among which are those that make the slopes.
        let tape = Tape::default();
        let x = tape.variables(WHOLE);
        DEED.set(Some((|| (), usize::MAX)));
        operation(&x);
        let count = DEED.take().map_or(0, |(_, left)| usize::MAX - left);
        for moment in (0..count).rev().step_by(3).take(6) {
            assert!(attack(operation, DEEDS[0], moment, Tape::default()));
        }
        attack(
            operation,
            DEEDS[i % DEEDS.len()],
            count / 2,
            Tape::default().tracing(),
        );
    }
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

/// A number without size: a slice can have any length of it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Nothing;

macro_rules! nothing {
    ($($Trait:ident $method:ident),*) => { $(
        impl $Trait for Nothing {
            type Output = Self;

            fn $method(self, _: Self) -> Self {
                Nothing
            }
        }
    )* };
}
nothing!(Add add, Sub sub, Mul mul, Div div, Rem rem);

impl Neg for Nothing {
    type Output = Self;

    fn neg(self) -> Self {
        Nothing
    }
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

impl Number for Nothing {
    type Mask = bool;

    fn constant(self, _: f64) -> Self {
        Nothing
    }

    fn less(self, _: Self) -> bool {
        false
    }

    fn equal(self, _: Self) -> bool {
        true
    }

    fn select(_: &bool, _: Self, _: Self) -> Self {
        Nothing
    }

    fn unary(self, _: Unary) -> Self {
        Nothing
    }

    fn binary(self, _: Binary, _: Self) -> Self {
        Nothing
    }
}

impl Scalar for Nothing {
    type Plain = f64;

    fn from_f64(_: f64) -> Self {
        Nothing
    }

    fn to_f64(self) -> f64 {
        0.0
    }

    fn has_nan(self) -> bool {
        false
    }
}

#[test]
fn more_numbers_without_size_than_there_are_indices_are_refused() {
    let tape = Tape::<Nothing>::default();
    let first = tape.variable(Nothing);
    for count in [usize::MAX, usize::MAX - 1, u32::MAX as usize, 1 << 31] {
        let numbers = &[Nothing; usize::MAX][..count];
        let refused = catch_unwind(AssertUnwindSafe(|| tape.variables(numbers).len()));
        let message = *refused.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(
            message,
            "the tape is full: it can hold 2147483647 variables"
        );
    }
    let [x, y] = tape.variables([Nothing; 2]);
    let z = (0..100).fold(first, |z, _| z * x + y);
    assert_eq!(z.gradients().wrt(first), Nothing);
    assert_eq!(tape.len(), 203);
}

#[test]
fn room_for_more_nodes_than_there_are_indices_is_refused() {
    let tape = Tape::new();
    let x = tape.variable(2.0);
    let y = x * tape.variable(3.0);
    for nodes in [usize::MAX, usize::MAX - 1, 1 << 31] {
        assert!(catch_unwind(AssertUnwindSafe(|| tape.reserve(nodes))).is_err());
    }
    assert_eq!((y * x).gradients().wrt(x), 12.0);
}

/// An iterator that says that it has as many items as `claim` does.
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
        let x = tape.variables([2.0, 0.5, 3.0]);
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
            // Memory for so many cannot be had.
            let _ = catch_unwind(AssertUnwindSafe(|| endless.product::<Var<'_>>()));
        }
        assert_eq!((x[0] * x[2]).gradients().wrt(x[0]), 3.0);
    }
}

#[test]
fn iterators_that_record_and_panic_half_way_do_no_harm() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.variables([2.0, 0.5, 3.0]);
        let moments: &[usize] = if cfg!(miri) {
            &[33]
        } else {
            &[0, 1, 31, 32, 33, 63, 64, 1000]
        };
        for &panics_at in moments {
            let (outer, inner) = if cfg!(miri) { (35, 2) } else { (100, 40) };
            let term = |i: usize| {
                // Sums within a sum, which record, and use the same spare memory.
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

#[test]
fn closures_that_record_panic_or_give_too_little_do_no_harm() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.variables([2.0, 0.5, 3.0]);
        let within = |v: f64| {
            let y = tape.variable(v) * x[0];
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

/// Records, and walks back, where it is dropped.
struct RecordsWhenDropped;

impl Drop for RecordsWhenDropped {
    fn drop(&mut self) {
        if let Ok(Some(tape)) = TAPE.try_with(|tape| tape.borrow().clone()) {
            let x = tape.variable(Hostile(3.0));
            assert_eq!((x * tape.variable(Hostile(2.0))).gradients().wrt(x).0, 2.0);
        }
    }
}

#[test]
fn checkpoints_that_change_panic_or_record_when_dropped_do_no_harm() {
    // The number of outputs, or a panic, in the first call and in the second; later ones are as the first.
    for calls in [[0, 1], [1, 0], [1, 2], [3, 1], [9, 9], [1, 9]] {
        let tape = Rc::new(Tape::<Hostile>::default());
        TAPE.set(Some(Rc::clone(&tape)));
        let x = tape.variables(WHOLE);
        let (call, dropped) = (AtomicUsize::new(0), RecordsWhenDropped);
        let walked = catch_unwind(AssertUnwindSafe(|| {
            let y = checkpoint(
                move |x| {
                    let _ = &dropped;
                    let call = call.fetch_add(1, Ordering::Relaxed);
                    match calls.get(call).unwrap_or(&calls[0]) {
                        9 => resume_unwind(Box::new("in a checkpoint")),
                        &outputs => vec![x[0] * x[1], x[0], x[1]][..outputs].to_vec(),
                    }
                },
                &x,
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
        let x = tape.variable(2.0);
        let y = checkpoint(
            move |x| {
                let _ = &dropped;
                x.iter().map(|&x| x * x).collect()
            },
            &[x],
        )[0];
        let before = y.gradients();
        assert!(catch_unwind(AssertUnwindSafe(|| tape.reset())).is_err());
        assert!(tape.is_empty());
        let x = tape.variable(3.0);
        assert_eq!((x * x).gradients().wrt(x), 6.0);
        assert_eq!(tape.steps().map_or(2, |steps| steps.len()), 2);
        assert!(catch_unwind(AssertUnwindSafe(|| before.wrt(x))).is_err());
    }
}

#[test]
fn checkpoints_and_lists_of_nothing_leave_the_next_ones_alone() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.variable(3.0);
        assert!(checkpoint(|_| vec![], &[x]).is_empty());
        assert!(tape.variables(&[] as &[f64]).is_empty());
        let y = checkpoint(|x| vec![x[0] * x[0]], &[x])[0];
        assert_eq!(y.gradients().wrt(x), 6.0);
        let z = checkpoint(|x| vec![x[0] * x[0] * x[0]], &[y])[0];
        assert_eq!(z.gradients().wrt(x), 6.0 * 3.0 * 81.0);
    }
}

/// A name that records on the tape as it is made.
struct Name<'t>(Var<'t>);

impl From<Name<'_>> for String {
    fn from(name: Name<'_>) -> String {
        let y = (name.0 * name.0).named("square");
        format!("{:?}", y.gradients().wrt(name.0))
    }
}

#[test]
fn a_name_that_is_recorded_as_it_is_made_does_no_harm() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.variable(3.0);
        let x = x.named(Name(x));
        assert_eq!(tape.to_dot().contains("6.0"), tape.is_traced());
        assert_eq!((x * x).gradients().wrt(x), 6.0);
    }
}

#[test]
#[should_panic(expected = "mul: recorded on a traced tape while its steps were being read")]
fn recording_while_steps_are_read_is_refused_by_name() {
    let tape = Tape::traced();
    let x = tape.variable(3.0);
    let _steps = tape.steps();
    let _ = x * x;
}
