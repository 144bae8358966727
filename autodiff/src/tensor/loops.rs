//! The loops of the elementwise functions: one compiled loop for each function of the table, dispatched to once per call.
//!
//! Adjoints are multiplied by slopes with the table's `absorbing_mul`: an exactly zero factor absorbs an infinite or
//! NaN factor.

use crate::Number;
use crate::elementwise::{Binary, Unary, elementwise_table, join_operators};
use crate::tensor::storage::element::Real;
use autodiff_kernels::broadcast::{Axis, Walk};
use autodiff_kernels::elementary::value;
use autodiff_kernels::simd::{MIN_DISPATCH_LENGTH, MultiplyAdd, vectorized, vectorized_with};

/// The loops for one precision. They are methods of a trait, so that they are compiled in this crate and not again in
/// every crate that uses them.
pub trait Loops: Sized {
    /// Writes f(xᵢ) to every element of `y`.
    fn unary(function: Unary, x: &[Self], y: &mut [Self]);

    /// Replaces every element xᵢ by f(xᵢ).
    fn unary_in_place(function: Unary, x: &mut [Self]);

    /// Multiplies every element of `y_bar` by f′(xᵢ).
    fn unary_vjp(function: Unary, x: &[Self], y: &[Self], y_bar: &mut [Self]);

    /// Writes f(aᵢ, bᵢ) to every element of `y`; `walk` broadcasts both operands.
    fn binary(function: Binary, walk: &Walk, a: &[Self], b: &[Self], y: &mut [Self]);

    /// Writes ȳᵢ ∂f/∂a or ȳᵢ ∂f/∂b to every element of `term`, in the common shape.
    #[expect(
        clippy::too_many_arguments,
        reason = "the slices of a rule: arguments, value, adjoint and result"
    )]
    fn binary_vjp(
        function: Binary,
        which: WhichOperand,
        walk: &Walk,
        a: &[Self],
        b: &[Self],
        y: &[Self],
        y_bar: &[Self],
        term: &mut [Self],
    );
}

macro_rules! loops {
    ($($T:ty)*) => { $(
        impl Loops for $T {
            fn unary(function: Unary, x: &[Self], y: &mut [Self]) {
                unary(function, x, y);
            }

            fn unary_in_place(function: Unary, x: &mut [Self]) {
                unary_in_place(function, x);
            }

            fn unary_vjp(function: Unary, x: &[Self], y: &[Self], y_bar: &mut [Self]) {
                unary_vjp(function, x, y, y_bar);
            }

            fn binary(function: Binary, walk: &Walk, a: &[Self], b: &[Self], y: &mut [Self]) {
                binary(function, walk, a, b, y);
            }

            fn binary_vjp(
                function: Binary,
                which: WhichOperand,
                walk: &Walk,
                a: &[Self],
                b: &[Self],
                y: &[Self],
                y_bar: &[Self],
                term: &mut [Self],
            ) {
                binary_vjp(function, which, walk, a, b, y, y_bar, term);
            }
        }
    )* };
}
loops!(f32 f64);

/// One of the two operands of a function of two variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichOperand {
    A,
    B,
}

