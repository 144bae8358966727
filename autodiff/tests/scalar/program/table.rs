//! Every function of the table in a program, at the edges: values, slopes and second derivatives are those of the tape.

use crate::grid::{MORE, SLOPES_OF_ONE, SLOPES_OF_TWO, error};
use crate::reference::{Points as Sets, rows};
use crate::ways::Real;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{Dual, Scalar, Tape, Var};

/// A plain number for which there are programs.
trait Replayed: Real + autodiff::tensor::Real {
    /// A program of a function with one output.
    fn program<'f>(
        inputs: usize,
        f: impl for<'t> Fn(&[Var<'t, Self>]) -> Var<'t, Self> + Send + Sync + 'f,
    ) -> Program<'f, Self>;
}

macro_rules! replayed {
    ($($T:ident $new:ident)*) => { $(
        impl Replayed for $T {
            fn program<'f>(
                inputs: usize,
                f: impl for<'t> Fn(&[Var<'t, Self>]) -> Var<'t, Self> + Send + Sync + 'f,
            ) -> Program<'f, Self> {
                Program::$new(0, inputs, move |_, x| vec![f(x)])
            }
        }
    )* };
}
replayed!(f64 new f32 new_f32);

fn number<T: Scalar>(x: f64) -> T {
    T::from_f64(x)
}

/// A function of the table.
#[derive(Clone, Copy, Debug)]
enum Function {
    One(Unary),
    Two(Binary),
}

impl Function {
    fn inputs(self) -> usize {
        match self {
            Function::One(_) => 1,
            Function::Two(_) => 2,
        }
    }

    fn of<N: autodiff::Number>(self, x: &[N]) -> N {
        match self {
            Function::One(function) => x[0].unary(function),
            Function::Two(function) => x[0].binary(function, x[1]),
        }
    }

    /// The name of the function, with its parameters.
    fn name(self) -> String {
        match self {
            Function::One(function) => format!("{function:?}"),
            Function::Two(function) => format!("{function:?}"),
        }
    }

    /// The points of the grid of edges; for a slope that is a row of the table, those of another function.
    fn points<T: Real>(self) -> Vec<Vec<f64>> {
        let name = match self {
            Function::One(function) if SLOPES_OF_ONE.contains(&function) => "Tanh".to_owned(),
            Function::Two(function) if SLOPES_OF_TWO.contains(&function) => "Powf".to_owned(),
            _ => self.name(),
        };
        let rows = rows(Sets::Edges, T::FORMAT, &name).unwrap();
        let point = |row: &Vec<f64>| row[..self.inputs()].to_vec();
        rows.iter().map(point).collect()
    }
}

/// The value, the gradient, and the Hessian matrix at a point.
type Orders = [Vec<f64>; 3];

fn by_tape<T: Replayed>(function: Function, x: &[T]) -> Orders {
    let tape = Tape::default();
    let variables = tape.vars(x);
    let y = function.of(&variables);
    let rows = (0..x.len()).flat_map(|along| {
        let tape = Tape::default();
        let duals = x.iter().enumerate().map(|(i, &x)| match i == along {
            true => Dual::var(x),
            false => Dual::constant(x),
        });
        let variables = tape.vars(duals.collect::<Vec<_>>());
        let gradient = function.of(&variables).gradients().wrt_all(&variables);
        gradient.into_iter().map(|entry| entry.tangent())
    });
    let hessian = rows.collect();
    [vec![y.value()], y.gradients().wrt_all(&variables), hessian].map(plain)
}

fn plain<T: Real>(x: Vec<T>) -> Vec<f64> {
    x.into_iter().map(Into::into).collect()
}

/// The results at all points, by each way to compute them.
fn by_program<T: Replayed>(function: Function, x: &[Vec<T>]) -> Vec<[Orders; 5]> {
    let (count, inputs) = (x.len(), function.inputs());
    let mut program = T::program(inputs, move |x| function.of(x));
    let data = x.concat();
    let points = Points::Rows(&data);
    let values = program.values(&[], points).unwrap();
    let (value, gradients) = program.values_and_gradients(&[], points).unwrap();
    let (same, jacobians) = program.values_and_jacobians(&[], points).unwrap();
    let (_, adjoints) = program.vjp(&[], points, &vec![T::ONE; count]).unwrap();
    let along = (0..inputs).map(|along| {
        let unit = (0..inputs).map(|i| number(f64::from(i == along)));
        let units: Vec<T> = unit.collect::<Vec<_>>().repeat(count);
        let (_, slopes) = program.jvp(&[], points, &units).unwrap();
        let (gradients, products) = program.hvp(&[], points, &units).unwrap();
        (slopes, gradients, products)
    });
    let along: Vec<_> = along.collect();
    let of_point = |point: usize| {
        let row = |data: &[T]| data[point * inputs..][..inputs].to_vec();
        let hessian: Vec<T> = along.iter().flat_map(|(.., h)| row(h)).collect();
        let tangents = along.iter().map(|(slopes, ..)| slopes[point]).collect();
        [
            [vec![values[point]], row(&gradients), hessian.clone()],
            [vec![value[point]], row(&jacobians), hessian.clone()],
            [vec![same[point]], row(&adjoints), hessian.clone()],
            [vec![values[point]], tangents, hessian.clone()],
            [vec![values[point]], row(&along[0].1), hessian],
        ]
        .map(|orders| orders.map(plain))
    };
    (0..count).map(of_point).collect()
}

