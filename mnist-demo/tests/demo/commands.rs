//! The commands as a user sees them: result files, printed text and exit status.

use crate::common::{RESULTS, contents, demo, gzip, names, own_data, run, text, trained, weights};
use std::fs;
use std::process::Command;
use tempfile::TempDir;

#[test]
fn mnist_is_trained_evaluated_and_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("new/run");
    let run_of_three = demo(&["--steps", "3", "--output", text(&output)]);
    let [shown, progress] =
        [run_of_three.stdout, run_of_three.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(run_of_three.status.code(), Some(0), "{progress}");
    for part in [
        "MNIST: 60,000 images for training, 10,000 for testing, 28×28 pixels",
        "784-10-10, relu, softmax cross-entropy (7,960 parameters), f32",
        "3 steps of 60,000 images by the tape, learning rate 0.1",
        "Before training: tape against δ formulas",
        "After training: tape against δ formulas",
        "layers.1.bias",
        "recognised",
    ] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    assert!(!shown.contains('\x1b'), "colours outside of a terminal");
    assert_eq!(names(&output), RESULTS);
    let table = fs::read_to_string(output.join("run.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 3 + 1, "{table}");
    assert!(table.starts_with("step,seconds,loss,train_accuracy,test_accuracy\n0,"));

    let weights = weights(&output);
    let evaluated = run(0, &["eval", "--weights", text(&weights)]);
    let line = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("  test"));
        line.unwrap().to_owned()
    };
    assert_eq!(line(&evaluated), line(&shown));
    // The last line of the progress and the result describe the same network.
    let result = line(&shown);
    let (_, accuracy) = result.rsplit_once("  ").unwrap();
    let last = progress.lines().last().unwrap();
    assert!(
        last.contains("step 3/3") && last.contains(accuracy.trim()),
        "no {accuracy} in {last}"
    );

    let predicted = run(0, &["predict", "--weights", text(&weights), "0"]);
    assert!(predicted.contains("test image 0 taken for"), "{predicted}");
    assert!(
        predicted.contains('@') && predicted.contains(" 9 │"),
        "{predicted}"
    );
}

#[test]
fn own_data_is_learnt_and_an_image_of_it_recognised() {
    let data = own_data();
    let results = trained(data.path());
    let weights = weights(results.path());
    let of_own = ["--data", text(data.path()), "--weights", text(&weights)];
    let evaluated = run(0, &[&["eval"], &of_own[..]].concat());
    assert!(
        evaluated.contains("36-10-10") && evaluated.contains("100.00 %"),
        "{evaluated}"
    );

    // The third test image, of class 4.
    let mut pixels = [0; 36];
    pixels[13] = 255;
    let image = results.path().join("four.png");
    fs::write(&image, mnist_core::render::encode_png(&pixels, 6).unwrap()).unwrap();
    let predicted = run(0, &[&["predict", text(&image)], &of_own[..]].concat());
    assert!(predicted.ends_with("four.png taken for 4\n"), "{predicted}");
    let predicted = run(0, &[&["predict", "2"], &of_own[..]].concat());
    assert!(
        predicted.ends_with("test image 2 taken for 4, right\n"),
        "{predicted}"
    );
}

#[test]
fn the_same_seed_gives_the_same_weights_whatever_the_threads_and_the_packing() {
    let plain = own_data();
    let packed = tempfile::tempdir().unwrap();
    for (name, bytes) in contents(plain.path()) {
        fs::write(packed.path().join(name + ".gz"), gzip(&bytes[..])).unwrap();
    }
    for how in [
        &["--steps", "9"][..],
        &[
            "--epochs",
            "2",
            "--batch",
            "128",
            "--widths",
            "20,15",
            "--activation",
            "tanh",
        ],
        &[
            "--epochs",
            "1",
            "--batch",
            "7",
            "--precision",
            "f64",
            "--method",
            "delta",
        ],
    ] {
        let trained = |data: &TempDir, more: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            let places = ["--data", text(data.path()), "--output", text(folder.path())];
            run(0, &[&["train"], how, more, &places].concat());
            fs::read(weights(folder.path())).unwrap()
        };
        let one = trained(&plain, &["--threads", "1"]);
        assert_eq!(one, trained(&plain, &["--threads", "2"]), "{how:?}");
        assert_eq!(one, trained(&packed, &["--threads", "3"]), "{how:?}");
        assert_ne!(one, trained(&plain, &["--seed", "2"]), "{how:?}");
    }
}

