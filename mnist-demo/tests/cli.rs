//! The program as its users see it: files written, texts printed, exit status, and every bad input refused in one line.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::read::GzEncoder;
use mnist_demo::data::FILES;
use tempfile::TempDir;

/// What a run leaves behind.
const RESULTS: [&str; 6] = [
    "accuracy.svg",
    "confusion.svg",
    "loss.svg",
    "mistakes.svg",
    "run.csv",
    "weights.safetensors",
];

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mnist-demo"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs the program, which must end with the given status, and returns what it printed.
#[track_caller]
fn run(status: i32, arguments: &[&str]) -> String {
    let output = demo(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(status),
        "{arguments:?}: {errors}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the program, which must refuse in one line that has all of these words.
#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    let output = demo(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
    let lines: Vec<&str> = errors
        .lines()
        .filter(|line| !line.starts_with("  step"))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].starts_with("error: "),
        "{arguments:?}: {errors}"
    );
    for word in words {
        assert!(
            errors.contains(word),
            "{arguments:?}: no {word} in {errors}"
        );
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The files of a folder with their contents, in order.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn names(folder: &Path) -> Vec<String> {
    contents(folder).into_iter().map(|(name, _)| name).collect()
}

fn idx(dims: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn gzip(bytes: impl Read) -> Vec<u8> {
    let mut packed = Vec::new();
    GzEncoder::new(bytes, Compression::fast())
        .read_to_end(&mut packed)
        .unwrap();
    packed
}

/// Pictures of 6×6 pixels that are easy to tell: the class is the place of a bright spot among dim noise.
fn pictures(count: usize) -> [Vec<u8>; 2] {
    let classes: Vec<u8> = (0..count).map(|i| (i * 7 % 10) as u8).collect();
    let mut pixels = Vec::new();
    for (i, &class) in classes.iter().enumerate() {
        let noise = (0..36).map(|j| ((i * 31 + j * 17) % 61) as u8);
        let mut picture: Vec<u8> = noise.collect();
        picture[3 * usize::from(class) + 1] = 255;
        pixels.extend(picture);
    }
    [
        idx(&[count as u32, 6, 6], &pixels),
        idx(&[count as u32], &classes),
    ]
}

/// A folder with 600 pictures to train on and 50 to test with.
fn own_data() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [pictures(600), pictures(50)].concat();
    for (name, bytes) in FILES.iter().zip(files) {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// A folder with results of a short run on the data.
fn trained(data: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (data, output) = (text(data), text(folder.path()));
    run(
        0,
        &[
            "--data",
            data,
            "--output",
            output,
            "--steps",
            "60",
            "--learning-rate",
            "1",
        ],
    );
    folder
}

fn weights(folder: &Path) -> PathBuf {
    folder.join("weights.safetensors")
}

#[test]
fn mnist_is_trained_evaluated_and_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("new/run");
    let shown = run(0, &["--steps", "3", "--output", text(&output)]);
    for part in [
        "MNIST: 60,000 images to train on, 10,000 to test with, of 28×28 pixels",
        "784-10-10, relu, cross-entropy behind softmax (7,960 parameters), f32",
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

    let predicted = run(0, &["predict", "--weights", text(&weights), "0"]);
    assert!(predicted.contains("test image 0 taken for"), "{predicted}");
    assert!(
        predicted.contains('@') && predicted.contains(" 9 │"),
        "{predicted}"
    );
}

#[test]
fn own_data_is_learnt_and_a_picture_of_it_recognised() {
    let data = own_data();
    let results = trained(data.path());
    let weights = weights(results.path());
    let of_own = ["--data", text(data.path()), "--weights", text(&weights)];
    let evaluated = run(0, &[&["eval"], &of_own[..]].concat());
    assert!(
        evaluated.contains("36-10-10") && evaluated.contains("100.00 %"),
        "{evaluated}"
    );

    // The third test picture, of class 4.
    let mut pixels = [0; 36];
    pixels[13] = 255;
    let picture = results.path().join("four.png");
    fs::write(
        &picture,
        mnist_demo::picture::encode_png(&pixels, 6).unwrap(),
    )
    .unwrap();
    let predicted = run(0, &[&["predict", text(&picture)], &of_own[..]].concat());
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
fn every_optimizer_learns_and_tells_its_settings() {
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
fn an_error_planted_in_either_side_is_caught() {
    let data = own_data();
    let on_own = ["compare", "--data", text(data.path()), "--batches", "3"];
    for side in ["tape", "delta"] {
        let shown = run(1, &[&on_own[..], &["--plant-error", side]].concat());
        assert_eq!(shown.matches('✗').count(), 3, "{shown}");
        assert!(shown.contains("in layers.0.weight at "), "{shown}");
    }
}

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
    let [images, labels] = pictures(600);
    bad(0, &images[..images.len() - 1], &["is cut short"]);
    bad(0, &[&images[..], &[0]].concat(), &["is too long"]);
    bad(0, b"\x89PNG and more", &["is not an IDX file"]);
    bad(0, &pictures(599)[0], &["599 images for 600 labels"]);
    bad(
        0,
        &gzip(idx(&[600, 6, 6], &[]).chain(std::io::repeat(0).take(64 << 20))),
        &["is too long"],
    );
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
    // The loss is no number any more after some steps.
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

    // What is no number at all is a mistake in typing, which clap explains at greater length.
    assert_eq!(demo(&["--learning-rate", "fast"]).status.code(), Some(2));
    assert_eq!(
        demo(&["--steps", "1", "--epochs", "1"]).status.code(),
        Some(2)
    );
}

#[test]
fn bad_places_weights_and_pictures_are_refused() {
    let data = own_data();
    let results = trained(data.path());
    let of_own = ["--data", text(data.path())];

    let file = results.path().join("run.csv");
    refused(
        &[&of_own[..], &["--output", text(&file)]].concat(),
        &["run.csv", "cannot write into this folder"],
    );

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
    // Weights for 6×6 pixels do not fit MNIST.
    let sizes = ["36 inputs", "28×28 = 784 pixels"];
    refused(
        &["eval", "--weights", text(&good)],
        &[&[text(&good)][..], &sizes].concat(),
    );

    let predict = |picture: &str, words: &[&str]| {
        refused(
            &[
                &["predict", picture],
                &of_own[..],
                &["--weights", text(&good)],
            ]
            .concat(),
            words,
        );
    };
    predict("50", &["picture 50", "50 pictures"]);
    predict(text(&file), &["run.csv", "PNG"]);
    predict("/nowhere.png", &["/nowhere.png", "cannot be read"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_cleanly_and_keeps_what_was_trained() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    let data = own_data();
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mnist-demo"))
        .args([
            "--steps",
            "1000000000",
            "--data",
            text(data.path()),
            "--output",
            text(folder.path()),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It has begun to train once it tells of the first step.
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("step"), "{line}");
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let begin = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(output.status.code(), Some(130));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("of 1,000,000,000 steps"), "{shown}");
    assert_eq!(names(folder.path()), RESULTS);
    run(
        0,
        &[
            "eval",
            "--data",
            text(data.path()),
            "--weights",
            text(&weights(folder.path())),
        ],
    );
}