/// Defines the functions that dispatch to the loop of a function of the table. In every arm the function is a constant,
/// which the compiler folds into the loop.
macro_rules! dispatch_to_loops {
    (
        unary {
            $($(#[$doc:meta])* $name:ident($($p:ident: $P:ty),* $(; $($case:tt),+)?) as $UnaryFn:ident $row:tt)*
        }
        binary { $($(#[$binary_doc:meta])* $binary_name:ident as $BinaryFn:ident $binary_row:tt)* }
        unary_operators { $($(#[$unary_op_doc:meta])* $unary_op_name:ident as $UnaryOp:ident $unary_op_row:tt)* }
        binary_operators { $($(#[$binary_op_doc:meta])* $binary_op_name:ident as $BinaryOp:ident $binary_op_row:tt)* }
    ) => {
        fn unary<T: Real>(function: Unary, x: &[T], y: &mut [T]) {
            if any_outside_kernel_range(function, x) {
                return unary_with_fallback(function, x, y);
            }
            vectorized_with(
                #[inline(always)]
                move |fma| match function {
                    $(Unary::$UnaryFn { $($p),* } => unary_loop(Unary::$UnaryFn { $($p),* }, x, y, fma),)*
                    $(Unary::$UnaryOp => unary_loop(Unary::$UnaryOp, x, y, fma),)*
                },
            );
        }

        fn unary_in_place<T: Real>(function: Unary, x: &mut [T]) {
            if is_short_relu(function, x.len()) {
                return in_place_loop(Unary::Relu, x, MultiplyAdd::Separate);
            }
            if any_outside_kernel_range(function, x) {
                return in_place_with_fallback(function, x);
            }
            vectorized_with(
                #[inline(always)]
                move |fma| match function {
                    $(Unary::$UnaryFn { $($p),* } => in_place_loop(Unary::$UnaryFn { $($p),* }, x, fma),)*
                    $(Unary::$UnaryOp => in_place_loop(Unary::$UnaryOp, x, fma),)*
                },
            );
        }

        fn unary_vjp<T: Real>(function: Unary, x: &[T], y: &[T], y_bar: &mut [T]) {
            if is_short_relu(function, x.len()) {
                return unary_vjp_loop(Unary::Relu, x, y, y_bar, MultiplyAdd::Separate);
            }
            if any_outside_kernel_range(function, x) {
                return unary_vjp_with_fallback(function, x, y, y_bar);
            }
            vectorized_with(
                #[inline(always)]
                move |fma| match function {
                    $(Unary::$UnaryFn { $($p),* } => unary_vjp_loop(Unary::$UnaryFn { $($p),* }, x, y, y_bar, fma),)*
                    $(Unary::$UnaryOp => unary_vjp_loop(Unary::$UnaryOp, x, y, y_bar, fma),)*
                },
            );
        }

        fn binary<T: Real>(function: Binary, walk: &Walk, a: &[T], b: &[T], y: &mut [T]) {
            vectorized(
                #[inline(always)]
                move || match function {
                    $(Binary::$BinaryFn => binary_loop(Binary::$BinaryFn, walk, a, b, y),)*
                    $(Binary::$BinaryOp => binary_loop(Binary::$BinaryOp, walk, a, b, y),)*
                },
            );
        }

        #[expect(clippy::too_many_arguments, reason = "the slices of a rule: arguments, value, adjoint and result")]
        fn binary_vjp<T: Real>(
            function: Binary, which: WhichOperand, walk: &Walk, a: &[T], b: &[T], y: &[T], y_bar: &[T], term: &mut [T],
        ) {
            vectorized(
                #[inline(always)]
                move || match function {
                    $(Binary::$BinaryFn => binary_vjp_loop(Binary::$BinaryFn, which, walk, a, b, y, y_bar, term),)*
                    $(Binary::$BinaryOp => binary_vjp_loop(Binary::$BinaryOp, which, walk, a, b, y, y_bar, term),)*
                },
            );
        }
    };
}
elementwise_table!(dispatch_to_loops);

/// Defines the functions that select the kernel named in a row of the table.
macro_rules! select_kernels {
    (
        unary { $($(#[$doc:meta])* $name:ident($($p:ident: $P:ty),* $(; $($case:tt),+)?) as $UnaryFn:ident {
            value: $value:expr, $kind:ident: |$($s:ident),*| $slope:expr,
            $(value_and_slope: $both:expr,)?
            $(slope_from_value: |$($r:ident),*| $from_value:expr,)?
            $(vector: $vector:ident,)?
            $(vector_slope: $vector_slope:ident,)?
            $(vector_except: $except:ident,)?
            smooth: $smooth:tt
        })* }
        $($rest:tt)*
    ) => {
        /// f(x), by the kernel named in the function's row, or else as for a scalar number.
        #[inline(always)]
        fn value_of<T: Real>(function: Unary, x: T, fma: MultiplyAdd) -> T {
            match function {
                $($(Unary::$UnaryFn { .. } => value::$vector(x, fma),)?)*
                _ => Number::unary(x, function),
            }
        }

        /// f′(x), by the kernel named in the function's row, or else by the table's slope for tensors.
        #[inline(always)]
        fn slope_of<T: Real>(function: Unary, x: T, y: T, fma: MultiplyAdd) -> T {
            match function {
                $($(Unary::$UnaryFn { .. } => value::$vector_slope(x, fma),)?)*
                _ => function.slope_on_tensors(x, y),
            }
        }

        /// Whether the kernels of the function's row are accurate in a range only.
        #[inline(always)]
        fn has_kernel_range<T: Real>(function: Unary) -> bool {
            match function {
                $($(Unary::$UnaryFn { .. } => {
                    let _ = value::$except::<T>;
                    true
                })?)*
                _ => false,
            }
        }

        /// Whether x is outside the range in which the kernels of the function's row are accurate.
        #[inline(always)]
        fn is_outside_kernel_range<T: Real>(function: Unary, x: T) -> bool {
            match function {
                $($(Unary::$UnaryFn { .. } => value::$except(x),)?)*
                _ => false,
            }
        }
    };
}
elementwise_table!(all select_kernels);

/// Whether some element is outside the range in which the kernels of the function's row are accurate.
#[inline]
fn any_outside_kernel_range<T: Real>(function: Unary, x: &[T]) -> bool {
    // Not `any`: a loop that ends early is not vectorized.
    has_kernel_range::<T>(function)
        && x.iter()
            .fold(false, |any, &x| any | is_outside_kernel_range(function, x))
}

// The loops with a fallback take the function at run time, so that they are built once for all functions. An element
// within the range has the bits of the vectorized loop.

/// f(x) for every x, by the kernel where it is accurate.
#[inline(never)]
fn unary_with_fallback<T: Real>(function: Unary, x: &[T], y: &mut [T]) {
    vectorized_with(
        #[inline(always)]
        move |fma| {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = value_with_fallback(function, x, fma);
            }
        },
    );
}

/// Replaces every x by f(x), by the kernel where it is accurate.
#[inline(never)]
fn in_place_with_fallback<T: Real>(function: Unary, x: &mut [T]) {
    vectorized_with(
        #[inline(always)]
        move |fma| {
            for x in x {
                *x = value_with_fallback(function, *x, fma);
            }
        },
    );
}

/// Multiplies every ȳ by f′(x), by the kernel where it is accurate.
#[inline(never)]
fn unary_vjp_with_fallback<T: Real>(function: Unary, x: &[T], y: &[T], y_bar: &mut [T]) {
    vectorized_with(
        #[inline(always)]
        move |fma| {
            for (y_bar, (&x, &y)) in y_bar.iter_mut().zip(x.iter().zip(y)) {
                let slope = if is_outside_kernel_range(function, x) {
                    function.slope_on_tensors(x, y)
                } else {
                    slope_of(function, x, y, fma)
                };
                *y_bar = y_bar.absorbing_mul(slope);
            }
        },
    );
}

#[inline(always)]
fn value_with_fallback<T: Real>(function: Unary, x: T, fma: MultiplyAdd) -> T {
    if is_outside_kernel_range(function, x) {
        return Number::unary(x, function);
    }
    value_of(function, x, fma)
}

/// Whether the loop is cheaper than the dispatch to vector code: `relu` on a short slice.
#[inline(always)]
fn is_short_relu(function: Unary, length: usize) -> bool {
    function == Unary::Relu && length < MIN_DISPATCH_LENGTH
}

#[inline(always)]
fn unary_loop<T: Real>(function: Unary, x: &[T], y: &mut [T], fma: MultiplyAdd) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = value_of(function, x, fma);
    }
}

#[inline(always)]
fn in_place_loop<T: Real>(function: Unary, x: &mut [T], fma: MultiplyAdd) {
    for x in x {
        *x = value_of(function, *x, fma);
    }
}

#[inline(always)]
fn unary_vjp_loop<T: Real>(function: Unary, x: &[T], y: &[T], y_bar: &mut [T], fma: MultiplyAdd) {
    let elements = y_bar.iter_mut().zip(x.iter().zip(y));
    for (y_bar, (&x, &y)) in elements {
        *y_bar = y_bar.absorbing_mul(slope_of(function, x, y, fma));
    }
}

#[inline(always)]
fn binary_loop<T: Real>(function: Binary, walk: &Walk, a: &[T], b: &[T], y: &mut [T]) {
    let inner = walk.inner;
    walk.rows(
        #[inline(always)]
        move |at_a, at_b, at| {
            let y = &mut y[at..at + inner.extent];
            binary_row(function, inner, &a[at_a..], &b[at_b..], y);
        },
    );
}

/// Computes one row, with a separate loop for each combination of strides, so that the compiler vectorizes each.
#[inline(always)]
fn binary_row<T: Real>(function: Binary, inner: Axis, a: &[T], b: &[T], y: &mut [T]) {
    match (inner.a, inner.b) {
        // An empty row: the operands may be empty too.
        _ if y.is_empty() => {}
        (0, 0) => y.fill(a[0].binary(function, b[0])),
        (0, _) => {
            let a = a[0];
            for (y, &b) in y.iter_mut().zip(b) {
                *y = a.binary(function, b);
            }
        }
        (_, 0) => {
            let b = b[0];
            for (y, &a) in y.iter_mut().zip(a) {
                *y = a.binary(function, b);
            }
        }
        _ => {
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                *y = a.binary(function, b);
            }
        }
    }
}

#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "the slices of a rule: arguments, value, adjoint and result"
)]
fn binary_vjp_loop<T: Real>(
    function: Binary,
    which: WhichOperand,
    walk: &Walk,
    a: &[T],
    b: &[T],
    y: &[T],
    y_bar: &[T],
    term: &mut [T],
) {
    let inner = walk.inner;
    let slope = move |a: T, b: T, y: T| {
        let (slope_a, slope_b) = function.slopes(a, b, y);
        if which == WhichOperand::A {
            slope_a
        } else {
            slope_b
        }
    };
    walk.rows(
        #[inline(always)]
        move |at_a, at_b, at| {
            let row = at..at + inner.extent;
            let values_and_adjoints = y[row.clone()].iter().zip(&y_bar[row.clone()]);
            let terms = term[row].iter_mut().zip(values_and_adjoints);
            if (inner.a, inner.b) == (1, 1) {
                let terms = terms.zip(a[at_a..].iter().zip(&b[at_b..]));
                for ((term, (&y, &y_bar)), (&a, &b)) in terms {
                    *term = y_bar.absorbing_mul(slope(a, b, y));
                }
            } else {
                for (i, (term, (&y, &y_bar))) in terms.enumerate() {
                    let (a, b) = (a[at_a + i * inner.a], b[at_b + i * inner.b]);
                    *term = y_bar.absorbing_mul(slope(a, b, y));
                }
            }
        },
    );
}
