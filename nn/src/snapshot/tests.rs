//! Saved models are loaded again; altered files are refused.

use super::*;
use crate::StateError;
use crate::{
    Activation, Adam, Initializer, Mlp, MlpModel, Setting, Sgd, SgdSettings, StandardLoss,
    Supervised,
};

fn saved<T: Real>() -> Snapshot<T> {
    let network = Mlp::new(&[5, 4, 3], Activation::Tanh);
    let parameters = network.init(Initializer::Normal(1.0), 3);
    Snapshot {
        model: Supervised::new(network, StandardLoss::cross_entropy()),
        parameters,
        notes: Notes::new(),
    }
}

fn bytes_of<T: Real>(saved: &Snapshot<T>) -> Vec<u8> {
    serialize(&saved.model, &saved.parameters, None, &Notes::new()).unwrap()
}

#[test]
fn saved_models_are_loaded_again_in_either_precision() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let (double, single) = (saved::<f64>(), saved::<f32>());
    save(&path, &double.model, &double.parameters).unwrap();
    assert_eq!(load::<f64, MlpModel>(&path).unwrap(), double);
    save(&path, &single.model, &single.parameters).unwrap();
    assert_eq!(load::<f32, MlpModel>(&path).unwrap(), single);
    assert_eq!(
        load::<f64, MlpModel>(&path).unwrap().parameters.data()[0],
        f64::from(single.parameters.data()[0])
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no temporary file is left"
    );
}

#[test]
fn a_file_cut_short_or_altered_is_refused() {
    let bytes = bytes_of(&saved::<f32>());
    for length in 0..bytes.len() {
        assert!(
            from_bytes::<f32, MlpModel>(&bytes[..length]).is_err(),
            "cut at {length}"
        );
    }
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 0x11;
        // The result may be a valid file with other numbers. Reading it must not panic.
        let _ = from_bytes::<f32, MlpModel>(&altered);
    }
}

#[test]
fn other_shapes_and_names_are_reported() {
    let wrong = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let text = bytes_of(&saved::<f32>());
        let place = text
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .unwrap();
        let mut altered = text.clone();
        altered[place..place + to.len()].copy_from_slice(to.as_bytes());
        from_bytes::<f32, MlpModel>(&altered)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        wrong("[5,4,3]", "[5,6,3]"),
        "tensor `layers.0.weight` has shape [4, 5], but the network needs [6, 5]"
    );
    assert_eq!(
        wrong("layers.1.bias", "layers.1.bits"),
        "tensor `layers.1.bias` is missing"
    );
    assert!(wrong("[5,4,3]", "[5,0,3]").contains("cannot have the widths"));
    assert!(wrong(":0.0}", ":1.5}").contains("a label smoothing of 1.5 is not in [0, 1]"));
    assert!(wrong("tanh", "tank").contains("description of the network cannot be read"));
}

#[test]
fn an_earlier_file_stays_when_the_new_one_cannot_be_written() {
    let saved = saved::<f32>();
    let error = save("/nowhere/weights", &saved.model, &saved.parameters).unwrap_err();
    assert!(
        error.to_string().starts_with("/nowhere/weights: "),
        "{error}"
    );
}

/// Returns a network, and an optimizer that has taken three steps.
fn in_training<T: Real>() -> (Snapshot<T>, Adam<T>) {
    let mut saved = saved::<T>();
    let mut adam = Adam::new(0.123_456_789_012_345_68);
    for step in 0..3 {
        let gradient = saved
            .model
            .network
            .init::<T>(Initializer::Normal(1.0), step);
        adam.step(saved.parameters.data_mut(), gradient.data())
            .unwrap();
    }
    (saved, adam)
}

#[test]
fn a_saved_training_is_also_a_model_and_is_loaded_in_either_precision() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("training.safetensors");
    let (saved, adam) = in_training::<f32>();
    save_training(&path, &saved.model, &saved.parameters, &adam).unwrap();
    assert_eq!(load::<f32, MlpModel>(&path).unwrap(), saved);
    let mut resumed = Adam::new(1.0);
    assert_eq!(
        load_training::<f32, MlpModel>(&path, &mut resumed).unwrap(),
        saved
    );
    assert_eq!(resumed, adam);

    let mut wide = Adam::new(1.0);
    load_training::<f64, MlpModel>(&path, &mut wide).unwrap();
    let (wide, narrow) = (wide.state(), adam.state());
    assert_eq!((wide.steps, &wide.settings), (3, &narrow.settings));
    for (wide, narrow) in wide.moments.iter().zip(&narrow.moments) {
        assert_eq!(wide.1.data()[0], f64::from(narrow.1.data()[0]));
    }

    let again = folder.path().join("again.safetensors");
    save_training(&again, &saved.model, &saved.parameters, &resumed).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(&again).unwrap());
}

