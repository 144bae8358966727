//! The confusion matrix.

use std::fmt;

use plotters::prelude::*;
use plotters::style::FontStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{
    Canvas, Drawn, Error, FAINT_TEXT, GRID, MARGIN, TEXT, centred, draw, line, px, text,
};

/// A confusion matrix: how often each true class was predicted as each class.
///
/// Its text form (`{}`) is a table for the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    counts: Vec<u64>,
    classes: usize,
}

impl Confusion {
    /// Creates a matrix from its counts, row by row: one row per true class, one column per predicted class.
    ///
    /// # Panics
    ///
    /// If there are not `classes`×`classes` counts.
    #[track_caller]
    pub fn new(counts: Vec<u64>, classes: usize) -> Self {
        assert_eq!(
            counts.len(),
            classes * classes,
            "a confusion matrix of {classes} classes"
        );
        Self { counts, classes }
    }

    /// Draws the matrix: blue for correct predictions, orange for mistakes, each as a fraction of the true class.
    ///
    /// The two colours have separate scales, because mistakes are few and would be invisible on a common one.
    ///
    /// # Errors
    ///
    /// If the drawing library fails.
    pub fn to_svg(&self, title: &str) -> Result<String, Error> {
        let side = CELL * self.classes as i32;
        let size = ((LEFT + side + RIGHT) / px(1), (TOP + side + BOTTOM) / px(1));
        draw(title, size, |root| self.draw(root))
    }

    fn draw(&self, root: &Canvas<'_>) -> Drawn {
        let side = CELL * self.classes as i32;
        for (truth, counts) in self.rows().enumerate() {
            self.draw_cells(root, truth, counts)?;
            self.draw_class_labels(root, truth, counts)?;
        }
        Self::draw_titles(root, side)?;
        let rim = [(LEFT - px(2), TOP - px(2)), (LEFT + side, TOP + side)];
        root.draw(&Rectangle::new(rim, line(1, GRID)))
    }

    /// Draws the cells of the row of a true class.
    fn draw_cells(&self, root: &Canvas<'_>, truth: usize, counts: &[u64]) -> Drawn {
        let most_wrong = self.wrong_shares().fold(0.0, f64::max);
        let top = TOP + CELL * truth as i32;
        for (guess, &count) in counts.iter().enumerate() {
            let left = LEFT + CELL * guess as i32;
            let share = share(count, counts.iter().sum());
            let (full, strength) = match (truth == guess, most_wrong) {
                (true, _) => (RIGHT_COLOUR, share),
                (false, 0.0) => (WRONG_COLOUR, 0.0),
                (false, most) => (WRONG_COLOUR, share / most),
            };
            let cell = [(left, top), (left + CELL - px(2), top + CELL - px(2))];
            root.draw(&Rectangle::new(cell, blend(full, strength).filled()))?;
            // Orange is the lighter colour.
            let white_from = if truth == guess { 0.75 } else { 0.9 };
            let colour = match (count, strength > white_from) {
                (0, _) => FAINT_ZERO,
                (_, true) => WHITE,
                (_, false) => TEXT,
            };
            let middle = (left + CELL / 2 - px(1), top + CELL / 2 - px(1));
            root.draw(&Text::new(
                count.to_string(),
                middle,
                centred(&text(14, colour)),
            ))?;
        }
        Ok(())
    }

    /// Draws a class to the left of its row and above its column, and its recall to the right of its row.
    fn draw_class_labels(&self, root: &Canvas<'_>, class: usize, counts: &[u64]) -> Drawn {
        let side = CELL * self.classes as i32;
        let from_edge = CELL * class as i32 + CELL / 2 - px(1);
        let bold = ("sans-serif", px(15), FontStyle::Bold)
            .into_font()
            .color(&TEXT);
        root.draw(&Text::new(
            class.to_string(),
            (LEFT - px(16), TOP + from_edge),
            centred(&bold),
        ))?;
        root.draw(&Text::new(
            class.to_string(),
            (LEFT + from_edge, TOP - px(15)),
            centred(&bold),
        ))?;
        let recall = percent(counts[class], counts.iter().sum());
        let right = text(14, FAINT_TEXT).pos(Pos::new(HPos::Right, VPos::Center));
        let place = (LEFT + side + RIGHT - MARGIN, TOP + from_edge);
        root.draw(&Text::new(recall, place, right))
    }

