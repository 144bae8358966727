//! Operators, comparisons and formats of variables and of forward-mode numbers.

use autodiff::scalar::{Dual, Tape, Var};

/// Checks every operator with two numbers, and with a number and a plain number, by
/// `check(result, value, slope in x, slope in y)`.
macro_rules! check_every_operator {
    ($T:ty, $x:expr, $y:expr, $check:expr) => {{
        let (x, y, check) = ($x, $y, $check);
        let (c, seven): ($T, $T) = (2.0, 7.0);
        for z in [x + y, &x + y, x + &y, &x + &y] {
            check(z, 7.0, 1.0, 1.0);
        }
        for z in [x - y, &x - y, x - &y, &x - &y] {
            check(z, -1.0, 1.0, -1.0);
        }
        for z in [x * y, &x * y, x * &y, &x * &y] {
            check(z, 12.0, 4.0, 3.0);
        }
        for z in [x / y, &x / y, x / &y, &x / &y] {
            check(z, 0.75, 0.25, -0.1875);
        }
        for z in [y % x, &y % x, y % &x, &y % &x] {
            check(z, 1.0, -1.0, 1.0);
        }
        for z in [
            x + c,
            &x + c,
            x + &c,
            &x + &c,
            c + x,
            &c + x,
            c + &x,
            &c + &x,
        ] {
            check(z, 5.0, 1.0, 0.0);
        }
        for z in [x - c, &x - c, x - &c, &x - &c] {
            check(z, 1.0, 1.0, 0.0);
        }
        for z in [c - x, &c - x, c - &x, &c - &x] {
            check(z, -1.0, -1.0, 0.0);
        }
        for z in [
            x * c,
            &x * c,
            x * &c,
            &x * &c,
            c * x,
            &c * x,
            c * &x,
            &c * &x,
        ] {
            check(z, 6.0, 2.0, 0.0);
        }
        for z in [y / c, &y / c, y / &c, &y / &c] {
            check(z, 2.0, 0.0, 0.5);
        }
        for z in [c / y, &c / y, c / &y, &c / &y] {
            check(z, 0.5, 0.0, -0.125);
        }
        for z in [x % c, &x % c, x % &c, &x % &c] {
            check(z, 1.0, 1.0, 0.0);
        }
        for z in [seven % x, &seven % x, seven % &x, &seven % &x] {
            check(z, 1.0, -2.0, 0.0);
        }
        for z in [-x, -&x] {
            check(z, -3.0, -1.0, 0.0);
        }

        let mut z = x;
        z += y;
        z += &y;
        z += c;
        z += &c;
        check(z, 15.0, 1.0, 2.0);
        z -= y;
        z -= &y;
        z -= c;
        z -= &c;
        check(z, 3.0, 1.0, 0.0);
        z *= y;
        z *= &y;
        z *= c;
        z *= &c;
        check(z, 192.0, 64.0, 96.0);
        z /= y;
        z /= &y;
        z /= c;
        z /= &c;
        check(z, 3.0, 1.0, 0.0);
        z *= seven;
        z %= y;
        check(z, 1.0, 7.0, -5.0);
        z %= &y;
        z %= c;
        z %= &c;
        check(z, 1.0, 7.0, -5.0);
    }};
}

#[test]
fn every_operator_in_every_combination() {
    let tape = Tape::new();
    let [x, y] = tape.vars([3.0, 4.0]);
    check_every_operator!(f64, x, y, |z: Var<'_>, value: f64, dx: f64, dy: f64| {
        let gradients = z.gradients();
        assert_eq!(
            (z.value(), gradients.wrt(x), gradients.wrt(y)),
            (value, dx, dy)
        );
    });
    let tape = Tape::<f32>::default();
    let [x, y] = tape.vars([3.0, 4.0]);
    check_every_operator!(f32, x, y, |z: Var<'_, f32>,
                                      value: f32,
                                      dx: f32,
                                      dy: f32| {
        let gradients = z.gradients();
        assert_eq!(
            (z.value(), gradients.wrt(x), gradients.wrt(y)),
            (value, dx, dy)
        );
    });
}

#[test]
fn every_operator_of_the_forward_mode_number() {
    let dual = |value, tangent| Dual::new(value, tangent);
    for direction in [[1.0, 0.0], [0.0, 1.0]] {
        let [x, y] = [dual(3.0, direction[0]), dual(4.0, direction[1])];
        check_every_operator!(f64, x, y, |z: Dual, value: f64, dx: f64, dy: f64| {
            let slope = dx * direction[0] + dy * direction[1];
            assert_eq!((z.value, z.tangent()), (value, slope));
        });
    }
    let terms = [Dual::var(3.0), Dual::from(4.0), Dual::var(5.0)];
    let sums: [Dual; 2] = [terms.iter().sum(), terms.into_iter().sum()];
    let products: [Dual; 2] = [terms.iter().product(), terms.into_iter().product()];
    for z in sums {
        assert_eq!((z.value, z.tangent()), (12.0, 2.0));
    }
    for z in products {
        assert_eq!((z.value, z.tangent()), (60.0, 32.0));
    }
}

#[test]
fn functions_that_are_not_in_the_table() {
    let tape = Tape::new();
    let [x, y] = tape.vars([3.0, 4.0]);
    let z = x.mul_add(y, 2.0) + x.mul_add(2.0, y);
    assert_eq!(z, 24.0);
    assert_eq!(z.gradients().wrt_all(&[x, y]), [6.0, 4.0]);
    assert_eq!(Var::select(x < y, x, y).gradients().wrt(x), 1.0);
    assert_eq!(x.detach().tape().map(Tape::len), None);
    let d = Dual::var(3.0);
    assert_eq!(d.mul_add(4.0, d).tangent(), 5.0);
    assert_eq!(Dual::select(d < 1.0, d, 2.0).tangent(), 0.0);
    assert_eq!(d.custom(|x| (x * x, 2.0 * x)).tangent(), 6.0);
}

#[test]
fn comparisons_go_by_value_with_plain_numbers_on_either_side() {
    let tape = Tape::new();
    let [x, y] = tape.vars([1.0, 4.0]);
    let among_variables = [x < y, x <= y, y > x, x != y, x == tape.var(1.0)];
    let with_plain = [
        1.0 < y,
        y > 1.0,
        x == 1.0,
        1.0 == x,
        x < 2.0,
        2.0 > x,
        1.0 != y,
    ];
    let d = Dual::var(1.0);
    let forward = [d < 2.0, 2.0 > d, d == 1.0, d < Dual::from(2.0)];
    assert_eq!(
        (among_variables, with_plain, forward),
        ([true; 5], [true; 7], [true; 4])
    );
    assert_eq!(x.partial_cmp(&tape.var(f64::NAN)), None);
}

#[test]
fn display_debug_and_default() {
    let tape = Tape::new();
    let x = tape.var(1.5);
    assert_eq!(format!("{x} {x:.3} {:>6}", x * 2.0), "1.5 1.500      3");
    assert_eq!(format!("{x:?}"), "Var(1.5, node 1)");
    assert_eq!(format!("{:?}", x * 2.0), "Var(3.0, slope 2.0 to node 1)");
    assert_eq!(
        format!("{:?} {}", Var::<f64>::default(), Dual::<f64>::default()),
        "Var(0.0) 0"
    );
    assert_eq!(format!("{:?}", Dual::var(2.0)), "(2.0 + 1.0ε)");
    assert_eq!(
        format!("{tape:?}"),
        "Tape { nodes: 1, bytes: 16, traced: false }"
    );
}
