//! Products with bytes, which become numbers as they are loaded.
//!
//! Pictures are mostly black. Vectors of zeros are passed over, if they are zeros in all rows that are multiplied
//! together: first it is listed where there are others, and then the loops go there alone. A list serves all that its
//! bytes are multiplied with.

/// The kernels for one precision and one instruction set.
macro_rules! bytes {
    (
        $features:literal, $columns:literal, $narrow_columns:literal, $rows:literal, $Bytes:ty,
        lists: $lists:literal by $note_rows:ident,
        zero: $zero:ident, splat: $splat:ident, store: $store:ident, mul: $mul:ident, fma: $fma:ident
    ) => {
        /// The rows of bytes of a block of dots, and the columns. The more rows, the fewer vectors are zeros in all.
        const PAIR: usize = 2;
        const COLUMNS: usize = $columns;

        /// The columns if there are few: the paper's ten digits are in one block, if there are registers for it.
        const NARROW_COLUMNS: usize = $narrow_columns;

        /// So many pairs of rows go by a block of columns.
        const PAIRS: usize = 64;

        /// The most elements of a row that are gone along at a time: so much of a block of columns stays in the nearest
        /// cache while the pairs go by.
        const PART_OF_BYTES: usize = 3584 / size_of::<Number>();

        /// The most rows of a block of combinations, of one vector each.
        const COMBINED: usize = $rows;

        /// So many vectors beside one another are listed together.
        const LISTS: usize = $lists;

        /// A list of rows of bytes, of all pairs of factors.
        type ListOfRows = List<{ LISTED_ROWS + NOTED_AT_A_TIME }>;

        /// Whether the bytes of one vector are not all zeros.
        ///
        /// # Safety
        ///
        /// So many bytes can be read there, and in each of M rows that are `step` apart.
        #[inline]
        unsafe fn any<const M: usize>(from: *const u8, step: usize) -> bool {
            (0..M).fold(0, |any, m| {
                // SAFETY: the caller vouches for the bytes, and any bytes are a number.
                any | unsafe { from.add(m * step).cast::<$Bytes>().read_unaligned() }
            }) != 0
        }

        /// Rows of bytes times columns of `b`, both contiguous.
        #[target_feature(enable = $features)]
        pub(in super::super) fn dots_of_bytes(
            scale: Number,
            a: &Matrix<'_, u8>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            assert_eq!((inner, out.len()), (b.rows(), rows * columns));
            assert!(a.lies_inside() && b.lies_inside());
            let length = part_length(inner, PART_OF_BYTES, LANES);
            // All of few columns stay near, and pairs are listed in time.
            let height = if columns <= NARROW {
                PAIR
            } else {
                PAIRS * PAIR
            };
            let mut k = 0;
            while k < inner.max(1) {
                let part = k..inner.min(k + length);
                let write = if k == 0 { write } else { Write::Add };
                let mut first = 0;
                while first < rows {
                    let last = rows.min(first + height);
                    // SAFETY: the extents were just checked.
                    unsafe { dots_of_some(scale, a, b, first..last, &part, out, write) };
                    first = last;
                }
                k += length;
            }
        }

        /// A part of some rows of bytes times columns of `b`.
        ///
        /// # Safety
        ///
        /// There are such rows, with such a part, and as many rows of results, one element for each column.
        #[target_feature(enable = $features)]
        unsafe fn dots_of_some(
            scale: Number,
            a: &Matrix<'_, u8>,
            b: &Matrix<'_, Number>,
            rows: Range<usize>,
            part: &Range<usize>,
            out: &mut [Number],
            write: Write,
        ) {
            let columns = b.columns();
            let mut vectors = List::<{ PAIRS * (PART_OF_BYTES / LANES) }>::new();
            let mut begins = [0; PAIRS + 1];
            let pairs = rows.len().div_ceil(PAIR);
            let pair = |number: usize| {
                let i = rows.start + number * PAIR;
                let a = Runs::new(a.data(), i, a.row_step(), part);
                (i, PAIR.min(rows.end - i), a)
            };
            for number in 0..pairs {
                let (_, m, a) = pair(number);
                let places = (0..a.len / LANES * LANES).step_by(LANES);
                if m == PAIR {
                    // SAFETY: the part has a vector at each of these places in each of these rows.
                    vectors.note(places, |k| unsafe { any::<PAIR>(a.from.add(k), a.step) });
                } else {
                    // SAFETY: as above.
                    vectors.note(places, |k| unsafe { any::<1>(a.from.add(k), 0) });
                }
                begins[number + 1] = vectors.len();
            }
            let places = vectors.places();
            let most = match rows.len() {
                1 => ALONE,
                _ if columns <= NARROW => NARROW_COLUMNS,
                _ => COLUMNS,
            };
            let mut j = 0;
            while j < columns {
                let left = columns - j;
                let n = match left {
                    1 => 1,
                    left if left >= most => most,
                    COLUMNS.. => COLUMNS,
                    _ => 2,
                };
                let b = Runs::new(b.data(), j, b.column_step(), part);
                for number in 0..pairs {
                    let (i, m, a) = pair(number);
                    let places = &places[begins[number]..begins[number + 1]];
                    let out = out[i * columns + j..].as_mut_ptr();
                    // The rows that follow come while these are multiplied, a line at a time.
                    let next = a.from.wrapping_add(PAIR * a.step);
                    let vectors = places.iter().enumerate().map(|(line, &k)| {
                        prefetch_line(next.wrapping_add(64 * line));
                        usize::from(k)
                    });
                    // SAFETY: rows i to i + m and columns j to j + n are inside the result, and the part inside both
                    // factors.
                    unsafe {
                        macro_rules! block {
                            ($m:expr, $n:expr) => {
                                dot_block::<{ $m }, { $n }, u8>(
                                    scale, a, b, vectors, out, columns, write,
                                )
                            };
                        }
                        match (m, n) {
                            (PAIR, ALONE) => block!(PAIR, ALONE),
                            (PAIR, COLUMNS) => block!(PAIR, COLUMNS),
                            (PAIR, 2) => block!(PAIR, 2),
                            (PAIR, _) => block!(PAIR, 1),
                            (_, ALONE) => block!(1, ALONE),
                            (_, COLUMNS) => block!(1, COLUMNS),
                            (_, 2) => block!(1, 2),
                            _ => block!(1, 1),
                        }
                    }
                }
                j += n;
            }
        }

        /// Combinations of rows of bytes, of several pairs of factors their sum along the tree; each `a` is read transposed.
        #[target_feature(enable = $features)]
        pub(in super::super) fn combinations_of_bytes(
            scale: Number,
            factors: &[Factors<'_, Number, u8>],
            out: &mut [Number],
            epilogue: Epilogue<Number>,
        ) {
            let (rows, columns) = extents(factors);
            assert_eq!(out.len(), rows * columns);
            assert!(factors.iter().all(|(a, _)| a.row_step() == 1));
            assert!(factors.len() == 1 || are_listed(factors));
            let inner = factors.iter().map(|(a, _)| a.columns()).sum();
            match (factors, inner) {
                (_, 0) if epilogue == Epilogue::Write(Write::Set) => out.fill(0.0),
                (_, 0) => {}
                ([(a, b)], 1) => {
                    if epilogue == Epilogue::Write(Write::Set) {
                        out.fill(0.0);
                    }
                    // SAFETY: the extents were just checked.
                    unsafe {
                        match epilogue {
                            Epilogue::Write(_) => multiples_of_bytes::<false>(scale, a, b, out, 0.0),
                            Epilogue::Descend(rate) => {
                                multiples_of_bytes::<true>(scale, a, b, out, rate);
                            }
                        }
                    }
                }
                _ if factors.len() > 1 || are_listed(factors) => {
                    combine_bytes(scale, factors, out, epilogue)
                }
                // More rows than can be listed, or added one after the other.
                _ => {
                    let Epilogue::Write(mut write) = epilogue else {
                        unreachable!("such a product is not descended along")
                    };
                    for (a, b) in runs(factors) {
                        combine_bytes(scale, &[(a, b)], out, Epilogue::Write(write));
                        write = Write::Add;
                    }
                }
            }
        }

        /// The same of as many rows of bytes as can be listed.
        #[target_feature(enable = $features)]
        fn combine_bytes(
            scale: Number,
            factors: &[Factors<'_, Number, u8>],
            out: &mut [Number],
            epilogue: Epilogue<Number>,
        ) {
            let columns = factors[0].1.columns();
            let mut lists: [_; LISTS] = from_fn(|_| List::new());
            let mut j = 0;
            while j < columns {
                lists.iter_mut().for_each(List::clear);
                let vectors = ((columns - j) / LANES).min(LISTS);
                if vectors == 0 {
                    // All rows of a part of a vector are taken.
                    for (_, b) in factors {
                        lists[0].push(b.rows());
                        lists[0].note((0..b.rows()).step_by(1), |_| true);
                    }
                    let last = j..columns;
                    // SAFETY: these are the last columns, and the rows are all.
                    unsafe { combine_listed::<true>(scale, factors, &lists[0], last, out, epilogue) };
                    return;
                }
                // SAFETY: so many vectors begin at column j.
                unsafe { list_rows(factors, j, &mut lists[..vectors]) };
                for list in &lists[..vectors] {
                    let vector = j..j + LANES;
                    // SAFETY: these are some of the columns, and the rows are among them all.
                    unsafe { combine_listed::<false>(scale, factors, list, vector, out, epilogue) };
                    j += LANES;
                }
            }
        }

        /// Lists the rows of each pair that are not all zeros in a vector, behind their number, for the vectors from column j
        /// on.
        ///
        /// # Safety
        ///
        /// Every `b` has so many vectors of contiguous columns there.
        #[target_feature(enable = $features)]
        unsafe fn list_rows(
            factors: &[Factors<'_, Number, u8>],
            j: usize,
            lists: &mut [ListOfRows],
        ) {
            for (_, b) in factors {
                let begins: [_; LISTS] = from_fn(|v| lists.get(v).map_or(0, List::len));
                lists.iter_mut().for_each(|list| list.push(0));
                let from = b.data().as_ptr().wrapping_add(j);
                // SAFETY: every row has a vector for each list there, by the caller's word.
                unsafe { list::$note_rows::<LANES, _>(lists, from, b.row_step(), b.rows()) };
                for (list, begin) in lists.iter_mut().zip(begins) {
                    list.set(begin, list.len() - begin - 1);
                }
            }
        }

        /// One vector of columns, or a `PART` of one, of all rows of the result.
        ///
        /// # Safety
        ///
        /// The factors fit together and have these columns and the listed rows, each `a` is read transposed, and the result
        /// has as many columns as `b` and rows as `a`.
        #[target_feature(enable = $features)]
        unsafe fn combine_listed<const PART: bool>(
            scale: Number,
            factors: &[Factors<'_, Number, u8>],
            list: &ListOfRows,
            columns: Range<usize>,
            out: &mut [Number],
            epilogue: Epilogue<Number>,
        ) {
            // Without rows, there are numbers of them alone, and nothing is added.
            if list.len() == factors.len() && epilogue != Epilogue::Write(Write::Set) {
                return;
            }
            let (rows, step) = (factors[0].0.rows(), factors[0].1.columns());
            let list = list.places();
            let mut i = 0;
            while i < rows {
                let m = match rows - i {
                    COMBINED.. => COMBINED,
                    10 | 11 => 10,
                    8.. => 8,
                    4.. => 4,
                    2.. => 2,
                    _ => 1,
                };
                let out = out[i * step + columns.start..].as_mut_ptr();
                let columns = columns.clone();
                // SAFETY: rows i to i + m are inside the result, and the rest is the caller's.
                unsafe {
                    match m {
                        COMBINED => listed_block::<COMBINED, PART>(
                            scale, factors, list, i, columns, out, epilogue,
                        ),
                        10 => {
                            listed_block::<10, PART>(scale, factors, list, i, columns, out, epilogue)
                        }
                        8 => listed_block::<8, PART>(scale, factors, list, i, columns, out, epilogue),
                        4 => listed_block::<4, PART>(scale, factors, list, i, columns, out, epilogue),
                        2 => listed_block::<2, PART>(scale, factors, list, i, columns, out, epilogue),
                        _ => listed_block::<1, PART>(scale, factors, list, i, columns, out, epilogue),
                    }
                }
                i += m;
            }
        }

        /// The same of M rows of the result, from row i on, which begin at `out`.
        ///
        /// # Safety
        ///
        /// As for `combine_listed`, and there are such rows.
        #[target_feature(enable = $features)]
        unsafe fn listed_block<const M: usize, const PART: bool>(
            scale: Number,
            factors: &[Factors<'_, Number, u8>],
            mut list: &[u16],
            i: usize,
            columns: Range<usize>,
            out: *mut Number,
            epilogue: Epilogue<Number>,
        ) {
            let step = factors[0].1.columns();
            let len = columns.len();
            let mut sums = [[$zero(); 1]; M];
            let mut tree = tree!([[Vector; 1]; M]);
            for (number, (a, b)) in factors.iter().enumerate() {
                let (rows, rest) = list[1..].split_at(list[0].into());
                list = rest;
                let from_a = a.data().as_ptr().wrapping_add(i);
                let from_b = b.data().as_ptr().wrapping_add(columns.start);
                for &k in rows {
                    // SAFETY: there is a row k of `b` with these columns, and a column k of `a`, whose rows from i to i + M lie
                    // one after the other.
                    unsafe {
                        let row = load::<PART, u8>(from_b.add(usize::from(k) * b.row_step()), len);
                        let column = from_a.add(usize::from(k) * a.column_step());
                        for m in 0..M {
                            sums[m][0] = $fma($splat(*column.add(m)), row, sums[m][0]);
                        }
                    }
                }
                if factors.len() > 1 {
                    close_product!(
                        number of factors.len(), sums: M x 1, scale, tree, $zero, $splat, $mul, $fma
                    );
                }
            }
            let scale = if factors.len() > 1 { 1.0 } else { scale };
            // SAFETY: so many rows of results lie there, by the caller's word, each as long.
            unsafe { write_block::<M, 1, PART>(scale, sums, out, step, len, epilogue) };
        }

        /// Adds multiples of one row of bytes, or descends along them.
        ///
        /// # Safety
        ///
        /// `b` has one row, `a` one column, and the result as many rows as `a` and columns as `b`.
        #[target_feature(enable = $features)]
        unsafe fn multiples_of_bytes<const DESCEND: bool>(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, u8>,
            out: &mut [Number],
            rate: Number,
        ) {
            const VECTORS: usize = PART_OF_BYTES / LANES;
            let columns = b.columns();
            let mut numbers = [MaybeUninit::<Vector>::uninit(); VECTORS];
            let mut j = 0;
            while j < columns {
                let len = PART_OF_BYTES.min(columns - j);
                let whole = len / LANES * LANES;
                let rest = len - whole;
                let mut vectors = List::<VECTORS>::new();
                let from = b.data()[j..].as_ptr();
                // SAFETY: the row has a vector at each of these places.
                let some = |k| unsafe { any::<1>(from.add(k), 0) };
                vectors.note((0..whole).step_by(LANES), some);
                let vectors = vectors.places();
                for (number, &k) in numbers.iter_mut().zip(vectors) {
                    // SAFETY: as above.
                    number.write(unsafe { u8::load(from.add(k.into())) });
                }
                for i in 0..a.rows() {
                    // SAFETY: the row has such a part, and the result has it in row i; as many numbers were written as there
                    // are places.
                    unsafe {
                        let factor = $splat(scale * a.get_unchecked(i, 0));
                        let to = out.as_mut_ptr().add(i * columns + j);
                        for (x, &k) in numbers.iter().zip(vectors) {
                            let to = to.add(k.into());
                            let (x, old) = (x.assume_init(), Number::load(to));
                            let new = if DESCEND {
                                descend(rate, factor, x, old)
                            } else {
                                $fma(factor, x, old)
                            };
                            $store(to, new);
                        }
                        if rest > 0 {
                            let x = u8::load_part(from.add(whole), rest);
                            let to = to.add(whole);
                            let old = Number::load_part(to, rest);
                            let new = if DESCEND {
                                descend(rate, factor, x, old)
                            } else {
                                $fma(factor, x, old)
                            };
                            store_part(to, rest, new);
                        }
                    }
                }
                j += len;
            }
        }
    };
}
