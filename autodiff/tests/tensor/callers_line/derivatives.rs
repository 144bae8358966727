//! Misuse of the functions that differentiate functions of tensors.

use crate::refusals::Checked;
use autodiff::Tensor;
use autodiff::tensor::{
    self, Convergence, Tape, checkpoint, fixed_point, general, minimum, recorded,
};

pub(super) fn functions(checked: &mut Checked) {
    let x = Tensor::from([1.0, 2.0]);
    let wide = Tensor::from([1.0, 2.0, 3.0]);
    let not_a_number = "the function's value has shape [2], and must be one number";
    let direction = "a direction of shape [3] for an input of shape [2]";

    let file = "tensor/derivatives.rs";
    checked.refused(&format!("{file} gradient"), not_a_number, || {
        tensor::gradient(|[x]| x, [&x])
    });
    checked.refused(&format!("{file} value_and_gradient"), not_a_number, || {
        tensor::value_and_gradient(|[x]| x, [&x])
    });
    checked.refused(&format!("{file} jvp"), direction, || {
        tensor::jvp(|[x]| x, [&x], [&wide])
    });
    checked.refused(
        &format!("{file} vjp"),
        "vjp: an adjoint of shape [3]",
        || tensor::vjp(|[x]| x, [&x], &wide),
    );
    checked.refused(&format!("{file} hvp"), not_a_number, || {
        tensor::hvp(|[x]| x, [&x], [&x])
    });
    checked.refused(&format!("{file} hvp"), direction, || {
        tensor::hvp(|[x]| x.sum(), [&x], [&wide])
    });
    checked.refused(&format!("{file} hessian"), not_a_number, || {
        tensor::hessian(|[x]| x, [&x])
    });
    checked.refused(
        &format!("{file} per_sample_gradients"),
        "costs of shape [] for 3 samples",
        || tensor::per_sample_gradients(|[x]| x.sum(), [&x], 3),
    );

    let file = "tensor/derivatives/general.rs";
    let (xs, wides) = ([x.clone()], [wide.clone()]);
    checked.refused(&format!("{file} gradient"), not_a_number, || {
        general::gradient(|x| x[0], &xs)
    });
    checked.refused(&format!("{file} value_and_gradient"), not_a_number, || {
        general::value_and_gradient(|x| x[0], &xs)
    });
    checked.refused(&format!("{file} jvp"), direction, || {
        general::jvp(|x| x[0], &xs, &wides)
    });
    checked.refused(&format!("{file} jvp"), "0 directions for 1 inputs", || {
        general::jvp(|x| x[0], &xs, &[])
    });
    checked.refused(
        &format!("{file} vjp"),
        "vjp: an adjoint of shape [3]",
        || general::vjp(|x| x[0], &xs, &wide),
    );
    checked.refused(&format!("{file} hvp"), not_a_number, || {
        general::hvp(|x| x[0], &xs, &xs)
    });
    checked.refused(&format!("{file} hessian"), not_a_number, || {
        general::hessian(|x| x[0], &xs)
    });
    checked.refused(
        &format!("{file} per_sample_gradients"),
        "costs of shape [] for 3 samples",
        || general::per_sample_gradients(|x| x[0].sum(), &xs, 3),
    );
}

pub(super) fn recorded_functions(checked: &mut Checked) {
    let (tape, other) = (Tape::new(), Tape::new());
    let x = tape.var([1.0, 2.0]);
    let wide = tape.var([1.0, 2.0, 3.0]);
    let constant = tape.constant([1.0, 2.0]);
    let not_a_number = "the function's value has shape [2], and must be one number";
    let direction = "a direction of shape [3] for an input of shape [2]";

    let file = "tensor/derivatives/recorded.rs";
    checked.refused(&format!("{file} gradient"), not_a_number, || {
        recorded::gradient(|[x]| x, [x])
    });
    checked.refused(
        &format!("{file} gradient"),
        "depends on no variable",
        || recorded::gradient(|[x]| x.sum(), [constant]),
    );
    checked.refused(&format!("{file} value_and_gradient"), not_a_number, || {
        recorded::value_and_gradient(|[x]| x, [x])
    });
    checked.refused(&format!("{file} jvp"), direction, || {
        recorded::jvp(|[x]| x, [x], [wide])
    });
    checked.refused(&format!("{file} vjp"), "an adjoint of shape [3]", || {
        recorded::vjp(|[x]| x, [x], wide)
    });
    checked.refused(&format!("{file} hvp"), direction, || {
        recorded::hvp(|[x]| x.sum(), [x], [wide])
    });
    checked.refused(&format!("{file} hessian"), not_a_number, || {
        recorded::hessian(|[x]| x, [x])
    });

    let sweep = "tensor/engine/sweep.rs";
    checked.refused(
        &format!("{sweep} recorded_vjp"),
        "an adjoint of shape [3]",
        || x.recorded_vjp(wide, &[x]),
    );
    checked.refused(&format!("{sweep} recorded_vjp"), "of another tape", || {
        x.recorded_vjp(x, &[other.var([1.0])])
    });
    checked.refused(
        "tensor/engine/non_finite.rs first_non_finite_adjoint",
        "of a tensor of shape [2]; reduce it",
        || x.first_non_finite_adjoint(),
    );
    checked.refused(
        "tensor/engine/gradients.rs rows_wrt",
        "belongs to another recording",
        || x.sum().gradients().rows_wrt(other.var([1.0])),
    );

    let table = tape.var(Tensor::zeros([4, 2]));
    let used = table.gather(0, [3]).sum().gradients().rows_wrt(table);
    checked.refused(
        "tensor/engine/gradients.rs add_to",
        "up to row Some(3), and a table of 6 elements",
        || used.unwrap().add_to(1.0, &mut [0.0; 6]),
    );

    let segments = "tensor/checkpoint.rs checkpoint";
    checked.refused(segments, "checkpoint: there are no inputs", || {
        checkpoint(|x| x.to_vec(), &[] as &[tensor::Var<'_, f64>])
    });
    checked.refused(segments, "an input is a variable of another tape", || {
        checkpoint(|x| x.to_vec(), &[x, other.var([1.0])])
    });
    let convergence = Convergence {
        tolerance: 1e-12,
        max_iterations: 10,
    };
    let file = "tensor/implicit.rs";
    checked.refused(
        &format!("{file} fixed_point"),
        "there are no inputs",
        || fixed_point(|x, _| x, [1.0], &[], convergence),
    );
    checked.refused(
        &format!("{file} fixed_point"),
        "returns a tensor of shape [] for one of shape [1]",
        || fixed_point(|x, _| x.sum(), [1.0], &[x], convergence),
    );
    checked.refused(&format!("{file} minimum"), "there are no inputs", || {
        minimum(|x, _| x.sum(), [1.0], &[])
    });
}
