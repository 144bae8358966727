//! Files of weights, and their alterations.

use super::chance::Chance;

/// Returns an alteration of the file.
pub(super) fn alter(original: &[u8], chance: &mut Chance) -> Vec<u8> {
    let length = u64::from_le_bytes(original[..8].try_into().unwrap()) as usize;
    let mut header = original[8..8 + length].to_vec();
    let mut data = original[8 + length..].to_vec();
    match chance.below(8) {
        0 | 1 => chance.alter(&mut header),
        // Another number in the header: a width, an extent or an offset.
        2 | 3 => {
            let digits = |&place: &usize| header[place].is_ascii_digit();
            let places: Vec<usize> = (0..header.len()).filter(digits).collect();
            let place = *chance.pick(&places);
            let number = chance.extreme().to_string().into_bytes();
            header.splice(place..=place, number);
        }
        // Other weights, including infinite ones.
        4 => {
            let place = chance.below(data.len() / 4) * 4;
            let weight = *chance.pick(&[f32::NAN, f32::INFINITY, f32::MAX, -0.0, 1e-45]);
            data[place..place + 4].copy_from_slice(&weight.to_le_bytes());
        }
        5 => chance.alter(&mut data),
        _ => {}
    }
    let mut told = header.len() as u64;
    if chance.once_in(8) {
        told = u64::from(chance.extreme()) << chance.below(33);
    }
    let mut file = [&told.to_le_bytes(), &header[..], &data].concat();
    match chance.below(8) {
        0 => chance.alter(&mut file),
        1 => file.truncate(chance.below(file.len())),
        2 => file = chance.splice(&file, original),
        _ => {}
    }
    file
}
