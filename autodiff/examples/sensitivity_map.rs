//! Draws how strongly the paths of particles in a flow depend on where they start, as an SVG file.
//!
//! The flow is the double gyre, two vortices side by side whose border swings. The picture shows the finite-time
//! Lyapunov exponent, the rate at which the paths of neighbours separate: the bright ridges are where the fluid is torn
//! apart.
//!
//! ```sh
//! cargo run --release --example sensitivity_map -- map.svg
//! ```

use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{Var, jacobian};
use std::fmt::Write;

/// The number of particles along each axis: few without optimization.
const GRID: [usize; 2] = if cfg!(debug_assertions) {
    [88, 44]
} else {
    [360, 180]
};
/// The time over which particles are followed, and the number of steps.
const TIME: f64 = 12.0;
const STEPS: usize = 48;
const STEP: f64 = TIME / STEPS as f64;

/// The velocity at a place and time, a flow without sources.
fn velocity<'t>(t: Var<'t>, [x, y]: [Var<'t>; 2]) -> [Var<'t>; 2] {
    use std::f64::consts::PI;
    let swing = (t * (0.2 * PI)).sin() * 0.25;
    let f = swing * x * x + (1.0 - 2.0 * swing) * x;
    let slope = 2.0 * swing * x + (1.0 - 2.0 * swing);
    let speed = 0.1 * PI;
    [
        (f * PI).sin() * (y * PI).cos() * -speed,
        (f * PI).cos() * (y * PI).sin() * slope * speed,
    ]
}

/// The place of a particle after a step of the classical method of Runge and Kutta.
fn step<'t>(t: Var<'t>, at: [Var<'t>; 2]) -> [Var<'t>; 2] {
    let moved = |k: [Var<'t>; 2], h: f64| [at[0] + k[0] * h, at[1] + k[1] * h];
    let k1 = velocity(t, at);
    let k2 = velocity(t + STEP / 2.0, moved(k1, STEP / 2.0));
    let k3 = velocity(t + STEP / 2.0, moved(k2, STEP / 2.0));
    let k4 = velocity(t + STEP, moved(k3, STEP));
    [0, 1].map(|i| at[i] + (k1[i] + (k2[i] + k3[i]) * 2.0 + k4[i]) * (STEP / 6.0))
}

/// A colour from black by red and yellow to white.
fn colour(level: f64) -> String {
    let part = |from: f64| (255.0 * ((level - from) * 2.8).clamp(0.0, 1.0)) as u8;
    format!("#{:02x}{:02x}{:02x}", part(0.0), part(0.32), part(0.64))
}

/// The picture: the exponents as a map, and a scale beside it.
fn svg(exponents: &[f64]) -> String {
    const LEVELS: usize = 48;
    let [width, height] = GRID;
    // The scale ends where the brightest hundredth of the cells begins.
    let mut sorted = exponents.to_vec();
    sorted.sort_by(f64::total_cmp);
    let top = sorted[sorted.len() * 99 / 100];
    let level = |x: f64| ((x / top * LEVELS as f64) as usize).min(LEVELS - 1);
    // A path for each colour, of the runs of equal cells in a row. The first row is at the bottom.
    let mut paths = vec![String::new(); LEVELS];
    for (row, cells) in exponents.chunks_exact(width).enumerate() {
        let mut column = 0;
        for run in cells.chunk_by(|a, b| level(*a) == level(*b)) {
            let (y, length) = (height - 1 - row, run.len());
            let _ = write!(paths[level(run[0])], "M{column} {y}h{length}v1h-{length}z");
            column += length;
        }
    }
    // The map has the size 120 × 60, and the scale is to the right of it.
    let [right, bottom] = [120, 60];
    let mut text = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-12 -10 154 84' width='960' font-family='sans-serif' font-size='4'>\n\
         <rect x='-12' y='-10' width='100%' height='100%' fill='white'/>\n\
         <text y='-4'>Finite-time Lyapunov exponent of the double gyre, from t = 0 to {TIME}</text>\n\
         <g shape-rendering='crispEdges'>\n"
    );
    for (number, path) in paths.iter().enumerate() {
        let colour = colour((number as f64 + 0.5) / LEVELS as f64);
        let h = f64::from(bottom) / LEVELS as f64;
        let (x, y) = (right + 4, f64::from(bottom) - (number + 1) as f64 * h);
        let scale = f64::from(right) / width as f64;
        let _ = writeln!(
            text,
            "<path fill='{colour}' transform='scale({scale})' d='{path}'/>\
             <rect fill='{colour}' x='{x}' y='{y:.3}' width='4' height='{h:.3}'/>"
        );
    }
    text += "</g>\n";
    let mut label = |x: i32, y: f64, anchor: &str, label: &str| {
        let _ = writeln!(
            text,
            "<text x='{x}' y='{y}' text-anchor='{anchor}'>{label}</text>"
        );
    };
    for (x, number) in [(0, "0"), (right / 2, "1"), (right, "2")] {
        label(x, 66.0, "middle", number);
    }
    label(right / 2, 72.0, "middle", "x at t = 0");
    for (y, name) in [(61.0, "0"), (31.0, "y"), (1.0, "1")] {
        label(-2, y, "end", name);
    }
    for part in 0..=4 {
        let share = f64::from(part) / 4.0;
        let y = f64::from(bottom) * (1.0 - share) + 1.0;
        label(right + 10, y, "start", &format!("{:.2}", share * top));
    }
    text + "</svg>\n"
}