/// The functions that are computed by vectorised kernels.
const KERNELS: [Unary; 11] = [
    Unary::Exp,
    Unary::Ln,
    Unary::Sin,
    Unary::Cos,
    Unary::Tanh,
    Unary::Sigmoid,
    Unary::Softplus,
    Unary::LogSigmoid,
    Unary::Silu,
    Unary::ExpM1,
    Unary::Erf,
];

impl Function {
    /// The largest error of each order relative to the tape, in ε. A value has the tape's bits, unless a kernel computes
    /// it. Derivatives are the tape's expressions, with fused products. The slopes that are rows of the table have
    /// derivatives that cancel, for which the bound of the table holds.
    fn bounds(self) -> [f64; 3] {
        match self {
            Function::One(Unary::Tanh | Unary::Sigmoid) => [4.0, 6.0, 12.0],
            Function::One(function) if KERNELS.contains(&function) => [4.0, 6.0, 6.0],
            Function::One(Unary::TanhSlope | Unary::SigmoidSlope) => [5.0, 99.0, 99.0],
            Function::One(Unary::Powi { n: n @ -17..=17 }) => [f64::from(n.abs()) + 5.0; 3],
            Function::Two(Binary::Hypot) => [4.0; 3],
            // The third derivatives of `atan2` and `hypot` have no bound: the errors of a kernel are in terms that cancel.
            Function::Two(Binary::Atan2Slope | Binary::HypotSlope) => [0.0, 99.0, f64::INFINITY],
            Function::One(function) if SLOPES_OF_ONE.contains(&function) => [0.0, 99.0, 99.0],
            Function::Two(function) if SLOPES_OF_TWO.contains(&function) => [0.0, 99.0, 99.0],
            _ => [0.0, 4.0, 4.0],
        }
    }
}

/// The points at which a program of the function does not compute what the tape does.
fn differences<T: Replayed>(function: Function) -> Vec<String> {
    let points = function.points::<T>().into_iter();
    let points = points.map(|x| x.into_iter().map(number).collect());
    let points: Vec<Vec<T>> = points.collect();
    let mut differences = Vec::new();
    for (x, ways) in points.iter().zip(by_program(function, &points)) {
        let expected = by_tape(function, x);
        for found in &ways {
            let orders = found.iter().zip(&expected).zip(function.bounds());
            for (order, ((found, expected), bound)) in orders.enumerate() {
                let finite = expected.iter().filter(|x| x.is_finite());
                let largest = finite.fold(0.0_f64, |largest, x| largest.max(x.abs()));
                let mut pairs = found.iter().zip(expected);
                let differs = |(a, b): (&f64, &f64)| match bound {
                    0.0 => a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan()),
                    // Terms that cancel are as large as other entries of the matrix.
                    99.0.. if (a - b).abs() <= 99.0 * <T as Real>::EPSILON * largest => false,
                    bound => error::<T>(*a, *b) > bound,
                };
                if pairs.any(differs) {
                    differences.push(format!(
                        "{function:?} at {x:?}, order {order}: {found:?} and not {expected:?}"
                    ));
                }
            }
        }
    }
    differences
}

fn all_differences<T: Replayed>() -> Vec<String> {
    let of_one = Unary::catalogue().into_iter().map(|(function, _)| function);
    let of_one = of_one.chain(MORE).map(Function::One);
    let of_two = Binary::catalogue().into_iter();
    let of_two = of_two.map(|(function, _)| Function::Two(function));
    of_one.chain(of_two).flat_map(differences::<T>).collect()
}

#[test]
#[cfg_attr(miri, ignore = "takes long")]
fn every_function_of_the_table_is_replayed_in_double_precision() {
    let differences = all_differences::<f64>();
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
#[cfg_attr(miri, ignore = "takes long")]
fn every_function_of_the_table_is_replayed_in_single_precision() {
    let differences = all_differences::<f32>();
    assert!(differences.is_empty(), "{differences:#?}");
}
