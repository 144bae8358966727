//! Reductions, cumulative operations, sorting and indexing.

use crate::refusals::{Checked, refused};
use autodiff::Tensor;
use autodiff::tensor::{Algebra, Axes, Tape};

pub(super) fn reductions(checked: &mut Checked) {
    let x = Tensor::<f64>::zeros([2, 3]);
    let tape = Tape::new();
    on_generic_tensors(&x, checked);
    on_generic_tensors(&tape.var(&x), checked);
    on_tensors(&x);
    on_variables(&x);
    masks(checked);
}

fn on_generic_tensors<A: Algebra>(x: &A, checked: &mut Checked) {
    let (over, keepdims) = (
        "tensor/ops/reductions_macro.rs $over",
        "tensor/ops/reductions_macro.rs $keepdims",
    );
    let mistakes = [
        (Axes::from(2), "a tensor of shape [2, 3] has no axis 2"),
        (Axes::from([1, -1]), "axis 1 is named twice"),
    ];
    macro_rules! check {
        ($($over:ident $keepdims:ident)*) => { $(
            for (axes, mistake) in &mistakes {
                let name = stringify!($over);
                checked.refused(over, &format!("{name}: {mistake}"), || x.$over(axes.clone()));
                let name = stringify!($keepdims);
                checked.refused(keepdims, &format!("{name}: {mistake}"), || x.$keepdims(axes.clone()));
            }
        )* };
    }
    check! {
        sum_over sum_over_keepdims
        mean_over mean_over_keepdims
        prod_over prod_over_keepdims
        max_over max_over_keepdims
        min_over min_over_keepdims
        norm_over norm_over_keepdims
        norm_1_over norm_1_over_keepdims
        norm_inf_over norm_inf_over_keepdims
        variance_over variance_over_keepdims
        std_over std_over_keepdims
        log_sum_exp_over log_sum_exp_over_keepdims
    }

    let empty = x.narrow(0, 0..0);
    let nothing = "axis 0 of shape [0, 3] has no elements";
    refused(&format!("max_over: {nothing}"), || empty.max_over(0));
    refused(&format!("max_over: {nothing}"), || {
        empty.max_over_keepdims(..)
    });
    refused(&format!("min_over: {nothing}"), || empty.min_over([0, 1]));
    refused(&format!("min_over: {nothing}"), || {
        empty.min_over_keepdims(0)
    });

    let arg_max = "tensor/ops/arg_max.rs";
    checked.refused(
        &format!("{arg_max} arg_max"),
        "arg_max: a tensor of shape [2, 3] has no axis 2",
        || x.arg_max(2),
    );
    checked.refused(
        &format!("{arg_max} arg_min"),
        "arg_min: a tensor of shape [2, 3] has no axis -3",
        || x.arg_min(-3),
    );
    let nothing = "axis 0 of shape [0, 3] has extent 0";
    refused(&format!("arg_max: {nothing}"), || empty.arg_max(0));
    refused(&format!("arg_min: {nothing}"), || empty.arg_min(0));

    let sort = "tensor/ops/sort.rs";
    checked.refused(&format!("{sort} arg_sort"), "arg_sort: a tensor", || {
        x.arg_sort(2)
    });
    checked.refused(&format!("{sort} sort"), "sort: a tensor", || x.sort(2));
    checked.refused(
        &format!("{sort} sort_descending"),
        "sort_descending: a tensor of shape [2, 3] has no axis 2",
        || x.sort_descending(2),
    );
    checked.refused(&format!("{sort} top_k"), "top_k: a tensor", || {
        x.top_k(1, 2)
    });
    checked.refused(
        &format!("{sort} top_k"),
        "top_k: axis 1 of shape [2, 3] does not have 4 elements",
        || x.top_k(4, -1),
    );

    let cumulative = "tensor/ops/cumulative.rs";
    checked.refused(&format!("{cumulative} cumsum"), "cumsum: a tensor", || {
        x.cumsum(2)
    });
    checked.refused(
        &format!("{cumulative} cumprod"),
        "cumprod: a tensor of shape [2, 3] has no axis 2",
        || x.cumprod(2),
    );
    along(x, checked);
    masked_softmax(x, checked);
}

fn along<A: Algebra>(x: &A, checked: &mut Checked) {
    let file = "tensor/ops/take_along.rs";
    let take = &format!("{file} take_along");
    let indices = Tensor::<u32>::zeros([2, 2]);
    checked.refused(take, "take_along: a tensor of shape [2, 3] has no", || {
        x.take_along(2, &indices)
    });
    checked.refused(
        take,
        "take_along: indices of shape [2, 2] for axis 0 of shape [2, 3]",
        || x.take_along(0, &indices),
    );
    refused("take_along: indices of shape [2] for axis 1", || {
        x.take_along(1, [0, 0])
    });
    checked.refused(
        take,
        "take_along: index 3 lies outside of axis 1 of shape [2, 3]",
        || x.take_along(1, [[0], [3]]),
    );
    let add = &format!("{file} add_along");
    let indices = Tensor::new([2, 3], [0_u32, 1, 0, 2, 0, 0]);
    checked.refused(add, "add_along: a tensor of shape [2, 3] has no", || {
        x.add_along(2, &indices, 3)
    });
    checked.refused(
        add,
        "add_along: indices of shape [2, 1] for shape [2, 3]",
        || x.add_along(1, [[0], [0]], 3),
    );
    checked.refused(
        add,
        "add_along: index 2 lies outside of axis 1 of shape [2, 2]",
        || x.add_along(1, &indices, 2),
    );
    refused("a tensor of shape", || x.add_along(1, &indices, 1 << 62));
}

