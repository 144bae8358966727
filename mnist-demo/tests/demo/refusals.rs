//! Unusable input is refused in one line that names the object and the cause, and earlier results stay.

use crate::common::{
    contents, demo, easy_data_set, gzip, idx, own_data, refused, text, trained, weights,
};
use crate::png;
use mnist_core::data::FILES;
use nn::{Activation, Initializer, Mlp, StandardLoss, Supervised, snapshot};
use std::fs;
use std::io::Read;
use std::process::Command;

#[test]
fn bad_data_is_refused_and_earlier_results_stay() {
    let results = trained(own_data().path());
    let before = contents(results.path());
    let output = text(results.path());
    let bad = |number: usize, bytes: &[u8], words: &[&str]| {
        let data = own_data();
        fs::write(data.path().join(FILES[number]), bytes).unwrap();
        let words = [&[FILES[number]], words].concat();
        refused(&["--data", text(data.path()), "--output", output], &words);
        assert_eq!(contents(results.path()), before, "{words:?}");
    };
    let [images, labels] = easy_data_set(600);
    bad(0, &images[..images.len() - 1], &["is cut short"]);
    bad(0, &[&images[..], &[0]].concat(), &["is too long"]);
    bad(0, b"\x89PNG and more", &["is not an IDX file"]);
    bad(0, &easy_data_set(599)[0], &["599 images for 600 labels"]);
    bad(
        0,
        &gzip(idx(&[600, 6, 6], &[]).chain(std::io::repeat(0).take(64 << 20))),
        &["is too long"],
    );
    bad(
        0,
        &[&gzip(&images[..])[..], b"text"].concat(),
        &["goes on after its compressed data"],
    );
    bad(0, b"", &["is cut short"]);
    bad(
        1,
        &[&labels[..labels.len() - 1], &[10]].concat(),
        &["label 10 at index 599"],
    );
    bad(2, &idx(&[50, 5, 5], &[0; 1250]), &["5×5", "6×6"]);

    let data = own_data();
    fs::remove_file(data.path().join(FILES[3])).unwrap();
    refused(
        &["--data", text(data.path()), "--output", output],
        &[text(data.path()), FILES[3]],
    );
    #[cfg(unix)]
    {
        let loops = data.path().join(FILES[3]);
        std::os::unix::fs::symlink(&loops, &loops).unwrap();
        refused(
            &["--data", text(data.path()), "--output", output],
            &[text(&loops), "cannot be read"],
        );
    }
    refused(
        &["--data", "/nowhere", "--output", output],
        &["/nowhere", "cannot be read"],
    );
    assert_eq!(contents(results.path()), before);
}

#[test]
fn bad_settings_are_refused_and_earlier_results_stay() {
    let data = own_data();
    let results = trained(data.path());
    let before = contents(results.path());
    let places = [
        "--data",
        text(data.path()),
        "--output",
        text(results.path()),
    ];
    for (option, value) in [
        ("--widths", "0"),
        ("--widths", "10,0,10"),
        ("--widths", "18446744073709551615"),
        ("--learning-rate", "-0.1"),
        ("--learning-rate", "NaN"),
        ("--learning-rate", "inf"),
        ("--batch", "0"),
        ("--batch", "601"),
        ("--steps", "0"),
        ("--epochs", "0"),
        ("--threads", "0"),
        ("--threads", "1000000"),
        ("--output-map", "relu"),
    ] {
        refused(&[&places[..], &[option, value]].concat(), &[option]);
    }
    for option in ["--momentum", "--weight-decay"] {
        for value in ["-0.1", "NaN", "inf"] {
            refused(&[&places[..], &[option, value]].concat(), &[option]);
        }
    }
    for (option, value) in [
        ("--learning-rate", "-1"),
        ("--weight-decay", "NaN"),
        ("--beta1", "1"),
        ("--beta1", "-0.1"),
        ("--beta2", "1"),
        ("--beta2", "NaN"),
        ("--epsilon", "0"),
        ("--epsilon", "inf"),
        // It is 0 in single precision.
        ("--epsilon", "1e-60"),
        ("--momentum", "0.9"),
    ] {
        for optimizer in ["adam", "adamw"] {
            let options = ["--optimizer", optimizer, option, value];
            refused(&[&places[..], &options].concat(), &[option]);
        }
    }
    for (options, option) in [
        (&["--momentum", "1"][..], "--momentum"),
        (&["--momentum", "0", "--nesterov"], "--momentum"),
        (&["--nesterov"], "--nesterov"),
        (&["--beta1", "0.9"], "--beta1"),
        (&["--epsilon", "1e-8"], "--epsilon"),
        (&["--optimizer", "adam", "--nesterov"], "--nesterov"),
    ] {
        refused(&[&places[..], options].concat(), &[option]);
    }
    // The loss becomes NaN after some steps.
    let wild = [
        "--learning-rate",
        "1e30",
        "--steps",
        "20",
        "--widths",
        "9,9,9",
    ];
    refused(
        &[&places[..], &wild].concat(),
        &["the loss became", "--learning-rate"],
    );
    for option in ["--batch", "--batches"] {
        refused(
            &["compare", "--data", text(data.path()), option, "0"],
            &[option],
        );
    }
    assert_eq!(contents(results.path()), before);

    // Networks that are invalid, or have too many paths or parameters.
    for widths in [
        "3",
        "3,0,2",
        "99999999,1",
        "99999999,99999999",
        "4,9999,9999",
    ] {
        refused(
            &["paper", "--section", "5", "--widths", widths],
            &["--widths"],
        );
    }
    let deep = vec!["1"; 20_000].join(",");
    refused(
        &["paper", "--section", "5", "--widths", &deep],
        &["--widths"],
    );
}

