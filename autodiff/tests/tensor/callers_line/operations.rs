//! Operations on tensors and on variables, and matrix products.

use crate::refusals::{Checked, refused};
use autodiff::elementwise::Unary;
use autodiff::tensor::{
    CrossEntropy, Tape, Targets, Var, add_product, add_product_rows, add_products_rows, plain,
    transposed,
};
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
    let select = "tensor/ops/select.rs";
    checked.refused(&format!("{select} less"), cannot_be_broadcast, || {
        x.less(&y)
    });
    checked.refused(&format!("{select} equal"), "equal: shapes", || x.equal(&y));
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
    let sum = "tensor/ops/sum.rs";
    checked.refused(&format!("{sum} sum_over"), "sum_over: a tensor", || {
        x.sum_over(&[2])
    });
    checked.refused(&format!("{sum} sum_over"), "sum_over: axis 1 is", || {
        x.sum_over(&[1, 1])
    });
    checked.refused(
        &format!("{sum} sum_over_keepdims"),
        "sum_over_keepdims: a tensor",
        || x.sum_over_keepdims(&[2]),
    );
    checked.refused(&format!("{sum} mean_over"), "has no axis 2", || {
        x.mean_over(&[2])
    });
    checked.refused(&format!("{sum} mean_over_keepdims"), "no axis 2", || {
        x.mean_over_keepdims(&[2])
    });
    let max = "tensor/ops/max.rs";
    checked.refused(&format!("{max} max_over"), "max_over: a tensor of", || {
        x.max_over(2)
    });
    checked.refused(&format!("{max} max_over"), "max_over: axis 0 of", || {
        Tensor::<f64>::zeros([0, 3]).max_over(0)
    });
    checked.refused(
        &format!("{max} max_over_keepdims"),
        "max_over: a tensor of shape [2, 3] has no axis 2",
        || x.max_over_keepdims(2),
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
        x.permute(&[0, 0])
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
    let mask = x.value().less(&x.value());

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
    let sum = "tensor/ops/sum.rs";
    checked.refused(&format!("{sum} sum_over"), "sum: a tensor of", || {
        x.sum_over(&[2])
    });
    checked.refused(&format!("{sum} sum_over_keepdims"), "sum: axis 1", || {
        x.sum_over_keepdims(&[1, 1])
    });
    checked.refused(&format!("{sum} mean_over"), "has no axis 2", || {
        x.mean_over(&[2])
    });
    checked.refused(&format!("{sum} mean_over_keepdims"), "no axis 2", || {
        x.mean_over_keepdims(&[2])
    });
    let max = "tensor/ops/max.rs";
    checked.refused(&format!("{max} max_over"), "max_over: a tensor of", || {
        x.max_over(2)
    });
    checked.refused(&format!("{max} max_over_keepdims"), "no axis 2", || {
        x.max_over_keepdims(2)
    });
    let softmax = "tensor/ops/softmax.rs";
    checked.refused(&format!("{softmax} softmax"), "softmax: a tensor", || {
        x.softmax(2)
    });
    checked.refused(&format!("{softmax} log_softmax"), "no axis 2", || {
        x.log_softmax(2)
    });
    let permute = "tensor/ops/permute.rs";
    checked.refused(&format!("{permute} permute"), "permute: [0]", || {
        x.permute(&[0])
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
    let known = || Tensor::zeros([2, 2]);
    checked.refused(&format!("{linear} linear"), misfit, || x.linear(&x, &y));
    checked.refused(&format!("{linear} layer"), misfit, || {
        x.layer(&x, &y, Unary::Relu {})
    });
    checked.refused(&format!("{linear} linear"), misfit, || {
        var_x.linear(var_x, var_y)
    });
    checked.refused(&format!("{linear} layer"), misfit, || {
        var_x.layer(var_x, var_y, Unary::Relu {})
    });
    checked.refused(&format!("{linear} linear_known"), misfit, || {
        var_x.linear_known(var_x, var_y, known())
    });
    checked.refused(&format!("{linear} layer_known"), misfit, || {
        var_x.layer_known(var_x, var_y, Unary::Relu {}, known())
    });
    checked.refused(&format!("{linear} layer_known"), "have shape [2]", || {
        let bias = Tensor::zeros([2]);
        var_x.layer_known(var_x, bias, Unary::Sin {}, Tensor::zeros([2]))
    });

    let factor = "tensor/factor.rs";
    let (wide, bytes) = (
        Tensor::zeros([2, 5]),
        Tensor::from_bytes(&Tensor::zeros([2, 5]), 1.0),
    );
    let mut sum = vec![0.0; 15];
    for right in [&wide, &bytes] {
        let (a, b) = (transposed(&x), plain(right));
        checked.refused(
            &format!("{factor} add_product"),
            "and [2, 5] do not",
            || add_product(1.0, plain(&x), b, &mut sum),
        );
        checked.refused(&format!("{factor} add_product"), "a sum of 14", || {
            add_product(1.0, a, b, &mut sum[1..]);
        });
        checked.refused(&format!("{factor} add_product"), "a matrix is", || {
            add_product(1.0, plain(&y), b, &mut sum);
        });
        checked.refused(&format!("{factor} add_product_rows"), "2..4 lie", || {
            add_product_rows(1.0, a, b, 2..4, &mut sum);
        });
        checked.refused(&format!("{factor} add_product_rows"), "a sum of 15", || {
            add_product_rows(1.0, a, b, 0..2, &mut sum);
        });
        checked.refused(&format!("{factor} add_products_rows"), "2..4 lie", || {
            add_products_rows(1.0, &[[a, b], [a, b]], 2..4, &mut sum[..10]);
        });
        checked.refused(&format!("{factor} add_products_rows"), "do not fit", || {
            add_products_rows(1.0, &[[a, b], [a, transposed(&wide)]], 0..3, &mut sum);
        });
    }
}
