//! Finds the shape of a soap film in a frame: the surface of least area with a given boundary, by Newton's method.
//!
//! The film is a height above each node of a square grid, and its area that of the triangles between the nodes. The
//! Hessian matrix of the area is sparse: a node interacts with its neighbours. Each step solves a system with it by the
//! sparse Cholesky decomposition of `nalgebra-sparse`. The frame is that of Scherk's surface, `u = ln(cos x / cos y)`,
//! which is known to have the least area.

use autodiff::scalar::Var;
use autodiff::scalar::sparse::SparseHessian;
use nalgebra_sparse::factorization::CscCholesky;
use nalgebra_sparse::na::DVector;
use nalgebra_sparse::{CscMatrix, CsrMatrix};
use std::error::Error;

/// The frame is the square of this half-width.
const HALF_WIDTH: f64 = 1.0;

/// The height of Scherk's surface at a node of a grid of `n` cells in each direction.
fn scherk(n: usize, i: usize, j: usize) -> f64 {
    let place = |k: usize| (2.0 * k as f64 / n as f64 - 1.0) * HALF_WIDTH;
    (place(i).cos() / place(j).cos()).ln()
}

fn is_inner(n: usize, i: usize, j: usize) -> bool {
    (1..n).contains(&i) && (1..n).contains(&j)
}

/// The area of the film, from the heights of the inner nodes, row by row.
fn area<'t>(n: usize, inner: &[Var<'t>]) -> Var<'t> {
    let height = |i: usize, j: usize| match is_inner(n, i, j) {
        true => inner[(i - 1) * (n - 1) + j - 1],
        false => Var::constant(scherk(n, i, j)),
    };
    let width = 2.0 * HALF_WIDTH / n as f64;
    // Half of a cell, from the differences of the heights along its sides.
    let triangle =
        |dx: Var<'t>, dy: Var<'t>| 0.5 * width * (width * width + dx.square() + dy.square()).sqrt();
    let of_cell = |i: usize, j: usize| {
        let [a, b] = [height(i, j), height(i + 1, j + 1)];
        let [c, d] = [height(i + 1, j), height(i, j + 1)];
        triangle(c - a, d - a) + triangle(b - d, b - c)
    };
    (0..n)
        .flat_map(|i| (0..n).map(move |j| (i, j)))
        .map(|(i, j)| of_cell(i, j))
        .sum()
}

/// Returns the largest error of the film on a grid of `n` cells in each direction.
fn largest_error(n: usize) -> Result<f64, Box<dyn Error>> {
    // A flat film, torn at the frame.
    let mut film = DVector::zeros((n - 1) * (n - 1));
    let mut hessian = SparseHessian::new(move |inner| area(n, inner), film.as_slice())?;
    println!(
        "\n{n} × {n} cells, {} nonzeros",
        hessian.pattern().nonzeros()
    );
    let mut lower: CsrMatrix<f64> = hessian.pattern().to_nalgebra();
    let mut gradient = film.clone();
    for step in 1.. {
        let values = lower.values_mut();
        let area = hessian.value_gradient_and_hessian_into(
            film.as_slice(),
            gradient.as_mut_slice(),
            values,
        )?;
        let size = gradient.norm();
        println!("step {step}: area {area:.10}, gradient {size:.1e}");
        if size < 1e-12 {
            break;
        }
        assert!(step < 20, "Newton's method does not converge");
        let whole = &lower + lower.transpose() - lower.diagonal_as_csr();
        film -= CscCholesky::factor(&CscMatrix::from(&whole))?.solve(&gradient);
    }
    let nodes = (1..n).flat_map(|i| (1..n).map(move |j| scherk(n, i, j)));
    let errors = nodes.zip(&film).map(|(exact, film)| (film - exact).abs());
    Ok(errors.fold(0.0, f64::max))
}

fn main() -> Result<(), Box<dyn Error>> {
    let [coarse, fine] = [largest_error(8)?, largest_error(16)?];
    println!("\nlargest error: {coarse:.2e} and {fine:.2e}");
    // The error falls with the square of the width of a cell.
    assert!((3.5..4.5).contains(&(coarse / fine)));
    Ok(())
}
