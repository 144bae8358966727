//! From a recorded function to the instructions of each computation.

use super::code::Code;
use super::derive::{Products, forward, reverse};
use super::graph::{Graph, Id, Source};
use super::lower::{Roots, lower};
use super::recording::Recorded;
use crate::scalar::number::Scalar;
use crate::tensor::Real;
use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

/// What a program computes at each point, of which [`Program::listing`](super::Program::listing) returns the
/// instructions. Each computation is compiled when it is used first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Computation {
    /// The outputs, by [`values`](super::Program::values).
    Values,
    /// The output, and its gradient with respect to the inputs of the point, by
    /// [`values_and_gradients`](super::Program::values_and_gradients).
    Gradients,
    /// The sum of the output over all points, and its gradient with respect to the shared inputs, by
    /// [`sum_and_gradient`](super::Program::sum_and_gradient).
    SummedGradient,
    /// The outputs, and the Jacobian matrix with respect to the inputs of the point, by
    /// [`values_and_jacobians`](super::Program::values_and_jacobians).
    Jacobians,
    /// The outputs, and the product of the Jacobian matrix with a vector, by [`jvp`](super::Program::jvp).
    Jvp,
    /// The outputs, and the product of the transposed Jacobian matrix with a vector, by [`vjp`](super::Program::vjp).
    Vjp,
    /// The gradient, and the product of the Hessian matrix with a vector, by [`hvp`](super::Program::hvp).
    Hvp,
}

impl Computation {
    /// The number of all computations.
    pub(super) const COUNT: usize = Computation::Hvp as usize + 1;

    /// The name of the method.
    pub(super) fn name(self) -> &'static str {
        match self {
            Computation::Values => "values",
            Computation::Gradients => "values_and_gradients",
            Computation::SummedGradient => "sum_and_gradient",
            Computation::Jacobians => "values_and_jacobians",
            Computation::Jvp => "jvp",
            Computation::Vjp => "vjp",
            Computation::Hvp => "hvp",
        }
    }

    /// Whether the function must have one output.
    pub(super) fn has_one_output(self) -> bool {
        matches!(
            self,
            Computation::Gradients | Computation::SummedGradient | Computation::Hvp
        )
    }
}

/// The instructions of a computation.
#[derive(Debug)]
pub(super) struct Compiled<T> {
    computation: Computation,
    pub(super) plain: Code<T>,
    /// The instructions with products in which a zero absorbs an infinity; compiled when a NaN comes up.
    absorbing: OnceLock<Code<T>>,
    recorded: Arc<Recorded<T>>,
    /// The number of outputs of each point.
    pub(super) output_count: usize,
    /// The first output that is a derivative: a NaN in it is looked into.
    pub(super) first_derivative: usize,
}

impl<T: Real + Scalar> Compiled<T> {
    pub(super) fn new(computation: Computation, recorded: &Arc<Recorded<T>>) -> Self {
        let (plain, output_count) = compile(computation, recorded, Products::Plain);
        Compiled {
            computation,
            plain,
            absorbing: OnceLock::new(),
            recorded: recorded.clone(),
            output_count,
            first_derivative: match computation {
                Computation::Hvp => 0,
                _ => recorded.outputs.len(),
            },
        }
    }

    /// The comparisons alone, without outputs.
    pub(super) fn guards(recorded: &Arc<Recorded<T>>) -> Self {
        let roots = Roots {
            outputs: &[],
            results: &[],
            guards: &recorded.guards,
            by_outputs: false,
        };
        Compiled {
            computation: Computation::Values,
            plain: lower(&mut recorded.graph.clone(), &roots, recorded.graph.len()),
            absorbing: OnceLock::new(),
            recorded: recorded.clone(),
            output_count: 0,
            first_derivative: 0,
        }
    }

    /// Whether the computation multiplies with slopes.
    pub(super) fn has_products(&self) -> bool {
        self.computation != Computation::Values
    }

