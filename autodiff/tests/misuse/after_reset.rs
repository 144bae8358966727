use autodiff::scalar::Tape;

fn main() {
    let mut tape = Tape::new();
    let x = tape.var(1.0);
    tape.reset();
    println!("{}", x + 1.0);
}
