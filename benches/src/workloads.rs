//! The training steps that are timed, with this project and with other tools.

use crate::FULL;
use nn::{AdamSettings, OptimizerSettings, SgdSettings};
use serde::Serialize;

/// A training step: a network with rectifiers and softmax cross-entropy, a batch of images of 784 bytes in ten
/// classes, and an optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Workload {
    /// A short name.
    pub name: &'static str,
    /// The number of neurons of each layer, inputs first.
    pub widths: &'static [usize],
    /// The number of samples in a batch.
    pub batch: usize,
    /// The total number of samples. The steps take the batches in order, and start over after the last one.
    pub samples: usize,
    /// The optimizer.
    pub optimizer: OptimizerSettings,
}

/// The training steps.
pub const WORKLOADS: [Workload; 7] = [
    Workload {
        samples: FULL,
        ..descent("W1", &[784, 10, 10], FULL, 0.1)
    },
    descent("W2-1", &[784, 128, 64, 10], 1, 0.01),
    descent("W2-32", &[784, 128, 64, 10], 32, 0.1),
    descent("W2-128", &[784, 128, 64, 10], 128, 0.1),
    descent("W2-1024", &[784, 128, 64, 10], 1024, 0.1),
    Workload {
        optimizer: OptimizerSettings::Adam(AdamSettings::new(1e-3)),
        ..descent("W3", &[784, 512, 512, 10], 128, 0.0)
    },
    descent("W4", &[784, 10, 10], 1, 0.01),
];

const fn descent(
    name: &'static str,
    widths: &'static [usize],
    batch: usize,
    learning_rate: f64,
) -> Workload {
    Workload {
        name,
        widths,
        batch,
        samples: 8192,
        optimizer: OptimizerSettings::Sgd(SgdSettings::new(learning_rate)),
    }
}

impl Workload {
    /// Returns the workload with the given name.
    #[must_use]
    pub fn named(name: &str) -> Option<Workload> {
        WORKLOADS.into_iter().find(|workload| workload.name == name)
    }

    /// The widths in the form `784-10-10`.
    #[must_use]
    pub fn network_name(&self) -> String {
        crate::networks::name(self.widths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_has_whole_batches_and_a_unique_name() {
        for workload in WORKLOADS {
            assert_eq!(workload.samples % workload.batch, 0, "{}", workload.name);
            assert_eq!(Workload::named(workload.name), Some(workload));
        }
    }
}
