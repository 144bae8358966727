//! Formulas in one notation, shown as text in the terminal and as MathML in the report.
//!
//! The notation is a small subset of TeX: `_` and `^` with braces, `\frac{}{}`, `\text{}`, and the literal characters
//! `∑` and `∏`. Adjacent letters form one name; a space separates names.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

/// A part of a formula.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Name(String),
    Number(String),
    Operator(char),
    Text(String),
    Row(Vec<Part>),
    Fraction(Vec<Part>, Vec<Part>),
    Scripts {
        base: Box<Part>,
        sub: Option<Vec<Part>>,
        sup: Option<Vec<Part>>,
    },
}

/// Formats a formula as one line of text, such as `δ⁽ˡ⁾ = ∂C/∂z⁽ˡ⁾`.
pub fn text(formula: &str) -> String {
    let mut text = String::new();
    write_text(&parse(formula), &mut text);
    text.trim().to_owned()
}

/// Formats a formula as MathML.
pub fn mathml(formula: &str) -> String {
    let mut ml = String::from("<math display=\"block\"><mrow>");
    write_row(&parse(formula), &mut ml);
    ml.push_str("</mrow></math>");
    ml
}

fn parse(formula: &str) -> Vec<Part> {
    parse_row(&mut formula.chars().peekable())
}

fn parse_row(chars: &mut Peekable<Chars<'_>>) -> Vec<Part> {
    let mut row: Vec<Part> = Vec::new();
    while let Some(&c) = chars.peek() {
        if c == '}' {
            break;
        }
        if c == '_' || c == '^' {
            chars.next();
            let script = parse_one(chars);
            attach(&mut row, c == '_', script);
        } else if c == ' ' {
            chars.next();
        } else {
            let part = parse_one(chars);
            row.extend(part);
        }
    }
    row
}

/// Attaches a subscript or superscript to the last part of a row.
fn attach(row: &mut Vec<Part>, below: bool, script: Vec<Part>) {
    let (base, mut sub, mut sup) = match row.pop() {
        Some(Part::Scripts { base, sub, sup }) => (base, sub, sup),
        other => (Box::new(other.unwrap_or(Part::Row(Vec::new()))), None, None),
    };
    if below {
        sub = Some(script);
    } else {
        sup = Some(script);
    }
    row.push(Part::Scripts { base, sub, sup });
}

/// Parses the next part, or a group in braces.
fn parse_one(chars: &mut Peekable<Chars<'_>>) -> Vec<Part> {
    let Some(c) = chars.next() else {
        return Vec::new();
    };
    match c {
        '{' => {
            let row = parse_row(chars);
            chars.next();
            vec![Part::Row(row)]
        }
        '\\' => vec![parse_command(chars)],
        _ if c.is_ascii_digit() => {
            vec![Part::Number(run(c, chars, |c| {
                c.is_ascii_digit() || c == '.'
            }))]
        }
        _ if c.is_ascii_alphabetic() => {
            vec![Part::Name(run(c, chars, |c| c.is_ascii_alphabetic()))]
        }
        _ if c.is_alphabetic() || c == '∇' => vec![Part::Name(c.to_string())],
        _ => vec![Part::Operator(c)],
    }
}

fn parse_command(chars: &mut Peekable<Chars<'_>>) -> Part {
    let mut name = String::new();
    while let Some(c) = chars.next_if(char::is_ascii_alphabetic) {
        name.push(c);
    }
    let group = |chars: &mut Peekable<Chars<'_>>| {
        chars.next_if_eq(&'{');
        let row = parse_row(chars);
        chars.next();
        row
    };
    if name == "frac" {
        let above = group(chars);
        return Part::Fraction(above, group(chars));
    }
    chars.next_if_eq(&'{');
    let mut words = String::new();
    for c in chars.by_ref().take_while(|&c| c != '}') {
        words.push(c);
    }
    Part::Text(words)
}

fn run(first: char, chars: &mut Peekable<Chars<'_>>, more: fn(char) -> bool) -> String {
    let mut word = String::from(first);
    while let Some(c) = chars.next_if(|&c| more(c)) {
        word.push(c);
    }
    word
}

