//! Operations on tensors and on variables, and matrix products.

use crate::refusals::{Checked, refused};
use autodiff::elementwise::Unary;
use autodiff::tensor::raw::{
    add_product, add_product_rows, descend_products_rows, plain, transposed, write_products_rows,
};
use autodiff::tensor::{Algebra, CrossEntropy, Tape, Targets, Var};
use autodiff::{Number, Tensor};

pub(super) fn on_tensors(checked: &mut Checked) {
    let x = Tensor::<f64>::zeros([2, 3]);
    let y = Tensor::<f64>::zeros([4]);
    let cannot_be_broadcast = "[2, 3] and [4] cannot be broadcast together";

    refused("add: shapes [2, 3] and [4]", || &x + &y);
    refused("sub: shapes [2, 3] and [4]", || x.clone() - &y);
    refused("max: shapes [2, 3] and [4]", || x.max(&y));
    refused("has more elements", || {
        Tensor::<f64>::zeros([0, 1 << 40, 1]) + Tensor::zeros([0, 1, 1 << 40])
    });
    let (compare, select) = ("tensor/ops/compare.rs", "tensor/ops/select.rs");
    checked.refused(&format!("{compare} $name"), cannot_be_broadcast, || {
        x.less(&y)
    });
    checked.refused(&format!("{compare} $name"), "equal: shapes", || x.equal(&y));
    checked.refused(&format!("{select} masked_fill"), "select: shapes", || {
        x.masked_fill(&x.less(&x), &y)
    });
    checked.refused(&format!("{select} select"), "neither operand is", || {
        Tensor::<f64>::select(&x.less(&x), 1.0, 2.0)
    });
    checked.refused(&format!("{select} select"), "select: shapes", || {
        Tensor::select(&x.less(&x), &x, &y)
    });
    checked.refused(
        "tensor/ops/broadcast.rs broadcast_to",
        "broadcast_to: shape [2, 3] cannot be stretched to [3]",
        || x.broadcast_to([3]),
    );
    checked.refused(
        "tensor/ops/broadcast.rs broadcast_to",
        "has more elements",
        || y.reshape([4, 1, 1]).broadcast_to([4, 1 << 40, 1 << 40]),
    );
    let softmax = "tensor/ops/softmax.rs";
    checked.refused(&format!("{softmax} softmax"), "softmax: a tensor", || {
        x.softmax(2)
    });
    checked.refused(
        &format!("{softmax} log_softmax"),
        "log_softmax: a tensor",
        || x.log_softmax(2),
    );
    let permute = "tensor/ops/permute.rs";
    checked.refused(&format!("{permute} permute"), "permute: [0, 0]", || {
        x.permute([0, 0])
    });
    checked.refused(&format!("{permute} transpose"), "transpose: shape", || {
        y.transpose()
    });
    checked.refused(
        "tensor/ops/squared_distance.rs squared_distance",
        "squared_distance: shapes [2, 3] and [4] differ",
        || x.squared_distance(&y),
    );
    let entropy = "tensor/ops/cross_entropy.rs";
    let targets = "tensor/ops/cross_entropy/targets.rs";
    let classes = Targets::<f64>::from(Tensor::from([0_u32, 3]));
    checked.refused(&format!("{targets} probabilities"), "no class 3", || {
        classes.probabilities(3)
    });
    checked.refused(&format!("{targets} probabilities"), "no class 0", || {
        classes.probabilities(0)
    });
    checked.refused(&format!("{targets} rows"), "rows: 1..3 lies", || {
        classes.rows(1..3)
    });
    checked.refused(&format!("{targets} classes"), "arg_max: a tensor", || {
        Targets::from(y.clone()).classes()
    });
    checked.refused(&format!("{entropy} label_smoothing"), "of 2 is not", || {
        CrossEntropy::<f64>::new(y.clone()).label_smoothing(2.0)
    });
    checked.refused(&format!("{entropy} cross_entropy"), "no class 3", || {
        x.cross_entropy(classes.clone())
    });
    checked.refused(&format!("{entropy} cross_entropy"), "[4] are not", || {
        y.cross_entropy(classes.clone())
    });
}

