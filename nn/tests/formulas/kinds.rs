//! The optimizers that the tests use, one of each kind.

pub(crate) use nn::OptimizerSettings as Kind;
use nn::{AdamSettings, SgdSettings};

pub(crate) const SGD: SgdSettings = SgdSettings {
    learning_rate: 0.1,
    momentum: 0.9,
    nesterov: false,
    weight_decay: 0.01,
};

pub(crate) const ADAM: AdamSettings = AdamSettings {
    learning_rate: 0.1,
    beta1: 0.8,
    beta2: 0.95,
    epsilon: 1e-3,
    weight_decay: 0.01,
};

/// Returns all kinds.
pub(crate) fn all() -> [Kind; 6] {
    let plain = SgdSettings::new(0.1);
    let nesterov = SgdSettings {
        nesterov: true,
        ..SGD
    };
    let decaying = SgdSettings {
        weight_decay: 0.01,
        ..plain
    };
    [
        Kind::Sgd(plain),
        Kind::Sgd(decaying),
        Kind::Sgd(SGD),
        Kind::Sgd(nesterov),
        Kind::Adam(ADAM),
        Kind::AdamW(ADAM),
    ]
}
