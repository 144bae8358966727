//! The methods of `Program` that compute.

use super::compile::Computation;
use super::error::ProgramError;
use super::methods::Program;
use super::points::{Points, check_length};
use super::request::Request;
use crate::scalar::number::Scalar;
use crate::tensor::Real;

/// Defines a computation: a method that returns the results, and one that writes them into slices.
macro_rules! computations {
    ($(
        $(#[$doc:meta])*
        $name:ident, $name_into:ident($($direction:ident)?) = $Computation:ident:
        $first:ident of |$o:ident, $n:ident| $first_width:expr, $second:ident of $second_width:expr;
    )*) => {
        /// # Computing
        ///
        /// The results have the layout of the points: rows for [`Points::Rows`], columns for [`Points::Columns`]. So do
        /// the vectors of [`jvp`](Program::jvp), [`vjp`](Program::vjp) and [`hvp`](Program::hvp), one for each point.
        ///
        /// The first call records the function at its first point. If there are no points, nothing is recorded, and
        /// results of each point are empty.
        ///
        /// # Errors
        ///
        /// All methods return a [`ProgramError`] if the function cannot be replayed. Results of an `_into` form are
        /// then unspecified.
        ///
        /// # Panics
        ///
        /// All methods panic if the number of shared inputs differs from the number given to [`Program::new`], if the
        /// length of the points is not a multiple of the number of inputs, if another slice does not have the length
        /// that follows from these, if the function panics, or if it returns a variable of another tape.
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

            #[doc = concat!("Writes the results of [`", stringify!($name), "`](Program::", stringify!($name), ")")]
            /// into slices. Once a program has run on as many points, it allocates nothing on one thread, unless points
            /// are left to a tape.
            ///
            /// # Errors
            ///
            /// If the function cannot be replayed.
            ///
            /// # Panics
            ///
            /// If a slice does not have the length of these results, and where the method that returns them does.
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
    /// Returns the output of each point, and its gradient with respect to the inputs of the point. The function must
    /// have one output.
    ///
    /// In rows, the gradients of the points follow each other; in columns, the derivatives of all points with respect
    /// to the first input come first.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// let mut area = Program::new(0, 2, |_, x| vec![x[0] * x[1]]);
    /// // The points (2, 3) and (4, 5), in rows and in columns.
    /// let (values, gradients) = area.values_and_gradients(&[], Points::Rows(&[2.0, 3.0, 4.0, 5.0]))?;
    /// assert_eq!((&values[..], &gradients[..]), (&[6.0, 20.0][..], &[3.0, 2.0, 5.0, 4.0][..]));
    /// let (values, gradients) = area.values_and_gradients(&[], Points::Columns(&[2.0, 4.0, 3.0, 5.0]))?;
    /// assert_eq!((&values[..], &gradients[..]), (&[6.0, 20.0][..], &[3.0, 5.0, 2.0, 4.0][..]));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the function has several outputs, or if the lengths do not fit: see [above](#computing).
    values_and_gradients, values_and_gradients_into() = Gradients:
        values of |o, n| o, gradients of n;
    /// Returns the outputs of each point, and its Jacobian matrix with respect to the inputs of the point, by a backward
    /// pass for each output.
    ///
    /// In rows, the matrices of the points follow each other, each row by row. In columns, the entries do in the same
    /// order, each for all points.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// let mut f = Program::new(0, 2, |_, x| vec![x[0] * x[1], x[0] - 2.0 * x[1]]);
    /// let (values, jacobians) = f.values_and_jacobians(&[], Points::Rows(&[2.0, 3.0, 4.0, 5.0]))?;
    /// assert_eq!(values, [6.0, -4.0, 20.0, -6.0]);
    /// assert_eq!(jacobians, [3.0, 2.0, 1.0, -2.0, 5.0, 4.0, 1.0, -2.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the lengths do not fit: see [above](#computing).
    values_and_jacobians, values_and_jacobians_into() = Jacobians:
        values of |o, n| o, jacobians of o * n;
    /// Returns the outputs `y` of each point, and the products `ẏ = J ẋ` of its Jacobian matrix with a vector `ẋ` of the
    /// point, which has an entry for each input.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// let mut f = Program::new(0, 2, |_, x| vec![x[0] * x[1], x[0] - 2.0 * x[1]]);
    /// let (y, y_dot) = f.jvp(&[], Points::Rows(&[2.0, 3.0]), &[1.0, 10.0])?;
    /// assert_eq!(y, [6.0, -4.0]);
    /// assert_eq!(y_dot, [3.0 + 20.0, 1.0 - 20.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the lengths do not fit: see [above](#computing). The vectors are as long as the points.
    jvp, jvp_into(x_dot) = Jvp: values of |o, n| o, y_dot of o;
    /// Returns the outputs `y` of each point, and the products `x̄ = Jᵀ ȳ` of its transposed Jacobian matrix with a vector
    /// `ȳ` of the point, which has an entry for each output.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// let mut f = Program::new(0, 2, |_, x| vec![x[0] * x[1], x[0] - 2.0 * x[1]]);
    /// let (_, x_bar) = f.vjp(&[], Points::Rows(&[2.0, 3.0]), &[1.0, 10.0])?;
    /// assert_eq!(x_bar, [3.0 + 10.0, 2.0 - 20.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the lengths do not fit: see [above](#computing). The vectors are as long as the values.
    vjp, vjp_into(y_bar) = Vjp: values of |o, n| o, x_bar of n;
    /// Returns the gradient of each point, and the product `H v` of its Hessian matrix with a vector `v` of the point,
    /// which has an entry for each input. The function must have one output.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// let mut f = Program::new(0, 2, |_, x| vec![x[0] * x[0] * x[1]]);
    /// let (gradients, products) = f.hvp(&[], Points::Rows(&[2.0, 3.0]), &[1.0, 0.0])?;
    /// assert_eq!(gradients, [12.0, 4.0]);
    /// // The first column of the Hessian matrix.
    /// assert_eq!(products, [6.0, 4.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the function has several outputs, or if the lengths do not fit: see [above](#computing). The vectors are as
    /// long as the points.
    hvp, hvp_into(v) = Hvp: gradients of |o, n| n, products of n;
}

impl<T: Real + Scalar> Program<'_, T> {
    /// Returns the outputs of each point.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// let mut polar = Program::new(0, 2, |_, x| vec![x[0].hypot(x[1]), x[1].atan2(x[0])]);
    /// let values = polar.values(&[], Points::Rows(&[1.0, 0.0, -2.0, 0.0]))?;
    /// assert_eq!(values, [1.0, 0.0, 2.0, std::f64::consts::PI]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the lengths do not fit: see [above](#computing).
    #[track_caller]
    pub fn values(&mut self, shared: &[T], points: Points<'_, T>) -> Result<Vec<T>, ProgramError> {
        let count = self.check("values", shared, points);
        let outputs = self.output_count(shared, points)?;
        let mut values = vec![T::default(); count * outputs];
        self.values_into(shared, points, &mut values)?;
        Ok(values)
    }

    /// Writes the results of [`values`](Program::values) into a slice. Once a program has run on as many points, it
    /// allocates nothing on one thread, unless points are left to a tape.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the lengths do not fit: see [above](#computing).
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
    /// must have one output. Of no points the sum is 0.
    ///
    /// The sum is added pairwise, so its rounding error does not grow with the number of points.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// // The squared distance of the points from the line s₀ + s₁ x.
    /// let mut error = Program::new(2, 2, |s, x| vec![(s[0] + s[1] * x[0] - x[1]).square()]);
    /// let points = [0.0, 1.0, 1.0, 3.0, 2.0, 5.0];
    /// let (sum, gradient) = error.sum_and_gradient(&[1.0, 1.0], Points::Rows(&points))?;
    /// assert_eq!(sum, 0.0 + 1.0 + 4.0);
    /// assert_eq!(gradient, [-2.0 - 4.0, -2.0 - 8.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the function has several outputs, or if the lengths do not fit: see [above](#computing).
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
    /// slice. Once a program has run on as many points, it allocates nothing on one thread, unless points are left to a
    /// tape.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the slice has not as many entries as there are shared inputs, and where
    /// [`sum_and_gradient`](Program::sum_and_gradient) does.
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

    /// The number of outputs; 0 if nothing was recorded, because there are no points.
    #[track_caller]
    pub(in crate::scalar) fn output_count(
        &mut self,
        shared: &[T],
        points: Points<'_, T>,
    ) -> Result<usize, ProgramError> {
        let inputs = self.inputs;
        self.variants.output_count(&*self.f, inputs, shared, points)
    }
}
