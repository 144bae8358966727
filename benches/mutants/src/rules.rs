//! The replacements of an expression.

use crate::settings::Settings;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{BinOp, Expr, ExprBinary, ExprMethodCall, Lit, Token, UnOp};

/// Returns the expressions that replace an expression, including those that do not compile.
pub fn alternatives(expression: &Expr, source: &str, settings: &Settings) -> Vec<String> {
    let rules = Rules { source, settings };
    match expression {
        Expr::Binary(binary) => rules.of_binary(binary),
        Expr::Unary(unary) => match unary.op {
            UnOp::Neg(_) | UnOp::Not(_) => vec![rules.text(&unary.expr)],
            _ => Vec::new(),
        },
        Expr::Lit(literal) => of_literal(&literal.lit),
        Expr::Path(_) => rules.swapped(&rules.text(expression)).into_iter().collect(),
        Expr::MethodCall(call) => rules.of_method_call(call),
        Expr::Call(call) => {
            let function = rules.text(&call.func);
            let arguments = rules.list(&call.args);
            let mut all = rules.reordered(&function, &call.args);
            all.extend(
                rules
                    .swapped(&function)
                    .map(|other| format!("{other}({arguments})")),
            );
            if function == "Some" {
                all.push("None".to_owned());
            }
            all
        }
        Expr::Tuple(tuple) if tuple.elems.len() == 2 => rules.reordered("", &tuple.elems),
        Expr::Array(array) if array.elems.len() == 2 => {
            let [a, b] = [0, 1].map(|i| rules.text(&array.elems[i]));
            vec![format!("[{b}, {a}]")]
        }
        Expr::Range(range) => {
            let text = |bound: &Option<Box<Expr>>| bound.as_ref().map(|bound| rules.operand(bound));
            let limits = rules.text(&range.limits);
            let (start, end) = (text(&range.start), text(&range.end));
            let mut all = Vec::new();
            if let Some(start) = &start {
                let end = end.clone().unwrap_or_default();
                all.push(format!("{start} + 1{limits}{end}"));
            }
            if let Some(end) = &end {
                let start = start.unwrap_or_default();
                all.push(format!("{start}{limits}{end} - 1"));
            }
            all
        }
        _ => Vec::new(),
    }
}

/// Whether an operator is an assignment.
pub fn is_assignment(operator: &BinOp) -> bool {
    matches!(
        operator,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}

struct Rules<'a> {
    source: &'a str,
    settings: &'a Settings,
}

