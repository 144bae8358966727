//! Dot products along contiguous memory.

/// The kernel for one precision and one instruction set.
macro_rules! dots {
    (
        $features:literal, $columns:literal, $narrow_columns:literal,
        zero: $zero:ident, fma: $fma:ident,
        sums_of_4: |$a:ident, $b:ident, $c:ident, $d:ident| $sums:expr,
        four: $four_splat:ident, $four_load:ident, $four_store:ident, $four_mul:ident, $four_add:ident
    ) => {
        /// The rows and columns of a block: their sums are formed together.
        const M: usize = 6;
        const N: usize = $columns;

        /// The same if there are few columns: the paper's ten digits are in two blocks.
        const NARROW_M: usize = 4;
        const NARROW_N: usize = $narrow_columns;

        /// The columns of a block of one row: all ten digits. Each sum waits for itself, so there are many.
        const ALONE: usize = 10;

        /// The most bytes of a row that are gone along at a time: so much of a block stays in the nearest cache.
        const PART_BYTES: usize = 4096;

        /// So many bytes of rows of `a` are used together, and of columns of `b`: they stay in the second-level cache.
        const ROWS_BYTES: usize = 1 << 18;
        const COLUMNS_BYTES: usize = 1 << 19;

        /// Rows of `a` times columns of `b`, both contiguous.
        #[target_feature(enable = $features)]
        pub(in super::super) fn dots(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            assert_eq!((inner, out.len()), (b.rows(), rows * columns));
            assert!(a.lies_inside() && b.lies_inside());
            let is_narrow = columns <= NARROW;
            let length = part_length(inner, PART_BYTES / size_of::<Number>(), LANES);
            // Loops by `while`, and sizes told apart first: a division takes as long as a row of a narrow product.
            let bytes = length * size_of::<Number>();
            let height = if rows * bytes <= ROWS_BYTES {
                rows
            } else {
                (ROWS_BYTES / bytes).next_multiple_of(M)
            };
            // A strip of columns goes by each block of rows, and is fetched in order from wherever it lies.
            let width = if columns * bytes <= COLUMNS_BYTES {
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
                        let strip = Strip {
                            b,
                            columns: j..columns.min(j + width),
                            part: &part,
                        };
                        let mut i = first;
                        while i < last {
                            let m = match last - i {
                                left if is_narrow => left.min(NARROW_M),
                                // Blocks of 4 rows are left over, wherever that can be.
                                4 | 7 | 8 | 11 => 4,
                                5 => 3,
                                left => left.min(M),
                            };
                            let a = Runs::new(a.data(), i, a.row_step(), &part);
                            // SAFETY: rows i to i + m and these columns are inside the result, and the part inside both
                            // factors.
                            unsafe {
                                let out = &mut out[i * columns..];
                                if is_narrow {
                                    match m {
                                        1 => strip.dots::<1, NARROW_N>(scale, a, out, write),
                                        2 => strip.dots::<2, NARROW_N>(scale, a, out, write),
                                        3 => strip.dots::<3, NARROW_N>(scale, a, out, write),
                                        _ => strip.dots::<NARROW_M, NARROW_N>(scale, a, out, write),
                                    }
                                } else {
                                    match m {
                                        1 => strip.dots::<1, N>(scale, a, out, write),
                                        2 => strip.dots::<2, N>(scale, a, out, write),
                                        3 => strip.dots::<3, N>(scale, a, out, write),
                                        4 => strip.dots::<4, N>(scale, a, out, write),
                                        _ => strip.dots::<M, N>(scale, a, out, write),
                                    }
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

        /// A part of some columns of `b`.
        struct Strip<'a> {
            b: &'a Matrix<'a, Number>,
            columns: Range<usize>,
            part: &'a Range<usize>,
        }

        impl Strip<'_> {
            /// M runs of `a` times the columns, in blocks of N of them; `out` begins with the first of M rows.
            ///
            /// # Safety
            ///
            /// There are so many runs of as many elements, and so many rows.
            #[target_feature(enable = $features)]
            unsafe fn dots<const M: usize, const N: usize>(
                &self,
                scale: Number,
                a: Runs<Number>,
                out: &mut [Number],
                write: Write,
            ) {
                let columns = self.b.columns();
                let mut j = self.columns.start;
                while j < self.columns.end {
                    let left = self.columns.end - j;
                    let n = if M == 1 && left >= ALONE {
                        ALONE
                    } else {
                        N.min(left)
                    };
                    let b = Runs::new(self.b.data(), j, self.b.column_step(), self.part);
                    let vectors = (0..a.len / LANES * LANES).step_by(LANES);
                    let out = out[j..].as_mut_ptr();
                    // SAFETY: the caller's, for columns j to j + n are in the strip.
                    unsafe {
                        match n {
                            1 => {
                                dot_block::<M, 1, Number>(scale, a, b, vectors, out, columns, write)
                            }
                            2 => {
                                dot_block::<M, 2, Number>(scale, a, b, vectors, out, columns, write)
                            }
                            3 => {
                                dot_block::<M, 3, Number>(scale, a, b, vectors, out, columns, write)
                            }
                            4 => {
                                dot_block::<M, 4, Number>(scale, a, b, vectors, out, columns, write)
                            }
                            ALONE => dot_block::<1, ALONE, Number>(
                                scale, a, b, vectors, out, columns, write,
                            ),
                            _ => {
                                dot_block::<M, N, Number>(scale, a, b, vectors, out, columns, write)
                            }
                        }
                    }
                    j += n;
                }
            }
        }

        /// The products of M runs in `a` and N runs in `b`, along those of their whole vectors that begin at the given places,
        /// and the rest; the results of one in `a` are `step` apart from those of the next.
        ///
        /// # Safety
        ///
        /// There are as many runs, all of the same length, with such vectors, and so many results.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn dot_block<const M: usize, const N: usize, A: Element>(
            scale: Number,
            a: Runs<A>,
            b: Runs<Number>,
            vectors: impl Iterator<Item = usize>,
            out: *mut Number,
            step: usize,
            write: Write,
        ) {
            let mut sums = [[$zero(); N]; M];
            let whole = a.len / LANES * LANES;
            for k in vectors {
                // SAFETY: each run has elements k to k + LANES.
                let x = |i| unsafe { A::load(a.from.add(i * a.step + k)) };
                // SAFETY: as above.
                let y = |j| unsafe { Number::load(b.from.add(j * b.step + k)) };
                add_products(&mut sums, x, y);
            }
            if whole < a.len {
                let rest = a.len - whole;
                // SAFETY: `rest` elements of each run are left, fewer than a vector has.
                let x = |i| unsafe { A::load_part(a.from.add(i * a.step + whole), rest) };
                // SAFETY: as above.
                let y = |j| unsafe { Number::load_part(b.from.add(j * b.step + whole), rest) };
                add_products(&mut sums, x, y);
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
                for first in (0..M).step_by(4) {
                    let row = |i: usize| (first + i).min(M - 1);
                    let four = $four_mul(factor, sums_of_4(from_fn(|i| sums[row(i)][j])));
                    let mut products = [0.0; 4];
                    // SAFETY: the array has four elements.
                    unsafe { $four_store(products.as_mut_ptr(), four) };
                    for i in first..M.min(first + 4) {
                        // SAFETY: the result has an element (i, j).
                        let out = unsafe { &mut *out.add(i * step + j) };
                        *out = match write {
                            Write::Add => *out + products[i - first],
                            Write::Set => products[i - first],
                        };
                    }
                }
            }
        }

        /// Adds the product of each of M vectors and each of N.
        #[inline]
        #[target_feature(enable = $features)]
        fn add_products<const M: usize, const N: usize>(
            sums: &mut [[Vector; N]; M],
            x: impl Fn(usize) -> Vector,
            y: impl Fn(usize) -> Vector,
        ) {
            // The fewer ones are held in registers while the others come one by one.
            if M <= N {
                let x: [Vector; M] = from_fn(x);
                for j in 0..N {
                    let y = y(j);
                    for i in 0..M {
                        sums[i][j] = $fma(x[i], y, sums[i][j]);
                    }
                }
            } else {
                let y: [Vector; N] = from_fn(y);
                for i in 0..M {
                    let x = x(i);
                    for j in 0..N {
                        sums[i][j] = $fma(x, y[j], sums[i][j]);
                    }
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
