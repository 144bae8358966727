//! Finds Rust code in the tokens of macros.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Block, Expr, FieldValue, File, ImplItem, Macro, Stmt, Token};

/// Tokens of a macro, parsed as code.
pub enum Code {
    /// Items of a module.
    Items(File),
    /// Items of an `impl`.
    ImplItems(Vec<ImplItem>),
    /// Statements.
    Statements(Vec<Stmt>),
    /// Expressions that a macro evaluates.
    Expressions(Vec<Expr>),
}

/// Returns the code in a macro's definition or in the arguments of a call.
///
/// Calls of standard library macros that evaluate nothing of interest (messages, debug assertions) have none. The
/// meaning of other macro calls is unknown: their arguments are code if they parse as items or statements, and in lists
/// of `name: value` the closures are code.
pub fn code_of(call: &Macro) -> Vec<Code> {
    let name = call.path.segments.last().map(|last| last.ident.to_string());
    let tokens = call.tokens.clone();
    let expressions = || {
        let list = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone());
        list.into_iter().flatten().collect::<Vec<Expr>>()
    };
    match name.as_deref().unwrap_or_default() {
        "macro_rules" => bodies(tokens)
            .flat_map(|body| search(without_variables(body)))
            .collect(),
        "assert" => vec![Code::Expressions(
            expressions().into_iter().take(1).collect(),
        )],
        "vec" => vec![Code::Expressions(expressions())],
        "assert_eq" | "assert_ne" | "concat" | "debug_assert" | "debug_assert_eq"
        | "debug_assert_ne" | "format" | "matches" | "panic" | "stringify" | "unreachable"
        | "write" | "writeln" => Vec::new(),
        _ => search(without_variables(tokens)),
    }
}

/// The bodies of the rules of a `macro_rules!`.
fn bodies(rules: TokenStream) -> impl Iterator<Item = TokenStream> {
    let groups = rules.into_iter().filter_map(|token| match token {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    });
    // Patterns and bodies alternate.
    groups.skip(1).step_by(2)
}

/// Finds code in tokens: in all of them together, or in the groups among them.
fn search(tokens: TokenStream) -> Vec<Code> {
    if let Ok(items) = syn::parse2::<File>(tokens.clone()) {
        return vec![Code::Items(items)];
    }
    let impl_items = |input: ParseStream<'_>| {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(input.parse()?);
        }
        Ok(items)
    };
    if let Ok(items) = impl_items.parse2(tokens.clone()) {
        return vec![Code::ImplItems(items)];
    }
    let named = Punctuated::<FieldValue, Token![,]>::parse_terminated;
    if let Ok(list) = named.parse2(tokens.clone()) {
        let values = list.into_iter().map(|named| named.expr);
        let closures = values.filter(|value| matches!(value, Expr::Closure(_)));
        return vec![Code::Expressions(closures.collect())];
    }
    if let Ok(statements) = Block::parse_within.parse2(tokens.clone()) {
        return vec![Code::Statements(statements)];
    }
    let groups = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Group(group) => Some(search(group.stream())),
        _ => None,
    });
    groups.flatten().collect()
}

/// Turns a body of `macro_rules!` into Rust: `$name` becomes `name`, and `$(…),*` becomes its contents.
///
/// The positions of all tokens in the source stay the same; the position of `name` includes the `$`.
fn without_variables(tokens: TokenStream) -> TokenStream {
    let mut plain = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(dollar) if dollar.as_char() == '$' => match tokens.next() {
                Some(TokenTree::Ident(name)) => {
                    let span = dollar.span().join(name.span()).unwrap_or(name.span());
                    plain.push(Ident::new(&name.to_string(), span).into());
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                    plain.extend(without_variables(group.stream()));
                    // A separator, if there is one, and the operator.
                    let is_operator = |token: TokenTree| matches!(token, TokenTree::Punct(p) if "*+?".contains(p.as_char()));
                    if !tokens.next().is_some_and(is_operator) {
                        tokens.next();
                    }
                }
                other => plain.extend(other),
            },
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), without_variables(group.stream()));
                inside.set_span(group.span());
                plain.push(inside.into());
            }
            token => plain.push(token),
        }
    }
    plain.into_iter().collect()
}
