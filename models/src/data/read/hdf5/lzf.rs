//! The filter LZF, which h5py offers and the HDF5 library does not have.
//!
//! A control byte below 32 is followed by as many bytes and one more, copied as they are. Any other
//! one says how far back bytes are that come again, and how many.

/// Its registered number.
pub(super) const NUMBER: u16 = 32000;

/// The bytes that were compressed; none where `data` is no LZF or more than `most` bytes come out.
pub(super) fn decompress(data: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = data.iter().copied();
    while let Some(control) = rest.next() {
        if control < 32 {
            for _ in 0..=control {
                out.push(rest.next()?);
            }
        } else {
            let mut length = usize::from(control >> 5) + 2;
            if length == 9 {
                length += usize::from(rest.next()?);
            }
            let back = (usize::from(control & 31) << 8) + usize::from(rest.next()?) + 1;
            let from = out.len().checked_sub(back)?;
            for at in from..from + length {
                out.push(*out.get(at)?);
            }
        }
        if out.len() > most {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::decompress;

    #[test]
    fn runs_and_repetitions() {
        let data = [2, b'a', b'b', b'c', 0b0010_0000, 2, 0b1110_0000, 1, 0];
        let out = decompress(&data, 100).expect("LZF");
        assert_eq!(out, b"abcabccccccccccc"[..].to_vec());
    }

    #[test]
    fn damage_is_noticed() {
        for data in [&[3, 1][..], &[0b0010_0000, 2], &[0, 1, 0b1110_0000]] {
            assert_eq!(decompress(data, 100), None);
        }
        assert_eq!(decompress(&[0, 1, 0b1110_0000, 255, 0], 100), None);
    }
}
