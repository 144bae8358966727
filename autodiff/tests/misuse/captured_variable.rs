use autodiff::scalar::{Tape, checkpoint};

fn main() {
    let tape = Tape::new();
    let [x, y] = tape.vars([1.0, 2.0]);
    let by_reference = checkpoint(|[x]| vec![x[0] * y.value()], [&[x]]);
    let by_value = checkpoint(move |[x]| vec![x[0] * y], [&[x]]);
    println!("{by_reference:?} {by_value:?}");
}
