//! Every public function of the scalar tape that documents a panic reports it at the caller's line, with a message that
//! names the operation.

mod derivatives;

use crate::refusals::{Checked, refused};
use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::sparse::{Colouring, Pattern, SparseHessian, SparseJacobian};
use autodiff::scalar::{
    Dual, Gradients, Tape, Var, checkpoint, custom, dot, forward, linear_combination, log_sum_exp,
    norm, preaccumulate,
};

#[test]
#[cfg_attr(miri, ignore = "reads the sources")]
fn every_documented_panic_is_reported_at_the_callers_line() {
    let mut checked = Checked::default();
    tapes(&mut checked);
    gradients(&mut checked);
    leaves(&mut checked);
    nodes_of_many_inputs(&mut checked);
    forward_mode(&mut checked);
    derivatives::functions(&mut checked);
    sparse_matrices(&mut checked);
    programs(&mut checked);
    sparse_derivatives(&mut checked);
    checked.check_complete("scalar");
}

fn tapes(checked: &mut Checked) {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let other = Tape::new();
    let foreign = other.var(3.0);

    refused("on different tapes", || x + foreign);
    refused("on different tapes", || x.powf(foreign));
    checked.refused("scalar/tape.rs with_capacity", "the tape is full", || {
        Tape::<f64>::with_capacity(1 << 31)
    });
    checked.refused("scalar/tape.rs reserve", "the tape is full", || {
        tape.reserve(usize::MAX);
    });
    checked.refused("scalar/tracing.rs tracing", "tracing: something", || {
        let tape = Tape::<f64>::new();
        let _ = tape.var(1.0);
        tape.tracing()
    });
    // Not tested: this takes 2³¹ variables.
    checked.also("scalar/tape.rs var");
    checked.also("scalar/tape.rs vars");
    checked.refused(
        "scalar/report.rs first_non_finite",
        "first_non_finite: the tape",
        || tape.first_non_finite(),
    );
    checked.refused("scalar/rewind.rs mark", "mark: the variable 3", || {
        tape.mark(&[x, foreign])
    });
    let mut tape = Tape::<f64>::new();
    let mark = other.mark(&[]);
    checked.refused("scalar/rewind.rs rewind", "rewind: ", || tape.rewind(&mark));
    checked.refused(
        "scalar/rewind.rs kept_variables",
        "kept_variables: ",
        || tape.kept_variables(&mark),
    );
    checked.refused("scalar/var.rs retain", "retain: 1 ", || {
        Var::<f64>::from(1.0).retain()
    });
}

fn gradients(checked: &mut Checked) {
    let (tape, other) = (Tape::new(), Tape::new());
    let (x, foreign) = (tape.var(2.0), other.var(3.0));
    let square = x * x;
    let file = "scalar/sweep.rs";
    checked.refused(&format!("{file} of"), "on different tapes", || {
        Gradients::of([x, foreign])
    });
    checked.refused(&format!("{file} update"), "on different tapes", || {
        Gradients::default().update([x, foreign]);
    });
    let gradients = square.gradients();
    for (wrong, expected) in [
        (foreign, "wrt: the variable 3"),
        (Var::from(1.0), "wrt: 1 "),
        (x * 2.0, "wrt: 4 "),
    ] {
        checked.refused(&format!("{file} wrt"), expected, || gradients.wrt(wrong));
        checked.refused(&format!("{file} each_wrt"), expected, || {
            gradients.each_wrt(wrong)
        });
        checked.refused(&format!("{file} wrt_all"), expected, || {
            gradients.wrt_all(&[x, wrong])
        });
    }
}

