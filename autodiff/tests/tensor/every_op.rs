//! The rule of every operation in the catalogue agrees with differences of its value, to first and second order.

use autodiff::Tensor;
use autodiff::gradcheck::{self, Error, Gradcheck};
use autodiff::tensor::{self, Adjoints, Algebra, CheckCase, Op, Point, Real, Var};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[test]
fn every_operation_is_the_derivative_of_its_value() {
    let failures: Vec<String> = tensor::catalogue()
        .iter()
        .filter_map(first_order_failure)
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn first_order_failure(case: &CheckCase) -> Option<String> {
    let checked = check().first_order(|x| case.record(x), case.inputs());
    checked.err().map(|error| format!("{case:?}: {error}"))
}

/// A checker with one random direction per case, since there are many cases.
fn check() -> Gradcheck {
    Gradcheck::new().directions(1)
}

#[test]
fn every_recorded_gradient_can_be_differentiated_again() {
    let failure = |case: &CheckCase| {
        let checked = check().second_order(|x| case.record(x), case.inputs());
        checked.err().map(|error| format!("{case:?}: {error}"))
    };
    let failures: Vec<String> = tensor::catalogue().iter().filter_map(failure).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn third_derivatives_agree() {
    // The gradient of the gradient is checked to first order: its rule is recorded twice.
    for case in &tensor::catalogue() {
        if case.inputs().iter().any(|input| input.size() > 6) {
            continue;
        }
        // Third derivatives are larger, and their differences less accurate.
        let checked = Gradcheck::new()
            .directions(2)
            .bound(1e-6)
            .first_order(|x| squared_curvature(case, x), case.inputs());
        assert!(checked.is_ok(), "{case:?}: {checked:?}");
    }
}

/// The gradient of |∇f|², with respect to all inputs, which holds every second derivative of the sum f of the results.
fn squared_curvature<'t>(case: &CheckCase, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let slopes = case.record(x).sum().recorded_gradients(x);
    let squares = slopes.iter().map(|slope| slope.square().sum());
    let length = squares
        .reduce(|a, b| a + b)
        .expect("an operation has inputs");
    let curvatures = length.recorded_gradients(x);
    let flat: Vec<_> = curvatures
        .iter()
        .map(|curvature| curvature.flatten())
        .collect();
    Var::concat(&flat, 0)
}

#[test]
fn every_operation_is_checked_in_eight_shapes_or_more() {
    let mut shapes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in tensor::catalogue() {
        let inputs: Vec<String> = case
            .inputs()
            .iter()
            .map(|input| input.shape().to_string())
            .collect();
        shapes
            .entry(case.name().to_owned())
            .or_default()
            .push(inputs.join(" "));
    }
    for (name, mut inputs) in shapes {
        inputs.sort();
        inputs.dedup();
        assert!(
            inputs.len() >= 8,
            "{name} is checked in {} shapes only: {inputs:?}",
            inputs.len()
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads the sources")]
fn an_operation_is_named_only_in_its_own_file_and_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tensor");
    let mut sources = Vec::new();
    read_sources(&root, &root, &mut sources);
    let (_, list) = sources.iter().find(|(file, _)| file == "ops.rs").unwrap();
    let operations = listed_operations(list);
    assert!(operations.contains(&("matmul".to_owned(), "MatMul".to_owned())));
    assert!(operations.len() >= 20);
    let named = named_elsewhere(&operations, &sources);
    assert!(named.is_empty(), "{}", named.join("\n"));

    // The search finds an operation that is named.
    sources.push((
        "tape.rs".to_owned(),
        "Operation::MatMul(_) => {}".to_owned(),
    ));
    assert_eq!(
        named_elsewhere(&operations, &sources),
        ["tape.rs names MatMul: Operation::MatMul(_) => {}"]
    );
}

/// The files in a folder and its subfolders: the path of each from `root`, and its text.
fn read_sources(root: &Path, folder: &Path, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(root, &path, sources);
        } else {
            let file = path.strip_prefix(root).unwrap().display().to_string();
            sources.push((file, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The module and the type of each operation in the list `operations! { … }`.
fn listed_operations(list: &str) -> Vec<(String, String)> {
    let (_, list) = list.rsplit_once("operations! {").unwrap();
    let (list, _) = list.split_once('}').unwrap();
    let mut operations = Vec::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (module, rest) = line.split_once(':').unwrap();
        let (_, types) = rest.split_once("=>").unwrap();
        for operation in types.split([',', ';', ' ']).filter(|name| !name.is_empty()) {
            let name = operation.split('<').next().unwrap();
            operations.push((module.to_owned(), name.to_owned()));
        }
    }
    operations
}

/// The lines of code that name an operation's type, except in its own file and the list.
fn named_elsewhere(operations: &[(String, String)], sources: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in sources.iter().filter(|(file, _)| file != "ops.rs") {
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.starts_with("//")) {
            let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            let foreign = words.find_map(|word| {
                let (module, name) = operations.iter().find(|(_, name)| name == word)?;
                (!file.starts_with(&format!("ops/{module}"))).then_some(name)
            });
            // Variants of the table's functions may have the same names.
            if let Some(name) = foreign
                && !line.contains(&format!("Unary::{name}"))
                && !line.contains(&format!("Binary::{name}"))
            {
                found.push(format!("{file} names {name}: {line}"));
            }
        }
    }
    found
}

/// `sin x`, with a slope that is wrong by a factor.
#[derive(Debug)]
struct Skewed {
    factor: f64,
}

impl<T: Real> Op<T> for Skewed {
    fn name(&self) -> &'static str {
        "skewed"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].sin()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || at.x[0].cos() * y_bar * self.factor);
    }
}

#[test]
fn a_slope_off_by_one_part_in_a_thousand_is_caught_and_named() {
    let x = Tensor::from([[0.3, 0.2], [0.1, 0.4]]);
    let inputs = [Tensor::from([1.0, 2.0]), x];
    let right = gradcheck::first_order(|x| skewed_product(1.0, x), &inputs);
    assert!(right.unwrap().largest_error < 1e-10);

    let Err(Error::Mismatch(wrong)) = gradcheck::first_order(|x| skewed_product(1.001, x), &inputs)
    else {
        panic!("a wrong slope was accepted");
    };
    assert_eq!((wrong.input, wrong.order), (1, 1));
    assert!(
        (wrong.tape / wrong.difference - 1.001).abs() < 1e-6,
        "{wrong}"
    );
}

fn skewed_product<'t>(factor: f64, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    x[0].tape().apply(Skewed { factor }, &[x[1]]) * x[0]
}
