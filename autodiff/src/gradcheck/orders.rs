//! The checks of first and second derivatives, for functions of tensors and for functions of numbers.

use super::check::{balanced_weights, check};
use super::options::Gradcheck;
use super::report::{Error, Report};
use super::subject::{Inputs, Shapes, Subject};
use crate::scalar::{self, Dual, Scalar};
use crate::tensor::{Gradients, Real, Shape, Tape, Tensor, Var};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

impl Gradcheck {
    /// Checks the gradient of a function of tensors at the inputs `x`. The result of the function may have any shape.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] if `f(x)` is NaN or infinite. Otherwise [`Error::Mismatch`] if a derivative is wrong: it
    /// holds the derivative with the largest error, or one that makes a sum along a random direction wrong.
    ///
    /// # Panics
    ///
    /// If an element lies outside the [domain](Gradcheck::domain) of its input, or if a domain is set for an input that
    /// does not exist.
    #[track_caller]
    pub fn first_order<T: Real>(
        &self,
        f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>,
        x: &[Tensor<T>],
    ) -> Result<Report, Error> {
        let (report, _) = self.tensors_to_first_order(&f, &self.inputs_of_tensors(x))?;
        Ok(report)
    }

    /// Checks the gradient of a function of tensors at the inputs `x`, and then the derivatives of the recorded
    /// gradient, which are compared with differences of the gradient. The report describes the second check.
    ///
    /// If the result of the function has several elements, the second check uses the gradient of their sum with random
    /// weights.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] if `f(x)` is NaN or infinite. Otherwise [`Error::Mismatch`] if a first or second derivative
    /// is wrong.
    ///
    /// # Panics
    ///
    /// If an element lies outside the [domain](Gradcheck::domain) of its input, or if a domain is set for an input that
    /// does not exist.
    #[track_caller]
    pub fn second_order<T: Real>(
        &self,
        f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>,
        x: &[Tensor<T>],
    ) -> Result<Report, Error> {
        let inputs = self.inputs_of_tensors(x);
        let (_, weights) = self.tensors_to_first_order(&f, &inputs)?;
        let weights = &weights;
        let gradient = |x: &[f64]| {
            let tape = Tape::new();
            let vars = record(&tape, &inputs.shapes, x);
            let y = f(&vars);
            wrt_all(&y.vjp(tensor::<T>(&y.shape(), weights)), &vars)
        };
        let pull_back = |probes: &[f64]| {
            let tape = Tape::new();
            let vars = record(&tape, &inputs.shapes, &inputs.x);
            let y = f(&vars);
            let weighted = (y * tensor::<T>(&y.shape(), weights)).sum();
            let mut sum = tape.constant(T::from_f64(0.0));
            let ranges = inputs.shapes.ranges();
            for (g, range) in weighted.recorded_gradients(&vars).into_iter().zip(ranges) {
                sum += (g * tensor::<T>(&g.shape(), &probes[range])).sum();
            }
            wrt_all(&sum.gradients(), &vars)
        };
        self.check_gradient::<T>(&inputs, &gradient, &pull_back)
    }

