use autodiff::scalar::Tape;

fn main() {
    let x = {
        let tape = Tape::new();
        tape.var(1.0)
    };
    println!("{}", x + 1.0);
}
