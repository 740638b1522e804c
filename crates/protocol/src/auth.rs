//! Client ids and passwords of CONNECT (wire protocol, section 1).
//!
//! On its first connection a device proves that it knows the product secret, on every later one that it also knows the
//! device secret that the Center gave it.
#![forbid(unsafe_code)]

use super::cipher::{self, BLOCK};
use super::BufferFull;
use base64ct::{Base64, Encoding};
use core::fmt;
use heapless::String;

/// Length of the random text in a password.
pub const RANDOM_LEN: usize = 16;
/// Longest product key and longest product secret.
pub const PRODUCT_MAX: usize = 32;
/// Longest device key.
pub const DK_MAX: usize = 16;
/// Longest MQTT client id: `qd`, product key, device key.
pub const CLIENT_ID_MAX: usize = 2 + PRODUCT_MAX + DK_MAX;
/// Longest password: `0;0000;`, product key, `;` and the encrypted body.
pub const PASSWORD_MAX: usize = 7 + PRODUCT_MAX + 1 + BODY_BASE64_MAX;

/// A SHA-256 in base 64.
const SIGN_LEN: usize = 44;
/// `DK;RAND;SIGN`
const BODY_MAX: usize = DK_MAX + 1 + RANDOM_LEN + 1 + SIGN_LEN;
const BODY_PADDED_MAX: usize = (BODY_MAX / BLOCK + 1) * BLOCK;
const BODY_BASE64_MAX: usize = BODY_PADDED_MAX.div_ceil(3) * 4;

const FIRST: &str = "0";
const LATER: &str = "1";
const PLAIN: &str = "0000";
const SESSION: &str = "0001";

/// A CONNECT password. A secret: it must not be logged.
pub type Password = String<PASSWORD_MAX>;

/// The MQTT client id of a device.
///
/// # Errors
/// A key is longer than its limit.
pub fn client_id(pk: &str, dk: &str) -> Result<String<CLIENT_ID_MAX>, BufferFull> {
    let mut id = String::new();
    for part in ["qd", pk, dk] {
        id.push_str(part).map_err(|_| BufferFull)?;
    }
    Ok(id)
}

/// Maps random bytes to the characters that a password's random text may have.
#[must_use]
pub fn random_text(bytes: [u8; RANDOM_LEN]) -> [u8; RANDOM_LEN] {
    bytes.map(|byte| match byte % 62 {
        digit @ 0..=9 => b'0'.wrapping_add(digit),
        upper @ 10..=35 => b'A'.wrapping_add(upper.wrapping_sub(10)),
        lower => b'a'.wrapping_add(lower.wrapping_sub(36)),
    })
}

/// The password of a first connection, when the device has no secret of its own yet. `random` is ASCII text, as
/// [`random_text`] makes it; `session` asks for an encrypted session.
///
/// # Errors
/// A key is longer than its limit, or `random` is no text.
pub fn first_password(pk: &str, ps: &str, dk: &str, random: &[u8; RANDOM_LEN], session: bool) -> Result<Password, BufferFull> {
    let random = core::str::from_utf8(random).map_err(|_| BufferFull)?;
    let mut text = String::<BODY_MAX>::new();
    join(&mut text, &[dk, ";", random, ";", sign(dk, ps, random).as_str()])?;

    let mut body = [0; BODY_PADDED_MAX];
    body.get_mut(..text.len()).ok_or(BufferFull)?.copy_from_slice(text.as_bytes());
    let len = cipher::encrypt(&body_key(ps), &cipher::initial_vector(ps.as_bytes()), &mut body, text.len())?;
    let mut base64 = [0; BODY_BASE64_MAX];
    let base64 = Base64::encode(body.get(..len).unwrap_or_default(), &mut base64).map_err(|_| BufferFull)?;

    let mut password = Password::new();
    join(&mut password, &[FIRST, ";", flag(session), ";", pk, ";", base64])?;
    Ok(password)
}

