//! Second derivatives of a function on a tape that is reused.

use super::Tape;
use super::derivatives::{check, zeros};
use crate::scalar::dual::Dual;
use crate::scalar::number::Scalar;
use crate::scalar::var::Var;

/// # Second derivatives
///
/// On a tape of forward-mode numbers, the numbers of the function are `Dual`.
impl<T: Scalar> Tape<Dual<T>> {
    /// Returns the gradient of a function, and the product `H v` of its Hessian matrix with `v`, for about twice the
    /// cost of the gradient, by forward mode over reverse mode.
    ///
    /// ```
    /// use autodiff::scalar::{Dual, Tape};
    ///
    /// let mut tape = Tape::<Dual>::default();
    /// let (gradient, product) = tape.hvp(|x| x[0] * x[0] * x[1], &[2.0, 3.0], &[1.0, 0.0]);
    /// assert_eq!((gradient, product), (vec![12.0, 4.0], vec![6.0, 4.0]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the lengths of `v` and `x` differ.
    #[must_use]
    #[track_caller]
    pub fn hvp<F>(&mut self, f: F, x: &[T], v: &[T]) -> (Vec<T>, Vec<T>)
    where
        F: for<'t> FnOnce(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>>,
    {
        check_direction("hvp", v, x);
        let (mut gradient, mut product) = (zeros(x.len()), zeros(x.len()));
        self.along(
            f,
            x,
            |i| v[i],
            |i, slope| {
                (gradient[i], product[i]) = (slope.value, slope.tangent());
            },
        );
        (gradient, product)
    }

    /// Returns the value of a function, writes its gradient to `gradient`, and the product `H v` of its Hessian matrix
    /// with `v` to `product`.
    ///
    /// # Panics
    ///
    /// If the length of `v`, `gradient` or `product` is not the length of `x`.
    #[track_caller]
    pub fn hvp_into<F>(
        &mut self,
        f: F,
        x: &[T],
        v: &[T],
        gradient: &mut [T],
        product: &mut [T],
    ) -> T
    where
        F: for<'t> FnOnce(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>>,
    {
        check_direction("hvp_into", v, x);
        check("hvp_into", gradient, "derivatives", x.len(), "inputs");
        check(
            "hvp_into",
            product,
            "components of the product",
            x.len(),
            "inputs",
        );
        let value = self.along(
            f,
            x,
            |i| v[i],
            |i, slope| {
                (gradient[i], product[i]) = (slope.value, slope.tangent());
            },
        );
        value.value
    }

    /// Returns the Hessian matrix of a function, the matrix of its second derivatives. The function is recorded once
    /// for each row.
    #[must_use]
    #[track_caller]
    pub fn hessian<F>(&mut self, f: F, x: &[T]) -> Vec<Vec<T>>
    where
        F: for<'t> Fn(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>>,
    {
        let mut rows = vec![zeros(x.len()); x.len()];
        for (axis, row) in rows.iter_mut().enumerate() {
            self.along_axis(&f, x, axis, |i, slope| row[i] = slope.tangent());
        }
        rows
    }

    /// Returns the value, the gradient and the Hessian matrix of a function. The function is recorded once for each row
    /// of the matrix, and once if there is none.
    ///
    /// ```
    /// use autodiff::scalar::{Dual, Tape};
    ///
    /// let mut tape = Tape::<Dual>::default();
    /// let (value, gradient, hessian) = tape.value_and_hessian(|x| x[0] * x[0] * x[1], &[2.0, 3.0]);
    /// assert_eq!((value, gradient), (12.0, vec![12.0, 4.0]));
    /// assert_eq!(hessian, [[6.0, 4.0], [4.0, 0.0]]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn value_and_hessian<F>(&mut self, f: F, x: &[T]) -> (T, Vec<T>, Vec<Vec<T>>)
    where
        F: for<'t> Fn(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>>,
    {
        let (mut gradient, mut hessian) = (zeros(x.len()), vec![zeros(x.len()); x.len()]);
        let mut value = None;
        for (axis, row) in hessian.iter_mut().enumerate() {
            value = Some(self.along_axis(&f, x, axis, |i, slope| {
                (gradient[i], row[i]) = (slope.value, slope.tangent());
            }));
        }
        let value = match value {
            Some(value) => value,
            None => self.along_axis(&f, x, 0, |_, _| {}),
        };
        (value.value, gradient, hessian)
    }

    /// Calls [`along`](Tape::along) with the direction of one axis.
    #[track_caller]
    fn along_axis<F>(
        &mut self,
        f: F,
        x: &[T],
        axis: usize,
        set: impl FnMut(usize, Dual<T>),
    ) -> Dual<T>
    where
        F: for<'t> FnOnce(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>>,
    {
        self.along(
            f,
            x,
            |i| T::from_f64(if i == axis { 1.0 } else { 0.0 }),
            set,
        )
    }

    /// Calls `set` with the index and the value of each component of the gradient at a point that moves in a direction,
    /// and returns the value of the function.
    #[track_caller]
    fn along<F>(
        &mut self,
        f: F,
        x: &[T],
        direction: impl Fn(usize) -> T,
        mut set: impl FnMut(usize, Dual<T>),
    ) -> Dual<T>
    where
        F: for<'t> FnOnce(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>>,
    {
        let mut moving = self.buffers.moving.take();
        moving.extend(
            x.iter()
                .enumerate()
                .map(|(i, &value)| Dual::new(value, direction(i))),
        );
        moving.resize(2 * x.len(), Dual::default());
        let (point, gradient) = moving.split_at_mut(x.len());
        let value = self.value_and_gradient_into(f, point, gradient);
        for (i, &slope) in gradient.iter().enumerate() {
            set(i, slope);
        }
        self.buffers.moving.put(moving);
        value
    }
}

#[track_caller]
fn check_direction<T>(operation: &str, v: &[T], x: &[T]) {
    let (components, inputs) = (v.len(), x.len());
    assert!(
        components == inputs,
        "{operation}: a direction of {components} components for {inputs} inputs"
    );
}
