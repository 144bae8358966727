use autodiff::scalar::gradient;

fn main() {
    let mut escaped = None;
    gradient(
        |[x]| {
            escaped = Some(x);
            x
        },
        [1.0],
    );
    println!("{escaped:?}");
}
