//! Fits the parameters of an ordinary differential equation to many data sets at once, by the method of Gauss and
//! Newton: the course of an epidemic in each of many towns.
//!
//! One integration is recorded as a program. Each data set is a point of it, with estimates of its own, so that every
//! step of the method is one call for all of them.

use autodiff::scalar::Var;
use autodiff::scalar::program::{Points, Program};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

const TOWNS: usize = 100;
/// The number of weekly observations.
const WEEKS: usize = 8;
/// The number of steps of the integration in a week.
const STEPS: usize = 2;
/// The standard deviation of an observation.
const NOISE: f64 = 2e-3;

/// The rates of change of the susceptible and the infected part of a town (the model of Kermack and McKendrick).
fn rates<'t>([s, i]: [Var<'t>; 2], [contact, recovery]: [Var<'t>; 2]) -> [Var<'t>; 2] {
    let infections = contact * s * i;
    [-infections, infections - recovery * i]
}

/// The infected part after each week, from the logarithms of its beginning, and of the rates of contact and recovery.
/// The integration is the classical method of Runge and Kutta.
fn infected<'t>(logarithms: &[Var<'t>]) -> Vec<Var<'t>> {
    let h = 1.0 / STEPS as f64;
    let rate = [logarithms[1].exp(), logarithms[2].exp()];
    let first = logarithms[0].exp();
    let mut y = [1.0 - first, first];
    let week = |_| {
        for _ in 0..STEPS {
            let at = |k: [Var<'t>; 2], h: f64| rates([y[0] + k[0] * h, y[1] + k[1] * h], rate);
            let k1 = rates(y, rate);
            let k2 = at(k1, h / 2.0);
            let k3 = at(k2, h / 2.0);
            let k4 = at(k3, h);
            y = [0, 1].map(|j| y[j] + (k1[j] + (k2[j] + k3[j]) * 2.0 + k4[j]) * (h / 6.0));
        }
        y[1]
    };
    (0..WEEKS).map(week).collect()
}

/// The inverse of a symmetric matrix, from the products of its columns.
fn inverse([a, b, c]: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let cross = |a: [f64; 3], b: [f64; 3]| {
        [0, 1, 2].map(|i| a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3])
    };
    let rows = [cross(b, c), cross(c, a), cross(a, b)];
    let determinant: f64 = (0..3).map(|i| a[i] * rows[0][i]).sum();
    rows.map(|row| row.map(|x| x / determinant))
}

fn main() {
    let mut program = Program::new(0, 3, |_, logarithms| infected(logarithms));
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let truth: Vec<f64> = (0..TOWNS)
        .flat_map(|_| {
            let first: f64 = rng.random_range(0.005..0.02);
            let contact: f64 = rng.random_range(1.2..2.0);
            let recovery: f64 = rng.random_range(0.3..0.6);
            [first.ln(), contact.ln(), recovery.ln()]
        })
        .collect();
    let exact = program.values(&[], Points::Rows(&truth));
    let observed: Vec<f64> = exact
        .expect("the model uses operations of variables only")
        .iter()
        .map(|y| y + NOISE * rng.sample::<f64, _>(StandardNormal))
        .collect();

    // The same first guess for all towns.
    let mut fitted = [0.01_f64.ln(), 1.5_f64.ln(), 0.45_f64.ln()].repeat(TOWNS);
    let mut covariances = vec![[[0.0; 3]; 3]; TOWNS];
    for step in 1.. {
        let (y, jacobians) = program
            .values_and_jacobians(&[], Points::Rows(&fitted))
            .expect("the model is a program");
        let (mut cost, mut largest) = (0.0, 0.0_f64);
        for town in 0..TOWNS {
            let j = &jacobians[town * WEEKS * 3..][..WEEKS * 3];
            let errors =
                (0..WEEKS).map(|week| observed[town * WEEKS + week] - y[town * WEEKS + week]);
            // The normal equations JᵀJ d = Jᵀ e.
            let (mut squares, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
            for (row, e) in j.chunks_exact(3).zip(errors) {
                cost += e * e;
                for a in 0..3 {
                    right[a] += row[a] * e;
                    for b in 0..3 {
                        squares[a][b] += row[a] * row[b];
                    }
                }
            }
            covariances[town] = inverse(squares);
            for (parameter, row) in fitted[town * 3..].iter_mut().zip(&covariances[town]) {
                let d: f64 = row.iter().zip(right).map(|(c, r)| c * r).sum();
                *parameter += d;
                largest = largest.max(d.abs());
            }
        }
        println!("step {step}: cost {cost:.6e}, largest change {largest:.1e}");
        if largest < 1e-9 {
            break;
        }
        assert!(step < 20, "the method does not converge");
    }

    println!("\ntown   contact  true value   recovery  true value");
    let mut squares = 0.0;
    for town in 0..TOWNS {
        let error = |i: usize| NOISE * covariances[town][i][i].sqrt();
        let (found, truth) = (&fitted[town * 3..][..3], &truth[town * 3..][..3]);
        if town < 5 {
            let column = |i: usize| {
                let rate = found[i].exp();
                format!("{rate:.3} ± {:.3}  {:8.3}", rate * error(i), truth[i].exp())
            };
            println!("{town:4}  {}   {}", column(1), column(2));
        }
        squares += (0..3)
            .map(|i| ((found[i] - truth[i]) / error(i)).powi(2))
            .sum::<f64>();
    }
    // The estimates miss the truth by as much as their standard errors say.
    let ratio = (squares / (3 * TOWNS) as f64).sqrt();
    println!("\nmean error, in standard errors: {ratio:.3}");
    assert!((0.85..1.15).contains(&ratio));
}
