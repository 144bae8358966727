//! Reads the reference values in `reference/values.gz`, whose format `reference/make.py` documents.

use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::sync::LazyLock;

/// The floating-point format of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    F64,
    F32,
}

/// The choice of the points of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Points {
    Random,
    Edges,
}

/// The rows of each section: the arguments, the value, the slopes, and the second derivatives.
type Sections = BTreeMap<(Points, Format, String), Vec<Vec<f64>>>;

/// Returns the rows of a function; `None` if there is no such section.
pub(crate) fn rows(points: Points, format: Format, function: &str) -> Option<&'static [Vec<f64>]> {
    static SECTIONS: LazyLock<Sections> = LazyLock::new(read);
    SECTIONS
        .get(&(points, format, function.to_owned()))
        .map(Vec::as_slice)
}

fn read() -> Sections {
    let packed = include_bytes!("../reference/values.gz");
    let mut bytes = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    let mut bytes = &bytes[..];
    let mut sections = BTreeMap::new();
    while !bytes.is_empty() {
        let mut heading = String::new();
        bytes.read_line(&mut heading).unwrap();
        let [points, format, rows, columns, name] =
            heading.trim_end().splitn(5, ' ').collect::<Vec<_>>()[..]
        else {
            panic!("{heading}")
        };
        let points = match points {
            "random" => Points::Random,
            "edges" => Points::Edges,
            _ => panic!("{heading}"),
        };
        let format = match format {
            "f64" => Format::F64,
            "f32" => Format::F32,
            _ => panic!("{heading}"),
        };
        let [rows, columns] = [rows, columns].map(|count| count.parse::<usize>().unwrap());
        let (columns, rest) = columns_of(format, bytes, rows, columns);
        bytes = rest;
        let row = |i: usize| columns.iter().map(|column| column[i]).collect();
        let rows = (0..rows).map(row).collect();
        sections.insert((points, format, name.to_owned()), rows);
    }
    sections
}

/// Returns the columns of a section, and the bytes after it.
fn columns_of(format: Format, bytes: &[u8], rows: usize, columns: usize) -> (Vec<Vec<f64>>, &[u8]) {
    let size = if format == Format::F64 { 8 } else { 4 };
    let (numbers, rest) = bytes.split_at(rows * columns * size);
    let number = |bytes: &[u8]| match *bytes {
        [a, b, c, d] => f32::from_le_bytes([a, b, c, d]).into(),
        _ => f64::from_le_bytes(bytes.try_into().unwrap()),
    };
    let numbers: Vec<f64> = numbers.chunks(size).map(number).collect();
    (numbers.chunks(rows).map(<[f64]>::to_vec).collect(), rest)
}
