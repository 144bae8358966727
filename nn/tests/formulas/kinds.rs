//! An optimizer of each kind, to be made in either precision.

use autodiff::tensor::Real;
use nn::{Adam, AdamSettings, AdamW, Optimizer, SettingError, Sgd, SgdSettings};

/// An optimizer and its settings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Sgd(SgdSettings),
    Adam(AdamSettings),
    AdamW(AdamSettings),
}

impl Kind {
    pub(crate) fn make<T: Real>(self) -> Result<Box<dyn Optimizer<T>>, SettingError> {
        Ok(match self {
            Kind::Sgd(settings) => Box::new(Sgd::with(settings)?),
            Kind::Adam(settings) => Box::new(Adam::with(settings)?),
            Kind::AdamW(settings) => Box::new(AdamW::with(settings)?),
        })
    }
}

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

/// All kinds, for tests that go through them.
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
