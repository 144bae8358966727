//! The trace of a traced tape, and the reports made from it.

use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::{
    Input, NonFiniteCause, Operation, Tape, Var, checkpoint, dot, preaccumulate,
};

#[test]
fn every_operation_is_kept_with_operands_constants_and_line() {
    let tape = Tape::traced();
    let x = tape.var(3.0);
    let line = line!() + 1;
    let y = 2.0 * x.sin();
    let _ = y - x;
    let steps = tape.trace().unwrap();
    let kept: Vec<_> = steps
        .iter()
        .map(|step| (step.operation, step.inputs.clone(), step.node))
        .collect();
    let (node, constant) = (Input::Node, Input::Constant);
    let expected = [
        (Operation::Variable, vec![], 1),
        (Operation::Unary(Unary::Sin), vec![node(1)], 2),
        (
            Operation::Binary(Binary::Mul),
            vec![constant(2.0), node(2)],
            3,
        ),
        (Operation::Binary(Binary::Sub), vec![node(3), node(1)], 4),
    ];
    assert_eq!(kept, expected);
    assert_eq!(
        steps
            .iter()
            .map(|step| step.location.line())
            .collect::<Vec<_>>(),
        [line - 2, line, line, line + 1]
    );
    assert!(steps.iter().all(|step| step.location.file() == file!()));
    assert_eq!(steps[2].value, 2.0 * 3.0_f64.sin());
}

#[test]
fn an_untraced_tape_keeps_no_entries() {
    let tape = Tape::new();
    let x = tape.var(3.0).named("x");
    let _ = x * x.sin();
    assert!(tape.trace().is_none());
    assert_eq!(
        tape.to_dot(),
        "digraph tape {\n    rankdir=LR;\n    n1 [label=\"#1\", shape=box];\n}\n"
    );
}

#[test]
fn a_generic_function_reports_its_own_lines() {
    fn generic<N: autodiff::Number>(x: N) -> N {
        x.ln()
    }
    let line = line!() - 2;
    let tape = Tape::traced();
    let _ = generic(tape.var(-1.0));
    assert_eq!(tape.first_non_finite().unwrap().location.line(), line);

    fn of_floats<F: num_traits::Float>(x: F) -> Vec<F> {
        vec![
            x.ln(),
            x.powf(x),
            x.powi(-3),
            x.log(x + x),
            x.max(-x),
            x.atan2(x + x),
            x.mul_add(x, x),
            x.copysign(-x),
            x.abs_sub(-x),
        ]
    }
    let last = line!() - 3;
    let tape = Tape::traced();
    let _ = of_floats(tape.var(2.0));
    let steps = tape.trace().unwrap();
    let lines = steps.iter().skip(1).map(|step| step.location.line());
    assert!(lines.clone().all(|line| (last - 9..=last).contains(&line)));
    assert!(steps.iter().all(|step| step.location.file() == file!()));
    assert_eq!(lines.max(), Some(last));
}

#[test]
fn the_first_nan_is_found_with_its_operands_and_line() {
    let tape = Tape::traced();
    let [x, y] = tape.vars([1.0, 2.0]);
    let (x, y) = (x.named("x"), y.named("y"));
    let fine = x * y;
    assert!(tape.first_non_finite().is_none());
    let (bad, line) = ((x - y).ln(), line!());
    let _ = bad.sqrt() + fine;
    let finding = tape.first_non_finite().unwrap();
    assert_eq!(
        (finding.operation, finding.cause),
        (Operation::Unary(Unary::Ln), NonFiniteCause::Value)
    );
    assert_eq!(
        (finding.inputs.as_slice(), finding.location.line()),
        (&[-1.0][..], line)
    );
    let column = finding.location.column();
    assert_eq!(
        finding.to_string(),
        format!("ln(-1) is NaN, recorded at {}:{line}:{column}", file!())
    );
}

#[test]
fn a_nan_variable_is_found_by_its_name() {
    let tape = Tape::traced();
    let x = tape.var(f64::NAN).named("input");
    let _ = x * 2.0;
    assert!(
        tape.first_non_finite()
            .unwrap()
            .to_string()
            .starts_with("input is NaN, recorded at ")
    );
}

#[test]
fn a_nan_constant_is_found_at_its_first_use() {
    let tape = Tape::traced();
    let x = tape.var(2.0).named("x");
    let (bad, line) = (x + f64::NAN, line!());
    let _ = bad * x;
    let finding = tape.first_non_finite().unwrap();
    assert_eq!(finding.location.line(), line);
    assert!(
        finding
            .to_string()
            .starts_with("add(x = 2, NaN) is NaN, recorded at ")
    );
}

