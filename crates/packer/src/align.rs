//! Which part of the new image was which of the old one.

use crate::Error;

/// Bytes of the old image that came, more or less changed, into the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cover {
    /// First byte in the old image.
    pub old: u32,
    /// First byte in the new image.
    pub new: u32,
    /// How many.
    pub length: u32,
}

/// The covers that bsdiff finds, in the order of the new image.
pub(crate) fn align(old: &[u8], new: &[u8]) -> Result<Vec<Cover>, Error> {
    let mut patch = Vec::new();
    bsdiff::diff(old, new, &mut patch).map_err(|_| Error::Encoder)?;
    // Its stream: bytes that are added to old ones, bytes that are new, how far to move in the old image; then the bytes.
    let mut covers = Vec::new();
    let (mut at, mut from, mut to) = (0usize, 0i64, 0i64);
    while let Some(control) = patch.get(at..at + 24) {
        let number = |place: usize| {
            let bytes: [u8; 8] = control[place..place + 8].try_into().unwrap_or_default();
            // The sign is a bit of its own.
            let size = (u64::from_le_bytes(bytes) & (u64::MAX >> 1)) as i64;
            if bytes[7] & 0x80 == 0 {
                size
            } else {
                -size
            }
        };
        let (added, new_bytes, moved) = (number(0), number(8), number(16));
        if added > 0 {
            covers.push(Cover { old: from as u32, new: to as u32, length: added as u32 });
        }
        from += added + moved;
        to += added + new_bytes;
        at += 24 + (added + new_bytes) as usize;
    }
    Ok(covers)
}