#[test]
fn every_optimizer_learns_and_prints_its_settings() {
    let data = own_data();
    let usual_adam = "β₁ 0.9, β₂ 0.999, ε 1e-8, weight decay";
    for (options, settings) in [
        ("--learning-rate 1", "learning rate 1, seed".to_owned()),
        (
            "--momentum 0.9 --nesterov --weight-decay 1e-5",
            "learning rate 0.1, Nesterov's momentum 0.9, weight decay 0.00001, seed".to_owned(),
        ),
        (
            "--optimizer adam --learning-rate 0.05",
            format!("Adam, learning rate 0.05, {usual_adam} 0, seed"),
        ),
        (
            "--optimizer adamw --learning-rate 0.05",
            format!("AdamW, learning rate 0.05, {usual_adam} 0.01, seed"),
        ),
        (
            "--optimizer adam --learning-rate 0.05 --beta1 0.8 --beta2 0.99 --epsilon 1e-6 --weight-decay 1e-6",
            "Adam, learning rate 0.05, β₁ 0.8, β₂ 0.99, ε 1e-6, weight decay 0.000001, seed"
                .to_owned(),
        ),
    ] {
        let options: Vec<&str> = options.split(' ').collect();
        let trained = |threads| {
            let folder = tempfile::tempdir().unwrap();
            let fixed = ["train", "--steps", "60", "--threads", threads];
            let places = ["--data", text(data.path()), "--output", text(folder.path())];
            let shown = run(0, &[&fixed[..], &places, &options].concat());
            assert!(shown.contains(&settings), "no {settings} in {shown}");
            (shown, fs::read(weights(folder.path())).unwrap())
        };
        let (shown, weights) = trained("1");
        let test = shown.lines().find(|line| line.starts_with("  test"));
        assert!(test.unwrap().ends_with("100.00 %"), "{options:?}: {shown}");
        assert_eq!(weights, trained("2").1, "{options:?}");
    }
}

#[test]
fn tape_and_formulas_are_compared() {
    let shown = run(0, &["compare", "--batches", "2", "--batch", "16"]);
    assert!(
        shown.contains("Tape against δ formulas, over 2 batches of 16 images"),
        "{shown}"
    );
    assert_eq!(shown.matches('✓').count(), 4, "{shown}");
    let shown = run(0, &["compare", "--batches", "1", "--batch", "1"]);
    assert!(shown.contains("over 1 batch of 1 image\n"), "{shown}");

    let data = own_data();
    let on_own = [
        "compare",
        "--data",
        text(data.path()),
        "--batches",
        "3",
        "--json",
    ];
    for more in [
        &["--widths", "none"][..],
        &[
            "--widths",
            "7,6,5",
            "--activation",
            "sigmoid",
            "--loss",
            "squared-difference",
        ],
        &["--loss", "squared-difference", "--output-map", "softmax"],
    ] {
        let json = run(0, &[&on_own, more].concat());
        let found: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(found["passed"], true);
        let layers = found["widths"].as_array().unwrap().len() - 1;
        for (pair, precision) in found["pairs"]
            .as_array()
            .unwrap()
            .iter()
            .zip(["f64", "f32", "f64", "f64"])
        {
            assert_eq!(pair["precision"], precision);
            assert_eq!(pair["parameters"].as_array().unwrap().len(), 2 * layers);
        }
    }
}

#[test]
fn an_error_planted_in_either_side_is_detected() {
    let data = own_data();
    let on_own = ["compare", "--data", text(data.path()), "--batches", "3"];
    for side in ["tape", "delta"] {
        let shown = run(1, &[&on_own[..], &["--plant-error", side]].concat());
        assert_eq!(shown.matches('✗').count(), 3, "{shown}");
        assert!(shown.contains("in layers.0.weight at "), "{shown}");
    }
}

#[cfg(unix)]
#[test]
fn unusual_folder_names_and_closed_pipes_are_no_errors() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Stdio;

    let data = own_data();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join(OsStr::from_bytes(b"no UTF-8: \xff\n"));
    let training = || {
        let mut program = Command::new(env!("CARGO_BIN_EXE_mnist-demo"));
        program.args(["--steps", "9", "--data", text(data.path()), "--output"]);
        program.arg(&output);
        program
    };
    let mut child = training()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(names(&output), RESULTS);
    let shown = String::from_utf8(training().output().unwrap().stdout).unwrap();
    let last = shown.lines().last().unwrap();
    assert!(last.contains("no UTF-8: \u{fffd} : weights"), "{last}");
}
