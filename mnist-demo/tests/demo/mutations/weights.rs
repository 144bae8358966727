//! Files of weights, and their alterations.

use super::random::Random;

/// Returns an alteration of the file.
pub(super) fn alter(original: &[u8], random: &mut Random) -> Vec<u8> {
    let length = u64::from_le_bytes(original[..8].try_into().unwrap()) as usize;
    let mut header = original[8..8 + length].to_vec();
    let mut data = original[8 + length..].to_vec();
    match random.below(8) {
        0 | 1 => random.alter(&mut header),
        // Another number in the header: a width, an extent or an offset.
        2 | 3 => {
            let digits = |&place: &usize| header[place].is_ascii_digit();
            let places: Vec<usize> = (0..header.len()).filter(digits).collect();
            let place = *random.pick(&places);
            let number = random.extreme().to_string().into_bytes();
            header.splice(place..=place, number);
        }
        // Other weights, including infinite ones.
        4 => {
            let place = random.below(data.len() / 4) * 4;
            let weight = *random.pick(&[f32::NAN, f32::INFINITY, f32::MAX, -0.0, 1e-45]);
            data[place..place + 4].copy_from_slice(&weight.to_le_bytes());
        }
        5 => random.alter(&mut data),
        _ => {}
    }
    let mut told = header.len() as u64;
    if random.once_in(8) {
        told = u64::from(random.extreme()) << random.below(33);
    }
    let mut file = [&told.to_le_bytes(), &header[..], &data].concat();
    match random.below(8) {
        0 => random.alter(&mut file),
        1 => file.truncate(random.below(file.len())),
        2 => file = random.splice(&file, original),
        _ => {}
    }
    file
}
