//! Functions that are recorded once and replayed on many points.

mod compile;
mod derive;
mod error;
mod fallback;
mod graph;
mod instruction;
mod listing;
mod lower;
mod points;
mod recording;
mod registers;
mod run;
mod runs;
mod simplify;
pub(super) mod sparse;
mod strip;
mod symbol;
mod variants;

pub use compile::Computation;
pub use error::ProgramError;
pub use listing::Listing;
pub use points::Points;
pub use variants::Paths;

pub(super) use graph::Relation;
pub(super) use recording::Recording;

use crate::scalar::number::Scalar;
use crate::scalar::var::Var;
use crate::tensor::Real;
use recording::Function;
use std::fmt;
use variants::{Request, Variants};

/// A function of numbers that is recorded once and replayed on many points.
pub struct Program<'f, T: Real + Scalar = f64> {
    f: Box<Function<'f, T>>,
    /// The numbers of shared inputs and of inputs of each point.
    inputs: [usize; 2],
    variants: Variants<T>,
}

impl<'f> Program<'f> {
    /// Makes a program of a function of `shared` inputs that all points share, and `inputs` inputs of each point.
    #[must_use]
    #[track_caller]
    pub fn new<F>(shared: usize, inputs: usize, f: F) -> Self
    where
        F: for<'t> Fn(&[Var<'t>], &[Var<'t>]) -> Vec<Var<'t>> + Send + Sync + 'f,
    {
        Program::from_function(shared, inputs, Box::new(f))
    }
}

impl<'f> Program<'f, f32> {
    /// Makes a program in single precision, as [`Program::new`] does in double precision.
    #[must_use]
    #[track_caller]
    pub fn new_f32<F>(shared: usize, inputs: usize, f: F) -> Self
    where
        F: for<'t> Fn(&[Var<'t, f32>], &[Var<'t, f32>]) -> Vec<Var<'t, f32>> + Send + Sync + 'f,
    {
        Program::from_function(shared, inputs, Box::new(f))
    }
}

/// # Settings
impl<'f, T: Real + Scalar> Program<'f, T> {
    #[track_caller]
    fn from_function(shared: usize, inputs: usize, f: Box<Function<'f, T>>) -> Self {
        assert!(inputs > 0, "program: a point has no inputs");
        Program {
            f,
            inputs: [shared, inputs],
            variants: Variants::default(),
        }
    }

    /// Sets the number of threads. The results do not depend on it.
    #[must_use]
    #[track_caller]
    pub fn threads(mut self, threads: usize) -> Self {
        assert!(threads > 0, "threads: the number of threads is 0");
        self.variants.set_threads(threads);
        self
    }

    /// Sets how many paths through the function are compiled. Points on other paths are left to a tape. The default
    /// is 8.
    #[must_use]
    pub fn max_variants(mut self, variants: usize) -> Self {
        self.variants.limit = variants;
        self
    }
}

/// Defines a computation: a method that returns the results, and one that writes them into slices.
macro_rules! computations {
    ($(
        $(#[$doc:meta])*
        $name:ident, $name_into:ident($($direction:ident)?) = $Computation:ident:
        $first:ident of |$o:ident, $n:ident| $first_width:expr, $second:ident of $second_width:expr;
    )*) => {
        /// # Computing
        ///
        /// Results are in rows if the points are in rows, and in columns if they are in columns.
        ///
        /// # Panics
        ///
        /// All methods panic if the number of shared inputs differs from the number given to [`Program::new`], if the
        /// length of the points is not a multiple of the number of inputs, or if another slice does not have the
        /// length that follows from these.
        impl<T: Real + Scalar> Program<'_, T> { $(
            $(#[$doc])*
            #[track_caller]
            pub fn $name(
                &mut self,
                shared: &[T],
                points: Points<'_, T>,
                $($direction: &[T],)?
            ) -> Result<(Vec<T>, Vec<T>), ProgramError> {
                let count = self.check(stringify!($name), shared, points);
                let outputs = self.output_count(shared, points)?;
                let ($o, $n) = (outputs, self.inputs[1]);
                let _ = ($o, $n);
                let mut first = vec![T::default(); count * $first_width];
                let mut second = vec![T::default(); count * $second_width];
                self.$name_into(shared, points, $($direction,)? &mut first, &mut second)?;
                Ok((first, second))
            }

            /// Writes the same results into slices. Once a program has run on as many points, it allocates nothing on
            /// one thread.
            ///
            /// # Errors
            ///
            /// If the function cannot be replayed.
            #[track_caller]
            pub fn $name_into(
                &mut self,
                shared: &[T],
                points: Points<'_, T>,
                $($direction: &[T],)?
                $first: &mut [T],
                $second: &mut [T],
            ) -> Result<(), ProgramError> {
                let count = self.check(stringify!($name), shared, points);
                let outputs = self.output_count(shared, points)?;
                let ($o, $n) = (outputs, self.inputs[1]);
                let _ = ($o, $n);
                #[allow(unused_mut, unused_assignments, reason = "not every computation has a direction")]
                let mut direction: Option<&[T]> = None;
                $(direction = Some($direction);)?
                self.compute(
                    &Request {
                        computation: Computation::$Computation,
                        shared,
                        points,
                        direction,
                        count,
                        widths: [$first_width, $second_width],
                    },
                    [$first, $second],
                    &mut [],
                )
            }
        )* }
    };
}

