//! The greedy colourings against their definitions, and planted errors.

use super::colours::{Colours, Marks, NONE};
use super::dense_rows::Partition;
use super::graph::{Adjacency, ColumnIntersection, Graph};
use super::order::Order;
use super::{Colouring, Pattern, distance_two, star};
use proptest::prelude::*;

const ORDERS: [Order; 4] = [
    Order::Natural,
    Order::LargestFirst,
    Order::SmallestLast,
    Order::IncidenceDegree,
];

/// Random symmetric patterns.
fn symmetric() -> impl Strategy<Value = Pattern> {
    (0..14_usize, 1..9_u32).prop_flat_map(|(n, density)| {
        prop::collection::vec(0..10_u32, n * n).prop_map(move |random| {
            let nonzero = |i: usize, j: usize| random[i.max(j) * n + i.min(j)] < density;
            let row = |i| {
                (0..n)
                    .filter(|&j| nonzero(i, j))
                    .map(|j| j as u32)
                    .collect::<Vec<_>>()
            };
            Pattern::from_rows(n, (0..n).map(row))
        })
    })
}

/// Random patterns.
fn general() -> impl Strategy<Value = Pattern> {
    (0..12_usize, 0..12_usize, 1..6_u32).prop_flat_map(|(rows, columns, density)| {
        prop::collection::vec(0..10_u32, rows * columns).prop_map(move |random| {
            let nonzero = |i: usize, j: usize| random[i * columns + j] < density;
            let row = |i| {
                (0..columns)
                    .filter(|&j| nonzero(i, j))
                    .map(|j| j as u32)
                    .collect::<Vec<_>>()
            };
            Pattern::from_rows(columns, (0..rows).map(row))
        })
    })
}

/// The neighbours of each vertex, from all pairs.
fn neighbours(graph: &impl Graph) -> Vec<Vec<u32>> {
    let mut marks = Marks::new(graph.vertices());
    let of_vertex = |vertex| {
        let mut neighbours = Vec::new();
        graph.visit_distinct_neighbours(vertex, &mut marks, |neighbour| neighbours.push(neighbour));
        neighbours
    };
    (0..graph.vertices() as u32).map(of_vertex).collect()
}

/// Checks the definition of each order.
fn check_orders(graph: &impl Graph) {
    let neighbours = neighbours(graph);
    let n = neighbours.len();
    // The number of neighbours of `vertex` among `others`.
    let among = |vertex: u32, others: &[u32]| {
        neighbours[vertex as usize]
            .iter()
            .filter(|neighbour| others.contains(neighbour))
            .count()
    };
    for order in ORDERS {
        let vertices = order.of(graph);
        let mut sorted = vertices.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..n as u32).collect::<Vec<_>>(), "{order:?}");
        for k in 0..n {
            let (before, rest) = vertices.split_at(k);
            let vertex = rest[0];
            let up_to = &vertices[..=k];
            let degree = |vertex: u32| neighbours[vertex as usize].len();
            match order {
                Order::Natural => assert_eq!(vertex as usize, k),
                Order::LargestFirst => assert!(rest.iter().all(|&v| degree(v) <= degree(vertex))),
                Order::SmallestLast => {
                    assert!(
                        up_to
                            .iter()
                            .all(|&v| among(v, up_to) >= among(vertex, up_to))
                    );
                }
                Order::IncidenceDegree => {
                    assert!(
                        rest.iter()
                            .all(|&v| among(v, before) <= among(vertex, before))
                    );
                }
            }
        }
    }
}

/// Returns whether neighbours have different colours, and no path of four vertices from or through `vertex` has two
/// colours.
fn is_star_colouring_around(vertex: u32, neighbours: &[Vec<u32>], of: &[u32]) -> bool {
    let coloured = |v: u32| {
        neighbours[v as usize]
            .iter()
            .copied()
            .filter(|&w| of[w as usize] != NONE)
    };
    let colour = |v: u32| of[v as usize];
    coloured(vertex).all(|w| {
        let ends = coloured(w).filter(|&x| x != vertex && colour(x) == colour(vertex));
        let extended = |x: u32| {
            let beyond = coloured(x).any(|y| y != w && colour(y) == colour(w));
            beyond || coloured(vertex).any(|y| y != w && colour(y) == colour(w))
        };
        colour(w) != colour(vertex) && !ends.clone().any(extended)
    })
}