    /// The instructions with products in which a zero absorbs an infinity.
    pub(super) fn absorbing(&self) -> &Code<T> {
        self.absorbing.get_or_init(|| {
            let code = compile(self.computation, &self.recorded, Products::Absorbing).0;
            // The sums of strips of both codes are added to each other.
            assert_eq!(code.sums.len(), self.plain.sums.len());
            code
        })
    }
}

/// Returns the instructions, and the number of outputs of each point.
fn compile<T: Real + Scalar>(
    computation: Computation,
    recorded: &Recorded<T>,
    products: Products,
) -> (Code<T>, usize) {
    let mut derived = derive(computation, recorded, products);
    let roots = Roots {
        outputs: &derived.outputs,
        results: &derived.results,
        guards: &recorded.guards,
        by_outputs: false,
    };
    let code = lower(&mut derived.graph, &roots, recorded.graph.len());
    (code, derived.outputs.len())
}

/// A function with its derivatives. A node that is absent is 0.
pub(super) struct Derived<T> {
    pub(super) graph: Graph<T>,
    /// The outputs of each point.
    pub(super) outputs: Vec<Option<Id>>,
    /// The results after all points.
    results: Vec<Option<Id>>,
}

/// Adds the derivatives that a computation needs to the graph of a function.
pub(super) fn derive<T: Real + Scalar>(
    computation: Computation,
    recorded: &Recorded<T>,
    products: Products,
) -> Derived<T> {
    let graph = RefCell::new(recorded.graph.clone());
    let [shared, point] = recorded.inputs;
    let inputs = |source, count| -> Vec<Id> {
        let numbers = 0..count as u32;
        numbers
            .map(|number| graph.borrow_mut().input(source, number))
            .collect()
    };
    let x = inputs(Source::Point, point);
    let y = &recorded.outputs;
    let one = graph.borrow_mut().constant(<T as Scalar>::from_f64(1.0));
    let seeded: Vec<(Id, Id)> = y.iter().map(|&y| (y, one)).collect();
    let mut outputs: Vec<Option<Id>> = y.iter().copied().map(Some).collect();
    let mut results = Vec::new();
    match computation {
        Computation::Values => {}
        Computation::Gradients => outputs.extend(reverse(&graph, &seeded, &x, products)),
        Computation::SummedGradient => {
            outputs.clear();
            let s = inputs(Source::Shared, shared);
            let gradient = reverse(&graph, &seeded, &s, products);
            results.extend(
                y.iter()
                    .map(|&y| Some(graph.borrow_mut().sum_over_points(y))),
            );
            results.extend(gradient);
        }
        Computation::Jacobians => {
            for seeded in seeded {
                outputs.extend(reverse(&graph, &[seeded], &x, products));
            }
        }
        Computation::Jvp => {
            let x_dot = inputs(Source::Direction, point);
            let pairs: Vec<(Id, Id)> = x.iter().copied().zip(x_dot).collect();
            outputs.extend(forward(&graph, &pairs, y, products));
        }
        Computation::Vjp => {
            let y_bar = inputs(Source::Direction, y.len());
            let seeded: Vec<(Id, Id)> = y.iter().copied().zip(y_bar).collect();
            outputs.extend(reverse(&graph, &seeded, &x, products));
        }
        Computation::Hvp => {
            let v = inputs(Source::Direction, point);
            let gradient = reverse(&graph, &seeded, &x, products);
            let pairs: Vec<(Id, Id)> = x.iter().copied().zip(v).collect();
            let known: Vec<Id> = gradient.iter().copied().flatten().collect();
            let mut products = forward(&graph, &pairs, &known, products).into_iter();
            outputs = gradient.clone();
            let product = |entry: &Option<Id>| entry.and_then(|_| products.next().flatten());
            outputs.extend(gradient.iter().map(product));
        }
    }
    Derived {
        graph: graph.into_inner(),
        outputs,
        results,
    }
}
