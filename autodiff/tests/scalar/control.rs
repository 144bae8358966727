//! Reuse of a tape, marks, retained nodes, checkpoints, other threads, and misuse that panics.

use autodiff::scalar::{
    Gradients, Tape, Var, checkpoint, custom, dot, linear_combination, log_sum_exp, norm,
    preaccumulate,
};

#[test]
fn a_reset_tape_keeps_its_memory_and_starts_anew() {
    let mut tape = Tape::with_capacity(100);
    for round in 1..5 {
        tape.reset();
        assert!(tape.is_empty() && tape.bytes() == 0);
        let [x, y] = tape.vars([f64::from(round), 2.0]);
        let z = x * y + [x, y, x * y].iter().sum::<Var<'_>>();
        assert_eq!(z.gradients().wrt(x), 5.0);
    }
}

#[test]
fn memory_can_be_reserved_on_a_tape_of_any_number() {
    let tape = Tape::<f32>::default();
    tape.reserve(1000);
    let [x, y] = tape.vars([2.0, 3.0]);
    let z = (0..1000).fold(x, |z, _| z * y / y);
    assert_eq!((z.value(), tape.len()), (2.0, 2002));
}

#[test]
fn a_tape_can_be_rewound_again_and_again() {
    let mut tape = Tape::new();
    let mark = {
        let [x, y] = tape.vars([2.0, 3.0]);
        let sum: Var<'_> = [x, y, x * y].iter().sum();
        tape.mark(&[x, y, sum, x * 2.0, Var::from(9.0)])
    };
    let (length, bytes) = (tape.len(), tape.bytes());
    for factor in [1.0, 2.0, 3.0] {
        tape.rewind(&mark);
        assert_eq!((tape.len(), tape.bytes()), (length, bytes));
        let [x, y, sum, double, nine] = tape.kept_variables(&mark)[..] else {
            unreachable!()
        };
        let w = tape.var(factor);
        let z = w * sum * double + nine * y + [w, x, y].into_iter().product::<Var<'_>>();
        let gradients = z.gradients();
        assert_eq!(
            gradients.wrt(x),
            factor * (4.0 * 4.0 + 11.0 * 2.0) + factor * 3.0
        );
        assert_eq!(gradients.wrt(w), 44.0 + 6.0);
    }
}

#[test]
#[should_panic(
    expected = "rewind: the mark is of another tape, or what it marked has been forgotten"
)]
fn a_mark_is_refused_after_a_rewind_to_an_earlier_one() {
    let mut tape = Tape::new();
    let early = tape.mark(&[]);
    let _ = tape.var(1.0);
    let late = tape.mark(&[]);
    tape.rewind(&early);
    let _ = tape.vars([1.0, 2.0]);
    tape.rewind(&late);
}

#[test]
#[should_panic(expected = "kept_variables: the mark is of another tape")]
fn a_mark_of_another_tape_is_refused() {
    let tape = Tape::new();
    let _ = Tape::new().kept_variables(&tape.mark(&[]));
}

#[test]
#[should_panic(expected = "mark: the variable 1 lies on another tape")]
fn a_mark_refuses_another_tapes_variable() {
    let (tape, other) = (Tape::new(), Tape::new());
    let _ = tape.mark(&[other.var(1.0)]);
}

#[test]
fn operands_of_two_tapes_are_refused_by_name() {
    let (tape, other) = (Tape::new(), Tape::new());
    let (x, y) = (tape.var(1.0), other.var(2.0));
    type Misuse<'t> = (&'static str, &'t dyn Fn());
    let misuses: [Misuse<'_>; 16] = [
        ("add", &|| _ = x + y),
        ("mul", &|| _ = x * y),
        ("div", &|| _ = y.sin() / x),
        ("rem", &|| _ = x % y),
        ("powf", &|| _ = x.powf(y)),
        ("atan2", &|| _ = x.atan2(y)),
        ("sum", &|| _ = [x, x, y].iter().sum::<Var<'_>>()),
        ("product", &|| _ = [x, x, y].iter().product::<Var<'_>>()),
        ("dot", &|| _ = dot(&[x, x], &[x, y])),
        ("linear_combination", &|| {
            _ = linear_combination(&[1.0, 2.0], &[x, y]);
        }),
        ("norm", &|| _ = norm(&[x, y])),
        ("log_sum_exp", &|| _ = log_sum_exp(&[x, y])),
        ("custom", &|| _ = custom(&[x, y], |_| (0.0, vec![0.0; 2]))),
        ("checkpoint", &|| {
            _ = checkpoint(|[x]| x.to_vec(), [&[x, y]]);
        }),
        ("preaccumulate", &|| {
            _ = preaccumulate(|x| x.to_vec(), &[x, y]);
        }),
        ("gradients", &|| _ = Gradients::of([x, y])),
    ];
    for (operation, misuse) in misuses {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(misuse)).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        let expected = format!("{operation}: the inputs lie on different tapes");
        assert_eq!(*message, expected);
    }
}

#[test]
#[cfg_attr(miri, ignore = "leaks a tape")]
#[should_panic(expected = "checkpoint: the inputs lie on different tapes")]
fn a_checkpoint_refuses_an_output_of_another_tape() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let _ = checkpoint(|_| vec![Box::leak(Box::<Tape>::default()).var(1.0)], [&[x]]);
}