    /// Draws the titles of the columns, the rows and the recalls, for a matrix of `side` units.
    fn draw_titles(root: &Canvas<'_>, side: i32) -> Drawn {
        let label = text(15, FAINT_TEXT);
        root.draw(&Text::new(
            "taken for",
            (LEFT + side / 2, TOP - px(40)),
            centred(&label),
        ))?;
        let upright = centred(&label).transform(FontTransform::Rotate270);
        root.draw(&Text::new(
            "digit",
            (MARGIN + px(6), TOP + side / 2),
            upright,
        ))?;
        let right = label.pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(
            "recognised",
            (LEFT + side + RIGHT - MARGIN, TOP - px(15)),
            right,
        ))
    }

    fn rows(&self) -> impl Iterator<Item = &[u64]> {
        // An empty matrix has no rows, and `chunks_exact(0)` would panic.
        self.counts.chunks_exact(self.classes.max(1))
    }

    /// For each kind of mistake, the fraction of the true class.
    fn wrong_shares(&self) -> impl Iterator<Item = f64> {
        self.rows().enumerate().flat_map(|(truth, row)| {
            let total = row.iter().sum();
            let wrong = row
                .iter()
                .enumerate()
                .filter(move |&(guess, _)| guess != truth);
            wrong.map(move |(_, &count)| share(count, total))
        })
    }
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = self
            .counts
            .iter()
            .max()
            .map_or(0, |count| count.to_string().len());
        let width = longest.max(self.classes.to_string().len()) + 2;
        write!(f, "digit │")?;
        (0..self.classes).try_for_each(|guess| write!(f, "{guess:width$}"))?;
        writeln!(f, " │ recognised")?;
        writeln!(
            f,
            "──────┼{}─┼───────────",
            "─".repeat(self.classes * width)
        )?;
        for (truth, row) in self.rows().enumerate() {
            write!(f, "{truth:5} │")?;
            for &count in row {
                // Zero is drawn as a dot, so that the mistakes that occur stand out.
                if count == 0 {
                    write!(f, "{:>width$}", "·")?;
                } else {
                    write!(f, "{count:width$}")?;
                }
            }
            writeln!(f, " │ {:>10}", percent(row[truth], row.iter().sum()))?;
        }
        Ok(())
    }
}

/// The side of a cell.
const CELL: i32 = px(52);
const LEFT: i32 = px(76);
const TOP: i32 = px(116);
const RIGHT: i32 = px(116);
const BOTTOM: i32 = px(24);

const RIGHT_COLOUR: RGBColor = RGBColor(0x00, 0x5a, 0x94);
const WRONG_COLOUR: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const EMPTY_COLOUR: RGBColor = RGBColor(0xf7, 0xf8, 0xf9);
const FAINT_ZERO: RGBColor = RGBColor(0xb4, 0xba, 0xc0);

fn share(count: u64, total: u64) -> f64 {
    if total == 0 {
        0.0
    } else {
        count as f64 / total as f64
    }
}

fn percent(count: u64, total: u64) -> String {
    if total == 0 {
        "–".to_owned()
    } else {
        format!("{:.1} %", 100.0 * share(count, total))
    }
}

/// A blend of the empty cell's colour and the full colour.
fn blend(full: RGBColor, strength: f64) -> RGBColor {
    let mix = |from: u8, to: u8| {
        (f64::from(from) + (f64::from(to) - f64::from(from)) * strength).round() as u8
    };
    RGBColor(
        mix(EMPTY_COLOUR.0, full.0),
        mix(EMPTY_COLOUR.1, full.1),
        mix(EMPTY_COLOUR.2, full.2),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_aligned_columns() {
        let confusion = Confusion::new(vec![980, 0, 5, 0, 1100, 0, 12, 3, 0], 3);
        let expected = "\
digit │     0     1     2 │ recognised
──────┼───────────────────┼───────────
    0 │   980     ·     5 │     99.5 %
    1 │     ·  1100     · │    100.0 %
    2 │    12     3     · │      0.0 %
";
        assert_eq!(confusion.to_string(), expected);
    }

    #[test]
    fn matrices_of_every_kind_are_drawn() {
        for (counts, classes) in [
            (vec![], 0),
            (vec![0], 1),
            (vec![7], 1),
            (vec![0; 100], 10),
            (vec![u64::MAX / 8; 4], 2),
        ] {
            let svg = Confusion::new(counts, classes).to_svg("Confusion").unwrap();
            assert!(svg.contains("Confusion") && !svg.contains("NaN"));
        }
    }
}
