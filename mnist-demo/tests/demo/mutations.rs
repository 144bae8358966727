//! Randomly altered files are read or refused, without a panic, in bounded memory and time. A refusal is one line.

mod idx;
mod png;
mod program;
mod random;
mod weights;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::time::{Duration, Instant};

use crate::memory::peak;
use crate::png::assemble;
use mnist_core::data::{DataCause, Sketch, read_images, read_labels};
use random::Random;

/// The memory limit for reading a file, in bytes.
const MOST_MEMORY: usize = 64 << 20;

/// The time limit for reading a file.
const MOST_TIME: Duration = Duration::from_millis(500);

/// The outcomes of the files of a test.
#[derive(Debug, Default)]
struct Tally {
    /// The number of files for each outcome: `read`, or the cause of the refusal.
    outcomes: BTreeMap<String, usize>,
    most_memory: usize,
    most_time: Duration,
}

impl Tally {
    /// Reads a file, and checks the memory and the time.
    fn take(&mut self, file: &[u8], read: impl Fn(&[u8]) -> Result<(), DataCause>) {
        let begin = Instant::now();
        let (result, memory) = peak(|| read(file));
        let mut time = begin.elapsed();
        if time >= MOST_TIME {
            // Measure processor time, in case other processes took the processor.
            let begin = time_on_processor();
            let _ = read(file);
            time = time_on_processor() - begin;
        }
        self.most_memory = self.most_memory.max(memory);
        self.most_time = self.most_time.max(time);
        assert!(self.most_time < MOST_TIME, "{self:?}");
        assert!(self.most_memory < MOST_MEMORY, "{self:?}");
        let outcome = result.map_or_else(|cause| name(&cause), |()| "read".to_owned());
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    /// The number of outcomes with this prefix.
    fn count(&self, outcome: &str) -> usize {
        let outcomes = self.outcomes.iter();
        let counts = outcomes.filter(|(name, _)| name.starts_with(outcome));
        counts.map(|(_, count)| count).sum()
    }
}

/// The name of a cause without its fields. For a panic of the decoder, the message is included.
fn name(cause: &DataCause) -> String {
    let text = format!("{cause:?}");
    let end = text.find(|c: char| !c.is_alphanumeric());
    match cause {
        DataCause::PngDecoder { message } => format!("PngDecoder: {message}"),
        _ => text[..end.unwrap_or(text.len())].to_owned(),
    }
}

/// Reads and prepares an image, as `predict` does.
fn read_digit(file: &[u8]) -> Result<(), DataCause> {
    let pixels = Sketch::read_png(Cursor::new(file))?.prepare(28, 28)?;
    assert_eq!(pixels.len(), 784);
    Ok(())
}

fn check_png_images(count: usize) {
    let mut random = Random::new(1);
    let originals = png::originals(&mut random);
    let mut tally = Tally::default();
    for original in &originals {
        tally.take(&assemble(original), read_digit);
    }
    assert!(tally.count("read") > originals.len() / 2, "{tally:?}");
    for _ in 0..count {
        tally.take(&png::alter(&originals, &mut random), read_digit);
    }
    println!("{tally:#?}");
    // The alterations reach all parts of the reader.
    for (outcome, share) in [
        ("read", 0.1),
        ("Png", 0.1),
        ("PngDecoder", 0.0),
        ("Blank", 0.001),
        ("PngTooLarge", 0.001),
    ] {
        let found = tally.count(outcome);
        assert!(found as f64 > share * count as f64, "{outcome}: {tally:?}");
    }
}

#[test]
fn altered_images_are_read_or_refused() {
    check_png_images(20_000);
}

#[test]
#[ignore = "alters a million images: half a minute in a release build"]
fn a_million_altered_images_are_read_or_refused() {
    check_png_images(1_000_000);
}

fn check_data(count: usize) {
    let mut random = Random::new(2);
    let mut originals = idx::forms(&idx::labels(), &mut random);
    for (rows, cols) in [(1, 1), (2, 3), (28, 28)] {
        let images = idx::images(rows, cols, &mut random);
        originals.extend(idx::forms(&images, &mut random));
    }
    let mut tally = Tally::default();
    let read = |file: &[u8]| {
        let images = read_images(file, idx::COUNT as usize).map(drop);
        let labels = read_labels(file).map(drop);
        // The relevant cause is the one from the reader for this kind of file.
        images.or_else(|cause| match labels {
            Err(DataCause::WrongDimensions { .. }) => Err(cause),
            labels => labels,
        })
    };
    for original in &originals {
        tally.take(original, read);
    }
    assert_eq!(tally.count("read"), originals.len());
    for _ in 0..count {
        tally.take(&idx::alter(&originals, &mut random), read);
    }
    println!("{tally:#?}");
    for outcome in [
        "read",
        "Gzip",
        "NotIdx",
        "TooLarge",
        "TrailingBytes",
        "TrailingGarbage",
        "Truncated",
        "WrongDimensions",
        "WrongType",
    ] {
        assert!(tally.count(outcome) * 1_000 > count, "{outcome}: {tally:?}");
    }
}

#[test]
fn altered_data_files_are_read_or_refused() {
    check_data(20_000);
}

#[test]
#[ignore = "alters a million data files: half a minute in a release build"]
fn a_million_altered_data_files_are_read_or_refused() {
    check_data(1_000_000);
}

#[test]
fn bombs_are_read_or_refused_in_bounded_memory_and_time() {
    for (name, bomb) in png::bombs() {
        let begin = time_on_processor();
        let (result, memory) = peak(|| read_digit(&bomb));
        let time = time_on_processor() - begin;
        let outcome = result.map_or_else(|cause| cause.to_string(), |()| "read".to_owned());
        let length = bomb.len();
        println!("{name}, {length} bytes: {memory} bytes of memory, {time:?}, {outcome}");
        assert!(memory < MOST_MEMORY, "{name}: {memory} bytes");
        // Without optimization the decoder is slow.
        let most_time = MOST_TIME * if cfg!(debug_assertions) { 4 } else { 1 };
        assert!(time < most_time, "{name}: {time:?}");
    }
}

/// The processor time of this thread. Always zero except on Linux.
fn time_on_processor() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = statistics
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// The checks of the tests above fail when they should.
#[test]
fn a_reader_that_exceeds_a_limit_is_detected() {
    let caught = |read: fn(&[u8]) -> Result<(), DataCause>| {
        std::panic::catch_unwind(|| Tally::default().take(b"file", read)).is_err()
    };
    assert!(!caught(|_| Ok(())));
    assert!(caught(|_| {
        std::hint::black_box(Vec::<u8>::with_capacity(MOST_MEMORY));
        Ok(())
    }));
    assert!(caught(|_| panic!("it panics")));
    #[cfg(target_os = "linux")]
    assert!(caught(|_| {
        let begin = time_on_processor();
        while time_on_processor() - begin < MOST_TIME {}
        Ok(())
    }));
}