#[test]
fn a_refusal_creates_no_folder() {
    let data = own_data();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("new/run");
    let places = ["--data", text(data.path()), "--output", text(&output)];
    let nothing_is_left = || fs::read_dir(folder.path()).unwrap().next().is_none();
    for options in [
        "--widths 0",
        "--batch 601",
        "--steps 0",
        "--optimizer adam --epsilon 1e-60",
        "--learning-rate 1e30 --steps 20 --widths 9,9,9",
    ] {
        let options: Vec<&str> = options.split(' ').collect();
        refused(&[&places[..], &options].concat(), &[]);
        assert!(nothing_is_left(), "{options:?}");
    }
    refused(&["--data", "/nowhere", "--output", text(&output)], &[]);
    let report = ["paper", "--section", "8", "--report", text(&output)];
    refused(&[&report[..], &["--data", "/nowhere"]].concat(), &[]);
    assert!(nothing_is_left());
}

#[test]
fn bad_paths_weights_and_images_are_refused() {
    let data = own_data();
    let results = trained(data.path());
    let of_own = ["--data", text(data.path())];

    let file = results.path().join("run.csv");
    refused(
        &[&of_own[..], &["--output", text(&file)]].concat(),
        &["run.csv", "cannot write into this folder"],
    );
    // A folder has the name of a result file, which is detected before the training.
    let taken = tempfile::tempdir().unwrap();
    fs::create_dir(taken.path().join("loss.svg")).unwrap();
    refused(
        &[&of_own[..], &["--output", text(taken.path())]].concat(),
        &["loss.svg: cannot write this file"],
    );
    assert_eq!(fs::read_dir(taken.path()).unwrap().count(), 1);

    // Paths where nobody can create files.
    for path in ["/proc/self", "/proc/self/new", "/dev/null", "/dev/full"] {
        if cfg!(target_os = "linux") {
            let cause = "cannot write into this folder";
            refused(&[&of_own[..], &["--output", path]].concat(), &[path, cause]);
            let report = ["paper", "--section", "1", "--report", path];
            refused(&report, &[path, cause]);
        }
    }

    let good = weights(results.path());
    let cut = results.path().join("cut.safetensors");
    fs::write(&cut, &fs::read(&good).unwrap()[..500]).unwrap();
    let folder = text(results.path());
    for (weights, cause) in [
        (text(&cut), "not a safetensors file"),
        (text(&file), "not a safetensors file"),
        ("/nowhere/weights", "No such file"),
        (folder, "is not a regular file"),
    ] {
        for command in [&["eval"][..], &["predict", "0"]] {
            let arguments = [command, &of_own, &["--weights", weights]].concat();
            refused(&arguments, &[weights, cause]);
        }
    }
    // One weight of the last layer is NaN.
    let unsound = results.path().join("unsound.safetensors");
    let mut bytes = fs::read(&good).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&unsound, bytes).unwrap();
    for command in [&["eval"][..], &["predict", "0"]] {
        let arguments = [command, &of_own, &["--weights", text(&unsound)]].concat();
        refused(&arguments, &["unsound.safetensors", "not finite"]);
    }
    // Weights for 6×6 pixels do not fit MNIST.
    let sizes = ["36 inputs", "28×28 = 784 pixels"];
    refused(
        &["eval", "--weights", text(&good)],
        &[&[text(&good)][..], &sizes].concat(),
    );

    let predict = |image: &str, words: &[&str]| {
        refused(
            &[
                &["predict", image],
                &of_own[..],
                &["--weights", text(&good)],
            ]
            .concat(),
            words,
        );
    };
    predict("50", &["no test image 50", "from 0 to 49"]);
    predict(
        "99999999999999999999",
        &["99999999999999999999: cannot be read"],
    );
    predict(text(&file), &["run.csv", "PNG"]);
    predict("/nowhere.png", &["/nowhere.png", "cannot be read"]);
    let dot = results.path().join("dot.png");
    fs::write(&dot, mnist_core::render::encode_png(&[255], 1).unwrap()).unwrap();
    predict(text(&dot), &["dot.png", "shows no digit"]);
    // A palette whose second colour is incomplete, at which the decoder panics.
    let palette = results.path().join("palette.png");
    let chunks = [
        png::header(1, 1, 8, 3, false),
        (*b"PLTE", vec![1, 2, 3, 4]),
        (*b"IDAT", png::deflate(&[0, 0][..])),
        (*b"IEND", vec![]),
    ];
    fs::write(&palette, png::assemble(&chunks)).unwrap();
    predict(text(&palette), &["palette.png", "the decoder failed"]);
    predict(folder, &["is not a regular file"]);
    #[cfg(unix)]
    {
        let pipe = results.path().join("pipe.png");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        predict(text(&pipe), &["pipe.png: is not a regular file"]);
    }
    // Control characters are not printed.
    predict("\x1b[31m\nno.png", &["error:  [31m no.png: cannot be read"]);
}

