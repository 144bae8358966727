//! `det`: the determinant by expansion along the first row, over the minors of the minors. An elimination would be
//! faster, and is not what the eval asks for.
//!
//! The expansion of a large matrix has more operations than a tape should hold. So the gradient of each small minor is
//! accumulated at once, on a tape that stays in the cache, and the minor is one node of the outer tape.

use crate::call::{Answer, Call};
use crate::error::{Error, ensure};
use autodiff::scalar::{Scalar, Tape, Var, preaccumulate};
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    #[serde(rename = "A")]
    a: Vec<f64>,
    ell: usize,
}

/// The size of the minors that become nodes.
const NODE: usize = 7;

/// The columns of a minor, in increasing order: `next[j]` follows `j`, and `next[n]` is the first, for n columns in all.
type Columns = [usize];

/// Returns the minor of the given columns and of the rows from `row`, by `of_smaller` minors.
fn expand<T: Scalar>(
    a: &[T],
    row: usize,
    columns: &mut Columns,
    mut of_smaller: impl FnMut(&mut Columns) -> T,
) -> T {
    let n = columns.len() - 1;
    let mut sum = T::default();
    let (mut before, mut column, mut plus) = (n, columns[n], true);
    while column < n {
        columns[before] = columns[column];
        let term = a[row * n + column] * of_smaller(columns);
        columns[before] = column;
        sum = if plus { sum + term } else { sum - term };
        (before, column, plus) = (column, columns[column], !plus);
    }
    sum
}

fn minor<T: Scalar>(a: &[T], row: usize, columns: &mut Columns) -> T {
    let n = columns.len() - 1;
    if row + 1 == n {
        return a[row * n + columns[n]];
    }
    expand(a, row, columns, |columns| minor(a, row + 1, columns))
}

/// As [`minor`], but minors of size [`NODE`] are recorded as one node.
fn minor_of_nodes<'t>(a: &[Var<'t>], row: usize, columns: &mut Columns) -> Var<'t> {
    let n = columns.len() - 1;
    if n - row > NODE {
        return expand(a, row, columns, |columns| {
            minor_of_nodes(a, row + 1, columns)
        });
    }
    let mut entries = Vec::with_capacity((n - row) * (n - row));
    for row in a.chunks(n).skip(row) {
        let mut column = columns[n];
        while column < n {
            entries.push(row[column]);
            column = columns[column];
        }
    }
    preaccumulate(|a| vec![minor(a, 0, &mut all(n - row))], &entries)[0]
}

/// All of `n` columns.
fn all(n: usize) -> Vec<usize> {
    let mut columns: Vec<_> = (1..=n).collect();
    columns.push(0);
    columns
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let Input { a, ell } = call.input()?;
    ensure!(ell > 0, "ell is 0");
    ensure!(
        ell.checked_mul(ell) == Some(a.len()),
        "A has {} entries, and ell is {ell}",
        a.len()
    );
    match call.function.as_str() {
        "primal" => call.time(|| minor(&a, 0, &mut all(ell))),
        "gradient" => {
            let mut tape = Tape::new();
            call.time(|| {
                if call.literal {
                    tape.gradient(|a| minor(a, 0, &mut all(ell)), &a)
                } else {
                    tape.gradient(|a| minor_of_nodes(a, 0, &mut all(ell)), &a)
                }
            })
        }
        _ => Err(call.unknown()),
    }
}
