//! Every public function of the tensor tape with a documented panic panics at the caller's line, with a message that
//! says what is wrong.

mod derivatives;
mod operations;
mod reductions;
mod shapes;

use crate::refusals::{Checked, refused};
use autodiff::Tensor;
use autodiff::elementwise::{Binary, Unary};
use autodiff::tensor::raw::{self, plain, transposed};
use autodiff::tensor::{Adjoints, Algebra, Gradients, Op, Point, Real, Shape, Tape, Var};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

#[test]
#[cfg_attr(miri, ignore = "reads the sources")]
fn every_documented_panic_is_reported_at_the_callers_line() {
    let mut checked = Checked::default();
    tensors(&mut checked);
    operations::on_tensors(&mut checked);
    operations::on_variables(&mut checked);
    operations::ranges_and_slices(&mut checked);
    operations::products(&mut checked);
    shapes::shapes(&mut checked);
    reductions::reductions(&mut checked);
    tapes(&mut checked);
    gradients(&mut checked);
    rules(&mut checked);
    derivatives::functions(&mut checked);
    derivatives::recorded_functions(&mut checked);
    checked.check_complete("tensor");
}

fn tensors(checked: &mut Checked) {
    let x = Tensor::<f64>::zeros([2, 3]);
    let huge = [(1 << 60) + 1];
    let too_large = "a tensor of shape [1152921504606846977] takes 9223372036854775816 bytes, and no tensor can take more than 9223372036854775807";

    checked.refused("tensor/storage/shape.rs size", "has more elements", || {
        Shape::from([1 << 40, 1 << 40]).size()
    });
    let construct = "tensor/storage/array/construct.rs";
    let index = "tensor/storage/array/index.rs";
    let rows = "tensor/storage/array/rows.rs";
    checked.refused(&format!("{construct} new"), "cannot be made of 5", || {
        Tensor::new([2, 3], [0.0; 5])
    });
    checked.refused(&format!("{construct} zeros"), too_large, || {
        Tensor::<f64>::zeros(huge)
    });
    checked.refused(&format!("{construct} full"), too_large, || {
        Tensor::full(huge, 1.0)
    });
    checked.refused(&format!("{construct} from_flat_fn"), too_large, || {
        Tensor::from_flat_fn(huge, |i| i as f64)
    });
    checked.refused(&format!("{construct} from_fn"), too_large, || {
        Tensor::from_fn(huge, |[i]| i as f64)
    });
    checked.refused(&format!("{construct} ones"), too_large, || {
        Tensor::<f64>::ones(huge)
    });
    checked.refused(&format!("{construct} eye"), "takes", || {
        Tensor::<f64>::eye(1 << 31)
    });
    let range = "tensor/storage/array/range.rs";
    checked.refused(&format!("{range} arange"), "no tensor can take", || {
        Tensor::arange(0..i64::MAX)
    });
    checked.refused(&format!("{range} arange"), "no tensor can take", || {
        Tensor::arange(0.0..f64::INFINITY)
    });
    checked.refused(&format!("{range} arange_step"), "the step 0 is", || {
        Tensor::arange_step(1.0..1.0, 0.0)
    });
    checked.refused(&format!("{range} linspace"), too_large, || {
        Tensor::linspace(0.0, 1.0, huge[0])
    });
    let random = "tensor/storage/array/random.rs";
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    checked.refused(&format!("{random} uniform"), "the range 1..1 is", || {
        Tensor::uniform([2], 1..1, &mut rng)
    });
    checked.refused(&format!("{random} uniform"), "not finite", || {
        Tensor::uniform([2], 0.0..f64::NAN, &mut rng)
    });
    checked.refused(&format!("{random} normal"), "deviation -1", || {
        Tensor::normal([2], 0.0, -1.0, &mut rng)
    });
    // Only an empty tensor of a shape beyond `isize::MAX` is refused.
    checked.also("tensor/storage/array/ndarray.rs as_ndarray");
    checked.refused(&format!("{construct} zeros"), "there is no memory", || {
        Tensor::<u8>::zeros([1 << 61])
    });
    checked.refused(&format!("{construct} zeros"), "has more elements", || {
        Tensor::<u8>::zeros([1 << 40, 0, 1 << 40])
    });
    checked.refused(&format!("{index} item"), "item: a tensor of", || x.item());
    checked.refused(&format!("{index} at"), "at: index [2, 0]", || x.at([2, 0]));
    checked.refused("tensor/ops/reshape.rs reshape", "reshape: a tensor", || {
        x.reshape([5])
    });
    checked.refused("tensor/ops/reshape.rs reshape", "has more elements", || {
        x.reshape([1 << 40, 1 << 40])
    });
    checked.refused(&format!("{rows} rows"), "rows: 1..3 lies outside", || {
        x.rows(1..3)
    });
    checked.refused(&format!("{rows} rows"), "rows: a scalar", || {
        Tensor::scalar(1.0).rows(0..0)
    });
    checked.refused(&format!("{rows} view"), "view: shape [4] at 3", || {
        x.view(3, [4])
    });
    checked.refused(&format!("{rows} gather_rows"), "gather_rows: row 2", || {
        x.gather_rows(&[0, 2])
    });
    refused("index [2, 0] lies outside of shape [2, 3]", || x[[2, 0]]);
    refused("index [0] lies outside of shape [2, 3]", || {
        x.clone()[[0]] = 1.0;
    });
    refused("lengths [2] (element 0) and [1] (element 2)", || {
        Tensor::from(vec![vec![1, 2], vec![3, 4], vec![5]])
    });
    refused("lengths [2] (element 0) and [1] (element 1)", || {
        let ragged = vec![vec![vec![1.0, 2.0], vec![3.0]]];
        let _ = Tape::new().var(ragged);
    });
}

