//! The memory that a warm program or tape allocates: none.

use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{
    Dual, Gradients, Scalar, Tape, Var, dot, general, log_sum_exp, norm, preaccumulate,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, which counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends has no counter.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

#[allow(unsafe_code, reason = "an allocator is unsafe to implement")]
// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and the memory is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`, and the memory is the system's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The number of allocations of a call.
fn allocations(call: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    call();
    ALLOCATIONS.get() - before
}

/// A function of three paths, with slopes that are infinite at 0.
fn paths<'t>(s: &[Var<'t>], x: &[Var<'t>]) -> Var<'t> {
    let y = norm(x) * s[0] + (x[0] * x[0]).sqrt().exp();
    if x[0] < 0.3 {
        y * x[1].sin()
    } else if x[1] < 0.5 {
        y + s[1] * x[0]
    } else {
        y.tanh()
    }
}

/// Points in columns. They take turns on three paths; at the first, a product of zero and infinity occurs.
fn points(count: usize) -> Vec<f64> {
    let x = (0..count).map(|i| [0.0, 1.0, 1.5][i % 3] + i as f64 / 1e4);
    let y = (0..count).map(|i| [0.1, 0.2, 0.9][i % 3]);
    x.chain(y).collect()
}

/// The squares of the differences of neighbours, or their sines if the first number is negative.
fn chain<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {
    let squares = x.windows(2).map(|pair| (pair[1] - pair[0]).square());
    if x[0] < 0.0 {
        squares.map(|y| y.sin()).collect()
    } else {
        squares.collect()
    }
}

#[test]
fn warm_sparse_matrices_allocate_nothing() {
    use autodiff::scalar::sparse::{SparseHessian, SparseJacobian};

    const INPUTS: usize = 20;
    // On two paths, and with a zero that absorbs an infinity.
    let x = [1.0, -1.0, 0.0].map(|first| {
        let other = |i: usize| if first == 0.0 { 0.0 } else { i as f64 * 0.3 };
        let x = (0..INPUTS).map(|i| if i == 0 { first } else { other(i) });
        x.collect::<Vec<f64>>()
    });
    let mut jacobian = SparseJacobian::new(chain, &x[0]).unwrap();
    let mut hessian =
        SparseHessian::new(|x| chain(x).into_iter().map(|y| y.powf(0.5)).sum(), &x[0]).unwrap();
    let (mut y, mut gradient) = (vec![0.0; INPUTS - 1], vec![0.0; INPUTS]);
    let mut of_jacobian = vec![0.0; jacobian.pattern().nonzeros()];
    let mut of_hessian = vec![0.0; hessian.pattern().nonzeros()];
    for round in 0..3 {
        for x in &x {
            let of_first = allocations(|| {
                jacobian
                    .value_and_jacobian_into(x, &mut y, &mut of_jacobian)
                    .unwrap();
            });
            let of_second = allocations(|| {
                hessian
                    .value_gradient_and_hessian_into(x, &mut gradient, &mut of_hessian)
                    .unwrap();
            });
            assert!(
                round == 0 || (of_first, of_second) == (0, 0),
                "{of_first} {of_second}"
            );
        }
    }
}

/// Runs all computations in place, in a layout, and returns the number of allocations of each.
fn run(
    [one, two]: &mut [Program<'_>; 2],
    points: Points<'_>,
    v: &[f64],
    [a, b]: [&mut [f64]; 2],
) -> [usize; 7] {
    let s = &[0.5, 2.0];
    let count = v.len() / 2;
    let (y, of_two) = (&mut a[..count], &mut b[..4 * count]);
    let values = allocations(|| one.values_into(s, points, y).unwrap());
    let gradients = allocations(|| {
        one.values_and_gradients_into(s, points, y, &mut of_two[..2 * count])
            .unwrap();
    });
    let mut of_shared = [0.0; 2];
    let sums = allocations(|| {
        let sum = one.sum_and_gradient_into(s, points, &mut of_shared);
        assert!(sum.unwrap().is_finite());
    });
    let y = &mut a[..2 * count];
    let jacobians = allocations(|| {
        two.values_and_jacobians_into(s, points, y, of_two).unwrap();
    });
    let derivatives = &mut of_two[..2 * count];
    let jvp = allocations(|| two.jvp_into(s, points, v, y, derivatives).unwrap());
    let vjp = allocations(|| two.vjp_into(s, points, v, y, derivatives).unwrap());
    let hvp = allocations(|| one.hvp_into(s, points, v, y, derivatives).unwrap());
    [values, gradients, sums, jacobians, jvp, vjp, hvp]
}

#[test]
#[cfg_attr(miri, ignore = "takes long")]
fn a_warm_program_allocates_nothing_on_one_thread() {
    const COUNT: usize = 5000;
    let mut programs = [
        Program::new(2, 2, |s, x| vec![paths(s, x)]),
        Program::new(2, 2, |s, x| vec![paths(s, x), x[0] * s[1]]),
    ];
    let (x, v) = (points(COUNT), vec![0.5; 2 * COUNT]);
    let (mut a, mut b) = (vec![0.0; 2 * COUNT], vec![0.0; 4 * COUNT]);
    for points in [Points::Columns(&x), Points::Rows(&x)] {
        let cold = run(&mut programs, points, &v, [&mut a, &mut b]);
        let warm = run(&mut programs, points, &v, [&mut a, &mut b]);
        println!("{cold:?} {warm:?}");
        assert_eq!(warm, [0; 7]);
    }
    for program in &programs {
        assert_eq!(program.paths().compiled.len(), 3);
        assert_eq!(program.paths().on_tape, 0);
    }
}

/// A function with all kinds of nodes.
fn all_nodes<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
    let many = x.iter().map(|&x| x * x).sum::<Var<'t, T>>();
    log_sum_exp(x) * many + dot(x, x) * norm(x)
}

#[test]
fn derivatives_on_a_warm_tape_allocate_nothing() {
    let x: Vec<f64> = (0..500).map(|i| f64::from(i) / 500.0).collect();
    let mut tapes = (Tape::new(), Tape::<Dual>::default());
    let (mut gradients, mut a, mut b) = (Gradients::default(), x.clone(), x.clone());
    let mut run = || {
        let gradient = allocations(|| {
            tapes.0.value_and_gradient_into(all_nodes, &x, &mut a);
        });
        let product = allocations(|| {
            tapes.1.hvp_into(all_nodes, &x, &x, &mut a, &mut b);
        });
        // The function allocates a vector for its outputs.
        let jacobian = allocations(|| {
            tapes
                .0
                .value_and_jacobian_into(|x| vec![x[0]], &x[..3], &mut a[..1], &mut b[..3]);
        });
        let leaves = allocations(|| {
            tapes.0.reset();
            let x = tapes.0.leaves(&x);
            gradients.update([x.log_sum_exp() * x.sum() + x.dot(x) * x.norm()]);
            gradients.wrt_leaves_into(&x, &mut a);
        });
        [gradient, product, jacobian, leaves]
    };
    let cold = run();
    assert!(cold[0] > 0 && cold[1] > 0);
    assert_eq!(run(), [0, 0, 1, 0]);
}

#[test]
fn a_gradient_inside_a_gradient_allocates_its_result() {
    let run = || {
        general::gradient(
            |x| {
                let slopes = general::gradient(|y| y[0] * y[1] * y[0], x);
                slopes[0] * slopes[1]
            },
            &[2.0, 3.0],
        )
    };
    assert!(allocations(|| drop(run())) > 2);
    assert_eq!(allocations(|| drop(run())), 2);
}

#[test]
fn a_warm_preaccumulation_allocates_its_outputs_only() {
    let mut tape = Tape::new();
    let mut counts = [0; 5];
    for count in &mut counts {
        tape.reset();
        let x = tape.vars([0.5; 50]);
        for outputs in [1, 6] {
            *count += allocations(|| {
                let y = preaccumulate(|x| vec![x[0] * x[49]; outputs], &x);
                assert_eq!(y.len(), outputs);
            });
        }
    }
    // The vector that the function returns, and the vector that is returned.
    assert_eq!(counts[2..], [4; 3]);
}

#[test]
fn an_allocation_is_counted() {
    assert_eq!(allocations(|| drop(vec![0.0_f64; 100])), 1);
}