#[test]
fn an_optimizer_is_restored_only_from_its_own_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("training.safetensors");
    let (saved, adam) = in_training::<f32>();
    save_training(&path, &saved.model, &saved.parameters, &adam).unwrap();

    let settings = SgdSettings {
        momentum: 0.9,
        ..SgdSettings::new(0.1)
    };
    let mut momentum = Sgd::by(settings).unwrap();
    let untouched = momentum.clone();
    let error = load_training::<f32, MlpModel>(&path, &mut momentum).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it belongs to `adam`, not to `sgd`"),
        "{error}"
    );
    assert_eq!(momentum, untouched);

    save(&path, &saved.model, &saved.parameters).unwrap();
    let cause = load_training::<f32, MlpModel>(&path, &mut momentum)
        .unwrap_err()
        .cause;
    assert!(matches!(cause, Cause::NoOptimizer));

    // The optimizer has stepped another number of parameters.
    let mut other = Adam::new(0.1);
    other.step(&mut [0.0_f32; 5], &[1.0; 5]).unwrap();
    let error = save_training(&path, &saved.model, &saved.parameters, &other);
    assert!(matches!(error.unwrap_err().cause, Cause::Shape { .. }));
}

#[test]
fn an_altered_training_is_refused() {
    let (saved, adam) = in_training::<f32>();
    let notes = &Notes::from([("seed", "7"), ("size", "9")].map(|(k, v)| (k.into(), v.into())));
    let bytes = serialize(&saved.model, &saved.parameters, Some(&adam.state()), notes).unwrap();
    let resume = |bytes: &[u8]| -> Result<(), Cause> {
        let (mut rest, size) = (bytes, bytes.len() as u64);
        let contents = Contents::<MlpModel>::read(&mut rest, Some(size))?;
        let state = contents.optimizer::<f32>(rest);
        let mut resumed = Adam::new(0.1);
        Ok(resumed.restore(state.ok_or(Cause::NoOptimizer)?)?)
    };
    resume(&bytes).unwrap();
    for length in (0..bytes.len()).step_by(3) {
        assert!(resume(&bytes[..length]).is_err(), "cut at {length}");
    }
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 0x11;
        // The result may be a valid file with other numbers. Reading it must not panic.
        let _ = resume(&altered);
    }

    let wrong = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let mut altered = bytes.clone();
        let places = bytes.windows(from.len()).enumerate();
        for (place, _) in places.filter(|(_, window)| *window == from.as_bytes()) {
            altered[place..place + to.len()].copy_from_slice(to.as_bytes());
        }
        resume(&altered).unwrap_err()
    };
    let missing = wrong("optimizer.first_moment", "optimizer.other_moment");
    assert!(
        matches!(&missing, Cause::Missing(name) if name.starts_with("optimizer.first_moment.")),
        "{missing}"
    );
    let renamed = wrong("first_moment", "other_moment");
    assert!(
        matches!(renamed, Cause::Optimizer(StateError::Moments { .. })),
        "{renamed}"
    );
    let twice = wrong(r#"\"second_moment\""#, r#" \"first_moment\""#);
    assert!(matches!(twice, Cause::Network(_)), "{twice}");
    let note_twice = wrong("seed", "size");
    assert!(matches!(note_twice, Cause::Network(_)), "{note_twice}");
    let setting = wrong(r#"beta1\":0.9"#, r#"beta1\":9.9"#);
    assert!(
        matches!(&setting, Cause::Optimizer(StateError::Setting(error)) if error.setting == Setting::Beta1),
        "{setting}"
    );
    let name = wrong("beta1", "beta3");
    assert!(
        matches!(name, Cause::Optimizer(StateError::Settings(_))),
        "{name}"
    );
}