computations! {
    /// Returns the outputs of each point, and its gradient with respect to the inputs of the point. The function must
    /// have one output.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    values_and_gradients, values_and_gradients_into() = Gradients:
        values of |o, n| o, gradients of n;
    /// Returns the outputs of each point, and its Jacobian matrix with respect to the inputs of the point. In rows, the
    /// matrices of the points follow each other, each row by row; in columns, the entries do.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    values_and_jacobians, values_and_jacobians_into() = Jacobians:
        values of |o, n| o, jacobians of o * n;
    /// Returns the outputs `y` of each point, and the products `J ẋ` of its Jacobian matrix with a vector of the point.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    jvp, jvp_into(x_dot) = Jvp: values of |o, n| o, y_dot of o;
    /// Returns the outputs `y` of each point, and the products `Jᵀ ȳ` of its transposed Jacobian matrix with a vector of
    /// the point.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    vjp, vjp_into(y_bar) = Vjp: values of |o, n| o, x_bar of n;
    /// Returns the gradient of each point, and the product `H v` of its Hessian matrix with a vector of the point. The
    /// function must have one output.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    hvp, hvp_into(v) = Hvp: gradients of |o, n| n, products of n;
}

impl<T: Real + Scalar> Program<'_, T> {
    /// Returns the outputs of each point.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    #[track_caller]
    pub fn values(&mut self, shared: &[T], points: Points<'_, T>) -> Result<Vec<T>, ProgramError> {
        let count = self.check("values", shared, points);
        let outputs = self.output_count(shared, points)?;
        let mut values = vec![T::default(); count * outputs];
        self.values_into(shared, points, &mut values)?;
        Ok(values)
    }

    /// Writes the outputs of each point into a slice. Once a program has run on as many points, it allocates nothing
    /// on one thread.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    #[track_caller]
    pub fn values_into(
        &mut self,
        shared: &[T],
        points: Points<'_, T>,
        values: &mut [T],
    ) -> Result<(), ProgramError> {
        let count = self.check("values", shared, points);
        let outputs = self.output_count(shared, points)?;
        self.compute(
            &Request {
                computation: Computation::Values,
                shared,
                points,
                direction: None,
                count,
                widths: [outputs, 0],
            },
            [values, &mut []],
            &mut [],
        )
    }

    /// Returns the sum of the output over all points, and its gradient with respect to the shared inputs. The function
    /// must have one output.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    #[track_caller]
    pub fn sum_and_gradient(
        &mut self,
        shared: &[T],
        points: Points<'_, T>,
    ) -> Result<(T, Vec<T>), ProgramError> {
        let mut gradient = vec![T::default(); self.inputs[0]];
        let sum = self.sum_and_gradient_into(shared, points, &mut gradient)?;
        Ok((sum, gradient))
    }

    /// Returns the sum of the output over all points, and writes its gradient with respect to the shared inputs into a
    /// slice.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    #[track_caller]
    pub fn sum_and_gradient_into(
        &mut self,
        shared: &[T],
        points: Points<'_, T>,
        gradient: &mut [T],
    ) -> Result<T, ProgramError> {
        let count = self.check("sum_and_gradient", shared, points);
        check_length(
            "sum_and_gradient",
            "the gradient",
            gradient.len(),
            self.inputs[0],
        );
        self.output_count(shared, points)?;
        let mut results = self.variants.take_results(1 + self.inputs[0]);
        self.compute(
            &Request {
                computation: Computation::SummedGradient,
                shared,
                points,
                direction: None,
                count,
                widths: [0, 0],
            },
            [&mut [], &mut []],
            &mut results,
        )?;
        gradient.copy_from_slice(&results[1..]);
        Ok(self.variants.give_back(results))
    }

    #[track_caller]
    fn compute(
        &mut self,
        request: &Request<'_, T>,
        outputs: [&mut [T]; 2],
        results: &mut [T],
    ) -> Result<(), ProgramError> {
        self.variants.run(&*self.f, request, outputs, results)
    }

    /// Checks the lengths of the inputs, and returns the number of points.
    #[track_caller]
    fn check(&self, operation: &str, shared: &[T], points: Points<'_, T>) -> usize {
        let [of_all, of_each] = self.inputs;
        check_length(operation, "the shared inputs", shared.len(), of_all);
        let length = points.data().len();
        assert!(
            length.is_multiple_of(of_each),
            "{operation}: the points have {length} numbers, which is not a multiple of {of_each}, the number of inputs"
        );
        length / of_each
    }

    /// The number of outputs; 0 if there are no points.
    #[track_caller]
    fn output_count(&mut self, shared: &[T], points: Points<'_, T>) -> Result<usize, ProgramError> {
        let inputs = self.inputs;
        self.variants.output_count(&*self.f, inputs, shared, points)
    }
}

/// Panics if a slice does not have the length that it should have.
#[track_caller]
fn check_length(operation: &str, what: &str, length: usize, expected: usize) {
    assert!(
        length == expected,
        "{operation}: the length of {what} is {length}, and should be {expected}"
    );
}

/// # Seeing
impl<T: Real + Scalar> Program<'_, T> {
    /// Returns how many points took which path, since the program was made.
    #[must_use]
    pub fn paths(&self) -> Paths {
        self.variants.paths()
    }

    /// Returns the instructions of a computation on the first recorded path; `None` if nothing was recorded yet.
    #[must_use]
    pub fn listing(&mut self, computation: Computation) -> Option<Listing> {
        self.variants.listing(computation)
    }
}

impl<T: Real + Scalar> fmt::Debug for Program<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("inputs", &self.inputs)
            .field("paths", &self.paths())
            .finish()
    }
}