#[test]
#[should_panic(
    expected = "checkpoint: the function returned 1 variables, and 2 when it was computed again"
)]
fn a_checkpoint_refuses_a_function_whose_number_of_outputs_changes() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let count = move || 1 + calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let y = checkpoint(move |[x]| vec![x[0].sin(); count()], [&[x]])[0];
    let _ = y.gradients();
}

#[test]
#[should_panic(
    expected = "wrt: 6 is not a node of the tape but a function of one; call `retain()` on it"
)]
fn wrt_refuses_a_variable_that_is_not_a_node() {
    let tape = Tape::new();
    let y = tape.var(3.0) * 2.0;
    let _ = y.sin().gradients().wrt(y);
}

#[test]
fn constants_can_neither_be_retained_nor_differentiated_with_respect_to() {
    for tape in [Tape::new(), Tape::traced()] {
        let x = tape.var(2.0);
        let y = x * x;
        let c: Var<'_> = Var::constant(2.0);
        let constants = [
            c,
            Var::default() + 2.0,
            (c * 3.0).sqrt().powi(2) / 3.0,
            [c, Var::default()].iter().sum(),
            [c, Var::from(1.0)].iter().product(),
            dot(&[c], &[Var::from(1.0)]),
            linear_combination(&[1.0], &[c]),
            norm(&[c, Var::default()]),
            log_sum_exp(&[c]),
            c.custom(|c| (c, 1.0)),
            custom(&[c], |c| (c[0], vec![1.0])),
            checkpoint(|[c]| c.to_vec(), [&[c]])[0],
            x.detach(),
            x.detach() * 1.0,
            tape.kept_variables(&tape.mark(&[c]))[0],
        ];
        let tried = |attempt: &dyn Fn()| {
            let attempt = std::panic::AssertUnwindSafe(attempt);
            *std::panic::catch_unwind(attempt)
                .unwrap_err()
                .downcast::<String>()
                .unwrap()
        };
        let advice = "is a constant, which depends on no variable, or on one with slope 0; \
            to differentiate with respect to it, record it with `Tape::var`";
        for constant in constants {
            let retained = tried(&|| _ = constant.retain());
            assert_eq!(retained, format!("retain: {constant} {advice}"));
            let asked = tried(&|| _ = y.gradients().wrt(constant));
            assert_eq!(asked, format!("wrt: {constant} {advice}"));
            // The advice of the messages works.
            let variable = tape.var(constant.value());
            assert_eq!((variable * x).gradients().wrt(variable), 2.0);
        }
    }
}

#[test]
#[should_panic(expected = "wrt: the variable 2 belongs to another recording than these gradients")]
fn wrt_refuses_another_tapes_variable() {
    let (tape, other) = (Tape::new(), Tape::new());
    let _ = tape.var(3.0).gradients().wrt(other.var(2.0));
}

#[test]
#[should_panic(expected = "wrt: the variable 2 belongs to another recording than these gradients")]
fn wrt_refuses_a_variable_from_after_a_reset() {
    let mut tape = Tape::new();
    let gradients = tape.var(3.0).gradients();
    tape.reset();
    let _ = gradients.wrt(tape.var(2.0));
}

#[test]
fn retained_variables_are_nodes() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let u = (x * 2.0 + 1.0).retain();
    let y = u * u;
    let gradients = y.gradients();
    assert_eq!((gradients.wrt(u), gradients.wrt(x)), (14.0, 28.0));
    assert_eq!(x.retain().gradients().wrt(x), 1.0);
    assert_eq!(tape.len(), 2);
}

