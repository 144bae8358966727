//! Shape operations, on tensors, on variables, and through the algebra.

use crate::refusals::{Checked, refused};
use autodiff::Tensor;
use autodiff::tensor::{Algebra, Axes, Padding, Tape, Var, step};

pub(super) fn shapes(checked: &mut Checked) {
    let tape = Tape::<f64>::new();
    let x = Tensor::<f64>::zeros([2, 3]);
    steps(checked);
    slices(&x, checked);
    slices(&tape.var(&x), checked);
    axes(&x, checked);
    axes(&tape.var(&x), checked);
    copies(&x, checked);
    copies(&tape.var(&x), checked);
    matrices(&x, checked);
    matrices(&tape.var(&x), checked);
    inherent_methods(&x);
    variables();
}

fn steps(checked: &mut Checked) {
    let name = "tensor/storage/slices.rs step";
    checked.refused(name, "step: the step of 1..3 is 0", || step(1..3, 0));
    checked.refused(name, "step: step(.., 2) has a step already", || {
        step(step(.., 2), -1)
    });
}

fn slices<A: Algebra>(x: &A, checked: &mut Checked) {
    let slice = "tensor/ops/slice.rs slice";
    checked.refused(
        slice,
        "slice: (0, 1, ..) has 3 entries, and shape [2, 3] has 2 axes",
        || x.slice((0, 1, ..)),
    );
    checked.refused(
        slice,
        "slice: -4 of (.., -4) lies outside of axis 1 of shape [2, 3]",
        || x.slice((.., -4)),
    );
    refused("slice: 2 of 2 lies outside of axis 0", || x.slice(2));
    refused("slice: 1..4 of (.., 1..4) lies outside of", || {
        x.slice((.., 1..4))
    });
    refused("slice: step(..=2, -1) of", || x.slice(step(..=2, -1)));
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "the test checks that it is refused"
    )]
    refused("slice: 2..1 of", || x.slice([0..1, 2..1]));
    refused("slice: 1..9223372036854775807 of", || {
        x.slice(1..isize::MAX)
    });
    let slice_axis = "tensor/ops/slice.rs slice_axis";
    checked.refused(slice_axis, "slice_axis: a tensor of shape", || {
        x.slice_axis(-3, 0)
    });
    checked.refused(
        slice_axis,
        "slice_axis: 3 lies outside of axis 1 of shape [2, 3]",
        || x.slice_axis(-1, 3),
    );
    let spread = "tensor/ops/slice.rs spread";
    checked.refused(spread, "spread: a tensor of shape [2, 3] has no", || {
        x.spread(2, .., 3)
    });
    checked.refused(
        spread,
        "spread: 1..4 lies outside of the extent 3, for axis 1 of shape [2, 3]",
        || x.spread(1, 1..4, 3),
    );
    checked.refused(
        spread,
        "spread: step(.., 2) selects 2 of 4 positions for axis 1 of shape [2, 3]",
        || x.spread(-1, step(.., 2), 4),
    );
    checked.refused(spread, "more elements than can be counted", || {
        x.spread(0, ..2, usize::MAX)
    });
}

fn axes<A: Algebra>(x: &A, checked: &mut Checked) {
    let squeeze = "tensor/ops/squeeze.rs squeeze";
    checked.refused(squeeze, "squeeze: a tensor of shape", || x.squeeze(2));
    checked.refused(squeeze, "squeeze: axis 1 is named twice", || {
        x.squeeze([1, -1])
    });
    checked.refused(
        squeeze,
        "squeeze: axis 1 of shape [2, 3] has extent 3, and not 1",
        || x.squeeze(-1),
    );
    let unsqueeze = "tensor/ops/squeeze.rs unsqueeze";
    checked.refused(
        unsqueeze,
        "unsqueeze: axis -4 cannot be added to shape [2, 3]",
        || x.unsqueeze(-4),
    );
    refused("unsqueeze: axis 3 cannot", || x.unsqueeze(3));
    let swap_axes = "tensor/ops/permute.rs swap_axes";
    checked.refused(swap_axes, "swap_axes: a tensor of shape", || {
        x.swap_axes(0, 2)
    });
    refused("swap_axes: a tensor", || x.swap_axes(-3, 0));
    let flip = "tensor/ops/flip.rs flip";
    checked.refused(flip, "flip: a tensor of shape [2, 3] has no", || x.flip(2));
    checked.refused(flip, "flip: axis 0 is named twice", || x.flip([0, -2]));
    let roll = "tensor/ops/flip.rs roll";
    checked.refused(roll, "roll: a tensor of shape [2, 3] has no", || {
        x.roll(2, 1)
    });
}

