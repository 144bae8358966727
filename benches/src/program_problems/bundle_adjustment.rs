//! The residual of bundle adjustment.

use super::{Points, Problem, Real};
use crate::scalar_problems::{random, uniform};
use rand::RngExt;

/// The weighted error with which a camera sees a point, in ADBench's formulation, with its Jacobian.
///
/// The 15 inputs are the rotation vector r, the centre c, the focal length f, the principal point (2) and the radial
/// distortion (2) of the camera, the point x in space, and the weight w. The observed position in the image is constant.
/// With y = R(r) (x − c), where R(r) is the rotation about r by the angle θ = |r| (Rodrigues' formula), the projection is
///
/// q = (y₀, y₁) / y₂, p = f (1 + k₁ |q|² + k₂ |q|⁴) q + principal point,
///
/// and the two outputs are w (p − observed).
pub struct BundleAdjustment {
    points: Points,
}

/// The number of inputs.
const INPUTS: usize = 15;

/// The observed position in the image.
const OBSERVED: [f64; 2] = [4.0, -7.0];

/// A vector in space.
type Vector<N> = [N; 3];

fn dot<N: Real>(a: Vector<N>, b: Vector<N>) -> N {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross<N: Real>(a: Vector<N>, b: Vector<N>) -> Vector<N> {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// R(r) v = cos θ v + sin θ/θ r × v + (1 − cos θ)/θ² (r · v) r, with θ = |r|.
fn rotate<N: Real>(r: Vector<N>, v: Vector<N>) -> Vector<N> {
    let turned = cross(r, v);
    let squared = dot(r, r);
    if squared > 0.0 {
        let angle = squared.sqrt();
        let (sin, cos) = (angle.sin(), angle.cos());
        let sideways = sin / angle;
        let along = (-cos + 1.0) / squared * dot(r, v);
        std::array::from_fn(|i| cos * v[i] + sideways * turned[i] + along * r[i])
    } else {
        std::array::from_fn(|i| v[i] + turned[i])
    }
}

impl BundleAdjustment {
    /// Creates a problem with `points` cameras, each with a point in front of it.
    pub fn new(points: usize, seed: u64) -> Self {
        let random = &mut random(seed);
        let mut numbers = Vec::with_capacity(points * INPUTS);
        for _ in 0..points {
            numbers.extend(uniform(random, 3, -0.5, 0.5)); // rotation
            numbers.extend(uniform(random, 3, -1.0, 1.0)); // centre
            numbers.push(random.random_range(20.0..60.0)); // focal length
            numbers.extend(uniform(random, 2, -5.0, 5.0)); // principal point
            numbers.extend(uniform(random, 2, -0.2, 0.2)); // distortion
            numbers.extend(uniform(random, 2, -1.0, 1.0)); // point
            numbers.push(random.random_range(6.0..9.0)); // and its depth
            numbers.push(random.random_range(0.5..2.0)); // weight
        }
        BundleAdjustment {
            points: Points::new(INPUTS, numbers),
        }
    }
}

impl Problem<2> for BundleAdjustment {
    fn name(&self) -> String {
        "bundle-adjustment".into()
    }

    fn points(&self) -> &Points {
        &self.points
    }

    fn values<N: Real>(&self, _: &[N], inputs: &[N]) -> [N; 2] {
        let &[
            r0,
            r1,
            r2,
            c0,
            c1,
            c2,
            focal,
            principal0,
            principal1,
            k1,
            k2,
            x0,
            x1,
            x2,
            weight,
        ] = inputs
        else {
            panic!("{INPUTS} inputs are expected");
        };
        let [y0, y1, y2] = rotate([r0, r1, r2], [x0 - c0, x1 - c1, x2 - c2]);
        let q = [y0 / y2, y1 / y2];
        let squared = q[0].square() + q[1].square();
        let magnified = focal * ((k2 * squared + k1) * squared + 1.0);
        let principal = [principal0, principal1];
        std::array::from_fn(|i| weight * (magnified * q[i] + principal[i] - OBSERVED[i]))
    }

    /// With s = |q|², L = 1 + k₁ s + k₂ s² and L' = dL/ds, the derivative of p with respect to q is f (L I + 2 L' q qᵀ), and
    /// that of q with respect to y is (I, −q) / y₂. Their product and w give the gradient g of each output with respect to
    /// y, which is passed back through the rotation y = cos θ v + a r × v + b (r · v) r of v = x − c, with a = sin θ/θ and
    /// b = (1 − cos θ)/θ². The gradient with respect to v is
    ///
    /// R(−r) g = cos θ g − a r × g + b (r · g) r.
    ///
    /// That with respect to x is the same, and that with respect to c its opposite. The factors depend on θ, with
    /// d cos θ/dr = −a r, da/dr = a' r and db/dr = b' r, where a' = (cos θ − a)/θ² and b' = (a − 2 b)/θ². So the gradient with
    /// respect to r is
    ///
    /// a v × g + b ((r · v) g + (r · g) v) + (−a g · v + a' g · (r × v) + b' (r · v) (r · g)) r.
    fn by_hand(&self, inputs: &[f64], _: &mut Vec<f64>, derivatives: &mut [f64]) -> [f64; 2] {
        let &[
            r0,
            r1,
            r2,
            c0,
            c1,
            c2,
            focal,
            principal0,
            principal1,
            k1,
            k2,
            x0,
            x1,
            x2,
            weight,
        ] = inputs
        else {
            panic!("{INPUTS} inputs are expected");
        };
        let (r, v) = ([r0, r1, r2], [x0 - c0, x1 - c1, x2 - c2]);
        let turned = cross(r, v);
        let r_v = dot(r, v);
        let angle_squared = dot(r, r);
        // At θ = 0 all factors of r do not matter.
        let (cos, a, b, a_slope, b_slope) = if angle_squared > 0.0 {
            let angle = angle_squared.sqrt();
            let (sin, cos) = angle.sin_cos();
            let inverse = 1.0 / angle_squared;
            let (a, b) = (sin / angle, (1.0 - cos) * inverse);
            (cos, a, b, (cos - a) * inverse, (a - 2.0 * b) * inverse)
        } else {
            (1.0, 1.0, 0.5, 0.0, 0.0)
        };
        let y: Vector<f64> = std::array::from_fn(|i| cos * v[i] + a * turned[i] + b * r_v * r[i]);

        let inverse_depth = 1.0 / y[2];
        let q = [y[0] * inverse_depth, y[1] * inverse_depth];
        let squared = q[0] * q[0] + q[1] * q[1];
        let distortion = 1.0 + (k1 + k2 * squared) * squared;
        let distortion_slope = k1 + 2.0 * k2 * squared;
        let principal = [principal0, principal1];

        let rows = derivatives.as_chunks_mut::<INPUTS>().0;
        std::array::from_fn(|i| {
            // The gradient of output i with respect to q, and to y.
            let along = 2.0 * distortion_slope * q[i];
            let mut to_q = [along * q[0], along * q[1]];
            to_q[i] += distortion;
            let scale = weight * focal * inverse_depth;
            let g = [
                scale * to_q[0],
                scale * to_q[1],
                -scale * (to_q[0] * q[0] + to_q[1] * q[1]),
            ];

            let (r_g, r_cross_g, v_cross_g) = (dot(r, g), cross(r, g), cross(v, g));
            let along_r = b_slope * r_v * r_g + a_slope * dot(g, turned) - a * dot(g, v);
            let error = focal * distortion * q[i] + principal[i] - OBSERVED[i];
            let seen = weight * q[i];
            let row = &mut rows[i];
            for k in 0..3 {
                row[k] = a * v_cross_g[k] + b * (r_v * g[k] + r_g * v[k]) + along_r * r[k];
                let to_x = cos * g[k] - a * r_cross_g[k] + b * r_g * r[k];
                row[3 + k] = -to_x;
                row[11 + k] = to_x;
            }
            row[6] = seen * distortion;
            row[7..9].fill(0.0);
            row[7 + i] = weight;
            row[9] = focal * seen * squared;
            row[10] = row[9] * squared;
            row[14] = error;
            weight * error
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program_problems::checks::check;

    #[test]
    fn derivatives_by_hand_are_the_tapes() {
        // Neither image coordinate depends on the other coordinate of the principal point.
        check(&BundleAdjustment::new(16, 1), 2);
    }

    #[test]
    fn derivatives_by_hand_are_the_tapes_without_rotation() {
        let mut problem = BundleAdjustment::new(4, 1);
        for point in problem.points.numbers.chunks_exact_mut(INPUTS) {
            point[..3].fill(0.0);
        }
        check(&problem, 2);
    }

    #[test]
    fn a_quarter_turn_about_an_axis_exchanges_the_others() {
        let quarter = std::f64::consts::FRAC_PI_2;
        let [x, y, z] = rotate([0.0, 0.0, quarter], [1.0, 2.0, 3.0]);
        assert!((x + 2.0).abs() < 1e-14 && (y - 1.0).abs() < 1e-14 && (z - 3.0).abs() < 1e-14);
    }
}
