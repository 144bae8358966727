//! Mutants, and how all mutants of a file are written into one program.

use std::fmt;
use std::ops::Range;

/// One change to a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// The file, relative to the workspace.
    pub file: String,
    /// The function that contains the change, with the type or macro around it.
    pub function: String,
    /// The line of the change, from 1.
    pub line: usize,
    /// The column of the change, from 1.
    pub column: usize,
    /// The text of the line.
    pub line_text: String,
    /// The replaced bytes.
    pub range: Range<usize>,
    /// The syntactic form of the replaced code.
    pub form: Form,
    /// The replaced code.
    pub before: String,
    /// The replacement.
    pub after: String,
    /// The number of the mutant, from 1, among the mutants of this line with the same change.
    pub occurrence: usize,
}

/// The form of the replaced code, which determines the form of the switch around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An expression is replaced by another expression.
    Expression,
    /// A statement, or the empty place before one, is replaced by statements.
    Statement,
}

impl Mutant {
    /// The change and its position, without the line number, so that the name survives edits elsewhere in the file.
    pub fn name(&self) -> String {
        let [before, after] = [&self.before, &self.after].map(|code| one_line(code));
        let Mutant {
            file,
            function,
            line_text,
            occurrence,
            ..
        } = self;
        format!("{file}: {function}: {line_text}: {before} → {after} #{occurrence}")
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = [&self.before, &self.after].map(|code| match one_line(code) {
            code if code.is_empty() => "(nothing)".to_owned(),
            code => code,
        });
        let Mutant {
            file,
            line,
            column,
            function,
            ..
        } = self;
        write!(
            f,
            "{file}:{line}:{column} in {function}: {before} → {after}"
        )
    }
}

/// Code on one line, with single spaces.
pub fn one_line(code: &str) -> String {
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A source file with a switch for each mutant.
#[derive(Debug, Default)]
pub struct Switched<'a> {
    /// The source text.
    pub text: String,
    /// The positions of the mutants in the text.
    switches: Vec<Switch<'a>>,
}

/// The position of a mutant in a file with switches.
#[derive(Debug)]
struct Switch<'a> {
    number: u32,
    mutant: &'a Mutant,
    /// The range of the whole switch.
    whole: Range<usize>,
    /// The range of the replacement.
    after: Range<usize>,
}