fn leaves(checked: &mut Checked) {
    let (tape, other) = (Tape::new(), Tape::new());
    let (x, foreign) = (tape.leaves(&[2.0, 3.0]), other.leaves(&[4.0, 5.0]));
    let file = "scalar/leaves.rs";
    // Not tested: this takes 2³¹ variables.
    checked.also(&format!("{file} leaves"));
    checked.refused(&format!("{file} get"), "get: the index is 2, and", || {
        x.get(2)
    });
    #[allow(clippy::reversed_empty_ranges, reason = "it is refused")]
    for range in [1..3, 2..1] {
        checked.refused(&format!("{file} slice"), "slice: the range is ", || {
            x.slice(range.clone())
        });
    }
    checked.refused(
        &format!("{file} dot"),
        "dot: the lengths are 2 and 1",
        || x.dot(x.slice(0..1)),
    );
    checked.refused(&format!("{file} dot"), "on different tapes", || {
        x.dot(foreign)
    });
    checked.refused(
        &format!("{file} linear_combination"),
        "linear_combination: the lengths are 1 and 2",
        || x.linear_combination(&[1.0]),
    );
    let gradients = x.sum().gradients();
    let file = "scalar/sweep.rs";
    checked.refused(
        &format!("{file} wrt_leaves"),
        "wrt_leaves: the leaves",
        || gradients.wrt_leaves(&foreign),
    );
    checked.refused(
        &format!("{file} wrt_leaves_into"),
        "wrt_leaves: the leaves",
        || gradients.wrt_leaves_into(&foreign, &mut [0.0; 2]),
    );
    checked.refused(
        &format!("{file} wrt_leaves_into"),
        "wrt_leaves_into: 1 derivatives for 2",
        || gradients.wrt_leaves_into(&x, &mut [0.0]),
    );
}

fn forward_mode(checked: &mut Checked) {
    checked.refused("scalar/dual.rs seeded", "seeded: lane 3 of 3", || {
        Dual::<f64, 3>::seeded(1.0, 3)
    });
    let file = "scalar/forward.rs";
    checked.refused(&format!("{file} jacobian"), "jacobian: no dir", || {
        forward::jacobian::<0, _>(|x| x.to_vec(), &[1.0])
    });
    let name = format!("{file} value_and_jacobian");
    checked.refused(&name, "jacobian: no directions", || {
        forward::value_and_jacobian::<0, _>(|x| x.to_vec(), &[1.0])
    });
    let mut outputs = 3;
    checked.refused(&name, "jacobian: 1 outputs, and 2 in the first", || {
        let changing = |x: &[Dual<f64>]| {
            outputs -= 1;
            x[..outputs].to_vec()
        };
        forward::value_and_jacobian(changing, &[1.0, 2.0])
    });
    checked.refused(&format!("{file} jvp"), "jvp: 1 rows of directions", || {
        forward::jvp(|x| x.to_vec(), &[1.0, 2.0], &[[1.0; 3]])
    });
}

fn nodes_of_many_inputs(checked: &mut Checked) {
    let (tape, other) = (Tape::new(), Tape::new());
    let (x, foreign) = (tape.var(2.0), other.var(3.0));
    let mixed = [x, x, foreign];
    let file = "scalar/slices.rs";
    checked.refused(&format!("{file} dot"), "dot: the lengths are 1", || {
        dot(&[x], &[x, x])
    });
    checked.refused(&format!("{file} dot"), "dot: the lengths are 3", || {
        dot(&[1.0; 3], &[1.0; 2])
    });
    checked.refused(&format!("{file} dot"), "on different tapes", || {
        dot(&mixed, &[x; 3])
    });
    checked.refused(
        &format!("{file} linear_combination"),
        "linear_combination: the lengths are 2 and 3",
        || linear_combination(&[1.0, 2.0], &mixed),
    );
    checked.refused(
        &format!("{file} linear_combination"),
        "linear_combination: the lengths are 1 and 0",
        || linear_combination::<f32>(&[1.0], &[]),
    );
    checked.refused(
        &format!("{file} linear_combination"),
        "on different tapes",
        || linear_combination(&[1.0; 3], &mixed),
    );
    checked.refused(&format!("{file} norm"), "on different tapes", || {
        norm(&mixed)
    });
    checked.refused(&format!("{file} log_sum_exp"), "different tapes", || {
        log_sum_exp(&mixed)
    });
    let file = "scalar/nary.rs";
    checked.refused(&format!("{file} custom"), "custom: 1 slopes for 3", || {
        custom(&mixed, |x| (x[0], vec![1.0]))
    });
    checked.refused(&format!("{file} custom"), "on different tapes", || {
        custom(&mixed, |x| (x[0], vec![1.0; 3]))
    });
    let checkpointed = "scalar/checkpoint.rs checkpoint";
    checked.refused(checkpointed, "on different tapes", || {
        checkpoint(|[x]| vec![x[0]], [&mixed])
    });
    // A variable that is borrowed for less than a whole program cannot come from outside.
    let foreign = Box::leak(Box::<Tape>::default()).var(1.0);
    Tape::new().scope(|scope| {
        checked.refused("scalar/scope.rs checkpoint", "on different tapes", || {
            scope.checkpoint(|[x]| x.to_vec(), [&[foreign]])
        });
    });
    let preaccumulated = "scalar/preaccumulate.rs preaccumulate";
    checked.refused(preaccumulated, "on different tapes", || {
        preaccumulate(|x| vec![x[0]], &mixed)
    });
}

