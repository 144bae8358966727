//! PNG files of every kind, and their alterations.

use std::io::Read;

use super::random::Random;
use crate::png::{Chunk, assemble, deflate, header, rows};

/// All chunk types that the decoder knows, and two that it does not know.
const TYPES: [&[u8; 4]; 23] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sBIT", b"pHYs", b"gAMA", b"acTL", b"fcTL",
    b"fdAT", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"eXIf", b"iCCP", b"tEXt",
    b"zTXt", b"neXt", b"NEXT",
];

/// Rows with random filters and samples; every other row is nearly empty.
fn random_rows(header: &[u8], random: &mut Random) -> Vec<u8> {
    let filters = random.bytes(1_000);
    let mut filters = filters.iter().cycle();
    rows(
        header,
        || filters.next().map_or(0, |filter| filter % 5),
        |y, _| match y % 2 {
            0 => [0; 4],
            _ => std::array::from_fn(|_| random.below(1 << 16) as u16),
        },
    )
}

/// Creates an ancillary chunk.
fn extra(kind: &[u8; 4], header: &[u8], random: &mut Random) -> Chunk {
    let text = deflate(&b"profile or text"[..]);
    let data = match kind {
        b"PLTE" => random.bytes(3 * 16),
        b"tRNS" => match header[9] {
            0 => vec![0, 1],
            2 => vec![0, 1, 0, 2, 0, 3],
            _ => random.bytes(5),
        },
        b"sBIT" => vec![1; [1, 0, 3, 3, 2, 0, 4][usize::from(header[9])]],
        b"pHYs" => random.bytes(9),
        b"gAMA" => vec![0, 0, 0x8f, 0xff],
        b"cHRM" => random.bytes(32),
        b"sRGB" => vec![0],
        b"cICP" => vec![1, 13, 0, 1],
        b"mDCV" => random.bytes(24),
        b"cLLI" => random.bytes(8),
        b"bKGD" => vec![0; [2, 0, 6, 1, 2, 0, 6][usize::from(header[9])]],
        b"eXIf" => b"MM\0\x2a\0\0\0\x08\0\0".to_vec(),
        b"iCCP" | b"zTXt" => [b"name\0\0", &text[..]].concat(),
        b"tEXt" => b"name\0text".to_vec(),
        b"acTL" => [2_u32.to_be_bytes(), 0_u32.to_be_bytes()].concat(),
        _ => random.bytes(8),
    };
    (*kind, data)
}

/// Creates the frame control chunk of a frame as large as the image.
fn frame(number: u32, header: &[u8]) -> Chunk {
    let place = [0; 8];
    let rest = [0, 1, 0, 1, 0, 0];
    let data = [&number.to_be_bytes(), &header[..8], &place, &rest].concat();
    (*b"fcTL", data)
}

/// Images of every colour type and depth, as chunks, with all kinds of ancillary chunks.
pub(super) fn originals(random: &mut Random) -> Vec<Vec<Chunk>> {
    let mut files = Vec::new();
    for (color, depths) in [
        (0, &[1, 2, 4, 8, 16][..]),
        (2, &[8, 16]),
        (3, &[1, 2, 4, 8]),
        (4, &[8, 16]),
        (6, &[8, 16]),
    ] {
        for (&depth, interlaced) in depths
            .iter()
            .flat_map(|depth| [(depth, false), (depth, true)])
        {
            let (width, height) = (1 + random.below(40) as u32, 1 + random.below(40) as u32);
            let header = header(width, height, depth, color, interlaced);
            let mut file = vec![header.clone()];
            let header = &header.1;
            for kind in &TYPES[11..18] {
                if random.once_in(4) {
                    file.push(extra(kind, header, random));
                }
            }
            if color == 3 {
                file.push(extra(b"PLTE", header, random));
            }
            if matches!(color, 0 | 2 | 3) && random.once_in(2) {
                file.push(extra(b"tRNS", header, random));
            }
            for kind in [b"iCCP", b"tEXt", b"zTXt", b"pHYs"] {
                if random.once_in(4) {
                    file.push(extra(kind, header, random));
                }
            }
            let animated = random.once_in(3);
            if animated {
                file.push(extra(b"acTL", header, random));
                file.push(frame(0, header));
            }
            let packed = deflate(&random_rows(header, random)[..]);
            let (begin, end) = packed.split_at(random.below(packed.len()));
            file.push((*b"IDAT", begin.to_vec()));
            file.push((*b"IDAT", end.to_vec()));
            if animated {
                file.push(frame(1, header));
                let number = 2_u32.to_be_bytes();
                file.push((*b"fdAT", [&number, &packed[..]].concat()));
            }
            file.push((*b"IEND", vec![]));
            files.push(file);
        }
    }
    files
}

