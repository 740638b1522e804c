//! Taking ASCII texts apart: addresses, header fields, versions.
//!
//! core's patterns know all of Unicode and cost a microcontroller kilobytes; what these texts are made of are bytes.
#![forbid(unsafe_code)]

/// What is before and behind the first `separator`, an ASCII character; `None` when it is not there.
#[must_use]
pub fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

/// Returns what is before the first byte that `is_end`, an ASCII character; all of it where there is no such byte.
pub fn before(text: &str, is_end: impl Fn(u8) -> bool) -> &str {
    let at = text.bytes().position(is_end);
    at.and_then(|at| text.get(..at)).unwrap_or(text)
}

/// A decimal number without sign.
#[must_use]
pub fn number(text: &str) -> Option<u32> {
    let mut number = 0_u32;
    for byte in text.bytes() {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number = number.checked_mul(10)?.checked_add(u32::from(digit))?;
    }
    Some(number).filter(|_| !text.is_empty())
}

/// Host and port of `host` or `host:port`, where an IPv6 address stands in brackets, which are left out; the port is not 0.
#[must_use]
pub fn authority(text: &str, default_port: u16) -> Option<(&str, u16)> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(text) => split_once(text, b']').filter(|(host, _)| is_ipv6(host))?,
        None => {
            let host = before(text, |byte| byte == b':');
            (host, text.get(host.len()..)?)
        }
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => u16::try_from(number(port)?).ok()?,
        None if rest.is_empty() => default_port,
        None => return None,
    };
    (!host.is_empty() && port != 0).then_some((host, port))
}

/// Returns whether this is an IPv6 address, in contrast to a name or an IPv4 address. What is malformed inside is found by
/// those who connect to it.
#[must_use]
pub fn is_ipv6(host: &str) -> bool {
    let is_of_address = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    host.bytes().any(|byte| byte == b':') && host.bytes().all(is_of_address)
}

/// Scheme and the rest of `scheme://rest`.
#[must_use]
pub fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = split_once(text, b':')?;
    Some((scheme, rest.strip_prefix("//")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_at_the_first_separator() {
        assert_eq!(split_once("a:b:c", b':'), Some(("a", "b:c")));
        assert_eq!(split_once(":", b':'), Some(("", "")));
        assert_eq!(split_once("ab", b':'), None);
        assert_eq!(before("ab#c?d", |byte| byte == b'?' || byte == b'#'), "ab");
        assert_eq!(before("äb", |byte| byte == b'#'), "äb");
    }

    #[test]
    fn a_number_is_digits_only_and_fits() {
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("4294967295"), Some(u32::MAX));
        for text in ["", "+1", "-1", "1 ", "4294967296", "a", "٣"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn an_authority_has_a_port_of_its_own_or_the_default_one() {
        assert_eq!(authority("host", 80), Some(("host", 80)));
        assert_eq!(authority("host:8080", 80), Some(("host", 8080)));
        assert_eq!(authority("[::1]", 80), Some(("::1", 80)));
        assert_eq!(authority("[::ffff:10.0.0.1]:81", 80), Some(("::ffff:10.0.0.1", 81)));
        for text in ["", ":80", "host:", "host:0", "host:65536", "a:b:1", "[]", "[::1", "[::1]80", "[host]:80", "::1"] {
            assert_eq!(authority(text, 80), None, "{text}");
        }
    }

    #[test]
    fn a_scheme_ends_with_two_slashes() {
        assert_eq!(scheme("http://a/b"), Some(("http", "a/b")));
        assert_eq!(scheme("http:/a"), None);
        assert_eq!(scheme("a"), None);
    }
}
