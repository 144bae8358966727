//! Combinations of the rows of a matrix, and the sum of several such products along a binary tree.
//!
//! The sum of n products is that of the first 2ᵏ plus that of the rest, where 2ᵏ is the largest power of two below n. It is
//! formed as a binary counter counts: a complete product is added to the sums that were kept, as often as the number of
//! products can be halved.

/// Room for the sums that are kept while the tree grows, and how many there are.
macro_rules! tree {
    ($Sums:ty) => {
        ([const { MaybeUninit::<$Sums>::uninit() }; LEVELS], 0_usize)
    };
}

/// Adds a complete product to the sums that were kept, and keeps the result, or leaves it if it is the last.
///
/// The loops are written in place, for a function that returns vectors is not inlined.
macro_rules! close_product {
    (
        $number:ident of $count:expr, $sums:ident: $M:ident x $C:tt, $scale:expr, $tree:ident,
        $zero:ident, $splat:ident, $mul:ident, $fma:ident
    ) => {
        for m in 0..$M {
            for c in 0..$C {
                $sums[m][c] = $mul($splat($scale), $sums[m][c]);
            }
        }
        let is_last = $number + 1 == $count;
        let merges = if is_last {
            $tree.1
        } else {
            ($number + 1).trailing_zeros() as usize
        };
        for _ in 0..merges {
            $tree.1 -= 1;
            // SAFETY: the sums below the number of those kept were written.
            let kept = unsafe { $tree.0[$tree.1].assume_init_ref() };
            for m in 0..$M {
                for c in 0..$C {
                    $sums[m][c] = $fma($splat(1.0), kept[m][c], $sums[m][c]);
                }
            }
        }
        if !is_last {
            $tree.0[$tree.1].write($sums);
            $tree.1 += 1;
            $sums = [[$zero(); $C]; $M];
        }
    };
}

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

        /// Combinations of the rows of `b`, which are contiguous; of several pairs of factors, their sum along the tree.
        #[target_feature(enable = $features)]
        pub(in super::super) fn combinations(
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
                // SAFETY: the extents were just checked.
                return unsafe { multiples(scale, a, b, out, epilogue) };
            }
            if let ([(a, _)], Epilogue::Write(mut write)) = (factors, epilogue)
                && a.columns() > UNCUT
            {
                for (a, b) in runs(factors) {
                    combinations(scale, &[(a, b)], out, Epilogue::Write(write));
                    write = Write::Add;
                }
                return;
            }
            let inner = factors.iter().map(|(a, _)| a.columns()).sum();
            let width = strip_width(inner, columns);
            let mut j = 0;
            while j < columns {
                let strip = j..columns.min(j + width);
                // SAFETY: these columns are inside every `b`, and inside the result.
                unsafe { combine(scale, factors, strip.clone(), out, columns, strip, epilogue) };
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
            assert!(inner < LONG && b.lies_inside());
            let mut transposed: Transposed = [const { MaybeUninit::uninit() }; _];
            let width = strip_width(inner, columns);
            let mut j = 0;
            while j < columns {
                let strip = j..columns.min(j + width);
                let n = strip.len();
                let step = b.column_step();
                let b = transpose(&b.data()[j * step..], step, inner, n, &mut transposed);
                // SAFETY: the transposed columns are `n` long, and these are inside the result.
                unsafe { combine(scale, &[(*a, b)], 0..n, out, columns, strip, Epilogue::Write(write)) };
                j += width;
            }
        }

        /// The rows and columns of a sum of products.
        ///
        /// # Panics
        ///
        /// If they differ, or factors do not fit together, or there are none.
        fn extents<B: Element>(factors: &[Factors<'_, Number, B>]) -> (usize, usize) {
            let extents = (factors[0].0.rows(), factors[0].1.columns());
            for (a, b) in factors {
                assert!(a.columns() == b.rows() && a.lies_inside() && b.lies_inside());
                assert_eq!((a.rows(), b.columns()), extents);
            }
            extents
        }

        /// Columns that lie contiguous, each `step` behind the one before, as rows.
        ///
        /// # Panics
        ///
        /// If there are fewer elements, or there is no room for them.
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
                    // SAFETY: columns j to j + n have elements k to k + m, and there is room for them.
                    unsafe {
                        let from = from.add(j * step + k);
                        let to = to.add(k * columns + j);
                        if n == 4 {
                            let four = from_fn(|l| $four_load(from.add(l * step)));
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
            // SAFETY: these elements have just been written, in memory that is borrowed for as long.
            let written = unsafe { std::slice::from_raw_parts(to, rows * columns) };
            Matrix::new(written, rows, columns)
        }

        /// A strip of combinations: the columns `of` the rows of `b`, written `to` some of the result.
        ///
        /// # Safety
        ///
        /// The factors fit together, and every row of `b` lies contiguous. They have these columns, and the result, which
        /// has so many, has as many rows as `a`, and these columns, too.
        #[target_feature(enable = $features)]
        unsafe fn combine(
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
                // Blocks of 4 to 6 rows, wherever that can be.
                let m = match rows - i {
                    4 | 7 | 8 => 4,
                    5 | 9 | 10 | 13 => 5,
                    6.. => 6,
                    few => few,
                };
                let out = out[i * columns + to.start..].as_mut_ptr();
                let of = of.clone();
                // SAFETY: rows i to i + m are inside the result, and so are these columns.
                unsafe {
                    match m {
                        6 => blocks::<6>(scale, factors, i, of, out, columns, epilogue),
                        5 => blocks::<5>(scale, factors, i, of, out, columns, epilogue),
                        4 => blocks::<4>(scale, factors, i, of, out, columns, epilogue),
                        3 => blocks::<3>(scale, factors, i, of, out, columns, epilogue),
                        2 => blocks::<2>(scale, factors, i, of, out, columns, epilogue),
                        _ => blocks::<1>(scale, factors, i, of, out, columns, epilogue),
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
        unsafe fn multiples(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            epilogue: Epilogue<Number>,
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
                    unsafe { multiple::<C>(factor, from.add(j), to.add(j), epilogue) };
                    j += C * LANES;
                }
                while j < whole {
                    // SAFETY: and so are these, to j + LANES.
                    unsafe { multiple::<1>(factor, from.add(j), to.add(j), epilogue) };
                    j += LANES;
                }
            }
            if rest == 0 {
                return;
            }
            // SAFETY: the last `rest` columns, fewer than a vector has.
            let from = unsafe { Number::load_part(from.add(whole), rest) };
            let mut i = 0;
            while i < rows {
                let m = M.min(rows - i);
                let mut products = [$zero(); M];
                for (m, product) in products[..m].iter_mut().enumerate() {
                    // SAFETY: as above, of row i + m.
                    *product = unsafe {
                        let (factor, to) = (factor(i + m), to(i + m).add(whole));
                        match epilogue {
                            Epilogue::Write(Write::Set) => $mul(factor, from),
                            Epilogue::Write(Write::Add) => {
                                $fma(factor, from, Number::load_part(to, rest))
                            }
                            Epilogue::Descend(rate) => {
                                descend(rate, factor, from, Number::load_part(to, rest))
                            }
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
        unsafe fn multiple<const C: usize>(
            factor: Vector,
            from: *const Number,
            to: *mut Number,
            epilogue: Epilogue<Number>,
        ) {
            // SAFETY: the caller's, for c < C.
            let products: [Vector; C] = from_fn(|c| unsafe {
                let from = Number::load(from.add(c * LANES));
                match epilogue {
                    Epilogue::Write(Write::Set) => $mul(factor, from),
                    Epilogue::Write(Write::Add) => $fma(factor, from, Number::load(to.add(c * LANES))),
                    Epilogue::Descend(rate) => {
                        descend(rate, factor, from, Number::load(to.add(c * LANES)))
                    }
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
        /// Every `a` has these rows, every `b` these columns, and there are as many results.
        #[target_feature(enable = $features)]
        unsafe fn blocks<const M: usize>(
            scale: Number,
            factors: &[Factors<'_, Number, Number>],
            i: usize,
            columns: Range<usize>,
            out: *mut Number,
            step: usize,
            epilogue: Epilogue<Number>,
        ) {
            const C: usize = $vectors;
            let mut j = columns.start;
            while j < columns.end {
                let left = columns.end - j;
                let width = if left >= C * LANES {
                    C * LANES
                } else {
                    left.min(LANES)
                };
                let block_columns = j..j + width;
                // SAFETY: the caller's, for these are some of the columns.
                unsafe {
                    let out = out.add(j - columns.start);
                    match width {
                        LANES => {
                            block::<M, 1, false>(scale, factors, i, block_columns, out, step, epilogue)
                        }
                        ..LANES => {
                            block::<M, 1, true>(scale, factors, i, block_columns, out, step, epilogue)
                        }
                        _ => {
                            block::<M, C, false>(scale, factors, i, block_columns, out, step, epilogue)
                        }
                    }
                }
                j += width;
            }
        }

        /// A block of M rows and C vectors; if it is a `PART`, of as many elements of one vector as there are columns.
        ///
        /// # Safety
        ///
        /// As for `blocks`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn block<const M: usize, const C: usize, const PART: bool>(
            scale: Number,
            factors: &[Factors<'_, Number, Number>],
            i: usize,
            columns: Range<usize>,
            out: *mut Number,
            step: usize,
            epilogue: Epilogue<Number>,
        ) {
            let len = columns.len();
            let mut sums = [[$zero(); C]; M];
            let mut tree = tree!([[Vector; C]; M]);
            for (number, (a, b)) in factors.iter().enumerate() {
                // Where there is no row, this points nowhere.
                let from = b.data().as_ptr().wrapping_add(columns.start);
                for k in 0..a.columns() {
                    // SAFETY: there is a row k with these columns, by the caller's word.
                    let row: [Vector; C] = from_fn(|c| unsafe {
                        load::<PART, Number>(from.add(k * b.row_step() + c * LANES), len)
                    });
                    for m in 0..M {
                        // SAFETY: the matrix has rows up to i + M, by the caller's word, and column k.
                        let factor = $splat(unsafe { a.get_unchecked(i + m, k) });
                        for c in 0..C {
                            sums[m][c] = $fma(factor, row[c], sums[m][c]);
                        }
                    }
                }
                if factors.len() > 1 {
                    close_product!(
                        number of factors.len(), sums: M x C, scale, tree, $zero, $splat, $mul, $fma
                    );
                }
            }
            let scale = if factors.len() > 1 { 1.0 } else { scale };
            // SAFETY: so many rows of results lie there, by the caller's word, each as long.
            unsafe { write_block::<M, C, PART>(scale, sums, out, step, len, epilogue) };
        }

        /// Ends with `scale` times a block in rows of results that are `step` apart.
        ///
        /// # Safety
        ///
        /// There are as many rows and columns: those of C vectors, or, of a `PART` of one, `len` of them.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn write_block<const M: usize, const C: usize, const PART: bool>(
            scale: Number,
            mut sums: [[Vector; C]; M],
            out: *mut Number,
            step: usize,
            len: usize,
            epilogue: Epilogue<Number>,
        ) {
            let scale = $splat(scale);
            // All are read before any is written: a load so close behind the store of a part of a vector waits for it.
            for m in 0..M {
                for c in 0..C {
                    sums[m][c] = match epilogue {
                        Epilogue::Write(Write::Set) => $mul(scale, sums[m][c]),
                        // SAFETY: so many rows of results lie there, by the caller's word.
                        Epilogue::Write(Write::Add) => $fma(scale, sums[m][c], unsafe {
                            load::<PART, Number>(out.add(m * step + c * LANES), len)
                        }),
                        // SAFETY: as above.
                        Epilogue::Descend(rate) => descend(rate, scale, sums[m][c], unsafe {
                            load::<PART, Number>(out.add(m * step + c * LANES), len)
                        }),
                    };
                }
            }
            for m in 0..M {
                for c in 0..C {
                    // SAFETY: as above.
                    unsafe { store::<PART>(out.add(m * step + c * LANES), len, sums[m][c]) };
                }
            }
        }

        /// `from` less `rate` times the gradient `factor · x`, each rounded by itself.
        #[inline]
        #[target_feature(enable = $features)]
        fn descend(rate: Number, factor: Vector, x: Vector, from: Vector) -> Vector {
            // Added to zero, since a gradient that is formed by itself is: −0 becomes 0.
            let gradient = $fma(factor, x, $zero());
            $fma($splat(-1.0), $mul($splat(rate), gradient), from)
        }

        /// A vector, or the first `len` elements of one.
        ///
        /// # Safety
        ///
        /// So many elements can be read there.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load<const PART: bool, E: Element>(from: *const E, len: usize) -> Vector {
            // SAFETY: the caller vouches for the elements.
            unsafe {
                if PART {
                    E::load_part(from, len)
                } else {
                    E::load(from)
                }
            }
        }

        /// Writes a vector, or the first `len` elements of one.
        ///
        /// # Safety
        ///
        /// So many elements can be written there.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store<const PART: bool>(to: *mut Number, len: usize, vector: Vector) {
            // SAFETY: the caller vouches for the elements.
            unsafe {
                if PART {
                    store_part(to, len, vector);
                } else {
                    $store(to, vector);
                }
            }
        }
    };
}
