//! Addresses of packages.

use crate::ascii;
use qth_protocol::ota::URL_MAX;

/// It is no address of the form `http://host[:port]/path` or `https://…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadUrl;

/// An address, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// TLS.
    pub secure: bool,
    /// Host name or address; an IPv6 address without its brackets.
    pub host: &'a str,
    /// Port; the scheme's own if none is named.
    pub port: u16,
    /// Path and query, from the first `/` or `?` on; may be empty.
    pub path: &'a str,
}

impl<'a> Url<'a> {
    /// Takes an address apart. Characters that can't be sent in a request, and user names, are refused.
    ///
    /// # Errors
    /// This is not an address, or it is longer than [`URL_MAX`].
    pub fn parse(url: &'a str) -> Result<Self, BadUrl> {
        let is_plain = |byte: u8| byte.is_ascii_graphic();
        if url.len() > URL_MAX || !url.bytes().all(is_plain) {
            return Err(BadUrl);
        }
        let (scheme, rest) = ascii::scheme(url).ok_or(BadUrl)?;
        let secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ => return Err(BadUrl),
        };
        let rest = ascii::before(rest, |byte| byte == b'#');
        let authority = ascii::before(rest, |byte| byte == b'/' || byte == b'?');
        let path = rest.get(authority.len()..).ok_or(BadUrl)?;
        let (host, port) = ascii::authority(authority, if secure { 443 } else { 80 }).ok_or(BadUrl)?;
        if host.bytes().any(|byte| matches!(byte, b'@' | b'[' | b']')) {
            return Err(BadUrl);
        }
        Ok(Self { secure, host, port, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let url = |secure, host, port, path| Ok(Url { secure, host, port, path });
        assert_eq!(Url::parse("http://a.example/f.bin"), url(false, "a.example", 80, "/f.bin"));
        assert_eq!(Url::parse("HTTPS://a.example"), url(true, "a.example", 443, ""));
        assert_eq!(Url::parse("http://127.0.0.1:8080/d/x?y=1#z"), url(false, "127.0.0.1", 8080, "/d/x?y=1"));
        assert_eq!(Url::parse("http://a?b"), url(false, "a", 80, "?b"));
        assert_eq!(Url::parse("http://[2001:db8::1]/f"), url(false, "2001:db8::1", 80, "/f"));
        assert_eq!(Url::parse("http://[::1]:8080/f"), url(false, "::1", 8080, "/f"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("http://a/{}", "x".repeat(URL_MAX));
        for url in [
            "",
            "a",
            "ftp://a/",
            "http://",
            "http:///x",
            "http://a:0/",
            "http://a:99999/",
            "http://a b/",
            "http://u@a/",
            "http://[::1/",
            "http://[a]/",
            "http://[::1]x/",
            "http://::1/",
            "http://a/\r\nX: y",
            &long,
        ] {
            assert_eq!(Url::parse(url), Err(BadUrl), "{url}");
        }
    }
}