#[test]
fn finite_weights_that_overflow_give_no_result() {
    let data = own_data();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.safetensors");
    let places = ["--data", text(data.path()), "--weights", text(&file)];
    let evaluated = |words: &[&str]| {
        let arguments = [&["eval"], &places[..]].concat();
        refused(&arguments, &[&[text(&file)], words].concat());
        assert_eq!(demo(&arguments).stdout, b"");
    };
    let predicted = |words: &[&str]| {
        let arguments = [&["predict", "0"], &places[..]].concat();
        refused(&arguments, &[&[text(&file)], words].concat());
        assert_eq!(demo(&arguments).stdout, b"");
    };

    // Sums of infinities in the first layer, and in the last layer.
    let network = Mlp::new(&[36, 10, 10], Activation::Tanh);
    for layer in [0, 1] {
        let mut parameters = network.init::<f32>(Initializer::GlorotNormal, 1);
        for (i, weight) in parameters.slice_mut(2 * layer).iter_mut().enumerate() {
            // Infinities of one sign in one neuron, and of both signs in its neighbours.
            let inputs = [36, 10][layer];
            *weight = if i / inputs % 2 == 0 { 3e38 } else { -3e38 };
        }
        if layer == 1 {
            parameters.slice_mut(1).fill(10.0);
        }
        snapshot::save(
            &file,
            &Supervised::new(network.clone(), StandardLoss::cross_entropy()),
            &parameters,
        )
        .unwrap();
        let overflows = format!("layer {} of 2 overflows", layer + 1);
        evaluated(&[&overflows, "on training image 0"]);
        predicted(&[&overflows]);
    }
    // Every output is finite, but the squares overflow.
    let loss = StandardLoss::squared_difference(Activation::Identity);
    let mut parameters = network.init::<f32>(Initializer::GlorotNormal, 1);
    parameters.slice_mut(3).fill(3e38);
    snapshot::save(&file, &Supervised::new(network.clone(), loss), &parameters).unwrap();
    evaluated(&["the cost of the training images is inf"]);
    // The file is valid in double precision.
    let mut parameters = network.init::<f64>(Initializer::GlorotNormal, 1);
    parameters.slice_mut(3)[0] = 1e39;
    snapshot::save(
        &file,
        &Supervised::new(network.clone(), StandardLoss::cross_entropy()),
        &parameters,
    )
    .unwrap();
    evaluated(&["weights that are not finite in single precision"]);
    predicted(&["weights that are not finite in single precision"]);
}

/// A limit on file sizes simulates a full disk: the SVG files exceed the limit, the weights do not.
#[cfg(unix)]
#[test]
fn without_disk_space_the_earlier_results_stay() {
    let data = own_data();
    let results = trained(data.path());
    let before = contents(results.path());
    let output = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f 20; exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_mnist-demo"))
        .args(["--steps", "9", "--data", text(data.path())])
        .args(["--output", text(results.path())])
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains(".svg: cannot write this file"), "{errors}");
    assert_eq!(contents(results.path()), before);
}
