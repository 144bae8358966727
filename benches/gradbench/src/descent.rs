//! The gradient descent of the evals `saddle` and `particle`, which all tools share.

use autodiff::scalar::Scalar;

/// Returns the point that minimises a function, by gradient descent from `x`. `f` returns the value; `gradient` the
/// gradient.
///
/// The rate grows twofold after ten steps that made the function smaller, and is halved at a step that does not. The
/// search ends when the gradient or a step is short.
pub(crate) fn argmin<T: Scalar, const N: usize>(
    mut f: impl FnMut([T; N]) -> T,
    mut gradient: impl FnMut([T; N]) -> [T; N],
    mut x: [T; N],
) -> [T; N] {
    let [short, mut rate] = [1e-5, 1e-5];
    let length = |v: [T; N]| {
        v.iter()
            .map(|v| v.to_f64() * v.to_f64())
            .sum::<f64>()
            .sqrt()
    };
    let mut value = f(x);
    let mut slope = gradient(x);
    let mut steps = 0;
    while length(slope) > short {
        if steps == 10 {
            rate *= 2.0;
            steps = 0;
            continue;
        }
        let next: [T; N] = std::array::from_fn(|i| x[i] - T::from_f64(rate) * slope[i]);
        if length(std::array::from_fn(|i| x[i] - next[i])) <= short {
            break;
        }
        let value_there = f(next);
        if value_there < value {
            (x, value) = (next, value_there);
            slope = gradient(x);
            steps += 1;
        } else {
            rate /= 2.0;
            steps = 0;
        }
    }
    x
}

/// Returns the point that maximises a function, as [`argmin`] does.
pub(crate) fn argmax<T: Scalar, const N: usize>(
    mut f: impl FnMut([T; N]) -> T,
    mut gradient: impl FnMut([T; N]) -> [T; N],
    x: [T; N],
) -> [T; N] {
    argmin(|x| -f(x), |x| gradient(x).map(|slope| -slope), x)
}