#[test]
fn an_infinite_slope_is_found_where_no_value_is_nan() {
    let tape = Tape::traced();
    let x = tape.var(0.0).named("x");
    let _ = 1.0 + x.sqrt();
    let finding = tape.first_non_finite().unwrap();
    assert_eq!(finding.cause, NonFiniteCause::Slope(f64::INFINITY));
    assert!(
        finding
            .to_string()
            .starts_with("the slope of sqrt(x = 0) is inf, recorded at "),
        "{finding}"
    );
}

#[test]
#[should_panic(expected = "first_non_finite: the tape is not traced")]
fn finding_a_nan_needs_a_traced_tape() {
    let _ = Tape::new().first_non_finite();
}

#[test]
fn the_drawing_shows_names_constants_values_and_slopes() {
    let tape = Tape::traced();
    let x = tape.var(3.0).named("the \"x\"");
    let y = tape.var(4.0).named("y");
    let _ = (x * y + 1.0).named("z");
    let expected = r#"digraph tape {
    rankdir=LR;
    n1 [label="the \"x\"\n3", shape=box];
    n2 [label="y\n4", shape=box];
    n3 [label="mul\n12"];
    n1 -> n3 [label="4"];
    n2 -> n3 [label="3"];
    n4 [label="z = add 1\n13"];
    n3 -> n4 [label="1"];
}
"#;
    assert_eq!(tape.to_dot(), expected);
}

#[test]
fn nodes_of_many_inputs_and_checkpoints_are_kept() {
    let tape = Tape::traced();
    let x = tape.vars([1.0, 2.0]);
    let sum: Var<'_> = [x[0], x[1], Var::from(5.0), Var::from(6.0)]
        .into_iter()
        .sum();
    let product = dot(&x, &[sum, Var::from(3.0)]);
    let recomputed = checkpoint(|[x, y]| vec![x[0] * y[0]], [&[product], &[sum]])[0];
    let slopes = preaccumulate(|x| vec![x[0] * x[1], x[1] - x[1]], &[product, sum]);
    let steps = tape.trace().unwrap();
    let kept: Vec<_> = steps
        .iter()
        .skip(2)
        .map(|step| (step.operation, step.inputs.clone()))
        .collect();
    let (node, constant) = (Input::Node, Input::Constant);
    let expected = [
        (Operation::Sum, vec![node(1), node(2), constant(11.0)]),
        (
            Operation::Dot,
            vec![node(1), node(2), node(3), constant(3.0)],
        ),
        (Operation::Checkpoint, vec![node(4), node(3)]),
        (Operation::Preaccumulated, vec![node(4), node(3)]),
        (Operation::Preaccumulated, vec![node(4), node(3)]),
    ];
    assert_eq!(kept, expected);
    assert_eq!(recomputed.value(), (14.0 + 6.0) * 14.0);
    assert_eq!(slopes[0].value(), recomputed.value());
    assert_eq!(slopes[0].gradients().wrt(product), sum.value());
    assert!(tape.to_dot().contains("n4 -> n5;"));
    assert!(tape.to_dot().contains("n4 -> n6 [label=\"14\"];"));
}

#[test]
#[should_panic(expected = "rewind: the mark is of another tape, or what it marked")]
fn a_mark_from_before_tracing_is_refused() {
    let tape = Tape::new();
    let mark = tape.mark(&[]);
    tape.tracing().rewind(&mark);
}

#[test]
#[should_panic(expected = "tracing: something is recorded already, untraced")]
fn a_tape_that_is_not_empty_cannot_be_traced() {
    let tape = Tape::new();
    let _ = tape.var(1.0);
    let _ = tape.tracing();
}

#[test]
fn resetting_and_rewinding_remove_entries_and_names() {
    let mut tape = Tape::traced();
    let x = tape.var(1.0).named("x");
    let mark = tape.mark(&[x]);
    let _ = x.exp().named("gone");
    tape.rewind(&mark);
    assert_eq!(tape.trace().unwrap().len(), 1);
    let [x] = tape.kept_variables(&mark)[..] else {
        unreachable!()
    };
    let _ = x.sin();
    let dot = tape.to_dot();
    assert!(
        dot.contains("x") && dot.contains("sin") && !dot.contains("gone"),
        "{dot}"
    );
    tape.reset();
    assert!(tape.trace().unwrap().is_empty());
}
