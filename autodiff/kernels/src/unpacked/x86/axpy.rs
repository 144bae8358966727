//! Linear combinations of the rows of a matrix (`axpy` in BLAS), and sums of such products.

/// The kernel for one precision and one instruction set.
macro_rules! axpy {
    ($features:literal) => {
        /// The size of a strip of `b` in bytes. It stays in the first-level cache together with the rows of `a`.
        const STRIP_BYTES: usize = 1 << 14;

        /// The fewest columns of a strip.
        const STRIP_COLUMNS: usize = AXPY_VECTORS * LANES;

        /// Memory for a transposed strip of columns shorter than `MIN_LONG_DOT`.
        type Transposed =
            [MaybeUninit<Number>; STRIP_BYTES / size_of::<Number>() + STRIP_COLUMNS * MIN_LONG_DOT];

        /// The number of columns in a strip of a matrix.
        fn strip_width(rows: usize, columns: usize) -> usize {
            // A strip of a `b` with few rows is wide, so that the result is written along its rows.
            if columns * rows * size_of::<Number>() <= STRIP_BYTES {
                return columns;
            }
            let width = STRIP_BYTES / size_of::<Number>() / rows;
            width.max(1).next_multiple_of(STRIP_COLUMNS)
        }

        /// Forms `scale · Σ aₗ · bₗ` along the tree, where the rows of every `b` are contiguous.
        #[target_feature(enable = $features)]
        pub(in crate::unpacked) fn axpy(
            scale: Number,
            factors: &[Factors<'_, Number, Number>],
            out: &mut [Number],
            epilogue: Epilogue<Number>,
        ) {
            let (rows, columns) = extents(factors);
            assert_eq!(out.len(), rows * columns);
            if let [(a, b)] = factors
                && a.columns() == 1
            {
                // SAFETY: the extents were checked above.
                return unsafe { rank_one(scale, a, b, out, epilogue) };
            }
            if let ([(a, b)], Epilogue::Write(mut write)) = (factors, epilogue)
                && a.columns() > MAX_SEQUENTIAL_TERMS
            {
                for factors in runs(*a, *b) {
                    axpy(scale, &[factors], out, Epilogue::Write(write));
                    write = Write::Add;
                }
                return;
            }
            let inner = factors.iter().map(|(a, _)| a.columns()).sum();
            let width = strip_width(inner, columns);
            let mut j = 0;
            while j < columns {
                let strip = j..columns.min(j + width);
                // SAFETY: the strip is inside every `b` and inside the result.
                unsafe { axpy_strip(scale, factors, strip.clone(), out, columns, strip, epilogue) };
                j += width;
            }
        }

        /// Writes or adds `scale · a · b`, where the columns of `b` are contiguous and shorter than `MIN_LONG_DOT`. Each strip
        /// is transposed just before it is used.
        #[target_feature(enable = $features)]
        pub(in crate::unpacked) fn axpy_transposed(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            assert_eq!((inner, out.len()), (b.rows(), rows * columns));
            assert!(inner < MIN_LONG_DOT && a.lies_inside() && b.lies_inside());
            let mut transposed: Transposed = [const { MaybeUninit::uninit() }; _];
            let width = strip_width(inner, columns);
            let epilogue = Epilogue::Write(write);
            let mut j = 0;
            while j < columns {
                let strip = j..columns.min(j + width);
                let n = strip.len();
                let step = b.column_stride();
                let b = transpose(&b.data()[j * step..], step, inner, n, &mut transposed);
                // SAFETY: the transposed strip has n columns, and the strip is inside the result.
                unsafe { axpy_strip(scale, &[(*a, b)], 0..n, out, columns, strip, epilogue) };
                j += width;
            }
        }

        /// Copies contiguous columns, which are `step` apart, to rows.
        ///
        /// # Panics
        ///
        /// If `from` has fewer elements, or the memory is too small.
        #[target_feature(enable = $features)]
        fn transpose<'a>(
            from: &[Number],
            step: usize,
            rows: usize,
            columns: usize,
            to: &'a mut Transposed,
        ) -> Matrix<'a, Number> {
            assert!(rows * columns <= to.len());
            assert!(columns == 0 || (columns - 1) * step + rows <= from.len());
            let from = from.as_ptr();
            let to = to.as_mut_ptr().cast::<Number>();
            let mut k = 0;
            while k < rows {
                let m = if rows - k < 4 { 1 } else { 4 };
                let mut j = 0;
                while j < columns {
                    let n = if m == 1 || columns - j < 4 { 1 } else { 4 };
                    // SAFETY: columns j to j + n have elements k to k + m, and the memory holds them.
                    unsafe {
                        let from = from.add(j * step + k);
                        let to = to.add(k * columns + j);
                        if n == 4 {
                            let four = from_fn(|l| loadu4(from.add(l * step)));
                            for (l, four) in transpose4(four).into_iter().enumerate() {
                                storeu4(to.add(l * columns), four);
                            }
                        } else {
                            for l in 0..m {
                                *to.add(l * columns) = *from.add(l);
                            }
                        }
                    }
                    j += n;
                }
                k += m;
            }
            // SAFETY: these elements were just written, in memory that is borrowed as long as the matrix.
            let written = unsafe { std::slice::from_raw_parts(to, rows * columns) };
            Matrix::new(written, rows, columns)
        }

        /// Forms the columns `of` the products, which are the columns `to` of the result.
        ///
        /// # Safety
        ///
        /// The factors fit together, the rows of every `b` are contiguous, and these columns are inside every `b` and
        /// inside the result, which has `columns` of them and as many rows as every `a`.
        #[target_feature(enable = $features)]
        unsafe fn axpy_strip(
            scale: Number,
            factors: &[Factors<'_, Number, Number>],
            of: Range<usize>,
            out: &mut [Number],
            columns: usize,
            to: Range<usize>,
            epilogue: Epilogue<Number>,
        ) {
            let rows = factors[0].0.rows();
            let mut i = 0;
            while i < rows {
                // Blocks of 4 to 6 rows, if possible.
                let m = match rows - i {
                    4 | 7 | 8 => 4,
                    5 | 9 | 10 | 13 => 5,
                    6.. => 6,
                    few => few,
                };
                let out = out[i * columns + to.start..].as_mut_ptr();
                let of = of.clone();
                // SAFETY: rows i to i + m and these columns are inside the result.
                unsafe {
                    match m {
                        6 => axpy_rows::<6>(scale, factors, i, of, out, columns, epilogue),
                        5 => axpy_rows::<5>(scale, factors, i, of, out, columns, epilogue),
                        4 => axpy_rows::<4>(scale, factors, i, of, out, columns, epilogue),
                        3 => axpy_rows::<3>(scale, factors, i, of, out, columns, epilogue),
                        2 => axpy_rows::<2>(scale, factors, i, of, out, columns, epilogue),
                        _ => axpy_rows::<1>(scale, factors, i, of, out, columns, epilogue),
                    }
                }
                i += m;
            }
        }

        /// Forms rows i to i + M of the result, which begin at `out` and are `step` apart.
        ///
        /// # Safety
        ///
        /// Every `a` has these rows, every `b` has these columns, and the result has both.
        #[target_feature(enable = $features)]
        unsafe fn axpy_rows<const M: usize>(
            scale: Number,
            factors: &[Factors<'_, Number, Number>],
            i: usize,
            columns: Range<usize>,
            out: *mut Number,
            step: usize,
            epilogue: Epilogue<Number>,
        ) {
            const C: usize = AXPY_VECTORS;
            let mut j = columns.start;
            while j < columns.end {
                let left = columns.end - j;
                let width = if left >= C * LANES {
                    C * LANES
                } else {
                    left.min(LANES)
                };
                let block = j..j + width;
                // SAFETY: by the caller's contract, since these are some of the columns.
                unsafe {
                    let out = out.add(j - columns.start);
                    match width {
                        LANES => {
                            axpy_block::<M, 1, false>(scale, factors, i, block, out, step, epilogue)
                        }
                        ..LANES => {
                            axpy_block::<M, 1, true>(scale, factors, i, block, out, step, epilogue)
                        }
                        _ => axpy_block::<M, C, false>(scale, factors, i, block, out, step, epilogue),
                    }
                }
                j += width;
            }
        }

        /// Forms a block of M rows and C vectors or, if it is a `PART`, of the first elements of one vector.
        ///
        /// # Safety
        ///
        /// As [`axpy_rows`].
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn axpy_block<const M: usize, const C: usize, const PART: bool>(
            scale: Number,
            factors: &[Factors<'_, Number, Number>],
            i: usize,
            columns: Range<usize>,
            out: *mut Number,
            step: usize,
            epilogue: Epilogue<Number>,
        ) {
            let len = columns.len();
            let mut sums = [[zero(); C]; M];
            let mut tree = tree!([[Vector; C]; M]);
            for (number, (a, b)) in factors.iter().enumerate() {
                // The pointer is not used if `b` has no rows; it may then be outside of the data.
                let from = b.data().as_ptr().wrapping_add(columns.start);
                let rows = a.data().as_ptr();
                for k in 0..a.columns() {
                    // SAFETY: by the caller's contract, `b` has a row k with these columns.
                    let row: [Vector; C] = from_fn(|c| unsafe {
                        load::<PART, Number>(from.add(k * b.row_stride() + c * LANES), len)
                    });
                    for m in 0..M {
                        let at = (i + m) * a.row_stride() + k * a.column_stride();
                        // SAFETY: by the caller's contract, `a` has rows i to i + M, and a column k.
                        let factor = splat(unsafe { *rows.add(at) });
                        for c in 0..C {
                            sums[m][c] = fmadd(factor, row[c], sums[m][c]);
                        }
                    }
                }
                if factors.len() > 1 {
                    close_product!(number of factors.len(), sums: M x C, scale, tree);
                }
            }
            let scale = if factors.len() > 1 { 1.0 } else { scale };
            // SAFETY: by the caller's contract, the result has these rows and columns.
            unsafe { write_block::<M, C, PART>(scale, sums, out, step, len, epilogue) };
        }
    };
}
