//! The report of the paper from end to end: the program writes it, and a browser, if one is installed, shows it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{idx, refused, run, text};
use mnist_core::data::{FILES, Splits, sides};
use mnist_paper::{Reader, ReaderSettings, SECTIONS};
use nn::Dataset;

/// Creates a data folder with the first images of each set, so that training is fast.
fn few_images(dir: &Path) {
    let splits = Splits::embedded().unwrap();
    let files = |data: &Dataset, count: usize| {
        let [rows, cols] = sides(data);
        let labels: Vec<u8> = data.classes().iter().map(|&class| class as u8).collect();
        let dims = [count, rows, cols].map(|n| n as u32);
        [
            idx(&dims, &data.inputs()[..count * rows * cols]),
            idx(&dims[..1], &labels[..count]),
        ]
    };
    let all = [files(&splits.train, 1_500), files(&splits.test, 300)].concat();
    for (name, bytes) in FILES.iter().zip(all) {
        fs::write(dir.join(name), bytes).unwrap();
    }
}

#[test]
fn the_report_is_written_and_a_browser_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    few_images(dir.path());
    let out = dir.path().join("report");
    let places = ["--data", text(dir.path()), "--report", text(&out)];
    let text = run(
        0,
        &[&["paper", "--quick", "--errata"], &places[..]].concat(),
    );
    assert!(text.contains("P13") && text.contains("verdict: shapes do not fit"));

    let page = out.join("paper.html");
    let html = fs::read_to_string(&page).unwrap();
    holds_everything(&html);
    match browser() {
        // Bypasses the test harness, which captures the output of the print macros.
        None => writeln!(
            std::io::stderr(),
            "SKIP: no chromium was found, so the report was not looked at"
        )
        .unwrap(),
        Some(browser) => looks_right(&browser, &page, dir.path()),
    }
}

/// Checks that the page is complete, and that it loads nothing from elsewhere.
fn holds_everything(html: &str) {
    for wanted in [
        "<html lang=\"en\">",
        "prefers-color-scheme: dark",
        "<math display=\"block\">",
        "class=\"weights\"",
        "class=\"bars\"",
        "class=\"tape-graph\"",
        "Confusion on the test images",
        "A cubic, fitted by gradient descent",
        "Time for all derivatives of a chain of L neurons",
        "Error against depth",
        "id=\"errata\"",
    ] {
        assert!(html.contains(wanted), "{wanted}");
    }
    for outside in ["<link", "<script", "src=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    // Every figure has a description, and every id is unique.
    assert_eq!(
        html.matches("<svg ").count(),
        html.matches("<svg role=\"img\"").count()
    );
    assert_eq!(html.matches("<h1>").count(), 1);
    let mut ids: Vec<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for name in html
        .split("aria-labelledby=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(ids.binary_search(&name).is_ok(), "{name}");
    }
}

/// Finds a Chromium, under any of its names.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

/// Runs a browser on a page, and returns its standard output.
fn browse(browser: &Path, page: &Path, dir: &Path, arguments: &[String]) -> String {
    let profile = tempfile::tempdir_in(dir).unwrap();
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--allow-file-access-from-files",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Checks that a browser parses the page, and takes screenshots for a desktop and a phone.
fn looks_right(browser: &Path, page: &Path, dir: &Path) {
    let run = |arguments: &[String]| browse(browser, page, dir, arguments);
    let dom = run(&["--dump-dom".into()]);
    assert!(
        dom.contains("<mfrac>") && dom.contains("id=\"errata-title\"") && dom.contains("</html>")
    );
    for (name, size) in [("desktop", "1280,900"), ("phone", "390,844")] {
        let shot = dir.join(format!("{name}.png"));
        run(&[
            format!("--screenshot={}", shot.display()),
            format!("--window-size={size}"),
        ]);
        let png = fs::read(&shot).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000, "{name}");
    }

    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut pages = vec![page.to_owned()];
    for name in ["accuracy", "loss", "confusion", "mistakes"] {
        pages.push(docs.join(name).with_extension("svg"));
    }
    // The check detects a figure that does not scale.
    let svg = fs::read_to_string(docs.join("loss.svg")).unwrap();
    let rigid = dir.join("rigid.svg");
    fs::write(&rigid, svg.replace("max-width", "min-width")).unwrap();
    pages.push(rigid);

    let mut widths = widths(browser, &pages, dir);
    assert_eq!(widths.pop(), Some(720.0));
    for (page, width) in pages.iter().zip(widths) {
        assert!(
            width > 300.0 && width <= 400.0,
            "{}: {width}",
            page.display()
        );
    }
}

/// The right edge of the widest figure on each page, in a window of 400 pixels.
fn widths(browser: &Path, pages: &[PathBuf], dir: &Path) -> Vec<f64> {
    let mut html = "<!DOCTYPE html><title></title>".to_owned();
    for page in pages {
        html += &format!(
            "<iframe src=\"file://{}\" width=400 height=800 style=\"border:0\"></iframe>",
            page.display()
        );
    }
    html += "<script>onload = () => { document.title = [...document.querySelectorAll('iframe')].map(frame => {
        const root = frame.contentDocument.documentElement;
        const figures = root.matches('svg') ? [root] : [...root.querySelectorAll('svg')];
        return Math.max(...figures.map(figure => figure.getBoundingClientRect().right));
    }).join(' ') }</script>";
    let page = dir.join("frames.html");
    fs::write(&page, html).unwrap();
    let dom = browse(browser, &page, dir, &["--dump-dom".into()]);
    let title = dom
        .split("<title>")
        .nth(1)
        .and_then(|rest| rest.split("</title>").next());
    let widths: Vec<f64> = title
        .unwrap_or_default()
        .split_whitespace()
        .map(|width| width.parse().unwrap())
        .collect();
    assert_eq!(widths.len(), pages.len(), "{dom}");
    widths
}

#[test]
fn an_error_planted_into_training_is_detected() {
    let dir = tempfile::tempdir().unwrap();
    few_images(dir.path());
    for section in &SECTIONS[11..] {
        let reader = Reader::new(ReaderSettings {
            quick: true,
            data: Some(dir.path().to_owned()),
            planted: Some(section.number),
            ..ReaderSettings::default()
        })
        .unwrap();
        let run = section.run(&reader).unwrap();
        assert!(!run.findings.passed(), "{}", section.name);
    }
}

#[test]
fn bad_input_is_refused_with_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let deep = vec!["10"; 40].join(",");
    for (arguments, named) in [
        (&["--section", "14"][..], "--section"),
        (&["--section", "nowhere"], "nowhere"),
        (&["--section", "1", "--report", text(&file)], "file"),
        (
            &["--section", "paths", "--widths", "10,100,100,100,100,100"],
            "10,101,010,100 paths",
        ),
        (
            &["--section", "paths", "--widths", &deep],
            "countless paths",
        ),
        (&["--section", "paths", "--widths", "3,0,2"], "--widths"),
        (&["--section", "paths", "--widths", "3"], "--widths"),
    ] {
        refused(&[&["paper"], arguments].concat(), &[named]);
    }
    run(0, &["paper", "--section", "neuron"]);
}
