//! Networks and batches of many sizes, to show that the time of a step is proportional to its arithmetic.

/// A series of networks and batches that differ in one size.
#[derive(Clone, Copy, Debug)]
pub struct ScalingAxis {
    /// The size that varies.
    pub name: &'static str,
    /// The values of this size.
    pub values: &'static [usize],
    /// Returns the network's widths and the batch size for a value.
    pub size: fn(usize) -> (Vec<usize>, usize),
}

/// The series to time.
pub const AXES: [ScalingAxis; 3] = [
    ScalingAxis {
        name: "width",
        values: &[32, 64, 128, 256, 512, 1024],
        size: |width| (vec![784, width, width, 10], 128),
    },
    ScalingAxis {
        name: "depth",
        values: &[1, 2, 4, 8, 16, 32],
        size: |depth| {
            let hidden = std::iter::repeat_n(128, depth);
            (
                std::iter::once(784).chain(hidden).chain([10]).collect(),
                128,
            )
        },
    },
    ScalingAxis {
        name: "batch",
        values: &[32, 128, 512, 2048, 8192],
        size: |batch| (vec![784, 128, 64, 10], batch),
    },
];

/// The number of multiplications and additions in the matrix products of a step: each layer's forward product, the
/// gradient of its weights, and, except for the first layer, the adjoint of its inputs.
#[must_use]
pub fn flops(widths: &[usize], batch: usize) -> f64 {
    let products: Vec<usize> = widths.windows(2).map(|pair| pair[0] * pair[1]).collect();
    let all = 3 * products.iter().sum::<usize>() - products[0];
    2.0 * all as f64 * batch as f64
}

/// The slope of a least-squares line through the logarithms of the points: the exponent p of y = c xᵖ.
#[must_use]
pub fn log_slope(points: &[(f64, f64)]) -> f64 {
    let logs = points.iter().map(|&(x, y)| (x.ln(), y.ln()));
    let count = points.len() as f64;
    let (x_sum, y_sum) = logs
        .clone()
        .fold((0.0, 0.0), |sum, at| (sum.0 + at.0, sum.1 + at.1));
    let (x_mean, y_mean) = (x_sum / count, y_sum / count);
    let (above, below) = logs.fold((0.0, 0.0), |sum, (x, y)| {
        let x = x - x_mean;
        (sum.0 + x * (y - y_mean), sum.1 + x * x)
    });
    above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_slope_is_the_exponent() {
        for power in [-1.0, 0.5, 1.0, 2.0] {
            let points = [1.0, 3.0, 10.0, 50.0].map(|x: f64| (x, 7.0 * x.powf(power)));
            assert!((log_slope(&points) - power).abs() < 1e-12);
        }
    }

    #[test]
    fn one_layer_has_two_products() {
        assert_eq!(flops(&[784, 10], 3), 2.0 * 2.0 * 784.0 * 10.0 * 3.0);
        assert_eq!(flops(&[2, 3, 4], 1), 2.0 * (6.0 + 6.0 + 3.0 * 12.0));
    }
}