/// The password of every later connection, from the device secret. `random` and `session` as in [`first_password`].
///
/// # Errors
/// `random` is no text. The length is always the same, and fits.
pub fn later_password(ds: &str, ps: &str, random: &[u8; RANDOM_LEN], session: bool) -> Result<Password, BufferFull> {
    let random = core::str::from_utf8(random).map_err(|_| BufferFull)?;
    let mut password = Password::new();
    join(&mut password, &[LATER, ";", flag(session), ";", random, ";", sign(ds, ps, random).as_str()])?;
    Ok(password)
}

/// A received password, taken apart; nothing in it is proven yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credentials<'a> {
    /// Of a first connection: [`open_first`] checks it.
    First {
        /// Whether an encrypted session is asked for.
        session: bool,
        /// Product key, which tells whose secret opens the body.
        pk: &'a str,
        /// Encrypted proof.
        body: &'a str,
    },
    /// Of a later connection: [`check_later`] checks it.
    Later {
        /// Whether an encrypted session is asked for.
        session: bool,
        /// The device's random text.
        random: &'a str,
        /// The proof.
        sign: &'a str,
    },
}

/// What a first connection has proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstProof {
    /// The device key.
    pub dk: String<DK_MAX>,
}

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// It is not made of the parts that it should have.
    Malformed,
    /// Its flag is neither 0000 nor 0001.
    Flag,
    /// Its body can't be decrypted with the product's secret.
    Undecryptable,
    /// Its random text is not 16 letters and digits.
    Random,
    /// Its device key is empty or too long.
    DeviceKey,
    /// Its sign is wrong.
    Sign,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the password is not made of the parts that it should have",
            Self::Flag => "the password's flag is neither 0000 nor 0001",
            Self::Undecryptable => "the password cannot be decrypted with the product's secret",
            Self::Random => "the password's random text is not 16 letters and digits",
            Self::DeviceKey => "the password's device key is empty or too long",
            Self::Sign => "the password's sign is wrong",
        })
    }
}

impl core::error::Error for PasswordError {}

/// Takes a password apart.
///
/// # Errors
/// It has another form than both passwords of the protocol.
pub fn parse(password: &[u8]) -> Result<Credentials<'_>, PasswordError> {
    let text = core::str::from_utf8(password).map_err(|_| PasswordError::Malformed)?;
    let [kind, flag, third, fourth] = split(text)?;
    let session = match flag {
        PLAIN => false,
        SESSION => true,
        _ => return Err(PasswordError::Flag),
    };
    match kind {
        FIRST => Ok(Credentials::First { session, pk: third, body: fourth }),
        LATER if !is_random(third) => Err(PasswordError::Random),
        LATER => Ok(Credentials::Later { session, random: third, sign: fourth }),
        _ => Err(PasswordError::Malformed),
    }
}

/// Decrypts the body of a first password with the product's secret and checks its sign.
///
/// # Errors
/// The body was not made by somebody who knows the secret, or is not what a device sends.
pub fn open_first(body: &str, ps: &str) -> Result<FirstProof, PasswordError> {
    let mut buf = [0; BODY_PADDED_MAX];
    let len = Base64::decode(body, &mut buf).map_err(|_| PasswordError::Undecryptable)?.len();
    let cipher = buf.get_mut(..len).unwrap_or_default();
    let len = cipher::decrypt(&body_key(ps), &cipher::initial_vector(ps.as_bytes()), cipher)
        .map_err(|_| PasswordError::Undecryptable)?;
    let text = buf.get(..len).and_then(|text| core::str::from_utf8(text).ok()).ok_or(PasswordError::Undecryptable)?;
    let [dk, random, received] = split(text)?;
    if !is_random(random) {
        return Err(PasswordError::Random);
    }
    if !same(received, &sign(dk, ps, random)) {
        return Err(PasswordError::Sign);
    }
    if dk.is_empty() {
        return Err(PasswordError::DeviceKey);
    }
    Ok(FirstProof { dk: String::try_from(dk).map_err(|_| PasswordError::DeviceKey)? })
}