impl Rules<'_> {
    fn text(&self, node: &impl Spanned) -> String {
        self.source[node.span().byte_range()].to_owned()
    }

    /// The text of an expression, parenthesized if necessary for an operand.
    fn operand(&self, expression: &Expr) -> String {
        let text = self.text(expression);
        match expression {
            Expr::Call(_)
            | Expr::Field(_)
            | Expr::Index(_)
            | Expr::Lit(_)
            | Expr::MethodCall(_)
            | Expr::Paren(_)
            | Expr::Path(_) => text,
            _ => format!("({text})"),
        }
    }

    fn list(&self, list: &Punctuated<Expr, Token![,]>) -> String {
        let texts: Vec<_> = list.iter().map(|value| self.text(value)).collect();
        texts.join(", ")
    }

    /// The other name of a pair in the settings. In a path, the name is the last segment.
    fn swapped(&self, name: &str) -> Option<String> {
        self.settings.swaps.iter().find_map(|[a, b]| {
            let other = |from: &str, to: &str| {
                let before = name.strip_suffix(from)?;
                (before.is_empty() || before.ends_with("::")).then(|| format!("{before}{to}"))
            };
            other(a, b).or_else(|| other(b, a))
        })
    }

    fn of_binary(&self, binary: &ExprBinary) -> Vec<String> {
        let (left, right) = (self.operand(&binary.left), self.operand(&binary.right));
        let with = |operator: &str| format!("{left} {operator} {right}");
        let operands = || [self.text(&binary.left), self.text(&binary.right)];
        let arithmetic = |operator| {
            let mut all = vec![with(operator)];
            all.extend(operands());
            all
        };
        match binary.op {
            BinOp::Add(_) => arithmetic("-"),
            BinOp::Sub(_) => arithmetic("+"),
            BinOp::Mul(_) => arithmetic("/"),
            BinOp::Div(_) => arithmetic("*"),
            BinOp::Lt(_) => vec![with("<="), with(">=")],
            BinOp::Le(_) => vec![with("<"), with(">")],
            BinOp::Gt(_) => vec![with(">="), with("<=")],
            BinOp::Ge(_) => vec![with(">"), with("<")],
            BinOp::Eq(_) => vec![with("!=")],
            BinOp::Ne(_) => vec![with("==")],
            BinOp::And(_) => vec![with("||")],
            BinOp::Or(_) => vec![with("&&")],
            BinOp::BitAnd(_) => vec![with("|")],
            BinOp::BitOr(_) => vec![with("&")],
            BinOp::AddAssign(_) => vec![with("-="), with("=")],
            BinOp::SubAssign(_) => vec![with("+="), with("=")],
            BinOp::MulAssign(_) => vec![with("/="), with("=")],
            BinOp::DivAssign(_) => vec![with("*="), with("=")],
            BinOp::BitAndAssign(_) => vec![with("|="), with("=")],
            BinOp::BitOrAssign(_) => vec![with("&="), with("=")],
            _ => Vec::new(),
        }
    }

    fn of_method_call(&self, call: &ExprMethodCall) -> Vec<String> {
        let method = call.method.to_string();
        let is = |list: &[String]| list.contains(&method);
        if is(&self.settings.ignore.calls) {
            return Vec::new();
        }
        let receiver = self.operand(&call.receiver);
        let mut all = match call.args.len() {
            0 => vec![receiver.clone()],
            1 if is(&self.settings.ignore.commutative) => Vec::new(),
            1 => {
                let (other, argument) = (self.operand(&call.args[0]), self.text(&call.receiver));
                vec![format!("{other}.{method}({argument})")]
            }
            _ => self.reordered(&format!("{receiver}.{method}"), &call.args),
        };
        if let Some(other) = self.swapped(&method) {
            all.push(format!("{receiver}.{other}({})", self.list(&call.args)));
        }
        all
    }

    /// All variants of a call with two neighbouring arguments exchanged.
    fn reordered(&self, function: &str, arguments: &Punctuated<Expr, Token![,]>) -> Vec<String> {
        let name = function.rsplit("::").next().unwrap_or_default();
        if self
            .settings
            .ignore
            .commutative
            .iter()
            .any(|other| other == name)
        {
            return Vec::new();
        }
        let arguments: Vec<_> = arguments.iter().map(|value| self.text(value)).collect();
        let exchanged = (1..arguments.len()).map(|i| {
            let mut arguments = arguments.clone();
            arguments.swap(i - 1, i);
            format!("{function}({})", arguments.join(", "))
        });
        exchanged.collect()
    }
}

fn of_literal(literal: &Lit) -> Vec<String> {
    let others = |values: &[&str], suffix: &str| {
        let with_suffix = |value: &&str| match suffix {
            "" => (*value).to_owned(),
            _ => format!("{value}_{suffix}"),
        };
        values.iter().map(with_suffix).collect()
    };
    match literal {
        Lit::Bool(value) => vec![(!value.value).to_string()],
        Lit::Int(number) => {
            let values: &[&str] = match number.base10_digits() {
                "0" => &["1"],
                "1" => &["0", "2"],
                "2" => &["1"],
                _ => &[],
            };
            others(values, number.suffix())
        }
        Lit::Float(number) => {
            let values: &[&str] = match number.base10_digits() {
                "0.0" => &["1.0"],
                "0.5" | "2.0" => &["1.0"],
                "1.0" => &["0.0", "2.0"],
                _ => &[],
            };
            others(values, number.suffix())
        }
        _ => Vec::new(),
    }
}
