//! Every public function of the scalar tape that documents a panic reports it at the caller's line, with a message that
//! names the operation.

mod derivatives;
mod programs;

use crate::refusals::{Checked, refused};
use autodiff::scalar::sparse::{Colouring, Pattern};
use autodiff::scalar::{
    CustomFunction, Dual, Gradients, Scalar, Tape, Var, checkpoint, custom, custom_function, dot,
    forward, linear_combination, log_sum_exp, norm, preaccumulate,
};

/// The first number, with so many slopes.
struct Slopes(usize);

impl CustomFunction for Slopes {
    fn value_and_slopes<T: Scalar>(&self, x: &[T]) -> (T, Vec<T>) {
        (x[0], vec![x[0]; self.0])
    }
}

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
    programs::methods(&mut checked);
    programs::sparse_derivatives(&mut checked);
    checked.check_complete("scalar");
}

fn tapes(checked: &mut Checked) {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let other = Tape::new();
    let foreign = other.var(3.0);

    refused("on different tapes", || x + foreign);
    refused("on different tapes", || x.powf(foreign));
    let [tape_of_duals, other_of_duals] = [Tape::<Dual>::default(), Tape::default()];
    let [nested, other_nested] =
        [&tape_of_duals, &other_of_duals].map(|tape| tape.var(Dual::var(2.0)));
    refused("on different tapes", || nested * other_nested);
    refused("on different tapes", || nested.powf(other_nested));
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
    checked.refused(
        "scalar/dual.rs seeded",
        "seeded: there is no direction 3 of 3",
        || Dual::<f64, 3>::seeded(1.0, 3),
    );
    let file = "scalar/forward.rs";
    checked.refused(
        &format!("{file} jacobian"),
        "jacobian: the number of directions is 0",
        || forward::jacobian::<0, _>(|x| x.to_vec(), &[1.0]),
    );
    let name = format!("{file} value_and_jacobian");
    checked.refused(&name, "jacobian: the number of directions is 0", || {
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
    let file = "scalar/custom.rs";
    checked.refused(&format!("{file} custom"), "custom: 1 slopes for 3", || {
        custom(&mixed, |x| (x[0], vec![1.0]))
    });
    checked.refused(&format!("{file} custom"), "on different tapes", || {
        custom(&mixed, |x| (x[0], vec![1.0; 3]))
    });
    let generic = format!("{file} custom_function");
    checked.refused(&generic, "custom: 1 slopes for 3", || {
        custom_function(&mixed, &Slopes(1))
    });
    checked.refused(&generic, "on different tapes", || {
        custom_function(&mixed, &Slopes(3))
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
