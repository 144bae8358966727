//! Computes how the solution of an ordinary differential equation depends on its initial values and its parameters, for
//! the predator-prey model of Lotka and Volterra.
//!
//! The integration is cut into checkpoints, so that the tape stays short.

use autodiff::scalar::{Tape, Var, checkpoint};

/// The rates of change of hares and lynxes. `rate` holds the rates of birth, predation, growth and death.
fn rates<'t>([hares, lynxes]: [Var<'t>; 2], rate: &[Var<'t>]) -> [Var<'t>; 2] {
    [
        hares * (rate[0] - rate[1] * lynxes),
        lynxes * (rate[2] * hares - rate[3]),
    ]
}

/// One step of Heun's method with step size `h`, from the numbers `y` of animals.
fn step<'t>(y: [Var<'t>; 2], rate: &[Var<'t>], h: f64) -> [Var<'t>; 2] {
    let k1 = rates(y, rate);
    let k2 = rates([y[0] + k1[0] * h, y[1] + k1[1] * h], rate);
    [0, 1].map(|i| y[i] + (k1[i] + k2[i]) * (h / 2.0))
}

fn main() {
    let names = [
        "hares at first",
        "lynxes at first",
        "births",
        "predation",
        "growth",
        "deaths",
    ];
    let start = [10.0, 5.0, 1.1, 0.4, 0.1, 0.4];
    let sensitivities = |checkpoints: usize, steps: usize| {
        let tape = Tape::new();
        let start = tape.vars(start);
        let (animals, rate) = start.split_at(2);
        let mut animals = animals.to_vec();
        for _ in 0..checkpoints {
            animals = checkpoint(
                move |[y, rate]| {
                    let steps = 0..steps;
                    steps
                        .fold([y[0], y[1]], |y, _| step(y, rate, 1e-3))
                        .to_vec()
                },
                [&animals, rate],
            );
        }
        (
            animals[0].value(),
            animals[0].gradients().wrt_all(&start),
            tape.bytes(),
        )
    };
    let (hares, gradient, bytes) = sensitivities(100, 100);
    println!("After 10 years there are {hares:.4} hares. The tape took {bytes} bytes.");
    for (name, slope) in names.iter().zip(&gradient) {
        println!("  sensitivity to {name:15} {slope:10.4}");
    }
    let (_, once, all) = sensitivities(1, 10_000);
    assert!(
        gradient
            .iter()
            .zip(&once)
            .all(|(a, b)| (a - b).abs() < 1e-9 * b.abs()),
        "{all}"
    );
}
