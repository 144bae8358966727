//! P5, *L Layers with Arbitrary Neurons*: the brute-force sum over all paths from a neuron to the cost.

use std::time::Instant;

use mnist_core::Error;
use mnist_core::report::grouped;
use nn::Activation;

use super::Scaled;
use super::matrix::Matrix;
use super::mu::mu_prime;
use super::network::{Cost, ForwardPass, PaperNetwork, draw};
use super::{Findings, Reader, Table, seconds};

const MU: Activation = Activation::Tanh;

/// The largest number of paths to walk.
const MOST_PATHS: u128 = 100_000_000;

/// The number of paths along which the neurons of all layers except the input influence the cost. From a neuron of
/// layer L − j there are Πᵢ₌₀ʲ⁻¹ n_{L−i}. `None` if the number overflows.
fn paths(widths: &[usize]) -> Option<u128> {
    let mut paths_from_one: u128 = 1;
    let mut all: u128 = 0;
    for &width in widths[1..].iter().rev() {
        paths_from_one = paths_from_one.checked_mul(width as u128)?;
        all = all.checked_add(paths_from_one)?;
    }
    Some(all)
}

/// Returns the number of paths of a network, or an error if there are too many to walk.
fn walkable_paths(widths: &[usize]) -> Result<u128, Error> {
    let count = match paths(widths) {
        Some(count) if count <= MOST_PATHS => return Ok(count),
        None => "countless".to_owned(),
        Some(count) => u64::try_from(count).map_or(count.to_string(), grouped),
    };
    Err(Error::setting(
        "--widths",
        format!("brute force would walk {count} paths; the most is 100,000,000"),
    ))
}

struct BruteForce<'a> {
    network: &'a PaperNetwork,
    forward: ForwardPass,
    y: &'a Matrix,
    walked: u64,
}

impl BruteForce<'_> {
    /// Σ over the paths from neuron i of layer ℓ to the last layer: the product of ∂a_k/∂a_i = µ′(z_k) w_ki along the
    /// path so far, times ∂C/∂a = 2 (a − y) at its end.
    fn sum_over_paths(&mut self, l: usize, i: usize, product: Scaled) -> Scaled {
        if l == self.network.layer_count() {
            self.walked += 1;
            let difference = self.forward.a[l].at(i, 0) - self.y.at(i, 0);
            return 2.0 * difference * product;
        }
        (0..self.network.b[l].rows())
            .map(|k| {
                let mu_prime = mu_prime(MU, self.forward.z[l].at(k, 0).value);
                let step = Scaled::from(mu_prime) * self.network.W[l].at(k, i);
                self.sum_over_paths(l + 1, k, product * step)
            })
            .sum()
    }

    /// ∂C/∂w_ij⁽ℓ⁾ of all layers, row by row, then ∂C/∂b_i⁽ℓ⁾ of all layers.
    fn derivatives(&mut self) -> Vec<Scaled> {
        let (mut dw, mut db) = (Vec::new(), Vec::new());
        for l in 1..=self.network.layer_count() {
            for i in 0..self.network.b[l - 1].rows() {
                let paths = self.sum_over_paths(l, i, Scaled::from(1.0));
                let z_i = self.forward.z[l - 1].at(i, 0).value;
                let delta_i = paths * Scaled::from(mu_prime(MU, z_i));
                let a = &self.forward.a[l - 1];
                dw.extend((0..a.rows()).map(|j| delta_i * a.at(j, 0)));
                db.push(delta_i);
            }
        }
        dw.extend(db);
        dw
    }
}

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"\frac{∂C}{∂w_{ij}^{(L−1)}} = ∑_{k=1}^{n_L} (\frac{∂C}{∂a_k^{(L)}} \frac{∂a_k^{(L)}}{∂a_i^{(L−1)}}) \frac{∂a_i^{(L−1)}}{∂z_i^{(L−1)}} \frac{∂z_i^{(L−1)}}{∂w_{ij}^{(L−1)}}");
    found.formula(r"\text{paths from a neuron of layer} L − j = ∏_{i=0}^{j−1} n_{L−i}");

    let networks: Vec<Vec<usize>> = match reader.widths() {
        Some(widths) => vec![widths.to_vec()],
        None => (1..=10)
            .map(|layer_count| vec![4; layer_count + 1])
            .chain([vec![3, 5, 2, 4]])
            .collect(),
    };
    let mut table = Table {
        caption: "All derivatives of one sample".into(),
        head: vec![
            "widths",
            "paths",
            "brute force",
            "scalar tape",
            "tensor tape",
        ],
        rows: Vec::new(),
    };
    for widths in networks {
        table.rows.push(compare_network(reader, &widths, found)?);
    }
    found.tables.push(table);
    found.remark(
        "Each layer of n neurons multiplies the paths by n, and adds n² weights to a tape.",
    );
    Ok(())
}

/// Compares the brute-force derivatives of a network with the tapes', and returns a row of the table of times.
fn compare_network(
    reader: &Reader,
    widths: &[usize],
    found: &mut Findings,
) -> Result<Vec<String>, Error> {
    let count = walkable_paths(widths)?;
    let network = PaperNetwork::draw(widths, MU, Cost::Squares, reader.seed());
    let a0 = draw(widths[0], 1, 1.0, reader.seed() + 50);
    let y = draw(widths[widths.len() - 1], 1, 1.0, reader.seed() + 51);

    let start = Instant::now();
    let mut brute_force = BruteForce {
        forward: network.forward(&a0),
        network: &network,
        y: &y,
        walked: 0,
    };
    let hand = brute_force.derivatives();
    let hand_time = start.elapsed().as_secs_f64();
    let walked = u128::from(brute_force.walked);

    let start = Instant::now();
    let scalar = network.by_scalar_tape(&a0, &y);
    let scalar_time = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let tensor = network.by_tensor_tape(&a0, &y);
    let tensor_time = start.elapsed().as_secs_f64();

    let name: Vec<String> = widths.iter().map(ToString::to_string).collect();
    let name = name.join("-");
    found.compare(
        format!("{name}, scalar tape"),
        &hand,
        &[scalar.dw.concat(), scalar.db.concat()].concat(),
    );
    found.compare(
        format!("{name}, tensor tape"),
        &hand,
        &[tensor.dw.concat(), tensor.db.concat()].concat(),
    );
    found.claim(
        format!("{name}: the paths walked are as many as the formula says"),
        walked == count,
    );
    Ok(vec![
        name,
        grouped(brute_force.walked),
        seconds(hand_time),
        seconds(scalar_time),
        seconds(tensor_time),
    ])
}

#[cfg(test)]
mod tests {
    use super::paths;

    #[test]
    fn paths_are_counted_without_overflow() {
        assert_eq!(paths(&[3, 2]), Some(2));
        assert_eq!(paths(&[9, 3, 2]), Some(2 + 6));
        assert_eq!(paths(&[usize::MAX; 5]), None);
    }
}
