//! Recording and backward passes: nodes with two and with many inputs, and inspection of a recording.

use autodiff::scalar::{
    Dual, Gradients, Input, Tape, Var, custom, dot, linear_combination, log_sum_exp, norm,
};

#[test]
fn functions_of_one_variable_and_constants_record_nothing() {
    let tape = Tape::new();
    let x = tape.var(0.5);
    let before = (tape.len(), tape.bytes());
    let y = ((x * 3.0 + 1.0).sin().exp() - x * x).powf(1.5) / (2.0 + x);
    let z = Var::<f64>::from(2.0) * 3.0 + Var::from(1.0).exp();
    assert_eq!((tape.len(), tape.bytes()), before);
    assert!(z.tape().is_none() && y.tape().is_some());
    // An operation on two nodes takes 24 bytes.
    let w = tape.var(1.0);
    let before = tape.bytes();
    let _ = y * w;
    assert_eq!(tape.bytes() - before, 24);
}

#[test]
fn a_node_used_twice_adds_up() {
    let tape = Tape::new();
    let [x, y] = tape.vars([3.0, 5.0]);
    let shared = x * y;
    let z = shared * shared + shared.sin() * x;
    let gradients = z.gradients();
    let (s, ds) = (15.0_f64, 2.0 * 15.0 + 15.0_f64.cos() * 3.0);
    assert!((gradients.wrt(x) - (ds * 5.0 + s.sin())).abs() < 1e-13);
    assert!((gradients.wrt(y) - ds * 3.0).abs() < 1e-13);
    assert_eq!(gradients.wrt(shared), ds);
}

#[test]
fn one_recording_serves_many_backward_passes() {
    let tape = Tape::new();
    let [x, y] = tape.vars([2.0, 3.0]);
    let (u, v) = (x * y, x / y);
    let first = u.gradients();
    let second = v.gradients();
    assert_eq!((first.wrt(x), second.wrt(x)), (3.0, 1.0 / 3.0));
    assert_eq!(u.gradients().wrt(y), first.wrt(y));
    // Variables recorded later have no influence on earlier results.
    let later = tape.var(1.0);
    assert_eq!(first.wrt(later), 0.0);
    // Both in one pass.
    let both = Gradients::of([u, v]);
    assert_eq!(both.each_wrt(x), [first.wrt(x), second.wrt(x)]);
    assert_eq!(both.each_wrt(y), [first.wrt(y), second.wrt(y)]);
}

#[test]
fn gradients_can_reuse_their_memory() {
    let tape = Tape::new();
    let [x, y] = tape.vars([2.0, 3.0]);
    let mut gradients = Gradients::default();
    gradients.update([x * y]);
    assert_eq!(gradients.wrt(x), 3.0);
    gradients.update([x + x]);
    assert_eq!((gradients.wrt(x), gradients.wrt(y)), (2.0, 0.0));
    gradients.update([Var::from(7.0)]);
    assert_eq!(gradients.wrt(x), 0.0);
}

#[test]
fn nodes_of_many_inputs() {
    let tape = Tape::new();
    let [x, y, z] = tape.vars([3.0, 4.0, 12.0]);
    let check = |u: Var<'_>, value: f64, slopes: [f64; 3]| {
        assert!(
            (u.value() - value).abs() <= 1e-14 * value.abs().max(1.0),
            "{u} {value}"
        );
        let gradients = u.gradients();
        for (variable, slope) in [x, y, z].into_iter().zip(slopes) {
            assert!((gradients.wrt(variable) - slope).abs() <= 1e-14 * slope.abs().max(1.0));
        }
    };
    let before = tape.len();
    check([x, y, z].iter().sum(), 19.0, [1.0; 3]);
    check(
        [x, y, z, x, y * 2.0, Var::from(5.0)].into_iter().sum(),
        35.0,
        [2.0, 3.0, 1.0],
    );
    check([x, y, z].iter().product(), 144.0, [48.0, 36.0, 12.0]);
    check(
        dot(&[x, y, z], &[z, Var::from(2.0), z]),
        36.0 + 8.0 + 144.0,
        [12.0, 2.0, 27.0],
    );
    let all = [x, y, z];
    check(dot(&all, &all), 169.0, [6.0, 8.0, 24.0]);
    check(
        linear_combination(&[1.0, -2.0, 0.5], &[x, y, z * z]),
        67.0,
        [1.0, -2.0, 12.0],
    );
    check(
        norm(&[x, y, z]),
        13.0,
        [3.0 / 13.0, 4.0 / 13.0, 12.0 / 13.0],
    );
    check(
        custom(&[x, y], |v| (v[0] * v[1], vec![v[1], v[0]])),
        12.0,
        [4.0, 3.0, 0.0],
    );
    let sum = 3.0_f64.exp() + 4.0_f64.exp() + 12.0_f64.exp();
    check(
        log_sum_exp(&[x, y, z]),
        sum.ln(),
        [3.0, 4.0, 12.0_f64].map(|x| x.exp() / sum),
    );
    assert_eq!(tape.len() - before, 9, "one node each");
    // Empty lists, and constants.
    assert_eq!(std::iter::empty::<Var<'_>>().sum::<Var<'_>>(), 0.0);
    assert_eq!(std::iter::empty::<Var<'_>>().product::<Var<'_>>(), 1.0);
    assert_eq!(dot(&[Var::<f64>::from(2.0)], &[Var::from(4.0)]), 8.0);
    assert_eq!(log_sum_exp::<f64>(&[]), f64::NEG_INFINITY);
    assert_eq!(tape.len() - before, 9, "constants take nothing");
}

