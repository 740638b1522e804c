//! Encrypted sessions: every frame under the session key (wire protocol, section 1).
#![forbid(unsafe_code)]

use super::cipher::{self, BLOCK};
use super::BufferFull;

pub use super::cipher::Undecryptable;

/// The key that the Center gave for one connection (command 0x00B4, TTLV id 6).
#[derive(Clone)]
pub struct SessionKey {
    key: [u8; BLOCK],
    vector: [u8; BLOCK],
}

impl SessionKey {
    /// Most bytes that encrypting adds to a frame.
    pub const PADDING: usize = BLOCK;

    /// A session under this key.
    #[must_use]
    pub fn new(key: [u8; 16]) -> Self {
        Self { key, vector: cipher::initial_vector(&key) }
    }

    /// Encrypts the first `len` bytes of `buf` in place; returns the new length: up to the next whole 16 bytes, at least one more.
    ///
    /// # Errors
    /// `buf` has no room for the padding.
    pub fn encrypt(&self, buf: &mut [u8], len: usize) -> Result<usize, BufferFull> {
        cipher::encrypt(&self.key, &self.vector, buf, len)
    }

    /// Decrypts a received message in place; returns the plain part.
    ///
    /// # Errors
    /// The message is not whole blocks, or its padding is wrong: most often it was encrypted under another key.
    #[inline(never)]
    pub fn decrypt<'a>(&self, buf: &'a mut [u8]) -> Result<&'a mut [u8], Undecryptable> {
        let len = cipher::decrypt(&self.key, &self.vector, buf)?;
        buf.get_mut(..len).ok_or(Undecryptable)
    }
}

impl core::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SessionKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_decrypts_to_the_same() {
        let key = SessionKey::new(*b"0123456789abcdef");
        for len in 0..100 {
            let plain: Vec<u8> = (0..len).map(|n| n as u8).collect();
            let mut buf = [0; 128];
            buf[..len].copy_from_slice(&plain);
            let sent = key.encrypt(&mut buf, len).unwrap();
            assert_eq!(sent, (len / 16 + 1) * 16);
            assert_eq!(key.decrypt(&mut buf[..sent]).unwrap(), plain);
        }
    }

    #[test]
    fn a_buffer_without_room_for_the_padding_is_refused() {
        let key = SessionKey::new([7; 16]);
        assert_eq!(key.encrypt(&mut [0; 31], 16), Err(BufferFull));
        assert_eq!(key.encrypt(&mut [0; 15], 16), Err(BufferFull));
        assert_eq!(key.encrypt(&mut [0; 32], 16), Ok(32));
    }

    #[test]
    fn broken_messages_are_refused() {
        let key = SessionKey::new([7; 16]);
        for len in [0, 1, 15, 16, 17, 32] {
            assert_eq!(key.decrypt(&mut vec![0; len]), Err(Undecryptable), "{len} bytes");
        }
    }

    #[test]
    fn the_key_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", SessionKey::new([7; 16])), "SessionKey");
    }
}