fn tapes(checked: &mut Checked) {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let x = tape.var(Tensor::zeros([2, 3]));
    let one = x.sum();
    let foreign = other.var(1.0);
    let constant = tape.constant([1.0]);
    let var = "tensor/var.rs";
    let sweep = "tensor/engine/sweep.rs";
    checked.refused(&format!("{var} item"), "item: a tensor of", || x.item());
    checked.refused(&format!("{sweep} gradients"), "gradients: of a", || {
        x.gradients()
    });
    checked.refused(&format!("{sweep} vjp"), "vjp: an adjoint of", || {
        x.vjp(Tensor::zeros([4]))
    });
    checked.refused(
        &format!("{sweep} recorded_gradients"),
        "not one number",
        || x.recorded_gradients(&[x]),
    );
    checked.refused(
        &format!("{sweep} recorded_gradients"),
        "another tape",
        || one.recorded_gradients(&[foreign]),
    );
    checked.refused(&format!("{sweep} recorded_gradients"), "with `var`", || {
        one.recorded_gradients(&[constant])
    });
    checked.refused(&format!("{sweep} jacobian"), "with `var`", || {
        x.jacobian(constant)
    });
    checked.refused(&format!("{sweep} jacobian"), "another recording", || {
        x.jacobian(foreign)
    });
    checked.refused(&format!("{sweep} jacobian"), "call `retain()`", || {
        let y = x.exp();
        y.sum().jacobian(y)
    });
    checked.refused(&format!("{var} retain"), "with `var`", || {
        constant.exp().retain()
    });
    let apply = "tensor/engine/tape.rs apply";
    checked.refused(apply, "sum_of_rows: an input is a variable", || {
        tape.apply(SumOfRows, &[foreign])
    });
    checked.refused(apply, "sum_over: a tensor of shape []", || {
        tape.apply(SumOfRows, &[one])
    });
    refused("sum_of_rows: there are no inputs", || {
        Var::<f64>::apply(SumOfRows, &[])
    });
}

