//! Finds the mutants of a source file.

use crate::mutant::{Form, Mutant};
use crate::rules::{alternatives, is_assignment};
use crate::settings::Settings;
use crate::tokens::{Code, code_of};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, Expr, ImplItem, Item, Pat, ReturnType, Signature, Stmt, TraitItem, Type,
};

/// Returns all mutants of a file, including those that do not compile.
pub fn mutants_of(file: &str, source: &str, settings: &Settings) -> Result<Vec<Mutant>> {
    let parsed = syn::parse_file(source).with_context(|| file.to_owned())?;
    let mut finder = Finder {
        file,
        source,
        settings,
        around: Vec::new(),
        found: Vec::new(),
    };
    finder.visit_file(&parsed);
    let mut found = finder.found;
    // Two rules may produce the same mutant.
    found.dedup_by(|a, b| (&a.range, &a.after) == (&b.range, &b.after));
    let mut occurrences = BTreeMap::new();
    for mutant in &mut found {
        let occurrence = occurrences.entry(mutant.name()).or_insert(0);
        *occurrence += 1;
        mutant.occurrence = *occurrence;
    }
    Ok(found)
}

struct Finder<'a> {
    file: &'a str,
    source: &'a str,
    settings: &'a Settings,
    /// The names of the types, macros and functions around the current position.
    around: Vec<String>,
    found: Vec<Mutant>,
}