/// Returns an alteration of one of the files.
pub(super) fn alter(originals: &[Vec<Chunk>], random: &mut Random) -> Vec<u8> {
    let mut chunks = random.pick(originals).clone();
    for _ in 0..random.below(4) {
        alter_chunks(&mut chunks, originals, random);
    }
    let mut file = assemble(&chunks);
    match random.below(8) {
        0 => random.alter(&mut file),
        1 => file.truncate(random.below(file.len())),
        2 => {
            let other: &Vec<Chunk> = random.pick(originals);
            file = random.splice(&file, &assemble(other));
        }
        // A wrong chunk length.
        3 => {
            let before = random.below(chunks.len());
            let place = assemble(&chunks[..before]).len();
            if let Some(length) = file.get_mut(place..place + 4) {
                length.copy_from_slice(&random.extreme().to_be_bytes());
            }
        }
        _ => {}
    }
    file
}

/// Alters the chunks. Their lengths and checksums will be correct.
fn alter_chunks(chunks: &mut Vec<Chunk>, originals: &[Vec<Chunk>], random: &mut Random) {
    if chunks.is_empty() {
        return;
    }
    let place = random.below(chunks.len());
    match random.below(10) {
        0 => drop(chunks.remove(place)),
        1 => chunks.insert(place, chunks[place].clone()),
        2 => {
            let other = random.below(chunks.len());
            chunks.swap(place, other);
        }
        3 => chunks[place].0 = **random.pick(&TYPES),
        4 => {
            let other: &Vec<Chunk> = random.pick(originals);
            chunks.insert(place, random.pick(other).clone());
        }
        5 => {
            let kind = **random.pick(&TYPES);
            let header = originals[0][0].1.clone();
            chunks.insert(place, extra(&kind, &header, random));
        }
        // A header with other claims.
        6 => {
            let header = &mut chunks[0].1;
            if header.len() == 13 {
                match random.below(5) {
                    field @ (0 | 1) => {
                        header[4 * field..][..4].copy_from_slice(&random.extreme().to_be_bytes());
                    }
                    2 => header[8] = *random.pick(&[0, 1, 2, 3, 4, 8, 16, 32, 255]),
                    3 => header[9] = *random.pick(&[0, 1, 2, 3, 4, 5, 6, 7, 255]),
                    _ => header[10 + random.below(3)] = *random.pick(&[0, 1, 2, 255]),
                }
            }
        }
        // Rows that are too short, too long, or have an invalid filter.
        7 => {
            let mut rows = random.bytes(4);
            rows[0] %= 7;
            rows.resize(random.below(3_000), rows[0]);
            chunks[place] = (*b"IDAT", deflate(&rows[..]));
        }
        8 => {
            let data = &mut chunks[place].1;
            if data.len() >= 4 {
                let at = random.below(data.len() - 3);
                data[at..][..4].copy_from_slice(&random.extreme().to_be_bytes());
            }
        }
        _ => random.alter(&mut chunks[place].1),
    }
}

/// Small files that decompress to large ones, with their names.
pub(super) fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let zeros = |count| deflate(std::io::repeat(0).take(count));
    let end = || (*b"IEND", vec![]);
    let small = header(1, 1, 8, 0, false);
    let dot = || (*b"IDAT", deflate(&[0, 7][..]));
    let large = zeros(64 << 20);
    let text = [b"name\0\0", &large[..]].concat();
    let side = mnist_core::data::MAX_PNG_SIDE;
    let bytes = u64::from(side) * (u64::from(side) * 8 + 1);
    let image = |header: Chunk, data: Vec<u8>| vec![header, (*b"IDAT", data), end()];
    let beside = |kind: &[u8; 4], data: Vec<u8>| vec![small.clone(), (*kind, data), dot(), end()];
    let files = [
        (
            "rows",
            image(header(side, side, 16, 6, false), zeros(bytes)),
        ),
        (
            "passes",
            image(header(side, side, 16, 6, true), zeros(bytes + (1 << 20))),
        ),
        (
            "rows that are too many",
            image(small.clone(), large.clone()),
        ),
        ("a colour profile", beside(b"iCCP", text.clone())),
        ("a text", beside(b"zTXt", text.clone())),
        (
            "an international text",
            beside(b"iTXt", [b"name\0\x01\0\0\0", &large[..]].concat()),
        ),
        ("a long text", beside(b"tEXt", vec![b'a'; 32 << 20])),
        ("camera settings", beside(b"eXIf", vec![0; 7 << 20])),
        (
            "too many camera settings",
            beside(b"eXIf", vec![0; 32 << 20]),
        ),
    ];
    files.map(|(name, chunks)| (name, assemble(&chunks))).into()
}
