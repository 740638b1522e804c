//! AES-128-CBC with PKCS#7 padding, as the first password and encrypted sessions use it (wire protocol, section 1).
#![forbid(unsafe_code)]

use super::BufferFull;
use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use sha2::{Digest, Sha256};

/// Length of a key, a block and an initial vector.
pub const BLOCK: usize = 16;

/// The text can't be decrypted: it is not whole blocks, or its padding is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecryptable;

/// The initial vector that goes with a secret: the first half of its SHA-256.
pub fn initial_vector(secret: &[u8]) -> [u8; BLOCK] {
    let digest: [u8; 32] = Sha256::digest(secret).into();
    let mut vector = [0; BLOCK];
    vector.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    vector
}

/// Encrypts the first `len` bytes of `buf` in place; returns the length with padding.
pub fn encrypt(key: &[u8; BLOCK], vector: &[u8; BLOCK], buf: &mut [u8], len: usize) -> Result<usize, BufferFull> {
    // The library panics on a message longer than its buffer.
    if len > buf.len() {
        return Err(BufferFull);
    }
    let cipher = cbc::Encryptor::<Aes128>::new(key.into(), vector.into());
    cipher.encrypt_padded_mut::<Pkcs7>(buf, len).map(<[u8]>::len).map_err(|_| BufferFull)
}

/// Decrypts `buf` in place; returns the length of the text at its start.
pub fn decrypt(key: &[u8; BLOCK], vector: &[u8; BLOCK], buf: &mut [u8]) -> Result<usize, Undecryptable> {
    let cipher = cbc::Decryptor::<Aes128>::new(key.into(), vector.into());
    cipher.decrypt_padded_mut::<Pkcs7>(buf).map(<[u8]>::len).map_err(|_| Undecryptable)
}
