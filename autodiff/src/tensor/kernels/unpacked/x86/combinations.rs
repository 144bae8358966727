//! Combinations of the rows of a matrix.

/// The kernel for one precision and one instruction set.
macro_rules! combinations {
    (
        $features:literal, $vectors:literal,
        zero: $zero:ident, splat: $splat:ident, store: $store:ident, mul: $mul:ident, fma: $fma:ident,
        four: $four_load:ident, $four_store:ident, $four_transposed:path
    ) => {
        /// So many bytes of `b` are used together: they stay in the nearest cache, with the rows of `a`.
        const STRIP_BYTES: usize = 1 << 14;

        /// The least columns of a strip, if there are as many.
        const LEAST: usize = $vectors * LANES;

        /// Room for a strip of short columns.
        type Transposed = [MaybeUninit<Number>; STRIP_BYTES / size_of::<Number>() + LEAST * LONG];

        /// The columns of a strip of so many rows.
        fn strip_width(rows: usize, columns: usize) -> usize {
            // A strip of a short `b` is wide, so that the rows of the result are gone along and not across.
            if columns * rows * size_of::<Number>() <= STRIP_BYTES {
                return columns;
            }
            let width = STRIP_BYTES / size_of::<Number>() / rows;
            width.max(1).next_multiple_of(LEAST)
        }

        /// Combinations of the rows of `b`, which are contiguous.
        #[target_feature(enable = $features)]
        pub(in super::super) fn combinations<B: Element>(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, B>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            assert_eq!((inner, out.len()), (b.rows(), rows * columns));
            if inner == 1 {
                // SAFETY: the extents were just checked.
                return unsafe { multiples(scale, a, b, out, write) };
            }
            let width = strip_width(inner, columns);
            let mut j = 0;
            while j < columns {
                let strip = j..columns.min(j + width);
                let b = Runs {
                    from: b.data()[j..].as_ptr(),
                    step: columns,
                    len: strip.len(),
                };
                // SAFETY: these columns are inside the result, and `b` has as many rows as `a` columns.
                unsafe { combine(scale, a, b, out, columns, &strip, write) };
                j += width;
            }
        }

        /// The same of a `b` whose columns are contiguous, and shorter than `LONG`: a strip of them is transposed in time.
        #[target_feature(enable = $features)]
        pub(in super::super) fn combinations_of_columns(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            assert_eq!((inner, out.len()), (b.rows(), rows * columns));
            assert!(inner < LONG && columns * inner <= b.data().len());
            let mut transposed: Transposed = [const { MaybeUninit::uninit() }; _];
            let width = strip_width(inner, columns);
            let mut j = 0;
            while j < columns {
                let strip = j..columns.min(j + width);
                let b = transpose(&b.data()[j * inner..], inner, strip.len(), &mut transposed);
                // SAFETY: these columns are inside the result, and `b` has as many rows as `a` columns.
                unsafe { combine(scale, a, b, out, columns, &strip, write) };
                j += width;
            }
        }

        /// Columns that lie one after the other, as rows.
        ///
        /// # Panics
        ///
        /// If there are fewer elements, or there is no room for them.
        #[target_feature(enable = $features)]
        fn transpose(
            from: &[Number],
            rows: usize,
            columns: usize,
            to: &mut Transposed,
        ) -> Runs<Number> {
            assert!(rows * columns <= from.len().min(to.len()));
            let (from, to) = (from.as_ptr(), to.as_mut_ptr().cast::<Number>());
            let mut k = 0;
            while k < rows {
                let m = if rows - k < 4 { 1 } else { 4 };
                let mut j = 0;
                while j < columns {
                    let n = if m == 1 || columns - j < 4 { 1 } else { 4 };
                    // SAFETY: columns j to j + n have elements k to k + m, and there is room for them.
                    unsafe {
                        let from = from.add(j * rows + k);
                        let to = to.add(k * columns + j);
                        if n == 4 {
                            let four = from_fn(|l| $four_load(from.add(l * rows)));
                            for (l, four) in $four_transposed(four).into_iter().enumerate() {
                                $four_store(to.add(l * columns), four);
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
            Runs {
                from: to,
                step: columns,
                len: columns,
            }
        }

        /// A strip of combinations of as many runs of `b` as `a` has columns.
        ///
        /// # Safety
        ///
        /// There are so many, as long as the strip, and the strip is inside the result, which has so many columns.
        #[target_feature(enable = $features)]
        unsafe fn combine<B: Element>(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: Runs<B>,
            out: &mut [Number],
            columns: usize,
            strip: &Range<usize>,
            write: Write,
        ) {
            let rows = a.rows();
            let mut i = 0;
            while i < rows {
                // Blocks of 4 to 6 rows, wherever that can be.
                let m = match rows - i {
                    4 | 7 | 8 => 4,
                    5 | 9 | 10 | 13 => 5,
                    6.. => 6,
                    few => few,
                };
                let out = out[i * columns + strip.start..].as_mut_ptr();
                // SAFETY: rows i to i + m are inside the result, and so are these columns.
                unsafe {
                    match m {
                        6 => blocks::<6, B>(scale, a, i, b, out, columns, write),
                        5 => blocks::<5, B>(scale, a, i, b, out, columns, write),
                        4 => blocks::<4, B>(scale, a, i, b, out, columns, write),
                        3 => blocks::<3, B>(scale, a, i, b, out, columns, write),
                        2 => blocks::<2, B>(scale, a, i, b, out, columns, write),
                        _ => blocks::<1, B>(scale, a, i, b, out, columns, write),
                    }
                }
                i += m;
            }
        }

        /// Multiples of the one row of `b`, each gone along whole, since there is nothing to sum.
        ///
        /// # Safety
        ///
        /// The result has as many rows as `a`, and as many columns as `b`.
        #[target_feature(enable = $features)]
        unsafe fn multiples<B: Element>(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, B>,
            out: &mut [Number],
            write: Write,
        ) {
            const C: usize = $vectors;
            // A load so close behind the store of a part of a vector has to wait for it, so this many are loaded first.
            const M: usize = 5;
            let (rows, columns) = (a.rows(), b.columns());
            let (from, to) = (b.data().as_ptr(), out.as_mut_ptr());
            // SAFETY: it is asked for rows of `a`, which has one column.
            let factor = |i| $splat(scale * unsafe { a.get_unchecked(i, 0) });
            // SAFETY: and for rows of the result.
            let to = |i: usize| unsafe { to.add(i * columns) };
            let rest = columns % LANES;
            let whole = columns - rest;
            let blocks = columns / (C * LANES) * (C * LANES);
            for i in 0..rows {
                let (factor, to) = (factor(i), to(i));
                let mut j = 0;
                while j < blocks {
                    // SAFETY: columns j to j + C · LANES are whole vectors.
                    unsafe { multiple::<C, B>(factor, from.add(j), to.add(j), write) };
                    j += C * LANES;
                }
                while j < whole {
                    // SAFETY: and so are these, to j + LANES.
                    unsafe { multiple::<1, B>(factor, from.add(j), to.add(j), write) };
                    j += LANES;
                }
            }
            if rest == 0 {
                return;
            }
            // SAFETY: the last `rest` columns, fewer than a vector has.
            let from = unsafe { B::load_part(from.add(whole), rest) };
            let mut i = 0;
            while i < rows {
                let m = M.min(rows - i);
                let mut products = [$zero(); M];
                for (m, product) in products[..m].iter_mut().enumerate() {
                    // SAFETY: as above, of row i + m.
                    *product = unsafe {
                        let (factor, to) = (factor(i + m), to(i + m).add(whole));
                        match write {
                            Write::Set => $mul(factor, from),
                            Write::Add => $fma(factor, from, Number::load_part(to, rest)),
                        }
                    };
                }
                for (m, product) in products[..m].iter().enumerate() {
                    // SAFETY: as above.
                    unsafe { store_part(to(i + m).add(whole), rest, *product) };
                }
                i += m;
            }
        }

        /// C vectors of a multiple of a row.
        ///
        /// # Safety
        ///
        /// So many elements can be read at `from`, and written at `to`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn multiple<const C: usize, B: Element>(
            factor: Vector,
            from: *const B,
            to: *mut Number,
            write: Write,
        ) {
            // SAFETY: the caller's, for c < C.
            let products: [Vector; C] = from_fn(|c| unsafe {
                let from = B::load(from.add(c * LANES));
                match write {
                    Write::Set => $mul(factor, from),
                    Write::Add => $fma(factor, from, Number::load(to.add(c * LANES))),
                }
            });
            for (c, &product) in products.iter().enumerate() {
                // SAFETY: as above.
                unsafe { $store(to.add(c * LANES), product) };
            }
        }

        /// M rows of the result, from row i on: blocks of as many vectors as fit, or one, or a part of one. They begin at
        /// `out`, and are `step` apart.
        ///
        /// # Safety
        ///
        /// `a` has these rows, `b` has as many runs as `a` has columns, and there are as many results.
        #[target_feature(enable = $features)]
        unsafe fn blocks<const M: usize, B: Element>(
            scale: Number,
            a: &Matrix<'_, Number>,
            i: usize,
            b: Runs<B>,
            out: *mut Number,
            step: usize,
            write: Write,
        ) {
            const C: usize = $vectors;
            let mut j = 0;
            while j < b.len {
                let left = b.len - j;
                let width = if left >= C * LANES {
                    C * LANES
                } else {
                    left.min(LANES)
                };
                let b = Runs {
                    // Where there is no run, this points nowhere.
                    from: b.from.wrapping_add(j),
                    len: width,
                    ..b
                };
                // SAFETY: the caller's, for each run has elements j to j + width.
                unsafe {
                    let out = out.add(j);
                    match width {
                        LANES => block::<M, 1, false, B>(scale, a, i, b, out, step, write),
                        ..LANES => block::<M, 1, true, B>(scale, a, i, b, out, step, write),
                        _ => block::<M, C, false, B>(scale, a, i, b, out, step, write),
                    }
                }
                j += width;
            }
        }

        /// A block of M rows and C vectors; if it is a `PART`, of as many elements of one vector as the runs have.
        ///
        /// # Safety
        ///
        /// As for `blocks`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn block<const M: usize, const C: usize, const PART: bool, B: Element>(
            scale: Number,
            a: &Matrix<'_, Number>,
            i: usize,
            b: Runs<B>,
            out: *mut Number,
            step: usize,
            write: Write,
        ) {
            let mut sums = [[$zero(); C]; M];
            for k in 0..a.columns() {
                // SAFETY: there is a run k, by the caller's word.
                let row: [Vector; C] = from_fn(|c| unsafe {
                    let from = b.from.add(k * b.step + c * LANES);
                    if PART {
                        B::load_part(from, b.len)
                    } else {
                        B::load(from)
                    }
                });
                for m in 0..M {
                    // SAFETY: the matrix has rows up to i + M, by the caller's word, and column k.
                    let factor = $splat(unsafe { a.get_unchecked(i + m, k) });
                    for c in 0..C {
                        sums[m][c] = $fma(factor, row[c], sums[m][c]);
                    }
                }
            }
            let scale = $splat(scale);
            for m in 0..M {
                for c in 0..C {
                    // SAFETY: so many rows of results lie there, by the caller's word, each as long as a run.
                    unsafe {
                        let to = out.add(m * step + c * LANES);
                        let sum = match write {
                            Write::Set => $mul(scale, sums[m][c]),
                            Write::Add => {
                                let before = if PART {
                                    Number::load_part(to, b.len)
                                } else {
                                    Number::load(to)
                                };
                                $fma(scale, sums[m][c], before)
                            }
                        };
                        if PART {
                            store_part(to, b.len, sum)
                        } else {
                            $store(to, sum)
                        }
                    }
                }
            }
        }
    };
}
