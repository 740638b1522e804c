//! Products: a class of devices, named by its product key.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest product key that a Center takes, in characters.
pub const MAX_KEY: usize = 32;
/// The shortest product secret: its first 16 bytes are the AES key of a first authentication (wire protocol, section 1).
pub const MIN_SECRET: usize = 16;

/// A product; the secret is left out of every list and log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Product key (PK).
    pub key: String,
    /// Product secret (PS).
    #[serde(skip_serializing, default)]
    pub secret: String,
    /// Name for people.
    pub name: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// Why a product is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ProductError {
    /// The key has characters that a topic or a password can't carry, or a wrong length.
    #[error("a product key is 1 to {MAX_KEY} letters and digits")]
    Key,
    /// The secret is too short, or can't be part of the sign text.
    #[error("a product secret is at least {MIN_SECRET} printable characters without spaces and ';'")]
    Secret,
    /// The name is empty or too long.
    #[error("a product name is 1 to 100 characters")]
    Name,
}

impl Product {
    /// Checks key, secret and name.
    pub fn check(&self) -> Result<(), ProductError> {
        if self.key.is_empty() || self.key.len() > MAX_KEY || !self.key.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(ProductError::Key);
        }
        if self.secret.len() < MIN_SECRET || !self.secret.bytes().all(|b| b.is_ascii_graphic() && b != b';') {
            return Err(ProductError::Secret);
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 100 {
            return Err(ProductError::Name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(key: &str, secret: &str) -> Product {
        Product { key: key.into(), secret: secret.into(), name: "Lamp".into(), created_at: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn the_seeds_product_is_accepted() {
        assert_eq!(product("p111xt", "V2VUei9ZVWt2SnpL").check(), Ok(()));
    }

    #[test]
    fn a_key_that_would_break_a_topic_is_refused() {
        for key in ["", "p/1", "p+", "p#", "p;1"] {
            assert_eq!(product(key, "V2VUei9ZVWt2SnpL").check(), Err(ProductError::Key), "{key}");
        }
    }

    #[test]
    fn a_secret_too_short_for_its_cipher_is_refused() {
        assert_eq!(product("p111xt", "V2VUei9ZVWt2Snp").check(), Err(ProductError::Secret));
    }
}