#[test]
fn terms_of_a_sum_may_be_recorded_during_the_sum() {
    let tape = Tape::new();
    let x = tape.vars(&[1.0, 2.0, 3.0, 4.0, 5.0]);
    let sum: Var<'_> = x.iter().zip(x.iter().skip(1)).map(|(a, b)| a * b).sum();
    assert_eq!(sum.gradients().wrt_all(&x), [2.0, 4.0, 6.0, 8.0, 4.0]);
}

#[test]
fn sums_of_any_length_are_one_node() {
    for tape in [Tape::new(), Tape::traced()] {
        let [x, y] = tape.vars([2.0, 3.0]);
        for n in [1, 2, 31, 32, 33, 63, 64, 65, 200] {
            // There are constants before, between and after the products, which are recorded during the sum.
            let term = |i| match i % 3 {
                _ if i < 40 && n > 100 => Var::from(1.0),
                2 => Var::from(1.0),
                _ => x * y,
            };
            let before = tape.len();
            let sum: Var<'_> = (0..n).map(term).sum();
            let products = tape.len() - before - 1;
            assert_eq!(sum, (6 * products + (n - products)) as f64);
            assert_eq!(sum.gradients().wrt(x), 3.0 * products as f64);
            if let Some(steps) = tape.trace() {
                let (last, constants) = (&steps[steps.len() - 1], n - products);
                let constant = (constants > 0).then_some(Input::Constant(constants as f64));
                assert_eq!(last.inputs.len(), products + constant.iter().count());
                assert!(constant.is_none_or(|constant| last.inputs.last() == Some(&constant)));
            }
        }
    }
}

#[test]
#[should_panic(expected = "sum: the inputs lie on different tapes")]
fn a_long_sum_over_two_tapes_is_refused() {
    let tapes = [Tape::new(), Tape::new()];
    let x = tapes.each_ref().map(|tape| tape.var(1.0));
    let _: Var<'_> = (0..100).map(|i| x[i / 64]).sum();
}

#[test]
#[cfg_attr(miri, ignore = "takes long")]
fn long_sums_are_accurate() {
    let tape = Tape::<f32>::default();
    let x = tape.vars(&vec![0.1_f32; 1_000_000]);
    let sum: Var<'_, f32> = x.iter().sum();
    assert!((sum.value() - 1e5).abs() < 0.1, "{sum}");
    let product = dot(&x, &x).value();
    assert!((product - 1e4).abs() < 0.005, "{product}");
    let term = Dual::var(0.1_f32) * 0.1;
    let sum: Dual<f32> = std::iter::repeat_n(term, 1_000_000).sum();
    assert!((sum.value - 1e4).abs() < 0.01, "{sum}");
    assert!((sum.tangent() - 1e5).abs() < 0.1, "{}", sum.tangent());
}

#[test]
fn every_number_can_lie_on_a_tape() {
    let tape = Tape::default();
    let x = tape.var(0.5_f32);
    assert_eq!((x.sin() * 2.0_f32).gradients().wrt(x), 2.0 * 0.5_f32.cos());

    // Reverse over forward, then reverse over reverse.
    let tape = Tape::default();
    let x = tape.var(Dual::var(2.0_f64));
    let g = (x * x * x * 2.0).gradients().wrt(x);
    assert_eq!((g.value, g.tangent()), (24.0, 24.0));

    let outer = Tape::new();
    let x = outer.var(2.0);
    let inner = Tape::default();
    let z = inner.var(x);
    let slope = (z * z * z * 2.0).gradients().wrt(z);
    assert_eq!((slope.value(), slope.gradients().wrt(x)), (24.0, 24.0));
}

#[test]
fn the_nodes_of_a_recording_can_be_inspected() {
    let tape = Tape::new();
    let [x, y] = tape.vars([3.0, 4.0]);
    let sum: Var<'_> = [x, y, x * y].iter().sum();
    let w = tape.var(1.0);
    let _ = sum * w;
    let _ = (x * 2.0).retain();
    let nodes: Vec<_> = tape.nodes().map(|node| (node.index, node.inputs)).collect();
    let expected = [
        (1, vec![]),
        (2, vec![]),
        (3, vec![(1, 4.0), (2, 3.0)]),
        (4, vec![(1, 1.0), (2, 1.0), (3, 1.0)]),
        (5, vec![]),
        (6, vec![(4, 1.0), (5, 19.0)]),
        (7, vec![(1, 2.0)]),
    ];
    assert_eq!(nodes, expected);
    assert_eq!(tape.len(), nodes.len());
}
