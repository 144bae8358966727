//! Gzip files, read like `gzip -d`: one or more members, then optional zeros.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The first two bytes of a member.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The maximum number of zeros after the last member. Tape archives are padded to whole blocks.
const MAX_PADDING: usize = 1 << 26;

/// Reads the concatenated contents of the members of a gzip file.
pub(super) struct Members<R> {
    /// `None` after the last member.
    member: Option<GzDecoder<R>>,
    has_garbage: bool,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            member: Some(GzDecoder::new(input)),
            has_garbage: false,
        }
    }

    /// Whether anything other than zeros follows the last member. Valid once the contents are read to the end.
    pub(super) fn has_garbage(&self) -> bool {
        self.has_garbage
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let rest = member.get_mut();
            if rest.fill_buf()?.first() == Some(&MAGIC[0]) {
                let next = self.member.take().map(GzDecoder::into_inner);
                self.member = next.map(GzDecoder::new);
            } else {
                self.has_garbage = !is_padding(rest)?;
                self.member = None;
            }
        }
        Ok(0)
    }
}

/// Whether the rest of the input is at most [`MAX_PADDING`] zeros.
fn is_padding(input: &mut impl BufRead) -> io::Result<bool> {
    let mut length = 0;
    loop {
        let bytes = input.fill_buf()?;
        length += bytes.len();
        match bytes.len() {
            0 => return Ok(true),
            _ if length > MAX_PADDING || bytes.iter().any(|&byte| byte != 0) => return Ok(false),
            read => input.consume(read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, ErrorKind};

    fn member(bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(bytes, flate2::Compression::fast())
            .read_to_end(&mut packed)
            .unwrap();
        packed
    }

    /// The contents, and whether garbage follows them.
    fn unpack(input: impl BufRead) -> io::Result<(Vec<u8>, bool)> {
        let mut members = Members::new(input);
        let mut contents = Vec::new();
        members.read_to_end(&mut contents)?;
        Ok((contents, members.has_garbage()))
    }

    #[test]
    fn members_are_concatenated_and_trailing_zeros_ignored() {
        let (one, two) = (member(b"one "), member(b"two"));
        for (file, contents, has_garbage) in [
            (one.clone(), "one ", false),
            ([&one[..], &two].concat(), "one two", false),
            ([&one[..], &member(b""), &two].concat(), "one two", false),
            ([&two[..], &[0]].concat(), "two", false),
            ([&one[..], &two, &[0; 10_000]].concat(), "one two", false),
            ([&two[..], b"text"].concat(), "two", true),
            ([&two[..], &[0; 10_000], b"text"].concat(), "two", true),
            // As for gzip, no member follows zeros.
            ([&one[..], &[0], &two].concat(), "one ", true),
        ] {
            let expected = (contents.as_bytes().to_vec(), has_garbage);
            assert_eq!(unpack(&file[..]).unwrap(), expected);
            // For any size of the reads.
            let slow = BufReader::with_capacity(1, &file[..]);
            assert_eq!(unpack(slow).unwrap(), expected);
        }
    }

    #[test]
    fn endless_zeros_are_not_read_to_their_end() {
        let packed = member(b"one");
        let zeros = |count| packed.chain(BufReader::new(io::repeat(0).take(count)));
        assert!(!unpack(zeros(MAX_PADDING as u64)).unwrap().1);
        assert!(unpack(zeros(u64::MAX)).unwrap().1);
    }

    #[test]
    fn a_damaged_member_is_an_error() {
        let (one, two) = (member(b"one"), member(b"two"));
        for len in 2..one.len() {
            let error = unpack(&one[..len]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "cut to {len}");
            assert!(unpack(&[&two[..], &one[..len]].concat()[..]).is_err());
        }
        let mut wrong = one;
        let checksum = wrong.len() - 8;
        wrong[checksum] ^= 1;
        assert!(unpack(&[&two[..], &wrong].concat()[..]).is_err());
    }
}