#[test]
fn a_checkpoint_has_the_gradient_of_the_retained_run_to_the_bit() {
    fn step<'t>(state: &[Var<'t>]) -> Vec<Var<'t>> {
        let &[x, y, parameter] = state else {
            unreachable!()
        };
        let mut state = (x, y);
        for _ in 0..10 {
            let (x, y) = state;
            state = (
                (x + y * parameter).sin() + x * 0.1,
                (x * y - parameter).cos() + y * 0.7,
            );
        }
        vec![state.0, state.1 * 1.1, parameter]
    }
    let run = |checkpointed: bool| {
        let tape = Tape::new();
        let variables = tape.vars([0.3, 0.8, 1.7]);
        let mut state = variables.to_vec();
        for _ in 0..20 {
            state = if checkpointed {
                checkpoint(|[state]| step(state), [&state])
            } else {
                step(&state)
            };
            state.iter_mut().for_each(|x| *x = x.retain());
        }
        let y = state[0] * state[1] + state[2];
        (
            y.value(),
            variables.map(|x| y.gradients().wrt(x)).map(f64::to_bits),
            tape.bytes(),
        )
    };
    let (recomputed, recorded) = (run(true), run(false));
    assert_eq!(recomputed.0.to_bits(), recorded.0.to_bits());
    assert_eq!(recomputed.1, recorded.1);
    assert!(
        recomputed.2 * 5 < recorded.2,
        "{} bytes against {}",
        recomputed.2,
        recorded.2
    );
}

#[test]
fn a_rewind_removes_checkpoints() {
    let mut tape = Tape::new();
    let x = tape.var(2.0);
    let mark = tape.mark(&[x]);
    let bytes = tape.bytes();
    for factor in [3.0, 5.0, 7.0] {
        tape.rewind(&mark);
        assert_eq!(tape.bytes(), bytes);
        let x = tape.kept_variables(&mark)[0];
        let y = checkpoint(move |[x]| vec![x[0] * factor], [&[x]])[0];
        assert_eq!(y.gradients().wrt(x), factor);
    }
    tape.reset();
    let x = tape.var(2.0);
    let y = checkpoint(|[x]| vec![x[0].square()], [&[x]])[0];
    assert_eq!(y.gradients().wrt(x), 4.0);
}

#[test]
fn checkpoints_nest_and_take_constants_in_either_mode() {
    fn outer<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {
        let inner = |x: &[Var<'t>]| -> Vec<Var<'t>> {
            checkpoint(|[x]| vec![x[0] * x[1], x[1].sin() * 2.0], [x])
        };
        inner(&inner(x))
    }
    fn direct<'t>(x: &[Var<'t>]) -> Var<'t> {
        let (a, b) = (x[0] * x[1], x[1].sin() * 2.0);
        a * b + b.sin() * 2.0
    }
    let tape = Tape::new();
    let x = tape.vars([0.4, 0.9]);
    let y = checkpoint(|[x]| outer(x), [&x]);
    let y = y[0] + y[1];
    let expected = direct(&x);
    assert_eq!(y.value(), expected.value());
    assert_eq!(y.gradients().wrt_all(&x), expected.gradients().wrt_all(&x));
    // The same input twice, and a constant.
    let z = checkpoint(
        |[x, y]| vec![x[0] * x[1] * y[0]],
        [&[x[0], x[0]], &[Var::from(3.0)]],
    )[0];
    assert!((z.gradients().wrt(x[0]) - 6.0 * 0.4).abs() < 1e-15);
    assert!(
        checkpoint(|[x]| vec![x[0] + 1.0], [&[Var::<f64>::from(3.0)]])[0]
            .tape()
            .is_none()
    );
    // In forward mode.
    let forward = autodiff::scalar::jvp(
        |x| [checkpoint(|[x]| outer(x), [&x])[0]],
        [0.4, 0.9],
        [1.0, 0.0],
    );
    assert!((forward.1[0] - 0.9_f64 * 2.0 * 0.9_f64.sin()).abs() < 1e-15);
}

#[test]
fn a_tape_can_be_sent_to_another_thread() {
    let mut tape = Tape::new();
    let _ = checkpoint(|[x]| x.to_vec(), [&[tape.var(1.0)]]);
    let tape = std::thread::spawn(move || {
        tape.reset();
        let x = tape.var(2.0);
        assert_eq!((x * x).gradients().wrt(x), 4.0);
        tape
    });
    assert_eq!(tape.join().unwrap().len(), 1);
}

/// Runs `f` on a stack of 2 MiB.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(f)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn one_million_operations_in_a_chain_fit_a_small_stack() {
    let steps = if cfg!(miri) { 100 } else { 1_000_000 };
    on_a_small_stack(move || {
        let tape = Tape::new();
        let [x, y] = tape.vars([0.5, 1e-9]);
        let mut z = x;
        for _ in 0..steps {
            z += y;
        }
        let gradients = z.gradients();
        assert_eq!((gradients.wrt(x), gradients.wrt(y)), (1.0, steps as f64));
        assert_eq!(tape.len(), steps + 2);
    });
}
