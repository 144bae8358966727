//! Dot products along contiguous memory.

/// The kernel for one precision and one instruction set.
macro_rules! dots {
    (
        $features:literal, $columns:literal,
        zero: $zero:ident, fma: $fma:ident,
        sums_of_4: |$a:ident, $b:ident, $c:ident, $d:ident| $sums:expr,
        four: $four_splat:ident, $four_load:ident, $four_store:ident, $four_mul:ident, $four_add:ident
    ) => {
        /// The rows of a block: their sums are formed together.
        const M: usize = 4;

        /// The columns of a block.
        const N: usize = $columns;

        /// The columns of a block of one row: the paper's ten digits. Each sum waits for itself, so there are many.
        const ALONE: usize = 10;

        /// The most bytes of a row that are gone along at a time: so much of a block stays in the nearest cache.
        const PART_BYTES: usize = 4096;

        /// So many bytes of rows of `a` are used together, and of columns of `b`: they stay in the second-level cache.
        const ROWS_BYTES: usize = 1 << 18;
        const COLUMNS_BYTES: usize = 1 << 19;

        /// Rows of `a` times columns of `b`, both contiguous.
        #[target_feature(enable = $features)]
        pub(in super::super) fn dots<A: Element>(
            scale: Number,
            a: &Matrix<'_, A>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            assert_eq!((inner, out.len()), (b.rows(), rows * columns));
            assert!(rows * inner <= a.data().len() && columns * inner <= b.data().len());
            // Loops by `while`, and sizes told apart first: a division takes as long as a row of a narrow product.
            let bytes = inner * size_of::<Number>();
            let length = if bytes <= PART_BYTES {
                inner.max(1)
            } else {
                inner
                    .div_ceil(bytes.div_ceil(PART_BYTES))
                    .next_multiple_of(LANES)
            };
            let bytes = length * size_of::<Number>();
            let height = if rows * bytes <= ROWS_BYTES {
                rows
            } else {
                (ROWS_BYTES / bytes).next_multiple_of(M)
            };
            // A strip of columns goes by each block of rows, and is fetched in order from wherever it lies. Where rows
            // begin on the same line of a cache, it holds few of them, and the rows go by each block of columns, if
            // that has more columns than rows: so the fewer ones are fetched.
            let width = if N > M && repeats::<Number>(inner) {
                N
            } else if columns * bytes <= COLUMNS_BYTES {
                columns
            } else {
                (COLUMNS_BYTES / bytes).next_multiple_of(N)
            };
            let mut k = 0;
            while k < inner.max(1) {
                let part = k..inner.min(k + length);
                let write = if k == 0 { write } else { Write::Add };
                let mut first = 0;
                while first < rows {
                    let last = rows.min(first + height);
                    let mut j = 0;
                    while j < columns {
                        let strip = j..columns.min(j + width);
                        let mut i = first;
                        while i < last {
                            if j == 0 {
                                // The next rows of bytes come while these are multiplied.
                                A::prefetch(a.data(), (i + M) * inner..(i + 2 * M) * inner);
                            }
                            let m = M.min(last - i);
                            // SAFETY: rows i to i + m and these columns are inside the result, and the part inside both
                            // factors.
                            unsafe {
                                let to = (i, &strip);
                                match m {
                                    1 => dots_of_rows::<1, A>(scale, a, b, out, to, &part, write),
                                    2 => dots_of_rows::<2, A>(scale, a, b, out, to, &part, write),
                                    3 => dots_of_rows::<3, A>(scale, a, b, out, to, &part, write),
                                    _ => dots_of_rows::<M, A>(scale, a, b, out, to, &part, write),
                                }
                            }
                            i += m;
                        }
                        j += width;
                    }
                    first += height;
                }
                k += length;
            }
        }

        /// A part of M rows of `a`, from row i on, times the same part of a strip of columns of `b`.
        ///
        /// # Safety
        ///
        /// The rows and columns lie inside the result, and the part inside both factors.
        #[target_feature(enable = $features)]
        unsafe fn dots_of_rows<const M: usize, A: Element>(
            scale: Number,
            a: &Matrix<'_, A>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            (i, strip): (usize, &Range<usize>),
            part: &Range<usize>,
            write: Write,
        ) {
            let (columns, step) = (b.columns(), a.columns());
            let a = Runs::new(a.data(), i, step, part);
            let mut j = strip.start;
            while j < strip.end {
                let left = strip.end - j;
                let n = if M == 1 && left >= ALONE {
                    ALONE
                } else {
                    N.min(left)
                };
                let b = Runs::new(b.data(), j, step, part);
                let out = out[i * columns + j..].as_mut_ptr();
                // SAFETY: the caller's, for columns j to j + n are in the strip.
                unsafe {
                    match n {
                        1 => dot_block::<M, 1, A>(scale, a, b, out, columns, write),
                        2 => dot_block::<M, 2, A>(scale, a, b, out, columns, write),
                        3 => dot_block::<M, 3, A>(scale, a, b, out, columns, write),
                        4 => dot_block::<M, 4, A>(scale, a, b, out, columns, write),
                        ALONE => dot_block::<1, ALONE, A>(scale, a, b, out, columns, write),
                        _ => dot_block::<M, N, A>(scale, a, b, out, columns, write),
                    }
                }
                j += n;
            }
        }

        /// Runs of so many elements, each so many after the one before.
        #[derive(Clone, Copy)]
        struct Runs<E> {
            from: *const E,
            step: usize,
            len: usize,
        }

        impl<E> Runs<E> {
            /// The part of the runs of `step` elements each in `data`, from one of them on.
            fn new(data: &[E], number: usize, step: usize, part: &Range<usize>) -> Self {
                Runs {
                    from: data[number * step + part.start..].as_ptr(),
                    step,
                    len: part.len(),
                }
            }
        }

        /// The products of M runs in `a` and N runs in `b`; the results of one in `a` are `step` apart from those of the
        /// next.
        ///
        /// # Safety
        ///
        /// There are as many runs, all of the same length, and so many results.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn dot_block<const M: usize, const N: usize, A: Element>(
            scale: Number,
            a: Runs<A>,
            b: Runs<Number>,
            out: *mut Number,
            step: usize,
            write: Write,
        ) {
            let mut sums = [[$zero(); N]; M];
            let whole = a.len / LANES * LANES;
            for k in (0..whole).step_by(LANES) {
                // SAFETY: each of M runs has elements k to k + LANES.
                let x: [Vector; M] = from_fn(|i| unsafe { A::load(a.from.add(i * a.step + k)) });
                for j in 0..N {
                    // SAFETY: so has each of N runs.
                    let y = unsafe { Number::load(b.from.add(j * b.step + k)) };
                    for i in 0..M {
                        sums[i][j] = $fma(x[i], y, sums[i][j]);
                    }
                }
            }
            if whole < a.len {
                let rest = a.len - whole;
                let x: [Vector; M] = from_fn(|i| {
                    // SAFETY: `rest` elements of each run are left, fewer than a vector has.
                    unsafe { A::load_part(a.from.add(i * a.step + whole), rest) }
                });
                for j in 0..N {
                    // SAFETY: as above.
                    let y = unsafe { Number::load_part(b.from.add(j * b.step + whole), rest) };
                    for i in 0..M {
                        sums[i][j] = $fma(x[i], y, sums[i][j]);
                    }
                }
            }
            // Four sums are formed at once: of a row, as long as it has four; then of a column, or of the only row
            // again and again. Each is added up in the same order.
            let fours = N / 4 * 4;
            let factor = $four_splat(scale);
            for i in 0..M {
                for j in (0..fours).step_by(4) {
                    let mut four = $four_mul(factor, sums_of_4(from_fn(|l| sums[i][j + l])));
                    // SAFETY: the result has four elements at (i, j).
                    unsafe {
                        let to = out.add(i * step + j);
                        if write == Write::Add {
                            four = $four_add($four_load(to), four);
                        }
                        $four_store(to, four);
                    }
                }
            }
            for j in fours..N {
                let four = $four_mul(factor, sums_of_4(from_fn(|i| sums[i.min(M - 1)][j])));
                let mut products = [0.0; 4];
                // SAFETY: the array has four elements.
                unsafe { $four_store(products.as_mut_ptr(), four) };
                for i in 0..M {
                    // SAFETY: the result has an element (i, j).
                    let out = unsafe { &mut *out.add(i * step + j) };
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