fn copies<A: Algebra>(x: &A, checked: &mut Checked) {
    let uncountable = "more elements than can be counted";
    let repeat = "tensor/ops/repeat.rs repeat";
    checked.refused(repeat, "repeat: a tensor of", || x.repeat(2, 1));
    checked.refused(
        repeat,
        "repeat: 9223372036854775807 copies of shape [2, 3] along axis 1 have more",
        || x.repeat(1, usize::MAX / 2),
    );
    let interleave = "tensor/ops/repeat.rs repeat_interleave";
    checked.refused(interleave, "repeat_interleave: a tensor", || {
        x.repeat_interleave(2, 1)
    });
    checked.refused(interleave, uncountable, || {
        x.repeat_interleave(0, usize::MAX)
    });
    let stack = "tensor/ops/stack.rs stack";
    checked.refused(stack, "stack: there are no inputs", || {
        A::stack(&[] as &[A], 0)
    });
    checked.refused(
        stack,
        "stack: axis 3 cannot be added to shape [2, 3]",
        || A::stack(&[x, x], 3),
    );
    checked.refused(stack, "stack: shapes [2, 3] and [6] differ", || {
        A::stack(&[x, &x.flatten()], 0)
    });
    let unstack = "tensor/ops/stack.rs unstack";
    checked.refused(unstack, "unstack: a tensor of shape", || x.unstack(-3));
    let pad_with = "tensor/ops/pad_with.rs pad_with";
    checked.refused(pad_with, "pad_with: a tensor of shape", || {
        x.pad_with(2, 1, 1, Padding::Circular)
    });
    checked.refused(
        pad_with,
        "pad_with: 1 before and 3 after axis 1 of shape [2, 3]: Reflect needs 4 elements",
        || x.pad_with(-1, 1, 3, Padding::Reflect),
    );
    for padding in [Padding::Replicate, Padding::Circular] {
        refused("needs 1 elements along the axis", || {
            x.narrow(1, 0..0).pad_with(1, 0, 1, padding)
        });
    }
    for padding in [Padding::Constant(1.0), Padding::Circular] {
        checked.refused(pad_with, uncountable, || {
            x.pad_with(0, usize::MAX, 1, padding)
        });
        refused(uncountable, || x.pad_with(0, 1 << 62, 1 << 62, padding));
    }
    // Without elements, an axis may be longer than indices reach.
    let long = x.constant(Tensor::zeros([0, 1 << 33]));
    refused("Replicate takes at most 4294967295 elements", || {
        long.pad_with(1, 1, 0, Padding::Replicate)
    });
    let longer = x.constant(Tensor::zeros([0, 1 << 62]));
    checked.refused(
        stack,
        "stack: 4 tensors of shape [0, 4611686018427387904] have more elements",
        || A::stack(&[&longer, &longer, &longer, &longer], 1),
    );
    checked.refused(repeat, uncountable, || longer.repeat(-1, 4));
}

fn matrices<A: Algebra>(x: &A, checked: &mut Checked) {
    let file = "tensor/ops/diagonal.rs";
    let row = x.slice(0);
    checked.refused(
        &format!("{file} diagonal"),
        "diagonal: shape [3] does not have two axes",
        || row.diagonal(0),
    );
    checked.refused(&format!("{file} tril"), "tril: shape [3] does", || {
        row.tril(0)
    });
    checked.refused(&format!("{file} triu"), "triu: shape [] does", || {
        row.slice(0).triu(0)
    });
    checked.refused(
        &format!("{file} to_diagonal"),
        "to_diagonal: a scalar has no axis",
        || row.slice(0).to_diagonal(0),
    );
    for offset in [isize::MAX, isize::MIN, 1 << 40] {
        refused("to_diagonal: the matrix with shape [2, 3]", || {
            x.to_diagonal(offset)
        });
    }
}

/// The inherent methods of tensors have bodies of their own, and serve any type of element.
fn inherent_methods(x: &Tensor<f64>) {
    refused("slice: 2 of 2 lies", || x.slice(2));
    refused("slice_axis: 3 lies", || x.slice_axis(1, 3));
    refused("spread: 1..4 lies", || x.spread(1, 1..4, 3));
    refused("spread: axis 0 of shape [2, 3] with extent", || {
        x.spread(0, ..2, usize::MAX)
    });
    refused("squeeze: axis 0 of", || x.squeeze(Axes::from(..)));
    refused("unsqueeze: axis 3", || x.unsqueeze(3));
    refused("swap_axes: a tensor", || x.swap_axes(0, 2));
    refused("flip: a tensor", || x.flip(2));
    refused("roll: a tensor", || x.roll(2, 0));
    refused("repeat: 4611686018427387904 copies", || {
        x.repeat(0, 1 << 62)
    });
    refused("repeat_interleave: a tensor", || x.repeat_interleave(2, 1));
    refused("stack: shapes [2, 3] and [3, 2] differ", || {
        Tensor::stack(&[x, &x.transpose()], 0)
    });
    refused("stack: there are no inputs", || {
        Tensor::<u8>::stack(&[] as &[Tensor<u8>], 0)
    });
    refused("unstack: a tensor", || x.unstack(2));
    refused("diagonal: shape [6]", || x.flatten().diagonal(0));
    refused("to_diagonal: a scalar", || {
        Tensor::scalar(1_u8).to_diagonal(0)
    });
    refused("tril: shape [6]", || x.flatten().tril(0));
    refused("triu: shape [6]", || x.flatten().triu(0));
    let bytes = Tensor::<u8>::zeros([1]);
    refused("to_diagonal: the matrix with shape [1]", || {
        bytes.to_diagonal(1 << 32)
    });
    refused("and no tensor can take more than", || x.repeat(0, 1 << 60));
    refused("and no tensor can take more than", || {
        x.spread(0, ..2, 1 << 60)
    });
    refused("there is no memory", || bytes.repeat_interleave(0, 1 << 61));
}

/// The inherent methods of variables, which take `self` by value, and variables of different tapes.
fn variables() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let x = tape.var(Tensor::zeros([2, 3]));
    let foreign = other.var(Tensor::zeros([2, 3]));
    refused("an input is a variable of another", || {
        Var::stack(&[x, foreign], 0)
    });
    refused("slice: 2 of 2 lies", || x.slice(2));
    refused("spread: 1..4 lies", || x.spread(1, 1..4, 3));
    refused("flip: a tensor", || x.flip(2));
    refused("stack: shapes [2, 3] and [6] differ", || {
        Var::stack(&[x, x.flatten()], 0)
    });
    refused("Reflect needs 3 elements", || {
        x.pad_with(0, 2, 0, Padding::Reflect)
    });
    refused("and no tensor can take more than", || x.repeat(0, 1 << 60));
    refused("tril: shape [6]", || x.flatten().tril(0));
}