fn sparse_matrices(checked: &mut Checked) {
    let file = "scalar/sparse/pattern.rs";
    for (columns, row, expected) in [
        (
            3,
            [0, 1, 3],
            "from_rows: row 1 has column 3, and there are 3",
        ),
        (
            3,
            [0, 2, 1],
            "from_rows: row 1 is not ascending: 1 follows 2",
        ),
        (
            3,
            [0, 0, 1],
            "from_rows: row 1 is not ascending: 0 follows 0",
        ),
        (usize::MAX, [0, 1, 2], "columns are too many"),
    ] {
        checked.refused(&format!("{file} from_rows"), expected, || {
            Pattern::from_rows(columns, [[0, 1, 2], row])
        });
    }
    let upper = Pattern::from_rows(2, [vec![0, 1], vec![1]]);
    checked.refused(&format!("{file} row"), "row: there is no row 2", || {
        upper.row(2).len()
    });
    let file = "scalar/sparse/colouring.rs";
    checked.refused(
        &format!("{file} of_hessian"),
        "of_hessian: the pattern is not symmetric",
        || Colouring::of_hessian(&upper),
    );
    let colouring = Colouring::by_columns(&upper);
    checked.refused(
        &format!("{file} recover"),
        "recover: 1 products, and the colouring has 2 groups",
        || colouring.recover(&[[1.0, 2.0]]),
    );
    checked.refused(
        &format!("{file} recover"),
        "recover: product 1 has 1 entries instead of 2",
        || colouring.recover(&[vec![1.0, 2.0], vec![3.0]]),
    );
}

/// Calls these methods of a program with one shared input, two inputs of each point and one output, at two points: with
/// the right results, but wrong inputs.
macro_rules! wrong_inputs {
    ($($method:ident($($more:expr),*))*) => { $(
        refused("the length of the shared inputs is 0, and should be 1", || {
            product().$method(&[], Points::Rows(&[0.5; 4]), $($more),*)
        });
        refused("the points have 3 numbers, which is not a multiple of 2", || {
            product().$method(&[2.0], Points::Columns(&[0.5; 3]), $($more),*)
        });
    )* };
}

/// Calls these methods of a program with a wrong length of another slice.
macro_rules! wrong_lengths {
    ($($method:ident($($more:expr),*): $expected:literal;)*) => { $(
        refused($expected, || product().$method(&[2.0], Points::Rows(&[0.5; 4]), $($more),*));
    )* };
}

/// Calls these methods, which need one output, for a function of two.
macro_rules! several_outputs {
    ($($method:ident($($more:expr),*))*) => { $(
        refused("the function has 2 outputs, and should have 1", || {
            let mut program = Program::new(1, 2, |s, x| vec![s[0] * x[0], x[1]]);
            program.$method(&[2.0], Points::Rows(&[0.5; 4]), $($more),*)
        });
    )* };
}

fn product() -> Program<'static> {
    Program::new(1, 2, |s, x| vec![s[0] * x[0] * x[1]])
}