pub(super) fn on_variables(checked: &mut Checked) {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let x = tape.var(Tensor::zeros([2, 3]));
    let y = tape.var(Tensor::zeros([4]));
    let foreign = other.var(Tensor::zeros([2, 3]));
    let mask = x.value().less(x.value());

    refused("add: shapes [2, 3] and [4]", || x + y);
    refused("max: shapes [2, 3] and [4]", || x.max(y));
    refused("add: an input is a variable of another", || x + foreign);
    refused("linear: an input is a variable of", || x.linear(foreign, y));
    refused("less: shapes [2, 3] and [4]", || Number::less(x, y));
    let select = "tensor/ops/select.rs";
    checked.refused(&format!("{select} select"), "select: shapes", || {
        Var::select(&mask, x, y)
    });
    checked.refused(&format!("{select} select"), "another tape", || {
        Var::select(&mask, x, foreign)
    });
    checked.refused(
        "tensor/ops/broadcast.rs broadcast_to",
        "broadcast_to: shape [2, 3] cannot be stretched to [3]",
        || x.broadcast_to([3]),
    );
    checked.refused(
        "tensor/ops/reshape.rs reshape",
        "reshape: a tensor of shape [2, 3] cannot take shape [5]",
        || x.reshape([5]),
    );
    let softmax = "tensor/ops/softmax.rs";
    checked.refused(&format!("{softmax} softmax"), "softmax: a tensor", || {
        x.softmax(2)
    });
    checked.refused(&format!("{softmax} log_softmax"), "no axis 2", || {
        x.log_softmax(2)
    });
    let permute = "tensor/ops/permute.rs";
    checked.refused(&format!("{permute} permute"), "permute: [0]", || {
        x.permute([0])
    });
    checked.refused(&format!("{permute} transpose"), "transpose: shape", || {
        y.transpose()
    });
    checked.refused(
        "tensor/ops/squared_distance.rs squared_distance",
        "squared_distance: shapes [2, 3] and [4] differ",
        || x.squared_distance(y),
    );
    checked.refused(
        "tensor/ops/cross_entropy.rs cross_entropy",
        "cross_entropy: class numbers of shape [1]",
        || x.cross_entropy(Tensor::from([0_u32])),
    );
}

/// Ranges, pieces and slices, on tensors, on variables, and through the algebra.
pub(super) fn ranges_and_slices(checked: &mut Checked) {
    let tape = Tape::<f64>::new();
    let x = Tensor::<f64>::zeros([2, 3]);
    on_generic_tensors(&x, checked);
    on_generic_tensors(&tape.var(&x), checked);
    let y = tape.var(&x);

    refused("narrow: 1..4 lies", || x.narrow(1, 1..4));
    refused("narrow: 1..4 lies", || y.narrow(1, 1..4));
    refused("pad: a tensor of shape [2, 3] has no", || x.pad(2, 0, 0));
    refused("pad: a tensor of shape [2, 3] has no", || y.pad(2, 0, 0));
    refused("has more elements", || x.pad(0, usize::MAX - 2, 0));
    refused("pad: axis 0 of shape [2, 3] cannot", || {
        x.pad(0, usize::MAX, 1)
    });
    let longest = Tensor::<f64>::zeros([0, usize::MAX]);
    refused("the extents along axis 1 overflows", || {
        Tensor::concat(&[&longest, &longest], 1)
    });
    refused("concat: shapes [2, 3] and [3, 2]", || {
        Tensor::concat(&[&x, &x.transpose()], 0)
    });
    refused("concat: shapes [2, 3] and [3, 2]", || {
        Var::concat(&[y, y.transpose()], 0)
    });
    refused("concat: there are no inputs", || {
        Tensor::<f64>::concat(&[] as &[Tensor<f64>], 0)
    });
    refused("concat: there are no inputs", || {
        Var::<f64>::concat(&[] as &[Var<'_, f64>], 0)
    });
    refused("split: pieces of [1, 1]", || x.split(1, &[1, 1]));
    refused("split: pieces of [1, 1]", || y.split(1, &[1, 1]));
    refused("gather: index 2 is not below", || x.gather(0, [0, 2]));
    refused("gather: index 2 is not below", || y.gather(0, [0, 2]));
    refused("scatter_add: index 2", || x.scatter_add(0, [0, 2], 2));
    refused("scatter_add: index 2", || y.scatter_add(0, [0, 2], 2));
    let other = Tape::new();
    refused("concat: an input is a variable of another", || {
        Var::concat(&[y, other.var(&x)], 0)
    });
}

fn on_generic_tensors<A: Algebra>(x: &A, checked: &mut Checked) {
    let narrow = "tensor/ops/narrow.rs";
    checked.refused(&format!("{narrow} narrow"), "no axis 2", || {
        x.narrow(2, 0..1)
    });
    checked.refused(
        &format!("{narrow} narrow"),
        "narrow: 2..4 lies outside of axis 1 of shape [2, 3]",
        || x.narrow(1, 2..4),
    );
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "the test checks that it is refused"
    )]
    refused("narrow: 2..1 lies outside", || x.narrow(1, 2..1));
    checked.refused(&format!("{narrow} pad"), "pad: a tensor of", || {
        x.pad(2, 1, 1)
    });
    refused("has more elements", || x.pad(0, usize::MAX - 2, 0));
    let concat = "tensor/ops/concat.rs";
    checked.refused(&format!("{concat} concat"), "no axis 2", || {
        A::concat(&[x, x], 2)
    });
    checked.refused(
        &format!("{concat} concat"),
        "concat: shapes [2, 3] and [1, 3] cannot be put together along axis 1",
        || A::concat(&[x.clone(), x.narrow(0, 0..1)], 1),
    );
    refused("concat: shapes [2, 3] and [6]", || {
        A::concat(&[x.clone(), x.reshape([6])], 0)
    });
    refused("concat: there are no inputs", || A::concat(&[] as &[A], 0));
    checked.refused(&format!("{concat} split"), "split: a tensor", || {
        x.split(2, &[1])
    });
    checked.refused(
        &format!("{concat} split"),
        "split: pieces of [1, 1] do not fill axis 1 of shape [2, 3]",
        || x.split(1, &[1, 1]),
    );
    refused("do not fill axis 0", || x.split(0, &[usize::MAX, 3]));
    let gather = "tensor/ops/gather.rs";
    checked.refused(&format!("{gather} gather"), "no axis 2", || {
        x.gather(2, [0])
    });
    checked.refused(
        &format!("{gather} gather"),
        "gather: index 3 is not below the extent 3 of the axis",
        || x.gather(1, [0, 3]),
    );
    checked.refused(
        &format!("{gather} scatter_add"),
        "scatter_add: indices of shape [3] for the axes from 0 on of shape [2, 3]",
        || x.scatter_add(0, [0, 0, 0], 3),
    );
    checked.refused(
        &format!("{gather} scatter_add"),
        "scatter_add: index 3 is not below the extent 3 of the axis",
        || x.scatter_add(0, [0, 3], 3),
    );
    refused("for the axes from 2 on", || x.scatter_add(2, [0], 3));
    let matmul = "tensor/ops/matmul.rs";
    let batch = x.reshape([1, 2, 3]);
    checked.refused(
        &format!("{matmul} matmul"),
        "matmul: shapes [1, 2, 3] and [2, 3] do not fit",
        || batch.matmul(x),
    );
    refused("matmul: shapes [2, 1, 3] and [3, 3, 1] do not fit", || {
        let b = x.gather(0, [0, 1, 0]).reshape([3, 3, 1]);
        x.reshape([2, 1, 3]).matmul(b)
    });
    checked.refused(
        &format!("{matmul} product"),
        "matmul: shapes [2, 3]ᵀ and [1, 2, 3]ᵀ do not fit",
        || A::product(transposed(x), transposed(&batch)),
    );
    let sum_to = "tensor/ops/broadcast.rs sum_to";
    checked.refused(sum_to, "sum_to: shape [2] cannot be", || x.sum_to([2]));
    let reshape = "tensor/ops/reshape.rs reshape";
    checked.refused(reshape, "cannot take shape [5]", || x.reshape([5]));
}

