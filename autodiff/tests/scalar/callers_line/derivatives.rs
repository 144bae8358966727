//! Derivatives of a function.

use crate::refusals::Checked;
use autodiff::scalar::{Dual, Tape, general};

pub(super) fn functions(checked: &mut Checked) {
    let x = [1.0, 2.0];
    checked.refused("scalar/general.rs jvp", "jvp: 1 tangents for 2", || {
        general::jvp(|x| vec![x[0]], &x, &[1.0])
    });
    checked.refused("scalar/general.rs vjp", "vjp: 2 adjoints for 1", || {
        general::vjp(|x| vec![x[0]], &x, &[1.0, 1.0])
    });
    checked.refused("scalar/general.rs hvp", "hvp: a direction of 1", || {
        general::hvp(|x| x[0] * x[1], &x, &[1.0])
    });
    let mut tape = Tape::new();
    let file = "scalar/tape/derivatives.rs";
    checked.refused(
        &format!("{file} value_and_gradient_into"),
        "value_and_gradient_into: 1 derivatives for 2 inputs",
        || tape.value_and_gradient_into(|x| x[0] * x[1], &x, &mut [0.0]),
    );
    let into = format!("{file} value_and_jacobian_into");
    checked.refused(&into, "value_and_jacobian_into: 2 values for 1", || {
        tape.value_and_jacobian_into(|x| vec![x[0]], &x, &mut [0.0; 2], &mut [0.0; 2]);
    });
    checked.refused(&into, "value_and_jacobian_into: 1 derivatives", || {
        tape.value_and_jacobian_into(|x| vec![x[0]], &x, &mut [0.0], &mut [0.0]);
    });
    checked.refused(&format!("{file} jvp"), "jvp: 1 tangents for 2", || {
        tape.jvp(|x| vec![x[0]], &x, &[1.0])
    });
    checked.refused(&format!("{file} vjp"), "vjp: 2 adjoints for 1", || {
        tape.vjp(|x| vec![x[0]], &x, &[1.0, 1.0])
    });
    let mut tape = Tape::<Dual>::default();
    let file = "scalar/tape/second_derivatives.rs";
    checked.refused(&format!("{file} hvp"), "hvp: a direction of 1", || {
        tape.hvp(|x| x[0] * x[1], &x, &[1.0])
    });
    for (v, gradient, product, expected) in [
        (1, 2, 2, "hvp_into: a direction of 1"),
        (2, 1, 2, "hvp_into: 1 derivatives for 2"),
        (2, 2, 1, "hvp_into: 1 components of the product"),
    ] {
        let (mut g, mut p) = (vec![0.0; gradient], vec![0.0; product]);
        checked.refused(&format!("{file} hvp_into"), expected, || {
            tape.hvp_into(|x| x[0] * x[1], &x, &[1.0; 2][..v], &mut g, &mut p)
        });
    }
}
