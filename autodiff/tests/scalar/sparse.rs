//! Sparsity patterns, and the recovery of sparse matrices from few products.

use autodiff::scalar::sparse::{Colouring, Pattern};
use proptest::prelude::*;

#[cfg(any(feature = "faer", feature = "nalgebra-sparse"))]
mod adaptors;
mod derivatives;
mod known;

/// The pattern with nonzeros where `nonzero` is true.
fn pattern(rows: usize, columns: usize, nonzero: impl Fn(usize, usize) -> bool) -> Pattern {
    let row = |i| {
        let row = (0..columns).filter(|&j| nonzero(i, j)).map(|j| j as u32);
        row.collect::<Vec<_>>()
    };
    Pattern::from_rows(columns, (0..rows).map(row))
}

/// The row and column of each nonzero.
fn entries(pattern: &Pattern) -> Vec<(u32, u32)> {
    let row = |i| pattern.row(i).iter().map(move |&j| (i as u32, j));
    (0..pattern.rows()).flat_map(row).collect()
}

/// Checks that the colouring recovers `values`, the nonzeros of a matrix with the pattern.
fn check_recovers(pattern: &Pattern, colouring: &Colouring, values: &[i64]) {
    let (columns, rows) = (colouring.column_groups(), colouring.row_groups());
    assert_eq!(columns.columns(), pattern.columns());
    assert_eq!(rows.columns(), pattern.rows());
    // The group of each column or row, from all groups.
    let group_of = |groups: &Pattern| {
        let mut of = vec![None; groups.columns()];
        for (c, k) in entries(groups) {
            assert_eq!(
                of[k as usize].replace(c as usize),
                None,
                "{k} is in two groups"
            );
        }
        of
    };
    let (group_of_column, group_of_row) = (group_of(columns), group_of(rows));
    let mut products = vec![vec![0; pattern.rows()]; columns.rows()];
    products.resize(colouring.products(), vec![0; pattern.columns()]);
    for (&value, (i, j)) in values.iter().zip(entries(pattern)) {
        let (i, j) = (i as usize, j as usize);
        if let Some(c) = group_of_column[j] {
            products[c][i] += value;
        }
        if let Some(c) = group_of_row[i] {
            products[columns.rows() + c][j] += value;
        }
    }
    assert_eq!(colouring.recover(&products), values);
}

/// Different values for all nonzeros.
fn numbered(pattern: &Pattern) -> Vec<i64> {
    (1..=pattern.nonzeros() as i64).map(|k| k * k).collect()
}

/// Different values for all pairs of nonzeros `(i, j)` and `(j, i)`.
fn numbered_symmetric(pattern: &Pattern) -> Vec<i64> {
    let value =
        |(i, j): (u32, u32)| 1 + i64::from(i.max(j)) * pattern.rows() as i64 + i64::from(i.min(j));
    entries(pattern).into_iter().map(value).collect()
}

/// Checks all colourings of a Jacobian, and returns their numbers of products: by columns, by rows, and the best one.
fn check_jacobian(pattern: &Pattern) -> [usize; 3] {
    let colourings = [
        Colouring::by_columns(pattern),
        Colouring::by_rows(pattern),
        Colouring::of_jacobian(pattern),
    ];
    assert_eq!(colourings[0].row_groups().rows(), 0);
    assert_eq!(colourings[1].column_groups().rows(), 0);
    colourings.map(|colouring| {
        check_recovers(pattern, &colouring, &numbered(pattern));
        colouring.products()
    })
}

/// Checks the colouring of a Hessian, and returns its number of products.
fn check_hessian(pattern: &Pattern) -> usize {
    let colouring = Colouring::of_hessian(pattern);
    assert_eq!(colouring.row_groups().rows(), 0);
    check_recovers(pattern, &colouring, &numbered_symmetric(pattern));
    colouring.products()
}

/// The smallest number of column groups that determine a matrix directly, from all ways to group the columns: each
/// nonzero `(i, j)` is alone in row `i` of a group, or, in a symmetric matrix, `(j, i)` is alone in row `j`.
fn minimum(pattern: &Pattern, symmetric: bool) -> usize {
    let n = pattern.columns();
    let entries = entries(pattern);
    let determines = |groups: &[usize]| {
        // Group 0 has no product.
        let alone = |i: u32, j: u32| {
            let group = groups[j as usize];
            let mut row = pattern.row(i as usize).iter();
            group > 0 && row.all(|&k| k == j || groups[k as usize] != group)
        };
        entries
            .iter()
            .all(|&(i, j)| alone(i, j) || (symmetric && alone(j, i)))
    };
    let exists = |count: usize| {
        let ways = (count + 1).pow(n as u32);
        (0..ways).any(|way| {
            let groups: Vec<_> = (0..n as u32)
                .map(|j| way / (count + 1).pow(j) % (count + 1))
                .collect();
            determines(&groups)
        })
    };
    (0..=n)
        .find(|&count| exists(count))
        .expect("a group for each column determines all")
}