impl<'a> Switched<'a> {
    /// Writes a switch around the code of each mutant. Two mutants are nested or disjoint.
    ///
    /// Only one mutant is active in a run, so replacements contain no switches, and the size of the file grows with the
    /// number of mutants, not with the depth of nesting.
    pub fn new(source: &str, mutants: &[(u32, &'a Mutant)]) -> Self {
        let mut sorted = mutants.to_vec();
        // An outer mutant comes before the mutants that it contains.
        sorted.sort_by_key(|(_, mutant)| {
            let Range { start, end } = mutant.range;
            (
                start,
                std::cmp::Reverse(end),
                mutant.form == Form::Expression,
            )
        });
        let mut switched = Switched::default();
        switched.write(source, 0..source.len(), &sorted);
        switched
    }

    /// Adds what a crate root needs.
    pub fn make_root(&mut self) {
        self.text.insert_str(0, ALLOWED);
        self.text += IS_ACTIVE;
        for Switch { whole, after, .. } in &mut self.switches {
            for range in [whole, after] {
                *range = range.start + ALLOWED.len()..range.end + ALLOWED.len();
            }
        }
    }

    fn write(&mut self, source: &str, range: Range<usize>, mutants: &[(u32, &'a Mutant)]) {
        let mut at = range.start;
        let mut rest = mutants;
        while let [(number, mutant), others @ ..] = rest {
            let Range { start, end } = mutant.range;
            let inside = others.partition_point(|(_, other)| other.range.start < end);
            let (inside, after) = others.split_at(inside);
            self.text.push_str(&source[at..start]);
            self.switch(source, *number, mutant, inside);
            (at, rest) = (end, after);
        }
        self.text.push_str(&source[at..range.end]);
    }

    fn switch(
        &mut self,
        source: &str,
        number: u32,
        mutant: &'a Mutant,
        inside: &[(u32, &'a Mutant)],
    ) {
        let (open, close) = match mutant.form {
            Form::Expression => ("(", ")"),
            Form::Statement => ("", ""),
        };
        let start = self.text.len();
        self.text += &format!("{open}if crate::mutant({number}) {{ ");
        let after = self.text.len()..self.text.len() + mutant.after.len();
        self.text += &format!("{} }} else {{ ", mutant.after);
        self.write(source, mutant.range.clone(), inside);
        self.text += &format!(" }}{close}");
        self.switches.push(Switch {
            number,
            mutant,
            whole: start..self.text.len(),
            after,
        });
    }

    /// The mutant that causes an error at one of these positions.
    pub fn blame(&self, places: &[Range<usize>]) -> Option<u32> {
        let innermost = |range_of: for<'s> fn(&'s Switch<'a>) -> &'s Range<usize>| {
            places.iter().find_map(|place| {
                let around = self.switches.iter().filter(|switch| {
                    let range = range_of(switch);
                    range.start <= place.start && place.end <= range.end
                });
                around.min_by_key(|switch| range_of(switch).len())
            })
        };
        let nearest = || {
            let place = places.first()?.start;
            let distance = |switch: &&Switch<'_>| switch.whole.start.abs_diff(place);
            let function = &self.switches.iter().min_by_key(distance)?.mutant.function;
            let same_function = self
                .switches
                .iter()
                .filter(|s| s.mutant.function == *function);
            // Errors outside a switch are mostly caused by an omitted statement.
            same_function.min_by_key(|s| (s.mutant.form != Form::Statement, distance(s)))
        };
        let switch = innermost(|switch| &switch.after)
            .or_else(|| innermost(|switch| &switch.whole))
            .or_else(nearest)?;
        Some(switch.number)
    }
}

/// The first line of each crate root. A mutant whose constant expression overflows then compiles, and panics if active.
const ALLOWED: &str = "#![allow(arithmetic_overflow, unconditional_panic)]\n";

/// Code added to each crate root: whether a mutant is the one that the environment variable selects.
const IS_ACTIVE: &str = r#"
#[doc(hidden)]
#[allow(dead_code)]
pub(crate) fn mutant(number: u32) -> bool {
    static ACTIVE: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| {
        let active = std::env::var("MUTANT").unwrap_or_default();
        active.parse().unwrap_or(0)
    });
    *ACTIVE == number
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(range: Range<usize>, form: Form, after: &str) -> Mutant {
        Mutant {
            file: String::new(),
            function: String::new(),
            line: 1,
            column: 1,
            line_text: String::new(),
            range,
            form,
            before: String::new(),
            after: after.to_owned(),
            occurrence: 1,
        }
    }

    #[test]
    fn switches_nest_and_replacements_stay_plain() {
        let source = "f(a + b);";
        let sum = mutant(2..7, Form::Expression, "a - b");
        let left = mutant(2..3, Form::Expression, "0");
        let call = mutant(0..9, Form::Statement, "");
        let early = mutant(0..0, Form::Statement, "return;");
        let switched = Switched::new(source, &[(1, &left), (2, &sum), (3, &call), (4, &early)]);
        assert_eq!(
            switched.text,
            "if crate::mutant(3) {  } else { if crate::mutant(4) { return; } else {  }\
             f((if crate::mutant(2) { a - b } else { \
             (if crate::mutant(1) { 0 } else { a }) + b })); }"
        );
        let place = switched.text.find("a - b").unwrap();
        assert_eq!(switched.blame(&[place..place + 1, 0..1]), Some(2));
        let place = switched.text.find("+ b").unwrap();
        assert_eq!(switched.blame(&[place..place + 1, 0..1]), Some(2));
        let mut root = switched;
        root.make_root();
        let place = root.text.find("a - b").unwrap();
        assert_eq!(root.blame(&[place..place + 5, 0..1]), Some(2));
    }
}
