//! What becomes of a block of combinations: its product is added along the tree, and its sum is written.
//!
//! The sum of n products is that of the first 2ᵏ plus that of the rest, where 2ᵏ is the largest power of two below n. It is
//! formed as a binary counter counts: a finished product is added to the partial sums that were kept, as often as the number
//! of products can be halved.

/// Room for the partial sums of the tree, and how many there are.
macro_rules! tree {
    ($Sums:ty) => {
        ([const { MaybeUninit::<$Sums>::uninit() }; LEVELS], 0_usize)
    };
}

/// Adds a finished product, `scale` times the `sums` of a block, to the partial sums, and keeps the result, or leaves it in
/// `sums` if this is the last product.
///
/// It is a macro, since a function that returns vectors is not inlined.
macro_rules! close_product {
    ($number:ident of $count:expr, $sums:ident: $M:ident x $C:tt, $scale:expr, $tree:ident) => {
        for m in 0..$M {
            for c in 0..$C {
                $sums[m][c] = mul(splat($scale), $sums[m][c]);
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
            // SAFETY: the partial sums below their number were written.
            let kept = unsafe { $tree.0[$tree.1].assume_init_ref() };
            for m in 0..$M {
                for c in 0..$C {
                    $sums[m][c] = fmadd(splat(1.0), kept[m][c], $sums[m][c]);
                }
            }
        }
        if !is_last {
            $tree.0[$tree.1].write($sums);
            $tree.1 += 1;
            $sums = [[zero(); $C]; $M];
        }
    };
}

/// The items for one precision and one instruction set.
macro_rules! block {
    ($features:literal) => {
        /// The rows and columns of a sum of products.
        ///
        /// # Panics
        ///
        /// If they differ among the products, factors do not fit together, or there are none.
        fn extents<B: Load>(factors: &[Factors<'_, Number, B>]) -> (usize, usize) {
            let extents = (factors[0].0.rows(), factors[0].1.columns());
            for (a, b) in factors {
                assert!(a.columns() == b.rows() && a.lies_inside() && b.lies_inside());
                assert_eq!((a.rows(), b.columns()), extents);
            }
            extents
        }

        /// Applies the epilogue to `scale` times a block, in rows of the result that are `step` apart.
        ///
        /// # Safety
        ///
        /// `out` has M such rows, of C vectors each, or, if the block is a `PART` of one vector, of `len` elements.
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
            let scale = splat(scale);
            // All rows are loaded before any is stored: a load right after the store of a part of a vector stalls.
            for m in 0..M {
                for c in 0..C {
                    sums[m][c] = match epilogue {
                        Epilogue::Write(Write::Set) => mul(scale, sums[m][c]),
                        // SAFETY: the caller vouches for these rows and columns.
                        Epilogue::Write(Write::Add) => fmadd(scale, sums[m][c], unsafe {
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
            // A gradient that is formed by itself is added to zeros, which turns −0 into 0.
            let gradient = fmadd(factor, x, zero());
            fmadd(splat(-1.0), mul(splat(rate), gradient), from)
        }
    };
}