    /// Checks the gradient of a function of numbers, which is recorded on the scalar tape, at the inputs `x`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] if `f(x)` is NaN or infinite. Otherwise [`Error::Mismatch`] if a derivative is wrong: it
    /// holds the derivative with the largest error, or one that makes the derivative along a random direction wrong.
    ///
    /// # Panics
    ///
    /// If a number lies outside the [domain](Gradcheck::domain) of its input, or if a domain is set for an input that
    /// does not exist.
    #[track_caller]
    pub fn scalar_first_order<T: Real + Scalar>(
        &self,
        f: impl for<'t> Fn(&[scalar::Var<'t, T>]) -> scalar::Var<'t, T>,
        x: &[T],
    ) -> Result<Report, Error> {
        let inputs = self.inputs_of_numbers(x);
        let value = |x: &[f64]| {
            let tape = scalar::Tape::default();
            f(&tape.vars(scalars::<T>(x))).value()
        };
        let gradient = || scalar::general::gradient(&f, x);
        self.numbers_to_first_order::<T>(&inputs, &value, &gradient)
    }

    /// Checks the gradient of a function of numbers at the inputs `x`, and then its second derivatives, which are
    /// compared with differences of the gradient. The report describes the second check.
    ///
    /// The second derivatives are computed by forward mode over the scalar tape, so the function takes variables that
    /// hold a [`Dual`] number.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] if `f(x)` is NaN or infinite. Otherwise [`Error::Mismatch`] if a first or second derivative
    /// is wrong.
    ///
    /// # Panics
    ///
    /// If a number lies outside the [domain](Gradcheck::domain) of its input, or if a domain is set for an input that
    /// does not exist.
    #[track_caller]
    pub fn scalar_second_order<T: Real + Scalar>(
        &self,
        f: impl for<'t> Fn(&[scalar::Var<'t, Dual<T>>]) -> scalar::Var<'t, Dual<T>>,
        x: &[T],
    ) -> Result<Report, Error> {
        let inputs = self.inputs_of_numbers(x);
        let still = vec![<T as Scalar>::from_f64(0.0); x.len()];
        let gradient_at = |x: &[T]| scalar::general::hvp(&f, x, &still).0;
        let value = |x: &[f64]| {
            let tape = scalar::Tape::default();
            let x: Vec<_> = scalars::<T>(x).into_iter().map(Dual::constant).collect();
            f(&tape.vars(x)).value().value
        };
        self.numbers_to_first_order::<T>(&inputs, &value, &|| gradient_at(x))?;
        let gradient = |x: &[f64]| {
            let gradient = gradient_at(&scalars::<T>(x));
            gradient.into_iter().map(Scalar::to_f64).collect()
        };
        let pull_back = |probes: &[f64]| {
            let (_, product) = scalar::general::hvp(&f, x, &scalars::<T>(probes));
            product.into_iter().map(Scalar::to_f64).collect()
        };
        self.check_gradient::<T>(&inputs, &gradient, &pull_back)
    }

    /// Checks the first derivatives. Returns the report, and the weights of the sum of outputs whose second derivatives
    /// are checked.
    fn tensors_to_first_order<T: Real>(
        &self,
        f: &impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>,
        inputs: &Inputs,
    ) -> Result<(Report, Vec<f64>), Error> {
        let values = |x: &[f64]| {
            let tape = Tape::new();
            numbers(&f(&record(&tape, &inputs.shapes, x)).value())
        };
        let shape = f(&record(&Tape::new(), &inputs.shapes, &inputs.x)).shape();
        let pull_back = |weights: &[f64]| {
            let tape = Tape::new();
            let vars = record(&tape, &inputs.shapes, &inputs.x);
            wrt_all(&f(&vars).vjp(tensor::<T>(&shape, weights)), &vars)
        };
        let outputs = Shapes(vec![shape.clone()]);
        let subject = Subject::new::<T>(
            1,
            self.method::<T>(1),
            inputs,
            &outputs,
            &values,
            &pull_back,
        );
        let report = check(&subject)?;
        let weights = match subject.base.len() {
            1 => vec![1.0],
            _ => balanced_weights(&subject, &mut ChaCha8Rng::seed_from_u64(2)),
        };
        Ok((report, weights))
    }

    fn numbers_to_first_order<T: Real>(
        &self,
        inputs: &Inputs,
        value: &dyn Fn(&[f64]) -> T,
        gradient: &dyn Fn() -> Vec<T>,
    ) -> Result<Report, Error> {
        let values = |x: &[f64]| vec![value(x).to_f64()];
        let pull_back = |weights: &[f64]| {
            let gradient = gradient().into_iter();
            gradient.map(|slope| weights[0] * slope.to_f64()).collect()
        };
        let outputs = Shapes(vec![Shape::scalar()]);
        let subject = Subject::new::<T>(
            1,
            self.method::<T>(1),
            inputs,
            &outputs,
            &values,
            &pull_back,
        );
        check(&subject)
    }

    /// Checks the derivatives of `gradient`. `pull_back` returns the gradient of the sum of its components with the
    /// given weights.
    fn check_gradient<T: Real>(
        &self,
        inputs: &Inputs,
        gradient: &dyn Fn(&[f64]) -> Vec<f64>,
        pull_back: &dyn Fn(&[f64]) -> Vec<f64>,
    ) -> Result<Report, Error> {
        let method = self.method::<T>(2);
        let subject = Subject::new::<T>(2, method, inputs, &inputs.shapes, gradient, pull_back);
        check(&subject)
    }

    #[track_caller]
    fn inputs_of_tensors<T: Real>(&self, x: &[Tensor<T>]) -> Inputs {
        let shapes = x.iter().map(|x| x.shape().clone()).collect();
        self.inputs(Shapes(shapes), x.iter().flat_map(numbers).collect())
    }

    #[track_caller]
    fn inputs_of_numbers<T: Real>(&self, x: &[T]) -> Inputs {
        let shapes = vec![Shape::scalar(); x.len()];
        self.inputs(Shapes(shapes), x.iter().map(|x| x.to_f64()).collect())
    }

    #[track_caller]
    fn inputs(&self, shapes: Shapes, x: Vec<f64>) -> Inputs {
        let mut domain = vec![(f64::NEG_INFINITY, f64::INFINITY); x.len()];
        for &(input, interval) in &self.domains {
            let Some(range) = shapes.ranges().nth(input) else {
                panic!(
                    "gradcheck: a domain for input {input} of a function of {}",
                    shapes.0.len()
                );
            };
            domain[range].fill(interval);
        }
        for (element, (&x, &(low, high))) in x.iter().zip(&domain).enumerate() {
            if x < low || x > high {
                let (input, index) = shapes.locate(element);
                panic!(
                    "gradcheck: element {index:?} of input {input} is {x}, outside of its domain from {low} to {high}"
                );
            }
        }
        Inputs { shapes, x, domain }
    }
}

/// Records variables with these shapes and elements.
fn record<'t, T: Real>(tape: &'t Tape<T>, shapes: &Shapes, x: &[f64]) -> Vec<Var<'t, T>> {
    let inputs = shapes.0.iter().zip(shapes.ranges());
    inputs
        .map(|(shape, range)| tape.var(tensor(shape, &x[range])))
        .collect()
}

/// Returns the gradient with respect to all elements of all inputs.
fn wrt_all<T: Real>(gradients: &Gradients<T>, inputs: &[Var<'_, T>]) -> Vec<f64> {
    let gradients = inputs.iter().map(|&x| gradients.wrt(x));
    gradients.flat_map(|gradient| numbers(&gradient)).collect()
}

fn tensor<T: Real>(shape: &Shape, x: &[f64]) -> Tensor<T> {
    Tensor::from_flat_fn(shape, |i| T::from_f64(x[i]))
}

fn numbers<T: Real>(x: &Tensor<T>) -> Vec<f64> {
    x.data().iter().map(|x| x.to_f64()).collect()
}

fn scalars<T: Scalar>(x: &[f64]) -> Vec<T> {
    x.iter().map(|&x| T::from_f64(x)).collect()
}