pub(super) fn products(checked: &mut Checked) {
    let tape = Tape::<f64>::new();
    let (x, y) = (Tensor::<f64>::zeros([2, 3]), Tensor::<f64>::zeros([4]));
    let (var_x, var_y) = (tape.var(&x), tape.var(&y));
    let matmul = "tensor/ops/matmul.rs matmul";
    checked.refused(matmul, "matmul: shapes [2, 3] and [2, 3] do not", || {
        x.matmul(&x)
    });
    checked.refused(matmul, "matmul: a matrix is wanted", || x.matmul(&y));
    checked.refused(matmul, "matmul: shapes", || var_x.matmul(var_x));
    checked.refused(matmul, "matmul: a matrix is wanted", || var_x.matmul(var_y));
    let misfit = "linear: input [2, 3], weight [2, 3] and bias [4] are not";
    let linear = "tensor/ops/linear.rs";
    checked.refused(&format!("{linear} linear"), misfit, || x.linear(&x, &y));
    checked.refused(&format!("{linear} dense"), misfit, || {
        x.dense(&x, &y, Unary::Relu)
    });
    checked.refused(&format!("{linear} linear"), misfit, || {
        var_x.linear(var_x, var_y)
    });
    checked.refused(&format!("{linear} dense"), misfit, || {
        var_x.dense(var_x, var_y, Unary::Relu)
    });

    let products = "tensor/engine/products.rs";
    let (wide, bytes) = (
        Tensor::zeros([2, 5]),
        Tensor::from_scaled_bytes(&Tensor::zeros([2, 5]), 1.0),
    );
    let mut sum = vec![0.0; 15];
    for right in [&wide, &bytes] {
        let (a, b) = (transposed(&x), plain(right));
        checked.refused(
            &format!("{products} add_product"),
            "and [2, 5] do not",
            || add_product(1.0, plain(&x), b, &mut sum),
        );
        checked.refused(&format!("{products} add_product"), "a sum of 14", || {
            add_product(1.0, a, b, &mut sum[1..]);
        });
        checked.refused(&format!("{products} add_product"), "a matrix is", || {
            add_product(1.0, plain(&y), b, &mut sum);
        });
        checked.refused(&format!("{products} add_product_rows"), "2..4 lie", || {
            add_product_rows(1.0, a, b, 2..4, &mut sum);
        });
        checked.refused(
            &format!("{products} add_product_rows"),
            "a sum of 15",
            || {
                add_product_rows(1.0, a, b, 0..2, &mut sum);
            },
        );
        checked.refused(
            &format!("{products} write_products_rows"),
            "2..4 lie",
            || {
                let _ = write_products_rows(&[[a, b], [a, b]], 2..4, &mut sum[..10]);
            },
        );
        checked.refused(
            &format!("{products} descend_products_rows"),
            "do not fit",
            || {
                let products = [[a, b], [a, transposed(&wide)]];
                let _ = descend_products_rows(&products, 1.0, 0..3, &mut sum);
            },
        );
    }
}
