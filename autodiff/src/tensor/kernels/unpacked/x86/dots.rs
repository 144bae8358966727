//! Dot products along contiguous memory.

/// The kernel for one precision and one instruction set.
macro_rules! dots {
    (
        $features:literal, $columns:literal,
        zero: $zero:ident, load: $load:ident, fma: $fma:ident,
        sums_of_4: |$a:ident, $b:ident, $c:ident, $d:ident| $sums:expr,
        four: $four_splat:ident, $four_load:ident, $four_store:ident, $four_mul:ident, $four_add:ident
    ) => {
        /// The rows of a block: their sums are formed together.
        const M: usize = 4;

        /// The rows of `a` that are used together take so many bytes.
        const ROWS_BYTES: usize = 1 << 18;

        /// Rows of `a` times columns of `b`, both contiguous.
        #[target_feature(enable = $features)]
        fn dots(
            scale: Number,
            a: Matrix<'_, Number>,
            b: Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            // So many rows of a at a time that they stay in the second-level cache, and so few columns of b that they stay
            // in the nearest one, while these rows go by.
            let height = (ROWS_BYTES / size_of::<Number>() / inner.max(1))
                .max(M)
                .next_multiple_of(M);
            for i in (0..rows).step_by(height) {
                let height = height.min(rows - i);
                let a = &a.data()[i * inner..(i + height) * inner];
                let mut j = 0;
                while j < columns {
                    let n = (columns - j).min($columns);
                    let b = &b.data()[j * inner..(j + n) * inner];
                    let out = &mut out[i * columns + j..];
                    match n {
                        1 => dots_of_columns::<1>(scale, a, b, height, out, columns, write),
                        2 => dots_of_columns::<2>(scale, a, b, height, out, columns, write),
                        3 => dots_of_columns::<3>(scale, a, b, height, out, columns, write),
                        4 => dots_of_columns::<4>(scale, a, b, height, out, columns, write),
                        _ => dots_of_columns::<{ $columns }>(
                            scale, a, b, height, out, columns, write,
                        ),
                    }
                    j += n;
                }
            }
        }

        /// So many runs in `a` times N runs in `b`; the results of one in `a` are `step` apart from those of the next.
        #[target_feature(enable = $features)]
        fn dots_of_columns<const N: usize>(
            scale: Number,
            a: &[Number],
            b: &[Number],
            rows: usize,
            out: &mut [Number],
            step: usize,
            write: Write,
        ) {
            let inner = b.len() / N;
            let mut i = 0;
            while i < rows {
                let m = if rows - i < M { 1 } else { M };
                let a = &a[i * inner..(i + m) * inner];
                let out = &mut out[i * step..];
                match m {
                    M => dot_block::<M, N>(scale, a, b, out, step, write),
                    _ => dot_block::<1, N>(scale, a, b, out, step, write),
                }
                i += m;
            }
        }

        /// The products of M runs in `a` and N runs in `b`.
        #[inline]
        #[target_feature(enable = $features)]
        fn dot_block<const M: usize, const N: usize>(
            scale: Number,
            a: &[Number],
            b: &[Number],
            out: &mut [Number],
            step: usize,
            write: Write,
        ) {
            let inner = a.len() / M;
            assert_eq!((a.len(), b.len()), (M * inner, N * inner));
            let mut sums = [[$zero(); N]; M];
            let whole = inner / LANES * LANES;
            for k in (0..whole).step_by(LANES) {
                let x: [Vector; M] = from_fn(|i| {
                    // SAFETY: a has M runs of `inner` elements, and b has N; k + LANES ≤ whole ≤ inner.
                    unsafe { $load(a.as_ptr().add(i * inner + k)) }
                });
                for j in 0..N {
                    // SAFETY: as above.
                    let y = unsafe { $load(b.as_ptr().add(j * inner + k)) };
                    for i in 0..M {
                        sums[i][j] = $fma(x[i], y, sums[i][j]);
                    }
                }
            }
            if whole < inner {
                let rest = inner - whole;
                let x: [Vector; M] = from_fn(|i| {
                    // SAFETY: `rest` elements of each run are left, fewer than a vector has.
                    unsafe { load_part(a.as_ptr().add(i * inner + whole), rest) }
                });
                for j in 0..N {
                    // SAFETY: as above.
                    let y = unsafe { load_part(b.as_ptr().add(j * inner + whole), rest) };
                    for i in 0..M {
                        sums[i][j] = $fma(x[i], y, sums[i][j]);
                    }
                }
            }
            // Four sums are formed at once: of a row, as long as it has four; then of a column, or of the only row again
            // and again. Each is added up in the same order.
            let fours = N / 4 * 4;
            let factor = $four_splat(scale);
            for i in 0..M {
                for j in (0..fours).step_by(4) {
                    let to: &mut [Number; 4] = out[i * step + j..]
                        .first_chunk_mut()
                        .expect("a row has four");
                    let mut four = $four_mul(factor, sums_of_4(from_fn(|l| sums[i][j + l])));
                    // SAFETY: these are the four elements of the array.
                    unsafe {
                        if write == Write::Add {
                            four = $four_add($four_load(to.as_ptr()), four);
                        }
                        $four_store(to.as_mut_ptr(), four);
                    }
                }
            }
            for j in fours..N {
                let four = $four_mul(factor, sums_of_4(from_fn(|i| sums[i.min(M - 1)][j])));
                let mut products = [0.0; 4];
                // SAFETY: the array has four elements.
                unsafe { $four_store(products.as_mut_ptr(), four) };
                for i in 0..M {
                    let out = &mut out[i * step + j];
                    *out = match write {
                        Write::Add => *out + products[i],
                        Write::Set => products[i],
                    };
                }
            }
        }

        /// The sums of the elements of each of four vectors.
        #[inline]
        #[target_feature(enable = $features)]
        fn sums_of_4([$a, $b, $c, $d]: [Vector; 4]) -> Four {
            $sums
        }
    };
}
