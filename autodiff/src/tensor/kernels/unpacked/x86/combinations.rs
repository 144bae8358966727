//! Combinations of the rows of a matrix.

/// The kernel for one precision and one instruction set.
macro_rules! combinations {
    (
        $features:literal, $vectors:literal,
        zero: $zero:ident, splat: $splat:ident, store: $store:ident, mul: $mul:ident, fma: $fma:ident
    ) => {
        /// So many bytes of `b` are used together: they stay in the nearest cache, with the rows of `a`.
        const STRIP_BYTES: usize = 1 << 14;

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
            // A strip of a short `b` is wide, so that the rows of the result are gone along and not across.
            let width = if columns * inner * size_of::<Number>() <= STRIP_BYTES {
                columns
            } else {
                let width = STRIP_BYTES / size_of::<Number>() / inner;
                width.max(1).next_multiple_of($vectors * LANES)
            };
            let mut j = 0;
            while j < columns {
                let strip = j..columns.min(j + width);
                let mut i = 0;
                while i < rows {
                    // Blocks of 4 to 6 rows, wherever that can be.
                    let m = match rows - i {
                        4 | 7 | 8 => 4,
                        5 | 9 | 10 | 13 => 5,
                        6.. => 6,
                        few => few,
                    };
                    // SAFETY: rows i to i + m and these columns are inside the result.
                    unsafe {
                        match m {
                            6 => blocks::<6, B>(scale, a, b, out, i, &strip, write),
                            5 => blocks::<5, B>(scale, a, b, out, i, &strip, write),
                            4 => blocks::<4, B>(scale, a, b, out, i, &strip, write),
                            3 => blocks::<3, B>(scale, a, b, out, i, &strip, write),
                            2 => blocks::<2, B>(scale, a, b, out, i, &strip, write),
                            _ => blocks::<1, B>(scale, a, b, out, i, &strip, write),
                        }
                    }
                    i += m;
                }
                j += width;
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
            for i in 0..rows {
                let (factor, to) = (factor(i), to(i));
                let mut j = 0;
                while j < whole {
                    // SAFETY: columns j to j + C · LANES are whole vectors, or else those to j + LANES.
                    unsafe {
                        let (from, to) = (from.add(j), to.add(j));
                        if whole - j < C * LANES {
                            multiple::<1, B>(factor, from, to, write);
                            j += LANES;
                        } else {
                            multiple::<C, B>(factor, from, to, write);
                            j += C * LANES;
                        }
                    }
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

        /// M rows of a strip, from row i on: blocks of as many vectors as fit, or one, or a part of one.
        ///
        /// # Safety
        ///
        /// They lie inside the result.
        #[target_feature(enable = $features)]
        unsafe fn blocks<const M: usize, B: Element>(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, B>,
            out: &mut [Number],
            i: usize,
            strip: &Range<usize>,
            write: Write,
        ) {
            const C: usize = $vectors;
            let mut j = strip.start;
            while j < strip.end {
                let left = strip.end - j;
                let width = if left >= C * LANES {
                    C * LANES
                } else {
                    left.min(LANES)
                };
                // SAFETY: the caller's, for these columns are in the strip.
                unsafe {
                    match width {
                        LANES => block::<M, 1, false, B>(scale, a, b, out, (i, j), width, write),
                        ..LANES => block::<M, 1, true, B>(scale, a, b, out, (i, j), width, write),
                        _ => block::<M, C, false, B>(scale, a, b, out, (i, j), width, write),
                    }
                }
                j += width;
            }
        }

        /// The block of M rows and C vectors at (i, j); if it is a `PART`, of `width` elements of one vector.
        ///
        /// # Safety
        ///
        /// As for `blocks`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn block<const M: usize, const C: usize, const PART: bool, B: Element>(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, B>,
            out: &mut [Number],
            (i, j): (usize, usize),
            width: usize,
            write: Write,
        ) {
            let columns = b.columns();
            let mut sums = [[$zero(); C]; M];
            for k in 0..a.columns() {
                // SAFETY: row k of b has elements j to j + width, by the caller's word.
                let row: [Vector; C] = from_fn(|c| unsafe {
                    let from = b.data().as_ptr().add(k * columns + j + c * LANES);
                    if PART {
                        B::load_part(from, width)
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
                    // SAFETY: row i + m of the result has elements j to j + width, by the caller's word.
                    unsafe {
                        let to = out.as_mut_ptr().add((i + m) * columns + j + c * LANES);
                        let sum = match write {
                            Write::Set => $mul(scale, sums[m][c]),
                            Write::Add => {
                                let before = if PART {
                                    Number::load_part(to, width)
                                } else {
                                    Number::load(to)
                                };
                                $fma(scale, sums[m][c], before)
                            }
                        };
                        if PART {
                            store_part(to, width, sum)
                        } else {
                            $store(to, sum)
                        }
                    }
                }
            }
        }
    };
}
