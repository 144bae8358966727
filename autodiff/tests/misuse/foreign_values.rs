use autodiff::scalar::{Tape, Values};

struct Longer;

impl Values for Longer {
    type Number = f64;
    type Like<U> = Vec<U>;

    fn as_slice(&self) -> &[f64] {
        &[0.0]
    }

    fn map<U>(&self, f: impl FnMut(f64) -> U) -> Vec<U> {
        [0.0; 1000].into_iter().map(f).collect()
    }
}

fn main() {
    let tape = Tape::new();
    println!("{:?}", tape.vars(Longer));
}