/// Operators that have spaces around them in text.
const SPACED: &str = "=+−⊙→≠≤≥<>∈↦·≈∘:";

fn write_text(row: &[Part], text: &mut String) {
    let mut last: Option<&Part> = None;
    for part in row {
        // A bracket with an exponent belongs to the name before it; a sum is set apart.
        let stands_apart = match part {
            Part::Scripts { base, .. } => match **base {
                Part::Operator(c) => c == '∑' || c == '∏',
                _ => true,
            },
            Part::Name(_) | Part::Text(_) | Part::Fraction(..) => true,
            Part::Number(_) => text.ends_with(|c: char| c.is_alphabetic()),
            Part::Operator(c) => "∑∏".contains(*c),
            Part::Row(_) => false,
        };
        let after_sum = matches!(last, Some(Part::Scripts { base, .. }) if **base == Part::Operator('∑') || **base == Part::Operator('∏'));
        last = Some(part);
        let word_before = text.ends_with(|c: char| c.is_alphanumeric() || ")′⁾ᵀ…".contains(c));
        if after_sum && !text.ends_with(' ') || stands_apart && word_before {
            text.push(' ');
        }
        match part {
            Part::Name(word) | Part::Number(word) | Part::Text(word) => text.push_str(word),
            // A minus at the beginning, or after another sign, has no space after it.
            Part::Operator('−') if text.is_empty() || text.ends_with(['(', ' ']) => {
                text.push('−');
            }
            Part::Operator(c) if SPACED.contains(*c) => {
                let _ = write!(text, " {c} ");
            }
            Part::Operator(c) if ",;".contains(*c) => {
                let _ = write!(text, "{c} ");
            }
            Part::Operator(c) => text.push(*c),
            Part::Row(row) => write_text(row, text),
            Part::Fraction(above, below) => {
                let (above, below) = (group(above), group(below));
                let _ = write!(text, "{above}/{below}");
            }
            Part::Scripts { base, sub, sup } => {
                write_text(std::slice::from_ref(base), text);
                if let Some(sub) = sub {
                    text.push_str(&script(sub, SUBSCRIPTS, '_'));
                }
                if let Some(sup) = sup {
                    text.push_str(&script(sup, SUPERSCRIPTS, '^'));
                }
            }
        }
    }
}

/// Formats a row as text, in parentheses if it is a sum or a fraction.
fn group(row: &[Part]) -> String {
    let mut text = String::new();
    write_text(row, &mut text);
    let text = text.trim();
    if text.contains([' ', '/']) && !text.starts_with('∂') {
        format!("({text})")
    } else {
        text.to_owned()
    }
}

const SUPERSCRIPTS: &str = "0⁰1¹2²3³4⁴5⁵6⁶7⁷8⁸9⁹+⁺−⁻(⁽)⁾ℓˡlˡLᴸTᵀNᴺiⁱjʲkᵏnⁿdᵈvᵛzᶻhʰ";
const SUBSCRIPTS: &str = "0₀1₁2₂3₃4₄5₅6₆7₇8₈9₉+₊−₋(₍)₎=₌iᵢjⱼkₖlₗnₙ";

/// Formats a script in small characters if they all exist, otherwise after its sign.
fn script(row: &[Part], small: &str, sign: char) -> String {
    let mut plain = String::new();
    write_text(row, &mut plain);
    let close: String = plain.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs: Vec<char> = small.chars().collect();
    let find = |c: char| {
        pairs
            .chunks_exact(2)
            .find(|pair| pair[0] == c)
            .map(|pair| pair[1])
    };
    match close.chars().map(find).collect::<Option<String>>() {
        Some(letters) => letters,
        None if close.chars().count() == 1 => format!("{sign}{close}"),
        None => format!("{sign}({close})"),
    }
}

fn write_row(row: &[Part], ml: &mut String) {
    for part in row {
        write_ml(part, ml);
    }
}

