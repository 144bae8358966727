use autodiff::scalar::Var;
use autodiff::scalar::program::{Computation, Points, Program};
use benches::program_problems::*;
use std::time::Instant;

struct Time;
fn best(mut f: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    f();
    for _ in 0..9 {
        let t = Instant::now();
        f();
        best = best.min(t.elapsed().as_secs_f64());
    }
    best * 1e9
}
impl Visitor for Time {
    #[allow(unsafe_code)]
    fn visit<P: Problem<O>, const O: usize>(&mut self, p: &P) {
        if std::env::var("COMPILE").is_ok() {
            if p.name() != std::env::var("COMPILE").unwrap() {
                return;
            }
            let t = Instant::now();
            let mut count = 0;
            for _ in 0..20 {
                let mut program = unsafe_send(p);
                let row = p.points().rows().next().unwrap();
                let pts = Points::Rows(row);
                if p.is_summed() {
                    program.sum_and_gradient(p.shared(), pts).unwrap();
                    count = 1;
                } else if O == 1 {
                    program.values_and_gradients(p.shared(), pts).unwrap();
                    count = 2;
                } else {
                    program.values_and_jacobians(p.shared(), pts).unwrap();
                    count = 3;
                }
            }
            println!(
                "{} {count} {:.1} us each",
                p.name(),
                t.elapsed().as_secs_f64() * 1e6 / 20.0
            );
            return;
        }
        let n = p.points().count();
        let columns = p.points().columns();
        let t0 = Instant::now();

        let mut program = unsafe_send(p);
        let cols = Points::Columns(&columns);
        let rows = Points::Rows(p.points().numbers());
        let w = p.points().width();
        let mut values = vec![0.0; n * O];
        let mut der = vec![
            0.0;
            if p.is_summed() {
                p.shared().len()
            } else {
                n * O * w
            }
        ];
        let run = |program: &mut Program<'_>, pts, values: &mut Vec<f64>, der: &mut Vec<f64>| {
            if p.is_summed() {
                program.sum_and_gradient_into(p.shared(), pts, der).unwrap();
            } else if O == 1 {
                program
                    .values_and_gradients_into(p.shared(), pts, values, der)
                    .unwrap();
            } else {
                program
                    .values_and_jacobians_into(p.shared(), pts, values, der)
                    .unwrap();
            }
        };
        run(
            &mut program,
            Points::Columns(&columns),
            &mut values,
            &mut der,
        );
        let first = t0.elapsed().as_secs_f64() * 1e6;
        let c = best(|| run(&mut program, cols, &mut values, &mut der)) / n as f64;
        let r = best(|| run(&mut program, rows, &mut values, &mut der)) / n as f64;
        let v = best(|| program.values_into(p.shared(), cols, &mut values).unwrap()) / n as f64;
        let mut scratch = Vec::new();
        let mut d = vec![0.0; p.derivative_count()];
        let hand = best(|| {
            for row in p.points().rows() {
                std::hint::black_box(p.by_hand(row, &mut scratch, &mut d));
            }
        }) / n as f64;
        let plain = best(|| {
            for row in p.points().rows() {
                std::hint::black_box(p.values(p.shared(), row));
            }
        }) / n as f64;
        let mut tape = OnTape::default();
        let t = best(|| {
            for row in p.points().rows() {
                std::hint::black_box(tape.differentiate(p, row, &mut d));
            }
        }) / n as f64;
        let what = if p.is_summed() {
            Computation::SummedGradient
        } else if O == 1 {
            Computation::Gradients
        } else {
            Computation::Jacobians
        };
        let l = program.listing(what).unwrap();
        println!(
            "{:20} first {first:8.0} us; plain {plain:8.1} hand {hand:8.1} tape {t:8.1} columns {c:8.1} rows {r:8.1} values {v:8.1} | /tape {:.3} /hand {:.2} /plain {:.2} | instr {} regs {} ns/instr {:.3} first/instr {:.2}us",
            p.name(),
            c / t,
            c / hand,
            c / plain,
            l.instructions,
            l.registers,
            c / l.instructions as f64,
            first / l.instructions as f64
        );
        if std::env::var("LIST").as_deref() == Ok(&p.name()) {
            println!("{l}");
        }
    }
}
#[allow(unsafe_code)]
fn unsafe_send<'a, P: Problem<O>, const O: usize>(p: &'a P) -> Program<'a> {
    struct S<P>(P);
    unsafe impl<P> Sync for S<P> {}
    unsafe impl<P> Send for S<P> {}
    let s = S(p);
    Program::new(
        p.shared().len(),
        p.points().width(),
        move |sh: &[Var<'_>], x: &[Var<'_>]| {
            let s = &s;
            s.0.values(sh, x).to_vec()
        },
    )
}
fn main() {
    visit_compared(&mut Time);
    visit_others(&mut Time);
}