fn gradients(checked: &mut Checked) {
    let case = &autodiff::tensor::catalogue()[0];
    checked.refused(
        "tensor/ops/check_case.rs record_in",
        "record_in: 0 inputs",
        || case.record_in::<f32>(&[]),
    );
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let foreign = other.var(1.0);
    let x = tape.constant(Tensor::full([2, 3], 0.5));
    let weight = tape.var(Tensor::full([4, 3], 0.5));
    let bias = tape.var(Tensor::zeros([4]));
    let y = x.linear(weight, bias);
    let scale = tape.var(Tensor::full([2, 4], 0.5));
    let cost = (y * scale).sum();
    let file = "tensor/engine/gradients.rs";
    let sweep = "tensor/engine/sweep.rs";
    let gradients = cost.gradients();
    let mut one = [0.0];
    let mistakes = [
        (foreign, "another recording"),
        (y, "`linear` was not kept"),
        (x, "with `var`"),
    ];
    for (variable, message) in mistakes {
        checked.refused(&format!("{file} wrt"), message, || gradients.wrt(variable));
        checked.refused(&format!("{file} wrt_all"), message, || {
            gradients.wrt_all(&[weight, variable])
        });
        checked.refused(&format!("{file} add_to"), message, || {
            gradients.add_to(variable, 1.0, &mut one);
        });
    }
    checked.refused(&format!("{sweep} of"), "gradients: of a tensor", || {
        Gradients::of(y)
    });
    let mut updated = Gradients::default();
    checked.refused(&format!("{sweep} update"), "gradients: of a tensor", || {
        updated.update(y);
    });
    checked.refused(&format!("{sweep} update_vjp"), "vjp: an adjoint", || {
        updated.update_vjp(y, [1.0]);
    });
    let of_rows = "tensor/engine/gradients/rows.rs";
    // A product, the rows of a matrix, and an array.
    let variables = [(1, weight, [4, 3]), (2, bias, [4, 1]), (4, scale, [2, 4])];
    for (number, variable, [rows, row]) in variables {
        let gradient = raw::gradient(&gradients, number).unwrap();
        let mut sum = vec![0.0; rows * row + 1];
        let too_many = format!("a sum of {}", sum.len());
        checked.refused(&format!("{file} add_to"), &too_many, || {
            gradients.add_to(variable, 1.0, &mut sum);
        });
        checked.refused(&format!("{file} add_to"), &too_many, || {
            gradient.add_to(1.0, &mut sum);
        });
        checked.refused(&format!("{of_rows} add_rows_to"), &too_many, || {
            raw::add_rows_to(gradient, 1.0, 0..rows, &mut sum);
        });
        checked.refused(&format!("{of_rows} add_rows_to"), "a sum of", || {
            raw::add_rows_to(gradient, 1.0, 0..1, &mut sum);
        });
        checked.refused(&format!("{of_rows} add_rows_to"), "outside", || {
            raw::add_rows_to(gradient, 1.0, 1..rows + 1, &mut sum[..rows * row]);
        });
    }
    let product = raw::gradient(&gradients, 1).unwrap();
    let mut sum = [0.0; 12];
    checked.refused(&format!("{of_rows} write_rows_of_sum"), "outside", || {
        let _ = raw::write_rows_of_sum([product, product], 1..5, &mut sum);
    });
    checked.refused(
        &format!("{of_rows} descend_rows_of_sum"),
        "a sum of 11",
        || {
            let _ = raw::descend_rows_of_sum([product], 0.1, 0..4, &mut sum[1..]);
        },
    );
}

/// The sum over the first axis. Tests make mistakes in its rule.
#[derive(Debug)]
struct SumOfRows;

impl<T: Real> Op<T> for SumOfRows {
    fn name(&self) -> &'static str {
        "sum_of_rows"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].sum_over([0])
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || y_bar.broadcast_to(at.x[0].shape()));
    }
}

fn rules(checked: &mut Checked) {
    // Terms that a rule adds are checked in `own_operations`.
    checked.also("tensor/op.rs saved");
    let (x, y) = (Tensor::<f64>::zeros([2, 3]), Tensor::<f64>::zeros([3, 2]));
    let tape = Tape::new();
    in_rules(&x, &y);
    in_rules(&tape.var(&x), &tape.var(&y));
}

/// Misuse of the methods that rules call, on tensors and on variables.
fn in_rules<A: Algebra>(x: &A, y: &A) {
    refused("sum_to: shape [2] cannot be stretched to [2, 3]", || {
        x.sum_to([2])
    });
    refused(
        "sum_to: shape [1, 2, 3] cannot be stretched to [2, 3]",
        || x.sum_to([1, 2, 3]),
    );
    refused("mul: shapes [2, 3] and [3, 2] cannot be", || x * y);
    refused("matmul: shapes [2, 3]ᵀ and [3, 2] do not fit", || {
        A::product(transposed(x), plain(y))
    });
    refused("plus_term: shapes [2, 3] and [1] differ", || {
        x.clone().plus_term(x.sum_to([1]))
    });
    refused(
        "plus_product: a sum of shape [2, 3] and a product of",
        || x.clone().plus_product(plain(x), plain(y)),
    );
    refused("unary_vjp: shapes", || {
        A::unary_vjp(Unary::Sin, x, x, x.sum_to([1]))
    });
    refused("binary_vjp: shapes", || {
        let y_bar = x.sum_to([1]);
        A::binary_vjp(Binary::Mul, 0, x, x, x, &y_bar)
    });
}
