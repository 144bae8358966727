//! Dot products along contiguous memory.

/// The kernel for one precision and one instruction set.
macro_rules! dot {
    ($features:literal) => {
        /// The number of rows in a block.
        const DOT_ROWS: usize = 6;

        /// The number of rows in a block with few columns. The paper's ten digits are two blocks.
        const NARROW_DOT_ROWS: usize = 4;

        /// The number of columns in a block of one row: all ten digits. A sum depends on its own previous step, so that
        /// many independent sums are needed.
        const SINGLE_ROW_COLUMNS: usize = 10;

        /// The size of a part of a row in bytes. The rows of a block stay in the first-level cache.
        const PART_BYTES: usize = 4096;

        /// The sizes in bytes of the rows of `a` and of the columns of `b` that are used together and stay in the
        /// second-level cache.
        const ROWS_BYTES: usize = 1 << 18;
        const COLUMNS_BYTES: usize = 1 << 19;

        /// Writes or adds `scale · a · b`, where the rows of `a` and the columns of `b` are contiguous.
        #[target_feature(enable = $features)]
        pub(in crate::unpacked) fn dot(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            assert_eq!((inner, out.len()), (b.rows(), rows * columns));
            assert!(a.lies_inside() && b.lies_inside());
            let length = part_length(inner, PART_BYTES / size_of::<Number>(), LANES);
            // `while` loops, and comparisons before divisions: a division takes as long as a row of a narrow product.
            let bytes = length * size_of::<Number>();
            let height = if rows * bytes <= ROWS_BYTES {
                rows
            } else {
                (ROWS_BYTES / bytes).next_multiple_of(DOT_ROWS)
            };
            let width = if columns * bytes <= COLUMNS_BYTES {
                columns
            } else {
                (COLUMNS_BYTES / bytes).next_multiple_of(DOT_COLUMNS)
            };
            let mut k = 0;
            while k < inner.max(1) {
                let part = k..inner.min(k + length);
                let write = if k == 0 { write } else { Write::Add };
                let mut first = 0;
                while first < rows {
                    let last = rows.min(first + height);
                    // Each block of rows reads the whole strip of columns in storage order.
                    let mut j = 0;
                    while j < columns {
                        let strip = Strip {
                            b,
                            columns: j..columns.min(j + width),
                            part: &part,
                        };
                        // SAFETY: the extents were checked above.
                        unsafe { strip.dot(scale, a, first..last, out, write) };
                        j += width;
                    }
                    first += height;
                }
                k += length;
            }
        }

        /// A part of a range of columns of `b`.
        struct Strip<'a> {
            b: &'a Matrix<'a, Number>,
            columns: Range<usize>,
            part: &'a Range<usize>,
        }

        impl Strip<'_> {
            /// Forms the products of some rows of `a` and the columns, in blocks of rows.
            ///
            /// # Safety
            ///
            /// `a` and the result have these rows, and both factors have the part.
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn dot(
                &self,
                scale: Number,
                a: &Matrix<'_, Number>,
                rows: Range<usize>,
                out: &mut [Number],
                write: Write,
            ) {
                const N: usize = DOT_COLUMNS;
                const NARROW_N: usize = NARROW_DOT_COLUMNS;
                let columns = self.b.columns();
                let is_narrow = columns <= NARROW;
                let mut i = rows.start;
                while i < rows.end {
                    let m = match rows.end - i {
                        left if is_narrow => left.min(NARROW_DOT_ROWS),
                        // The last blocks have 4 rows, if possible.
                        4 | 7 | 8 | 11 => 4,
                        5 => 3,
                        left => left.min(DOT_ROWS),
                    };
                    let a = Slices::new(a.data(), i, a.row_stride(), self.part);
                    let out = &mut out[i * columns..];
                    // SAFETY: rows i to i + m and these columns are inside the result, and the part is inside both
                    // factors.
                    unsafe {
                        if is_narrow {
                            match m {
                                1 => self.dot_rows::<1, NARROW_N>(scale, a, out, write),
                                2 => self.dot_rows::<2, NARROW_N>(scale, a, out, write),
                                3 => self.dot_rows::<3, NARROW_N>(scale, a, out, write),
                                _ => {
                                    self.dot_rows::<NARROW_DOT_ROWS, NARROW_N>(scale, a, out, write)
                                }
                            }
                        } else {
                            match m {
                                1 => self.dot_rows::<1, N>(scale, a, out, write),
                                2 => self.dot_rows::<2, N>(scale, a, out, write),
                                3 => self.dot_rows::<3, N>(scale, a, out, write),
                                4 => self.dot_rows::<4, N>(scale, a, out, write),
                                _ => self.dot_rows::<DOT_ROWS, N>(scale, a, out, write),
                            }
                        }
                    }
                    i += m;
                }
            }

            /// Forms the products of M slices of `a` and the columns, in blocks of N columns. `out` begins with the
            /// first of the M rows.
            ///
            /// # Safety
            ///
            /// `a` has M slices of the part's length, and `out` has M rows.
            #[target_feature(enable = $features)]
            unsafe fn dot_rows<const M: usize, const N: usize>(
                &self,
                scale: Number,
                a: Slices<Number>,
                out: &mut [Number],
                write: Write,
            ) {
                let columns = self.b.columns();
                let mut j = self.columns.start;
                while j < self.columns.end {
                    let left = self.columns.end - j;
                    let n = if M == 1 && left >= SINGLE_ROW_COLUMNS {
                        SINGLE_ROW_COLUMNS
                    } else {
                        N.min(left)
                    };
                    let b = Slices::new(self.b.data(), j, self.b.column_stride(), self.part);
                    let vectors = (0..a.len / LANES * LANES).step_by(LANES);
                    let out = out[j..].as_mut_ptr();
                    // SAFETY: by the caller's contract, since columns j to j + n are in the strip.
                    unsafe {
                        macro_rules! block {
                            ($m:expr, $n:expr) => {
                                dot_block::<{ $m }, { $n }, Number>(
                                    scale, a, b, vectors, out, columns, write,
                                )
                            };
                        }
                        match n {
                            1 => block!(M, 1),
                            2 => block!(M, 2),
                            3 => block!(M, 3),
                            4 => block!(M, 4),
                            SINGLE_ROW_COLUMNS => block!(1, SINGLE_ROW_COLUMNS),
                            _ => block!(M, N),
                        }
                    }
                    j += n;
                }
            }
        }

        /// Forms the products of M slices in `a` and N slices in `b`: along the whole vectors that begin at the given
        /// indices, and along the rest. The rows of the result are `step` apart.
        ///
        /// # Safety
        ///
        /// `a` has M slices and `b` has N, all of one length and with vectors at these indices; the result has M rows
        /// and N columns.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn dot_block<const M: usize, const N: usize, A: Load>(
            scale: Number,
            a: Slices<A>,
            b: Slices<Number>,
            vectors: impl Iterator<Item = usize>,
            out: *mut Number,
            step: usize,
            write: Write,
        ) {
            let mut sums = [[zero(); N]; M];
            let whole = a.len / LANES * LANES;
            for k in vectors {
                // SAFETY: each slice has elements k to k + LANES.
                let x = |i| unsafe { A::load(a.from.add(i * a.step + k)) };
                // SAFETY: as above.
                let y = |j| unsafe { Number::load(b.from.add(j * b.step + k)) };
                add_products(&mut sums, x, y);
            }
            if whole < a.len {
                let rest = a.len - whole;
                // SAFETY: `rest` elements of each slice are left, fewer than a vector has.
                let x = |i| unsafe { A::load_part(a.from.add(i * a.step + whole), rest) };
                // SAFETY: as above.
                let y = |j| unsafe { Number::load_part(b.from.add(j * b.step + whole), rest) };
                add_products(&mut sums, x, y);
            }
            // Four horizontal sums are formed together: first of four columns in a row, then of four rows in each
            // remaining column, where the last row may be repeated. Each sum has the same order of additions.
            let fours = N / 4 * 4;
            let factor = splat4(scale);
            for i in 0..M {
                for j in (0..fours).step_by(4) {
                    let mut four = mul4(factor, sums_of_4(from_fn(|l| sums[i][j + l])));
                    // SAFETY: the result has four elements from (i, j) on.
                    unsafe {
                        let to = out.add(i * step + j);
                        if write == Write::Add {
                            four = add4(loadu4(to), four);
                        }
                        storeu4(to, four);
                    }
                }
            }
            for j in fours..N {
                for first in (0..M).step_by(4) {
                    let row = |i: usize| (first + i).min(M - 1);
                    let four = mul4(factor, sums_of_4(from_fn(|i| sums[row(i)][j])));
                    let mut products = [0.0; 4];
                    // SAFETY: the array has four elements.
                    unsafe { storeu4(products.as_mut_ptr(), four) };
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

        /// Adds the product of each of M vectors with each of N vectors.
        #[inline]
        #[target_feature(enable = $features)]
        fn add_products<const M: usize, const N: usize>(
            sums: &mut [[Vector; N]; M],
            x: impl Fn(usize) -> Vector,
            y: impl Fn(usize) -> Vector,
        ) {
            // The smaller group of vectors is kept in registers, and the other is loaded one vector at a time.
            if M <= N {
                let x: [Vector; M] = from_fn(x);
                for j in 0..N {
                    let y = y(j);
                    for i in 0..M {
                        sums[i][j] = fmadd(x[i], y, sums[i][j]);
                    }
                }
            } else {
                let y: [Vector; N] = from_fn(y);
                for i in 0..M {
                    let x = x(i);
                    for j in 0..N {
                        sums[i][j] = fmadd(x, y[j], sums[i][j]);
                    }
                }
            }
        }
    };
}