fn write_ml(part: &Part, ml: &mut String) {
    match part {
        // Two lower-case letters are two indices; names are longer.
        Part::Name(word) if word.len() == 2 && word.chars().all(|c| c.is_ascii_lowercase()) => {
            ml.push_str("<mrow>");
            for letter in word.chars() {
                let _ = write!(ml, "<mi>{letter}</mi>");
            }
            ml.push_str("</mrow>");
        }
        Part::Name(word) => {
            let _ = write!(ml, "<mi>{word}</mi>");
        }
        Part::Number(digits) => {
            let _ = write!(ml, "<mn>{digits}</mn>");
        }
        Part::Operator(c) => {
            // Brackets do not stretch, as in a line of text: most contain one letter and its index.
            let form = if "()‖".contains(*c) {
                " stretchy=\"false\""
            } else {
                ""
            };
            let _ = write!(ml, "<mo{form}>{}</mo>", escape(&c.to_string()));
        }
        Part::Text(words) => {
            let words = escape(words).replace(' ', "\u{a0}");
            let _ = write!(ml, "<mtext>\u{a0}{words}\u{a0}</mtext>");
        }
        Part::Row(row) => {
            ml.push_str("<mrow>");
            write_row(row, ml);
            ml.push_str("</mrow>");
        }
        Part::Fraction(above, below) => {
            ml.push_str("<mfrac><mrow>");
            write_row(above, ml);
            ml.push_str("</mrow><mrow>");
            write_row(below, ml);
            ml.push_str("</mrow></mfrac>");
        }
        Part::Scripts { base, sub, sup } => {
            let large = matches!(**base, Part::Operator('∑' | '∏'));
            let tag = match (sub.is_some(), sup.is_some(), large) {
                (true, true, true) => "munderover",
                (true, false, true) => "munder",
                (_, _, true) => "mover",
                (true, true, false) => "msubsup",
                (true, false, false) => "msub",
                (_, _, false) => "msup",
            };
            let _ = write!(ml, "<{tag}>");
            write_ml(base, ml);
            for script in [sub, sup].into_iter().flatten() {
                ml.push_str("<mrow>");
                write_row(script, ml);
                ml.push_str("</mrow>");
            }
            let _ = write!(ml, "</{tag}>");
        }
    }
}

/// Escapes text for HTML, between tags or in an attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_notation_gives_text_and_mathml() {
        let formula = r"δ^{(ℓ−1)} = µ′(z^{(ℓ−1)}) ⊙ (W^{(ℓ)})^T δ^{(ℓ)}";
        assert_eq!(text(formula), "δ⁽ˡ⁻¹⁾ = µ′(z⁽ˡ⁻¹⁾) ⊙ (W⁽ˡ⁾)ᵀ δ⁽ˡ⁾");
        assert_eq!(
            text(r"C = −∑_i y_i log a_i \text{with} 0 log 0 = 0"),
            "C = −∑ᵢ yᵢ log aᵢ with 0 log 0 = 0"
        );
        assert_eq!(
            text(r"\frac{1}{N} ∑(\text{columns of} Δ^{(1)})"),
            "1/N ∑(columns of Δ⁽¹⁾)"
        );
        assert_eq!(text(r"f_2 : R^ℓ → R^k"), "f₂ : Rˡ → Rᵏ");
        assert_eq!(
            text(r"\frac{∂C}{∂k_j} = ∑_{i=1}^N 2(p(x_i) − y_i) x_i^j"),
            "∂C/∂kⱼ = ∑ᵢ₌₁ᴺ 2(p(xᵢ) − yᵢ) xᵢʲ"
        );
        let ml = mathml(r"\frac{1}{N} ∑_{l=1}^N a_l < 1 \text{if x}");
        assert!(ml.contains("<mfrac><mrow><mn>1</mn></mrow><mrow><mi>N</mi></mrow></mfrac><munderover><mo>∑</mo>"), "{ml}");
        assert!(
            ml.contains("<mo>&lt;</mo>") && ml.contains("if\u{a0}x"),
            "{ml}"
        );
        for tag in ["mrow", "msub", "munderover", "math"] {
            let count = |mark: String| ml.matches(&mark).count();
            assert_eq!(
                count(format!("<{tag}>")) + count(format!("<{tag} ")),
                count(format!("</{tag}>")),
                "{tag}"
            );
        }
    }
}
