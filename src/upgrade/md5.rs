//! MD5 (RFC 1321), as a loop: an eighth of the code that the unrolled ones of libraries take. It guards against damage,
//! not against attackers: that is SHA-256's part.

/// Its 64 constants: the integer part of 2^32 times |sin(n)|, n from 1 on.
const SINES: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af,
    0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa,
    0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
    0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97,
    0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
    0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
];

/// How far each of four steps rotates, by round.
const ROTATIONS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// A digest in the making.
pub struct Md5 {
    state: [u32; 4],
    block: [u8; 64],
    /// Bytes so far, those in the block included.
    length: u64,
}

impl Md5 {
    /// Of no bytes yet.
    pub const fn new() -> Self {
        Self { state: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476], block: [0; 64], length: 0 }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let filled = self.filled();
            if let Some(place) = self.block.get_mut(filled) {
                *place = *byte;
            }
            self.length = self.length.wrapping_add(1);
            if self.filled() == 0 {
                self.compress();
            }
        }
    }

    /// The digest. No bytes may be added after that.
    pub fn finish(&mut self) -> [u8; 16] {
        let bits = self.length.wrapping_mul(8).to_le_bytes();
        self.update(&[0x80]);
        while self.filled() != 56 {
            self.update(&[0]);
        }
        self.update(&bits);
        let mut digest = [0; 16];
        let (words, _) = digest.as_chunks_mut();
        for (to, word) in words.iter_mut().zip(self.state) {
            *to = word.to_le_bytes();
        }
        digest
    }

    /// Bytes in the block.
    fn filled(&self) -> usize {
        self.length as usize % 64
    }

    /// Takes the whole block into the state.
    fn compress(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.state;
        for (step, sine) in SINES.iter().enumerate() {
            let (mixed, word) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), step.wrapping_mul(5).wrapping_add(1)),
                2 => (b ^ c ^ d, step.wrapping_mul(3).wrapping_add(5)),
                _ => (c ^ (b | !d), step.wrapping_mul(7)),
            };
            let (words, _) = self.block.as_chunks::<4>();
            let word = words.get(word % 16).map_or(0, |word| u32::from_le_bytes(*word));
            let rotation = ROTATIONS.get(step / 16).and_then(|round| round.get(step % 4)).map_or(0, |rotation| *rotation);
            let sum = a.wrapping_add(mixed).wrapping_add(word).wrapping_add(*sine);
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(rotation)));
        }
        for (word, add) in self.state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(add);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::Digest;

    #[test]
    fn digests_are_those_of_the_rfc() {
        let digest = |text: &str| {
            let mut md5 = Md5::new();
            md5.update(text.as_bytes());
            u128::from_be_bytes(md5.finish())
        };
        assert_eq!(digest(""), 0xd41d8cd98f00b204e9800998ecf8427e);
        assert_eq!(digest("abc"), 0x900150983cd24fb0d6963f7d28e17f72);
        assert_eq!(digest("message digest"), 0xf96b697d7cb7938d525a2f31aaf161d0);
    }

    #[test]
    fn digests_are_those_of_another_implementation_at_every_length() {
        let bytes: Vec<u8> = (0..300_u32).map(|n| (n * n % 251) as u8).collect();
        for length in 0..bytes.len() {
            let (first, second) = bytes[..length].split_at(length / 3);
            let mut md5 = Md5::new();
            md5.update(first);
            md5.update(second);
            assert_eq!(md5.finish(), <[u8; 16]>::from(md5::Md5::digest(&bytes[..length])), "{length} bytes");
        }
    }
}