fn main() {
    let [width, height] = GRID;
    let count = width * height;
    let start = |cell: usize| {
        let (column, row) = (cell % width, cell / width);
        [
            2.0 * (column as f64 + 0.5) / width as f64,
            (row as f64 + 0.5) / height as f64,
        ]
    };
    // One step is recorded, not the loop over the steps. The time is the same for all particles.
    let mut program = Program::new(1, 2, |t, at| step(t[0], [at[0], at[1]]).into());
    // Columns: the x of all particles, then the y. The derivatives of both with respect to the start begin as unit
    // vectors, and each step multiplies them by its Jacobian matrix.
    let mut at: Vec<f64> = [0, 1]
        .into_iter()
        .flat_map(|axis| (0..count).map(move |cell| start(cell)[axis]))
        .collect();
    let mut along =
        [[1.0, 0.0], [0.0, 1.0]].map(|[x, y]| [vec![x; count], vec![y; count]].concat());
    for number in 0..STEPS {
        let time = [number as f64 * STEP];
        let mut next = Vec::new();
        for direction in &mut along {
            let moved = program.jvp(&time, Points::Columns(&at), direction);
            (next, *direction) = moved.expect("the step uses operations of variables only");
        }
        at = next;
    }
    let matrix = |cell: usize| {
        let entry = |output: usize, input: usize| along[input][output * count + cell];
        [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]]
    };

    let exponent = |cell: usize| {
        // The larger singular value of the matrix, of determinant 1.
        let [[a, b], [c, d]] = matrix(cell);
        let (sum, difference) = ((a + d).hypot(b - c), (a - d).hypot(b + c));
        ((sum + difference) / 2.0).ln() / TIME
    };
    let exponents: Vec<f64> = (0..count).map(exponent).collect();
    let largest = exponents.iter().copied().fold(0.0, f64::max);
    let mean = exponents.iter().sum::<f64>() / count as f64;
    println!("exponents: mean {mean:.4}, largest {largest:.4}, of {count} particles");

    // The flow has no sources, so areas remain.
    let apart = (0..count).map(|cell| {
        let [[a, b], [c, d]] = matrix(cell);
        (a * d - b * c - 1.0).abs()
    });
    let apart = apart.fold(0.0, f64::max);
    println!("largest change of an area: {apart:.1e}");
    assert!(apart < 1e-3);
    // The derivatives of the whole path of one particle, by a tape.
    let cell = count / 3;
    let by_tape: [[f64; 2]; 2] = jacobian(
        |at| {
            (0..STEPS).fold(at, |at, number| {
                step(Var::constant(number as f64 * STEP), at)
            })
        },
        start(cell),
    );
    let scale = by_tape
        .as_flattened()
        .iter()
        .fold(0.0_f64, |scale, x| scale.max(x.abs()));
    for (a, b) in matrix(cell)
        .as_flattened()
        .iter()
        .zip(by_tape.as_flattened())
    {
        assert!((a - b).abs() <= 1e-9 * scale, "{a} and {b}");
    }

    let path = std::env::args_os().nth(1).map_or_else(
        || std::env::temp_dir().join("sensitivity_map.svg"),
        std::path::PathBuf::from,
    );
    match std::fs::write(&path, svg(&exponents)) {
        Ok(()) => println!("wrote {}", path.display()),
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            std::process::exit(1);
        }
    }
}