proptest! {
    #[test]
    #[cfg_attr(miri, ignore = "slow")]
    fn orders_are_as_defined(symmetric in symmetric(), general in general()) {
        check_orders(&Adjacency(&symmetric));
        check_orders(&ColumnIntersection { rows: &general, columns: &general.transpose() });
    }

    #[test]
    #[cfg_attr(miri, ignore = "slow")]
    fn star_colouring_takes_the_first_colour_that_fits(pattern in symmetric()) {
        let graph = Adjacency(&pattern);
        let neighbours = neighbours(&graph);
        for order in ORDERS {
            let order = order.of(&graph);
            let mut expected = Colours::none(pattern.rows());
            for &vertex in order.iter().filter(|&&vertex| !pattern.row(vertex as usize).is_empty()) {
                let fits = |&colour: &u32| {
                    let mut of = expected.of.clone();
                    of[vertex as usize] = colour;
                    is_star_colouring_around(vertex, &neighbours, &of)
                };
                let colour = (0..).find(fits).unwrap();
                expected.set(vertex, colour);
            }
            let colours = star::greedy(&pattern, &order);
            prop_assert_eq!(&colours.of, &expected.of);
            prop_assert!(star::sources(&pattern, &colours).is_some());
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "slow")]
    fn distance_two_colouring_takes_the_first_colour_that_fits(pattern in general()) {
        let columns = pattern.transpose();
        let graph = ColumnIntersection { rows: &pattern, columns: &columns };
        let meet = |j: u32, k: u32| (0..pattern.rows()).any(|i| {
            let row = pattern.row(i);
            row.contains(&j) && row.contains(&k)
        });
        for order in ORDERS {
            let order = order.of(&graph);
            let mut expected = Colours::none(columns.rows());
            for &j in order.iter().filter(|&&j| !columns.row(j as usize).is_empty()) {
                let taken: Vec<_> = (0..columns.rows() as u32)
                    .filter(|&k| meet(j, k))
                    .filter_map(|k| expected.get(k))
                    .collect();
                expected.set(j, (0..).find(|colour| !taken.contains(colour)).unwrap());
            }
            prop_assert_eq!(distance_two::greedy(&graph, &order).of, expected.of);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "slow")]
    fn colours_that_are_no_star_colouring_are_refused(
        pattern in symmetric(),
        random in prop::collection::vec(0..4_u32, 14),
    ) {
        // With a full diagonal, a star colouring is necessary.
        let full = |i: usize| {
            let mut row = pattern.row(i).to_vec();
            row.push(i as u32);
            row.sort_unstable();
            row.dedup();
            row
        };
        let n = pattern.rows();
        let pattern = Pattern::from_rows(n, (0..n).map(full));
        let of = random[..n].to_vec();
        let neighbours = neighbours(&Adjacency(&pattern));
        let is_star = (0..n as u32).all(|vertex| is_star_colouring_around(vertex, &neighbours, &of));
        let sources = star::sources(&pattern, &Colours { of, count: 4 });
        prop_assert_eq!(sources.is_some(), is_star);
    }
}

/// Recovers the matrix with the nonzeros 1, 2, 3, … from its products with the column groups.
fn recovered(pattern: &Pattern, colouring: &Colouring) -> Vec<u32> {
    let mut products = vec![vec![0; pattern.rows()]; colouring.products()];
    for (value, (i, j)) in (1..).zip(pattern.entries()) {
        for (c, product) in products.iter_mut().enumerate() {
            if colouring.column_groups().row(c).contains(&j) {
                product[i as usize] += value;
            }
        }
    }
    colouring.recover(&products)
}

#[test]
fn two_columns_that_share_a_row_and_a_colour_mix_their_nonzeros() {
    let pattern = Pattern::from_rows(4, [&[0, 1][..], &[1, 2], &[2, 3], &[3]]);
    let good = distance_two::colour(&pattern, &pattern.transpose());
    let colouring = |columns| Colouring::of(&pattern, &Partition::of_columns(columns));
    assert_eq!(good.of, [0, 1, 0, 1]);
    assert_eq!(
        recovered(&pattern, &colouring(good.clone())),
        [1, 2, 3, 4, 5, 6, 7]
    );

    let mut bad = good;
    bad.set(1, 0);
    assert_eq!(recovered(&pattern, &colouring(bad)), [3, 3, 7, 7, 5, 6, 7]);
}

#[test]
fn a_path_of_two_colours_determines_no_middle_edge() {
    let path = Pattern::from_rows(4, [&[0, 1][..], &[0, 1, 2], &[1, 2, 3], &[2, 3]]);
    let sources = |of: [u32; 4]| {
        star::sources(
            &path,
            &Colours {
                of: of.to_vec(),
                count: 3,
            },
        )
    };
    assert!(sources([0, 1, 0, 1]).is_none());
    assert!(sources([0, 0, 1, 2]).is_none());
    assert!(sources([0, 1, 0, 2]).is_some());
}

#[test]
fn colours_that_nothing_is_read_from_are_removed() {
    // x y₁ + x y₂ + x y₃: all nonzeros are in the product with the unit vector of x.
    let hub = Pattern::from_rows(4, [&[1, 2, 3][..], &[0], &[0], &[0]]);
    assert_eq!(star::colour(&hub).count, 2);
    let colouring = Colouring::of_hessian(&hub);
    assert_eq!(colouring.column_groups().to_string(), "× · · ·");

    // y₁ x + y₂ x and u v: the pair of u and v is read from the product that the others need, whether it comes before
    // or after them.
    for rows in [
        [&[2][..], &[2], &[0, 1], &[4], &[3]],
        [&[1][..], &[0], &[4], &[4], &[2, 3]],
    ] {
        let pattern = Pattern::from_rows(5, rows);
        assert_eq!(star::colour(&pattern).count, 2);
        assert_eq!(Colouring::of_hessian(&pattern).products(), 1, "\n{pattern}");
    }
}