fn masked_softmax<A: Algebra>(x: &A, checked: &mut Checked) {
    let file = "tensor/ops/masked_softmax.rs";
    let (fitting, wrong) = (Tensor::full([3], 1_u8), Tensor::full([2, 1, 3], 1_u8));
    let softmax = &format!("{file} masked_softmax");
    checked.refused(softmax, "masked_softmax: a tensor of", || {
        x.masked_softmax(&fitting, 2)
    });
    checked.refused(
        softmax,
        "masked_softmax: a mask of shape [2, 1, 3] cannot be stretched to [2, 3]",
        || x.masked_softmax(&wrong, 1),
    );
    let log_softmax = &format!("{file} masked_log_softmax");
    checked.refused(log_softmax, "masked_log_softmax: axis 1 is named", || {
        x.masked_log_softmax(&fitting, [1, 1])
    });
    checked.refused(
        log_softmax,
        "masked_log_softmax: a mask of shape [2, 1, 3] cannot be stretched to [2, 3]",
        || x.masked_log_softmax(&wrong, 1),
    );
}

/// The inherent methods of tensors, which have bodies of their own for elements of any type.
fn on_tensors(x: &Tensor<f64>) {
    let labels = Tensor::from([3_u8, 1]);
    refused("arg_max: a tensor of shape [2]", || labels.arg_max(1));
    refused("arg_min: a tensor of shape [2]", || labels.arg_min(1));
    refused("arg_sort: a tensor of shape [2]", || labels.arg_sort(1));
    refused("sort: a tensor of shape [2]", || labels.sort(1));
    refused("sort_descending: a tensor", || labels.sort_descending(1));
    refused("top_k: a tensor of shape [2]", || labels.top_k(1, 1));
    refused("top_k: axis 0 of shape [2]", || labels.top_k(3, 0));
    refused("take_along: index 2", || labels.take_along(0, [0, 2]));
    refused("sum_over: a tensor", || x.sum_over(2));
    refused("variance_over_keepdims: a tensor", || {
        x.variance_over_keepdims(2)
    });
    refused("min_over: axis 1 of", || x.narrow(1, 0..0).min_over(1));
}

/// The inherent methods of variables.
fn on_variables(x: &Tensor<f64>) {
    let tape = Tape::new();
    let x = tape.var(x);
    refused("sum_over: a tensor", || x.sum_over(2));
    refused("prod_over: a tensor", || x.prod_over(2));
    refused("std_over: a tensor", || x.std_over(2));
    refused("log_sum_exp_over: a tensor", || x.log_sum_exp_over(2));
    refused("norm_1_over: a tensor", || x.norm_1_over(2));
    refused("norm_inf_over: a tensor", || x.norm_inf_over(2));
    refused("min_over: axis 1 of", || x.narrow(1, 0..0).min_over(1));
    refused("arg_max: a tensor", || x.arg_max(2));
    refused("sort: a tensor", || x.sort(2));
    refused("top_k: axis 0", || x.top_k(3, 0));
    refused("take_along: index 2", || x.take_along(0, [[0, 2, 0]]));
    refused("add_along: index 2", || {
        x.add_along(0, [[0, 2, 0], [0, 0, 0]], 2)
    });
    refused("cumsum: a tensor", || x.cumsum(2));
    refused("cumprod: a tensor", || x.cumprod(2));
    refused("masked_softmax: a mask of", || {
        x.masked_softmax(&Tensor::from([1, 1]), 1)
    });
}

fn masks(checked: &mut Checked) {
    let mask = Tensor::<u8>::zeros([2, 3]);
    let file = "tensor/ops/masks.rs";
    macro_rules! check {
        ($($over:ident $keepdims:ident)*) => { $(
            let name = stringify!($over);
            checked.refused(&format!("{file} $over"), &format!("{name}: a tensor of shape [2, 3] has no axis 2"), || {
                mask.$over(2)
            });
            let name = stringify!($keepdims);
            checked.refused(&format!("{file} $keepdims"), &format!("{name}: axis 0 is named twice"), || {
                mask.$keepdims([0, 0])
            });
        )* };
    }
    check! {
        any_over any_over_keepdims
        all_over all_over_keepdims
        count_over count_over_keepdims
    }
    checked.refused(
        "tensor/ops/one_hot.rs one_hot",
        "one_hot: index 3, of indices of shape [2], is not below 3 classes",
        || Tensor::<f64>::one_hot([0, 3], 3),
    );
}
