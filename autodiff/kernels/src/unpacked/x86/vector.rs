//! Loads and stores of vectors, whole or in part, and slices at a fixed distance.

/// The items for one precision and one instruction set.
macro_rules! vector {
    (
        $features:literal,
        bytes: |$bytes:ident| $load_bytes:expr,
        sums_of_4: |$a:ident, $b:ident, $c:ident, $d:ident| $sums:expr,
        load_part: |$from:ident, $from_len:ident| $load_part:expr,
        store_part: |$to:ident, $to_len:ident, $part:ident| $store_part:expr
    ) => {
        /// An element of a factor: a number, or a byte, which is converted to a number when it is loaded.
        pub(in crate::unpacked) trait Load: Copy {
            /// Loads a vector.
            ///
            /// # Safety
            ///
            /// A vector's elements can be read at `from`, and the processor has these instructions.
            unsafe fn load(from: *const Self) -> Vector;

            /// Loads `len` elements, and fills the rest of the vector with zeros.
            ///
            /// # Safety
            ///
            /// `len` elements can be read at `from`, `len` is at most `LANES`, and the processor has these
            /// instructions.
            unsafe fn load_part(from: *const Self, len: usize) -> Vector;
        }

        impl Load for Number {
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn load(from: *const Number) -> Vector {
                // SAFETY: the caller vouches for the elements.
                unsafe { loadu(from) }
            }

            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn load_part($from: *const Number, $from_len: usize) -> Vector {
                debug_assert!($from_len <= LANES);
                // SAFETY: the caller vouches for the elements, and the others are masked.
                unsafe { $load_part }
            }
        }

        impl Load for u8 {
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn load($bytes: *const u8) -> Vector {
                // SAFETY: the caller vouches for the bytes.
                unsafe { $load_bytes }
            }

            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn load_part(from: *const u8, len: usize) -> Vector {
                debug_assert!(len <= LANES);
                let mut part = [0_u8; LANES];
                // SAFETY: the caller vouches for the bytes, and the array has room for them; all of it is then loaded.
                unsafe {
                    part.as_mut_ptr()
                        .copy_from_nonoverlapping(from, len.min(LANES));
                    u8::load(part.as_ptr())
                }
            }
        }

        /// Loads a vector or, if it is a `PART`, its first `len` elements.
        ///
        /// # Safety
        ///
        /// These elements can be read at `from`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load<const PART: bool, E: Load>(from: *const E, len: usize) -> Vector {
            // SAFETY: the caller vouches for the elements.
            unsafe {
                if PART {
                    E::load_part(from, len)
                } else {
                    E::load(from)
                }
            }
        }

        /// Stores a vector or, if it is a `PART`, its first `len` elements.
        ///
        /// # Safety
        ///
        /// These elements can be written at `to`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store<const PART: bool>(to: *mut Number, len: usize, vector: Vector) {
            // SAFETY: the caller vouches for the elements.
            unsafe {
                if PART {
                    store_part(to, len, vector);
                } else {
                    storeu(to, vector);
                }
            }
        }

        /// Stores the first `len` elements of a vector.
        ///
        /// # Safety
        ///
        /// `len` elements can be written at `to`, and `len` is at most `LANES`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store_part($to: *mut Number, $to_len: usize, $part: Vector) {
            debug_assert!($to_len <= LANES);
            // SAFETY: the caller vouches for the elements, and the others are masked.
            unsafe { $store_part }
        }

        /// The horizontal sums of four vectors.
        #[inline]
        #[target_feature(enable = $features)]
        fn sums_of_4([$a, $b, $c, $d]: [Vector; 4]) -> Four {
            $sums
        }

        /// Slices of `len` elements that begin `step` elements apart.
        #[derive(Clone, Copy)]
        pub(in crate::unpacked) struct Slices<E> {
            from: *const E,
            step: usize,
            len: usize,
        }

        impl<E> Slices<E> {
            /// A part of the slices of `step` elements in `data`, from slice `number` on.
            fn new(data: &[E], number: usize, step: usize, part: &Range<usize>) -> Self {
                Slices {
                    from: data[number * step + part.start..].as_ptr(),
                    step,
                    len: part.len(),
                }
            }
        }

        /// Prefetches the cache line at an address, which need not be valid.
        #[inline]
        fn prefetch_line(at: *const u8) {
            // SAFETY: every processor has this instruction, and it is only a hint.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
        }

        /// Divides a product of more than [`MAX_SEQUENTIAL_TERMS`] terms into runs of [`TERMS_PER_RUN`] terms.
        fn runs<'a, B: Copy>(
            a: Matrix<'a, Number>,
            b: Matrix<'a, B>,
        ) -> impl Iterator<Item = Factors<'a, Number, B>> {
            let terms = a.columns();
            (0..terms).step_by(TERMS_PER_RUN).map(move |k| {
                let run = k..terms.min(k + TERMS_PER_RUN);
                (a.some_columns(run.clone()), b.some_rows(run))
            })
        }
    };
}
