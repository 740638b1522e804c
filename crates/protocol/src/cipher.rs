//! AES-128-CBC with PKCS#7 padding, as the first password and encrypted sessions use it (wire protocol, section 1).
#![forbid(unsafe_code)]

use super::BufferFull;
use aes::Aes128;
use cbc::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use sha2::{Digest, Sha256};

/// Length of a key, a block and an initial vector.
pub(crate) const BLOCK: usize = 16;

/// The text can't be decrypted: it is not whole blocks, or its padding is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecryptable;

/// SHA-256 of these texts one behind the other.
pub(crate) fn sha256(texts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text);
    }
    hash.finalize().into()
}

/// The initial vector that goes with a secret: the first half of its SHA-256.
pub(crate) fn initial_vector(secret: &[u8]) -> [u8; BLOCK] {
    let digest = sha256(&[secret]);
    let mut vector = [0; BLOCK];
    vector.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    vector
}

/// Encrypts the first `len` bytes of `buf` in place; returns the length with padding.
pub(crate) fn encrypt(key: &[u8; BLOCK], vector: &[u8; BLOCK], buf: &mut [u8], len: usize) -> Result<usize, BufferFull> {
    let padding = BLOCK.saturating_sub(len % BLOCK);
    let padded = buf.get_mut(..len.saturating_add(padding)).ok_or(BufferFull)?;
    padded.get_mut(len..).ok_or(BufferFull)?.fill(padding as u8);
    let mut cipher = cbc::Encryptor::<Aes128>::new(key.into(), vector.into());
    for block in padded.chunks_exact_mut(BLOCK) {
        cipher.encrypt_block_mut(block.into());
    }
    Ok(padded.len())
}

/// Decrypts `buf` in place; returns the length of the text at its start.
pub(crate) fn decrypt(key: &[u8; BLOCK], vector: &[u8; BLOCK], buf: &mut [u8]) -> Result<usize, Undecryptable> {
    if !buf.len().is_multiple_of(BLOCK) {
        return Err(Undecryptable);
    }
    let mut cipher = cbc::Decryptor::<Aes128>::new(key.into(), vector.into());
    for block in buf.chunks_exact_mut(BLOCK) {
        cipher.decrypt_block_mut(block.into());
    }
    let padding = *buf.last().ok_or(Undecryptable)?;
    let length = buf.len().checked_sub(padding.into()).ok_or(Undecryptable)?;
    let is_padding = (1..=BLOCK).contains(&padding.into()) && buf.iter().skip(length).all(|byte| *byte == padding);
    is_padding.then_some(length).ok_or(Undecryptable)
}