impl<'a> Finder<'a> {
    fn text(&self, node: &impl Spanned) -> &'a str {
        &self.source[node.span().byte_range()]
    }

    fn add(&mut self, range: Range<usize>, form: Form, after: String) {
        let before = &self.source[range.clone()];
        if before == after {
            return;
        }
        let line_start = self.source[..range.start]
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let line_text = self.source[line_start..].lines().next().unwrap_or_default();
        self.found.push(Mutant {
            file: self.file.to_owned(),
            function: self.around.join("::"),
            line: 1 + self.source[..line_start].matches('\n').count(),
            column: 1 + self.source[line_start..range.start].chars().count(),
            line_text: line_text.trim().to_owned(),
            before: before.to_owned(),
            range,
            form,
            after,
            occurrence: 1,
        });
    }

    fn inside(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.around.push(name);
        visit(self);
        self.around.pop();
    }

    /// Visits a function. Some mutants return a constant at its start.
    fn function(&mut self, signature: &Signature, block: &Block) {
        let name = signature.ident.to_string();
        if signature.constness.is_some() || self.settings.ignore.functions.contains(&name) {
            return;
        }
        self.inside(name, |finder| {
            let result = match &signature.output {
                ReturnType::Default => "()",
                ReturnType::Type(_, result) => finder.text(result),
            };
            let results: &[&str] = match result {
                "()" => &["return;"],
                "bool" => &["return true;", "return false;"],
                _ if result.starts_with("Option<") => &["return None;"],
                _ => &[],
            };
            let start = block.brace_token.span.open().byte_range().end;
            let constant = finder.constant_of(block);
            for &early in results {
                if constant.is_none_or(|value| early != format!("return {value};")) {
                    finder.add(start..start, Form::Statement, early.to_owned());
                }
            }
            finder.block(block, matches!(signature.output, ReturnType::Default));
        });
    }

    /// The final expression of a block that otherwise contains only `let` statements.
    fn constant_of(&self, block: &Block) -> Option<&'a str> {
        let (Stmt::Expr(value, None), before) = block.stmts.split_last()? else {
            return None;
        };
        let is_local = |statement: &Stmt| matches!(statement, Stmt::Local(_));
        before.iter().all(is_local).then(|| self.text(value))
    }

    /// Visits a block. Mutants omit one statement each, including the last one if `has_no_value`.
    fn block(&mut self, block: &Block, has_no_value: bool) {
        self.statements(&block.stmts, has_no_value);
    }

    fn statements(&mut self, statements: &[Stmt], have_no_value: bool) {
        for (i, statement) in statements.iter().enumerate() {
            if self.text(statement).starts_with("#[cfg(test)]") {
                continue;
            }
            let is_value = i + 1 == statements.len() && !have_no_value;
            if self.has_effect(statement, is_value) {
                self.add(
                    statement.span().byte_range(),
                    Form::Statement,
                    String::new(),
                );
            }
            self.visit_stmt(statement);
        }
    }

    /// Whether omitting a statement can have an effect and may compile.
    fn has_effect(&self, statement: &Stmt, is_value: bool) -> bool {
        match statement {
            Stmt::Expr(expression, semicolon) => {
                let is_loop = matches!(expression, Expr::ForLoop(_) | Expr::While(_));
                if semicolon.is_none() && is_value && !is_loop {
                    return false;
                }
                match expression {
                    Expr::Call(call) => !self.is_ignored(self.text(&call.func)),
                    Expr::MethodCall(call) => !self.is_ignored(&call.method.to_string()),
                    Expr::Binary(binary) => is_assignment(&binary.op),
                    Expr::Return(_) => semicolon.is_some(),
                    Expr::Assign(_) | Expr::Break(_) | Expr::Continue(_) | Expr::Try(_) => true,
                    _ => is_loop,
                }
            }
            Stmt::Macro(call) => {
                let name = call.mac.path.get_ident().map(ToString::to_string);
                matches!(name.as_deref(), Some("assert" | "assert_eq" | "assert_ne"))
            }
            Stmt::Local(_) | Stmt::Item(_) => false,
        }
    }

    fn is_ignored(&self, call: &str) -> bool {
        self.settings.ignore.calls.iter().any(|name| name == call)
    }

    fn condition(&mut self, condition: &Expr, values: &[&str]) {
        if !contains_let(condition) {
            for &value in values {
                self.add(
                    condition.span().byte_range(),
                    Form::Expression,
                    value.to_owned(),
                );
            }
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_path_arguments(&mut self, _: &'ast syn::PathArguments) {}
    fn visit_angle_bracketed_generic_arguments(
        &mut self,
        _: &'ast syn::AngleBracketedGenericArguments,
    ) {
    }
    fn visit_generics(&mut self, _: &'ast syn::Generics) {}

    fn visit_pat(&mut self, pattern: &'ast Pat) {
        if let Pat::Guard(guarded) = pattern {
            self.condition(&guarded.guard, &["true", "false"]);
            self.visit_expr(&guarded.guard);
        }
    }

    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Fn(item) if !is_test(&item.attrs) => self.function(&item.sig, &item.block),
            Item::Mod(item) if !is_test(&item.attrs) => visit::visit_item_mod(self, item),
            Item::Impl(item) => {
                let name = self.text(&*item.self_ty).to_owned();
                self.inside(name, |finder| visit::visit_item_impl(finder, item));
            }
            Item::Trait(item) => {
                self.inside(item.ident.to_string(), |finder| {
                    visit::visit_item_trait(finder, item)
                });
            }
            Item::Macro(item) => match &item.ident {
                Some(name) => self.inside(name.to_string(), |finder| finder.visit_macro(&item.mac)),
                None => self.visit_macro(&item.mac),
            },
            // Constants and types are evaluated at compile time.
            _ => {}
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(item) if !is_test(&item.attrs) => self.function(&item.sig, &item.block),
            ImplItem::Macro(item) => self.visit_macro(&item.mac),
            _ => {}
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if let TraitItem::Fn(item) = item
            && let Some(block) = &item.default
        {
            self.function(&item.sig, block);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        for code in code_of(call) {
            match code {
                Code::Items(file) => self.visit_file(&file),
                Code::ImplItems(items) => items.iter().for_each(|item| self.visit_impl_item(item)),
                Code::Statements(statements) => self.statements(&statements, false),
                Code::Expressions(list) => list.iter().for_each(|value| self.visit_expr(value)),
            }
        }
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.block(block, false);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        // An expression that binds names must stay in place.
        if !contains_let(expression) {
            for after in alternatives(expression, self.source, self.settings) {
                self.add(expression.span().byte_range(), Form::Expression, after);
            }
        }
        match expression {
            Expr::If(conditional) => self.condition(&conditional.cond, &["true", "false"]),
            Expr::While(repeated) => self.condition(&repeated.cond, &["false"]),
            _ => {}
        }
        match expression {
            Expr::ForLoop(repeated) => {
                self.visit_expr(&repeated.expr);
                self.block(&repeated.body, true);
            }
            Expr::While(repeated) => {
                self.visit_expr(&repeated.cond);
                self.block(&repeated.body, true);
            }
            // The function of a call is swapped together with the arguments.
            Expr::Call(call) => call.args.iter().for_each(|value| self.visit_expr(value)),
            _ => visit::visit_expr(self, expression),
        }
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    let is_test = |attribute: &Attribute| {
        let nested = attribute.parse_args::<syn::Path>();
        attribute.path().is_ident("cfg") && nested.is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(is_test)
}

/// Whether a condition binds names.
fn contains_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(both) => contains_let(&both.left) || contains_let(&both.right),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(source: &str) -> Vec<String> {
        let settings = r#"
            root = "."
            area = []
            swaps = [["Side::A", "Side::B"]]
            [ignore]
            functions = ["samples"]
            calls = ["hint"]
            commutative = ["hypot"]
        "#;
        let settings = toml::from_str(settings).unwrap();
        let mutants = mutants_of("a.rs", source, &settings).unwrap();
        let change = |mutant: &Mutant| {
            assert_eq!(mutant.before, source[mutant.range.clone()]);
            format!("{} → {}", mutant.before, mutant.after)
        };
        mutants.iter().map(change).collect()
    }

    #[test]
    fn expressions_and_statements_are_replaced() {
        let changed = changes("fn f(a: f64, b: f64) -> f64 { -a + g(b, 0.5).hypot(a) }");
        let sum = "-a + g(b, 0.5).hypot(a)";
        assert_eq!(
            changed,
            [
                format!("{sum} → (-a) - g(b, 0.5).hypot(a)"),
                format!("{sum} → -a"),
                format!("{sum} → g(b, 0.5).hypot(a)"),
                "-a → a".to_owned(),
                "g(b, 0.5) → g(0.5, b)".to_owned(),
                "0.5 → 1.0".to_owned(),
            ]
        );
        assert_eq!(
            changes("fn f() { hint(); if a && let b = c { g(Side::A); } d[i] = x; }"),
            [
                " → return;",
                "g(Side::A); → ",
                "Side::A → Side::B",
                "d[i] = x; → "
            ]
        );
    }

    #[test]
    fn the_closures_of_a_table_in_a_macro_are_code() {
        let table = "macro_rules! table { ($then:ident) => { $then! {
            /// The square.
            square(n: i32; { n: 2 }) as Square { value: |x| x * x, smooth: [(1.0, 2.0)] }
        } } }";
        assert_eq!(changes(table), ["x * x → x / x", "x * x → x"]);
    }

    #[test]
    fn the_bodies_of_macros_are_code() {
        let numbers = "macro_rules! numbers { ($($T:ty),*) => { $(
            impl Half for $T { fn half($x: $T) -> Self { $x / (2 as $T) } }
        )* } }";
        assert_eq!(
            changes(numbers),
            [
                "$x / (2 as $T) → $x * (2 as $T)",
                "$x / (2 as $T) → $x",
                "$x / (2 as $T) → (2 as $T)",
                "2 → 1",
            ]
        );
    }

    #[test]
    fn ignored_code_has_no_mutants() {
        let source = "
            const A: f64 = 1.0 + 2.0;
            const fn f(a: f64) -> f64 { 2.0 * a }
            fn samples() -> [f64; 2] { [1.0, 2.0] }
            fn none(x: u8) -> Option<u8> { let _ = x; None }
            fn g(x: [u8; 2]) {
                #[cfg(test)]
                tests::COUNT.set(1 + 1);
                debug_assert!(x[0] < 1, \"{}\", x[0])
            }
            #[cfg(test)]
            mod tests { fn h() { assert!(1 < 2); } }
        ";
        assert_eq!(changes(source), [" → return;"]);
    }
}