proptest! {
    #[test]
    #[cfg_attr(miri, ignore = "slow")]
    fn random_matrices_are_recovered(
        rows in 0..24_usize,
        columns in 0..24_usize,
        densities in prop::collection::vec(prop::sample::select(vec![0, 1, 2, 3, 10]), 24),
        random in prop::collection::vec(0..10_u32, 24 * 24),
    ) {
        let pattern = pattern(rows, columns, |i, j| random[24 * i + j] < densities[i]);
        let longest_row = (0..rows).map(|i| pattern.row(i).len()).max().unwrap_or(0);
        for pattern in [&pattern, &pattern.transpose()] {
            let [by_columns, by_rows, best] = check_jacobian(pattern);
            prop_assert!(best <= by_columns.min(by_rows));
        }
        prop_assert!(Colouring::by_columns(&pattern).products() >= longest_row);
    }

    #[test]
    #[cfg_attr(miri, ignore = "slow")]
    fn random_symmetric_matrices_are_recovered(
        n in 0..24_usize,
        densities in prop::collection::vec(prop::sample::select(vec![0, 1, 2, 3, 10]), 24),
        random in prop::collection::vec(0..10_u32, 24 * 24),
    ) {
        let pattern = pattern(n, n, |i, j| random[24 * i.max(j) + i.min(j)] < densities[i.min(j)]);
        let products = check_hessian(&pattern);
        prop_assert!(products <= n);
    }

    #[test]
    #[cfg_attr(miri, ignore = "slow")]
    fn transposition_and_triangles(
        rows in 0..8_usize,
        columns in 0..8_usize,
        random in prop::collection::vec(any::<bool>(), 64),
    ) {
        let nonzero = |i: usize, j: usize| random[8 * i + j];
        let original = pattern(rows, columns, nonzero);
        let transpose = original.transpose();
        prop_assert_eq!(&transpose, &pattern(columns, rows, |i, j| nonzero(j, i)));
        prop_assert_eq!(&original.lower_triangle(), &pattern(rows, columns, |i, j| j <= i && nonzero(i, j)));
        let equal = (0..rows).all(|i| (0..columns).all(|j| nonzero(i, j) == random[8 * j + i]));
        prop_assert_eq!(original.is_symmetric(), rows == columns && equal);
        prop_assert_eq!(original.offsets().len(), rows + 1);
        prop_assert_eq!(original.offsets()[rows], original.nonzeros());
        prop_assert_eq!(original.indices().len(), original.nonzeros());
    }
}

/// Every pattern of the given kind whose nonzeros are chosen freely from `places`; a place is a nonzero and its mirror
/// image.
fn all_symmetric(n: usize, with_diagonal: bool) -> impl Iterator<Item = Pattern> {
    let places: Vec<_> = (0..n)
        .flat_map(|i| (0..=i).map(move |j| (i, j)))
        .filter(|(i, j)| !with_diagonal || i != j)
        .collect();
    (0..1_u32 << places.len()).map(move |chosen| {
        pattern(n, n, |i, j| {
            let place = places
                .iter()
                .position(|&place| place == (i.max(j), i.min(j)));
            place.is_none_or(|place| chosen >> place & 1 == 1)
        })
    })
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn every_tiny_matrix_gets_the_smallest_number_of_products() {
    for chosen in 0..1_u32 << 12 {
        let pattern = pattern(3, 4, |i, j| chosen >> (4 * i + j) & 1 == 1);
        let [by_columns, by_rows, best] = check_jacobian(&pattern);
        assert_eq!(by_columns, minimum(&pattern, false), "\n{pattern}");
        assert_eq!(by_rows, minimum(&pattern.transpose(), false), "\n{pattern}");
        assert!(best <= by_columns.min(by_rows), "\n{pattern}");
    }
    for n in 1..=5 {
        for pattern in all_symmetric(n, true) {
            let (products, smallest) = (check_hessian(&pattern), minimum(&pattern, true));
            assert_eq!(products, smallest, "\n{pattern}");
        }
    }
    // If the diagonal has zeros, a colouring need not be a star colouring, and may have fewer colours.
    for n in 1..=4 {
        for pattern in all_symmetric(n, false) {
            let (products, smallest) = (check_hessian(&pattern), minimum(&pattern, true));
            assert!(products >= smallest, "\n{pattern}");
        }
    }
}
