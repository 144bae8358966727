//! Leaves: the same variables as a vector of them, without the vector.

use autodiff::scalar::{
    Dual, Gradients, Leaves, Operation, Tape, Var, dot, general, linear_combination, log_sum_exp,
    norm,
};

const X: [f64; 7] = [0.5, -1.0, 2.0, 0.25, 3.0, -0.75, 1.5];

#[test]
fn leaves_are_variables() {
    let tape = Tape::new();
    let first = tape.var(1.0);
    let x = tape.leaves(&X);
    assert_eq!((x.len(), x.is_empty(), x.values()), (7, false, &X[..]));
    assert_eq!(tape.len(), 8);
    let y = x.iter().rev().map(|x| x * x).sum::<Var<'_>>() * first + x.get(2);
    let gradients = y.gradients();
    let expected: Vec<f64> = (0..7)
        .map(|i| 2.0 * X[i] + if i == 2 { 1.0 } else { 0.0 })
        .collect();
    assert_eq!(gradients.wrt_leaves(&x), expected);
    assert_eq!(gradients.wrt(x.get(2)), 5.0);
    assert_eq!(gradients.wrt_leaves(&x.slice(2..4)), expected[2..4]);
    let variables: Vec<_> = x.iter().collect();
    assert_eq!(gradients.wrt_all(&variables), expected);
    assert_eq!(format!("{:?}", x.slice(0..1)), "[Var(0.5, node 2)]");
}

#[test]
fn leaves_after_the_output_or_without_influence_have_derivative_0() {
    let tape = Tape::new();
    let [early, middle] = [tape.leaves(&X), tape.leaves(&[2.0])];
    let y = middle.get(0) * 3.0;
    let late = tape.leaves(&X);
    let _ = late.sum();
    let gradients = y.gradients();
    let mut derivatives = [9.0; 7];
    gradients.wrt_leaves_into(&late, &mut derivatives);
    assert_eq!(derivatives, [0.0; 7]);
    gradients.wrt_leaves_into(&early, &mut derivatives);
    assert_eq!(
        (derivatives, gradients.wrt_leaves(&middle)),
        ([0.0; 7], vec![3.0])
    );
    let none = tape.leaves(&[]);
    assert_eq!(
        (none.is_empty(), gradients.wrt_leaves(&none)),
        (true, vec![])
    );
    // The gradient of a constant.
    assert_eq!(Var::from(1.0).gradients().wrt_leaves(&early), [0.0; 7]);
}

/// A function of all variables, on leaves and on a vector.
type Both = (
    for<'t> fn(Leaves<'t, '_>) -> Var<'t>,
    for<'t> fn(&[Var<'t>]) -> Var<'t>,
);

#[test]
fn functions_of_leaves_record_the_nodes_of_functions_of_slices() {
    let functions: [Both; 6] = [
        (|x| x.sum(), |x| x.iter().sum()),
        (|x| x.dot(x), |x| dot(x, x)),
        (
            |x| {
                x.slice(0..x.len() / 2)
                    .dot(x.slice(x.len() - x.len() / 2..x.len()))
            },
            |x| dot(&x[..x.len() / 2], &x[x.len() - x.len() / 2..]),
        ),
        (
            |x| x.linear_combination(&X[..x.len()]),
            |x| linear_combination(&X[..x.len()], x),
        ),
        (|x| x.log_sum_exp(), |x| log_sum_exp(x)),
        (|x| x.norm(), |x| norm(x)),
    ];
    for (of_leaves, of_slice) in functions {
        for length in 0..=X.len() {
            for traced in [false, true] {
                let tape = || {
                    if traced { Tape::traced() } else { Tape::new() }
                };
                let (a, b) = (tape(), tape());
                let y = of_leaves(a.leaves(&X[..length]));
                let z = of_slice(&b.vars(&X[..length]));
                assert_eq!(y.value().to_bits(), z.value().to_bits());
                assert!(a.nodes().eq(b.nodes()));
                assert_eq!(y.tape().is_some(), z.tape().is_some());
                let operations = |tape: &Tape| {
                    let entries = tape.trace();
                    let entries = entries.iter().flat_map(|entries| entries.iter());
                    entries
                        .map(|entry| (entry.operation, entry.inputs.clone()))
                        .collect::<Vec<_>>()
                };
                assert_eq!(operations(&a), operations(&b));
            }
        }
    }
}

#[test]
fn log_sum_exp_of_leaves_has_the_limits_of_log_sum_exp() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for x in [
        vec![inf, 1.0],
        vec![inf, inf, 1.0],
        vec![-inf, 1.0],
        vec![-inf; 3],
        vec![nan, 1.0],
        vec![inf, nan],
        vec![],
    ] {
        let (a, b) = (Tape::new(), Tape::new());
        let (leaves, variables) = (a.leaves(&x), b.vars(&x));
        let (y, z) = (leaves.log_sum_exp(), log_sum_exp(&variables));
        assert_eq!(y.value().to_bits(), z.value().to_bits(), "{x:?}");
        let of_leaves = y.gradients().wrt_leaves(&leaves);
        for (a, b) in of_leaves.iter().zip(z.gradients().wrt_all(&variables)) {
            assert!(*a == b || a.is_nan() && b.is_nan(), "{x:?}: {of_leaves:?}");
        }
    }
}

#[test]
fn leaves_of_numbers_with_derivatives_give_second_derivatives() {
    let x = X.map(Dual::var);
    let tape = Tape::default();
    let leaves = tape.leaves(&x);
    let y = leaves.log_sum_exp() * leaves.dot(leaves);
    let gradient = y.gradients().wrt_leaves(&leaves);
    let (expected, product) = general::hvp(|x| log_sum_exp(x) * dot(x, x), &X, &[1.0; X.len()]);
    for ((g, value), tangent) in gradient.iter().zip(expected).zip(product) {
        assert_eq!((g.value, g.tangent()), (value, tangent));
    }
}

#[test]
fn a_traced_tape_keeps_leaves() {
    let tape = Tape::traced();
    let x = tape.leaves(&X);
    let _ = x.get(1).sin();
    let trace = tape.trace().unwrap();
    assert!(
        trace[..7]
            .iter()
            .all(|entry| entry.operation == Operation::Variable)
    );
    assert_eq!((trace.len(), trace[7].node), (8, 8));
}

#[test]
fn gradients_are_reused_for_leaves_of_a_reset_tape() {
    let mut tape = Tape::new();
    let mut gradients = Gradients::default();
    for scale in [1.0, 2.0] {
        tape.reset();
        let values = X.map(|x| x * scale);
        let x = tape.leaves(&values);
        gradients.update([x.dot(x)]);
        assert_eq!(gradients.wrt_leaves(&x), values.map(|x| 2.0 * x));
    }
}
