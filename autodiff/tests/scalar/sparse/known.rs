//! Matrices whose smallest number of products is known: bands, arrows, dense rows, empty ones.

use super::{check_hessian, check_jacobian, pattern};
use autodiff::scalar::sparse::{Colouring, Pattern};
use std::time::{Duration, Instant};

/// The pattern of a square matrix with `width` nonzeros on either side of the diagonal.
fn band(n: usize, width: usize) -> Pattern {
    let row = |i: usize| {
        let row = i.saturating_sub(width) as u32..(i + width + 1).min(n) as u32;
        row.collect::<Vec<_>>()
    };
    Pattern::from_rows(n, (0..n).map(row))
}

/// The pattern of a symmetric matrix with nonzeros on the diagonal, and in row and column `hub`.
fn arrow(n: usize, hub: usize) -> Pattern {
    let row = |i| {
        let mut row = if i == hub {
            (0..n as u32).collect()
        } else {
            vec![i as u32, hub as u32]
        };
        row.sort_unstable();
        row
    };
    Pattern::from_rows(n, (0..n).map(row))
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn bands_get_as_many_products_as_a_row_has_nonzeros() {
    // No fewer groups of columns are possible.
    for width in 0..=10 {
        for n in [3 * width + 1, 3 * width + 2, 5 * width + 3, 100] {
            let band = band(n, width);
            assert_eq!(
                check_jacobian(&band),
                [2 * width + 1; 3],
                "n = {n}, w = {width}"
            );
            assert_eq!(check_hessian(&band), 2 * width + 1, "n = {n}, w = {width}");
        }
    }
}

/// The smallest number of colours of a star colouring of the adjacency graph of `pattern`, by backtracking.
fn star_chromatic_number(pattern: &Pattern) -> usize {
    /// Returns whether the colours of the first vertices can be extended to all.
    fn extends(pattern: &Pattern, colours: &mut Vec<usize>, count: usize) -> bool {
        let vertex = colours.len();
        if vertex == pattern.rows() {
            return true;
        }
        let used = colours.iter().max().map_or(0, |largest| largest + 1);
        for colour in 0..count.min(used + 1) {
            colours.push(colour);
            if is_star_colouring(pattern, colours) && extends(pattern, colours, count) {
                return true;
            }
            colours.pop();
        }
        false
    }
    let exists = |&count: &usize| extends(pattern, &mut Vec::new(), count);
    (0..)
        .find(exists)
        .expect("the vertices can have different colours")
}

/// Returns whether the colours of the first vertices are those of a star colouring of the graph of these vertices.
fn is_star_colouring(pattern: &Pattern, colours: &[usize]) -> bool {
    let neighbours = |v: usize| {
        let row = pattern.row(v).iter().map(|&w| w as usize);
        row.filter(move |&w| w != v && w < colours.len())
    };
    // Whether `v` has several neighbours of the colour.
    let is_hub =
        |v: usize, colour: usize| neighbours(v).filter(|&w| colours[w] == colour).count() > 1;
    (0..colours.len()).all(|v| {
        neighbours(v).all(|w| {
            let (of_v, of_w) = (colours[v], colours[w]);
            of_v != of_w && !(is_hub(v, of_w) && is_hub(w, of_v))
        })
    })
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn fewer_products_are_not_enough_for_the_hessian_of_a_band() {
    for width in 1..=3 {
        for n in 3 * width + 1..3 * width + 4 {
            assert_eq!(
                star_chromatic_number(&band(n, width)),
                2 * width + 1,
                "n = {n}, w = {width}"
            );
        }
        // One row less, and fewer are enough.
        assert_eq!(
            star_chromatic_number(&band(3 * width, width)),
            2 * width,
            "w = {width}"
        );
    }
}

#[test]
fn an_arrow_needs_two_products_as_a_hessian_and_three_as_a_jacobian() {
    for hub in [0, 7, 19] {
        assert_eq!(check_hessian(&arrow(20, hub)), 2);
        assert_eq!(check_jacobian(&arrow(20, hub)), [20, 20, 3]);
    }
}

#[test]
fn dense_rows_and_columns_have_products_of_their_own() {
    // A band with two dense rows, the second of which is half full. Its columns have at most 5 nonzeros, so one mode is
    // enough.
    let dense = pattern(40, 40, |i, j| {
        i.abs_diff(j) < 2 || i == 5 || (i == 30 && j % 2 == 0)
    });
    assert_eq!(check_jacobian(&dense), [40, 5, 5]);
    let colouring = Colouring::of_jacobian(&dense);
    assert_eq!(
        (
            colouring.column_groups().rows(),
            colouring.row_groups().rows()
        ),
        (0, 5)
    );

    // The same with a dense column: then the two dense rows have products of their own, and the columns 3 + 1 colours;
    // or the dense column has one, and the rows have 5 colours.
    for (row, column) in [(5, 9), (21, 3)] {
        let both = pattern(40, 40, |i, j| {
            i.abs_diff(j) < 2 || i == row || (i == 30 && j % 2 == 0) || j == column
        });
        assert_eq!(check_jacobian(&both), [40, 40, 6]);
        assert_eq!(check_jacobian(&both.transpose()), [40, 40, 6]);
    }

    // A separate row or column that saves one product.
    let diagonal = pattern(20, 20, |i, j| {
        i == j || (i == 5 && (5..9).contains(&j)) || (j == 12 && (12..16).contains(&i))
    });
    assert_eq!(check_jacobian(&diagonal), [4, 4, 3]);

    // Rows that are longer, but not by enough to pay.
    let longer = pattern(40, 40, |i, j| {
        i.abs_diff(j) < if i % 4 == 1 { 3 } else { 2 }
    });
    let colouring = Colouring::of_jacobian(&longer);
    assert_eq!(
        colouring.row_groups().rows() * colouring.column_groups().rows(),
        0
    );

    // A gradient, a tangent, and a full matrix.
    assert_eq!(check_jacobian(&pattern(1, 30, |_, _| true)), [30, 1, 1]);
    assert_eq!(check_jacobian(&pattern(30, 1, |_, _| true)), [1, 30, 1]);
    assert_eq!(check_jacobian(&pattern(6, 7, |_, _| true)), [7, 6, 6]);
    assert_eq!(check_hessian(&pattern(7, 7, |_, _| true)), 7);
}

#[test]
fn the_mode_with_fewer_products_is_chosen() {
    // The edges and vertices of the complete graph of four vertices: any two vertices share an edge, and the edges have
    // three colours. The bounds, two for the columns and three for the rows, suggest the opposite.
    let edges = Pattern::from_rows(4, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
    assert_eq!(check_jacobian(&edges), [4, 3, 3]);
    assert_eq!(check_jacobian(&edges.transpose()), [3, 4, 3]);
}

#[test]
fn empty_patterns_need_no_products() {
    for (rows, columns) in [(0, 0), (0, 3), (3, 0), (1, 1), (4, 5)] {
        let empty = pattern(rows, columns, |_, _| false);
        assert_eq!(
            (empty.rows(), empty.columns(), empty.nonzeros()),
            (rows, columns, 0)
        );
        assert_eq!(check_jacobian(&empty), [0; 3]);
        assert_eq!(empty.transpose(), pattern(columns, rows, |_, _| false));
    }
    for n in [0, 1, 4] {
        assert_eq!(check_hessian(&pattern(n, n, |_, _| false)), 0);
    }
    let one = pattern(1, 1, |_, _| true);
    assert_eq!((check_jacobian(&one), check_hessian(&one)), ([1; 3], 1));
    // Only some rows and columns are empty.
    let some = pattern(6, 6, |i, j| i % 2 == 0 && j % 3 == 1);
    assert_eq!(check_jacobian(&some), [2, 3, 2]);
    let block = pattern(6, 6, |i, j| i / 2 == 1 && j / 2 == 1);
    assert_eq!(check_hessian(&block), 2);
}

#[test]
fn display_draws_small_patterns_and_describes_large_ones() {
    assert_eq!(band(3, 1).to_string(), "× × ·\n× × ×\n· × ×");
    assert_eq!(band(100, 1).to_string(), "100 × 100 with 298 nonzeros");
    assert_eq!(pattern(0, 0, |_, _| true).to_string(), "");
}

/// The shortest of three times of all colourings of a band and an arrow of size `n`.
fn time(n: usize) -> Duration {
    let (band, arrow) = (band(n, 10), arrow(n, n / 2));
    let measure = |_| {
        let start = Instant::now();
        let products = [&band, &arrow].map(|pattern| {
            let [jacobian, hessian] = [
                Colouring::of_jacobian(pattern),
                Colouring::of_hessian(pattern),
            ];
            [jacobian.products(), hessian.products()]
        });
        assert_eq!(products, [[21, 21], [3, 2]]);
        start.elapsed()
    };
    (0..3).map(measure).min().expect("three times")
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn the_time_is_proportional_to_the_size() {
    // Quadratic time would grow by a factor of 256.
    let (small, large) = (time(2_000), time(32_000));
    assert!(large < 64 * small, "{small:?} and {large:?}");
}