fn programs(checked: &mut Checked) {
    // The macros call every method, so the names are listed here.
    for method in [
        "$name_into",
        "sum_and_gradient",
        "sum_and_gradient_into",
        "values",
        "values_into",
    ] {
        checked.also(&format!("scalar/program/computing.rs {method}"));
    }
    for method in ["new", "new_f32", "threads"] {
        checked.also(&format!("scalar/program/methods.rs {method}"));
    }
    refused("program: a point has no inputs", || {
        Program::new(1, 0, |s, _| vec![s[0]])
    });
    refused("program: a point has no inputs", || {
        Program::new_f32(1, 0, |s, _| vec![s[0]])
    });
    refused("threads: the number of threads is 0", || {
        product().threads(0)
    });
    wrong_inputs! {
        values()
        values_into(&mut [0.0; 2])
        values_and_gradients()
        values_and_gradients_into(&mut [0.0; 2], &mut [0.0; 4])
        values_and_jacobians()
        values_and_jacobians_into(&mut [0.0; 2], &mut [0.0; 4])
        sum_and_gradient()
        sum_and_gradient_into(&mut [0.0])
        jvp(&[1.0; 4])
        jvp_into(&[1.0; 4], &mut [0.0; 2], &mut [0.0; 2])
        vjp(&[1.0; 2])
        vjp_into(&[1.0; 2], &mut [0.0; 2], &mut [0.0; 4])
        hvp(&[1.0; 4])
        hvp_into(&[1.0; 4], &mut [0.0; 4], &mut [0.0; 4])
    }
    wrong_lengths! {
        values_into(&mut [0.0; 3]): "values: the length of the first results is 3, and should be 2";
        values_and_gradients_into(&mut [0.0; 2], &mut [0.0; 3]):
            "values_and_gradients: the length of the second results is 3, and should be 4";
        values_and_jacobians_into(&mut [0.0; 4], &mut [0.0; 4]):
            "values_and_jacobians: the length of the first results is 4, and should be 2";
        sum_and_gradient_into(&mut [0.0; 2]):
            "sum_and_gradient: the length of the gradient is 2, and should be 1";
        jvp(&[1.0; 3]): "jvp: the length of the vectors is 3, and should be 4";
        jvp_into(&[1.0; 4], &mut [0.0; 2], &mut [0.0; 4]):
            "jvp: the length of the second results is 4, and should be 2";
        vjp(&[1.0; 4]): "vjp: the length of the vectors is 4, and should be 2";
        vjp_into(&[1.0; 2], &mut [0.0; 2], &mut [0.0; 2]):
            "vjp: the length of the second results is 2, and should be 4";
        hvp(&[1.0; 2]): "hvp: the length of the vectors is 2, and should be 4";
        hvp_into(&[1.0; 4], &mut [0.0; 2], &mut [0.0; 4]):
            "hvp: the length of the first results is 2, and should be 4";
    }
    several_outputs! {
        values_and_gradients()
        values_and_gradients_into(&mut [0.0; 4], &mut [0.0; 4])
        sum_and_gradient()
        sum_and_gradient_into(&mut [0.0])
        hvp(&[1.0; 4])
        hvp_into(&[1.0; 4], &mut [0.0; 4], &mut [0.0; 4])
    }
}

/// Calls every method of a sparse matrix of derivatives, of a function with two inputs, with a wrong length.
macro_rules! wrong_points {
    ($checked:ident: $($Matrix:ident in $file:literal of $f:expr, $outputs:expr;)*) => { $(
        let of = |method: &str| format!("scalar/program/sparse/{} {method}", $file);
        let matrix = || $Matrix::new($f, &[1.0, 2.0]).unwrap();
        $checked.refused(&of("new"), "inputs", || $Matrix::new($f, &[]));
        $checked.refused(&of("new_f32"), "inputs", || $Matrix::new_f32($f, &[]));
        $checked.refused(&of("extend"), "extend: the length of the point is 3, and should be 2", || {
            matrix().extend(&[0.0; 3])
        });
        $checked.refused(&of("values"), "the length of the point is 1, and should be 2", || {
            matrix().values(&[0.0])
        });
        $checked.refused(&of("values_into"), "and should be", || {
            matrix().values_into(&[0.0; 2], $outputs, &mut [0.0; 9])
        });
    )* };
}

fn sparse_derivatives(checked: &mut Checked) {
    wrong_points! { checked:
        SparseJacobian in "jacobian.rs" of |x| vec![x[0] * x[1]], &mut [0.0];
        SparseHessian in "hessian.rs" of |x| x[0] * x[1], &mut [0.0; 2];
    }
}