/// Whether the sign of a later password was made by somebody who knows both secrets.
#[must_use]
pub fn check_later(ds: &str, ps: &str, random: &str, received: &str) -> bool {
    same(received, &sign(ds, ps, random))
}

/// BASE64(SHA256("secret;ps;random"))
fn sign(secret: &str, ps: &str, random: &str) -> String<SIGN_LEN> {
    let digest = cipher::sha256(&[secret.as_bytes(), b";", ps.as_bytes(), b";", random.as_bytes()]);
    let mut base64 = [0; SIGN_LEN];
    // 32 bytes always are 44 characters, so that neither can fail.
    let base64 = Base64::encode(&digest, &mut base64).unwrap_or_default();
    String::try_from(base64).unwrap_or_default()
}

/// The key that encrypts a body: the product secret's first 16 bytes, filled up with zeros if there are fewer.
fn body_key(ps: &str) -> [u8; BLOCK] {
    let mut key = [0; BLOCK];
    key.iter_mut().zip(ps.bytes()).for_each(|(to, from)| *to = from);
    key
}

const fn flag(session: bool) -> &'static str {
    if session {
        SESSION
    } else {
        PLAIN
    }
}

fn is_random(text: &str) -> bool {
    text.len() == RANDOM_LEN && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Splits a text into exactly `N` parts at its semicolons.
fn split<const N: usize>(text: &str) -> Result<[&str; N], PasswordError> {
    let mut parts = [""; N];
    let mut rest = text.split(';');
    for part in &mut parts {
        *part = rest.next().ok_or(PasswordError::Malformed)?;
    }
    match rest.next() {
        None => Ok(parts),
        Some(_) => Err(PasswordError::Malformed),
    }
}

fn join<const N: usize>(text: &mut String<N>, parts: &[&str]) -> Result<(), BufferFull> {
    parts.iter().try_for_each(|part| text.push_str(part)).map_err(|_| BufferFull)
}

/// Compares in a time that does not tell where two texts differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && !a.is_empty() && a.bytes().zip(b.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const PK: &str = "p1115X";
    const PS: &str = "V2VUei9ZVWt2SnpL";
    const DK: &str = "866123456789012";
    const RANDOM: &[u8; RANDOM_LEN] = b"aQ7glPfXz5bDAxbD";

    /// The body of a first password.
    fn body(password: &str) -> &str {
        match parse(password.as_bytes()) {
            Ok(Credentials::First { body, .. }) => body,
            _ => panic!("no first password"),
        }
    }

    /// An encrypted body with any text in it.
    fn body_of(text: &str) -> std::string::String {
        let mut buf = [0; BODY_PADDED_MAX];
        buf[..text.len()].copy_from_slice(text.as_bytes());
        let len = cipher::encrypt(&body_key(PS), &cipher::initial_vector(PS.as_bytes()), &mut buf, text.len()).unwrap();
        let mut base64 = [0; BODY_BASE64_MAX];
        Base64::encode(&buf[..len], &mut base64).unwrap().to_owned()
    }

    #[test]
    fn a_first_password_proves_the_device_key_to_who_knows_the_secret() {
        let password = first_password(PK, PS, DK, RANDOM, false).unwrap();
        assert_eq!(open_first(body(&password), PS).unwrap().dk, DK);
    }

    #[test]
    fn a_first_password_made_with_another_secret_is_refused() {
        let password = first_password(PK, "c2VjcmV0c2VjcmV0", DK, RANDOM, false).unwrap();
        assert_eq!(open_first(body(&password), PS), Err(PasswordError::Undecryptable));
        // The same key, but not the same secret: only the first 16 characters encrypt.
        let longer = format!("{PS}more");
        let password = first_password(PK, &longer, DK, RANDOM, false).unwrap();
        assert!(open_first(body(&password), PS).is_err());
    }

    #[test]
    fn a_body_that_proves_nothing_is_refused() {
        let random = core::str::from_utf8(RANDOM).unwrap();
        let refused = |text: &str| open_first(&body_of(text), PS).unwrap_err();
        assert_eq!(refused(&format!("{DK};{random};{}", sign("other", PS, random))), PasswordError::Sign);
        assert_eq!(refused(&format!("{DK};{random};")), PasswordError::Sign);
        assert_eq!(refused(&format!("{DK};short;{}", sign(DK, PS, "short"))), PasswordError::Random);
        assert_eq!(refused(&format!(";{random};{}", sign("", PS, random))), PasswordError::DeviceKey);
        assert_eq!(refused(&format!("{DK}9;{random};{}", sign(DK, PS, random))), PasswordError::Sign);
        assert_eq!(refused(DK), PasswordError::Malformed);
        assert_eq!(open_first("no base 64", PS), Err(PasswordError::Undecryptable));
        assert_eq!(open_first("", PS), Err(PasswordError::Undecryptable));
        assert_eq!(open_first(&"A".repeat(1000), PS), Err(PasswordError::Undecryptable));
    }

    #[test]
    fn a_later_password_is_checked_against_both_secrets() {
        let password = later_password("device secret", PS, RANDOM, true).unwrap();
        let Ok(Credentials::Later { session: true, random, sign }) = parse(password.as_bytes()) else {
            panic!("no later password");
        };
        assert!(check_later("device secret", PS, random, sign));
        assert!(!check_later("other secret", PS, random, sign));
        assert!(!check_later("device secret", "other", random, sign));
        assert!(!check_later("device secret", PS, "0000000000000000", sign));
        assert!(!check_later("device secret", PS, random, ""));
    }

    #[test]
    fn passwords_of_another_form_are_refused() {
        let refused = |password: &[u8]| parse(password).err();
        for password in ["", "0", "0;0000;pk", "0;0000;pk;body;more", "2;0000;pk;body", "secret"] {
            assert_eq!(refused(password.as_bytes()), Some(PasswordError::Malformed), "{password}");
        }
        assert_eq!(refused(&[b'0', b';', 0xFF]), Some(PasswordError::Malformed));
        assert_eq!(refused(b"0;0002;pk;body"), Some(PasswordError::Flag));
        assert_eq!(refused(b"1;0000;tooshort;sign"), Some(PasswordError::Random));
        assert_eq!(refused(b"1;0000;0123456789abcde-;sign"), Some(PasswordError::Random));
    }

    #[test]
    fn the_longest_keys_fit_and_longer_ones_are_refused() {
        let (product, device) = ("p".repeat(PRODUCT_MAX), "d".repeat(DK_MAX));
        let password = first_password(&product, &product, &device, RANDOM, true).unwrap();
        assert_eq!(password.len(), PASSWORD_MAX);
        assert_eq!(open_first(body(&password), &product).unwrap().dk, device.as_str());
        assert_eq!(client_id(&product, &device).unwrap().len(), CLIENT_ID_MAX);

        assert_eq!(first_password(&format!("{product}p"), PS, &device, RANDOM, true), Err(BufferFull));
        assert_eq!(first_password(&product, PS, &format!("{device}d"), RANDOM, true), Err(BufferFull));
        assert_eq!(client_id(&product, &format!("{device}d")), Err(BufferFull));
    }

    #[test]
    fn random_text_is_letters_and_digits_and_can_be_all_of_them() {
        let mut seen = [false; 128];
        for byte in 0..=255 {
            let [character, ..] = random_text([byte; RANDOM_LEN]);
            assert!(character.is_ascii_alphanumeric());
            seen[usize::from(character)] = true;
        }
        assert_eq!(seen.iter().filter(|seen| **seen).count(), 62);
    }
}
