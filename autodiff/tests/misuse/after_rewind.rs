use autodiff::scalar::Tape;

fn main() {
    let mut tape = Tape::new();
    let x = tape.var(1.0);
    let mark = tape.mark(&[x]);
    tape.rewind(&mark);
    println!("{}", x + 1.0);
}
