//! HTTP/1.1 as a download needs it: one GET for a range, the response's head, its body.

mod body;
mod head;

use super::url::Url;
use crate::ascii;
pub use body::{Body, Framing, Next};
pub use head::{Head, Line};
use heapless::String;

/// Longest validator (ETag or date) that is kept.
pub const VALIDATOR_MAX: usize = 48;

/// Longest request beside its address.
pub const REQUEST_BESIDE_URL: usize = 256;

/// A validator of a file's content: an ETag, or the date of its last change.
pub type Validator = String<VALIDATOR_MAX>;

/// Writes the request for the bytes `from` to `to`, both included; `None` when `out` is too small.
pub fn request(out: &mut [u8], url: &Url<'_>, from: u32, to: u32, validator: &str) -> Option<usize> {
    let mut head = Text { out, at: 0 };
    head.push("GET ")?;
    if !url.path.starts_with('/') {
        head.push("/")?;
    }
    head.push(url.path)?;
    head.push(" HTTP/1.1\r\nHost: ")?;
    let (before, behind) = if ascii::is_ipv6(url.host) { ("[", "]") } else { ("", "") };
    head.push(before)?;
    head.push(url.host)?;
    head.push(behind)?;
    if url.port != if url.secure { 443 } else { 80 } {
        head.push(":")?;
        head.number(u32::from(url.port))?;
    }
    head.push("\r\nUser-Agent: Qth/")?;
    head.push(env!("CARGO_PKG_VERSION"))?;
    head.push("\r\nAccept-Encoding: identity\r\nRange: bytes=")?;
    head.number(from)?;
    head.push("-")?;
    head.number(to)?;
    if !validator.is_empty() {
        head.push("\r\nIf-Range: ")?;
        head.push(validator)?;
    }
    head.push("\r\n\r\n")?;
    Some(head.at)
}

struct Text<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Text<'_> {
    fn push(&mut self, text: &str) -> Option<()> {
        let end = self.at.checked_add(text.len())?;
        self.out.get_mut(self.at..end)?.copy_from_slice(text.as_bytes());
        self.at = end;
        Some(())
    }

    fn number(&mut self, number: u32) -> Option<()> {
        let mut digits = String::<10>::new();
        let mut divisor = 1_000_000_000_u32;
        while divisor > 0 {
            let digit = number.checked_div(divisor)?.checked_rem(10)? as u8;
            if digit > 0 || divisor == 1 || !digits.is_empty() {
                digits.push(char::from(b'0'.checked_add(digit)?)).ok()?;
            }
            divisor /= 10;
        }
        self.push(&digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qth_protocol::ota::URL_MAX;

    #[test]
    fn a_request_asks_for_a_range_of_the_same_content() {
        let mut out = [0; 300];
        let url = Url::parse("http://h:8080/d/f.bin?x").unwrap();
        let length = request(&mut out, &url, 0, 1_000_000, "\"tag\"").unwrap();
        let text = core::str::from_utf8(&out[..length]).unwrap();
        assert!(text.starts_with("GET /d/f.bin?x HTTP/1.1\r\nHost: h:8080\r\n"), "{text}");
        assert!(text.contains("\r\nRange: bytes=0-1000000\r\nIf-Range: \"tag\"\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n"));
        let url = Url::parse("http://[::1]:8080/f").unwrap();
        let length = request(&mut out, &url, 0, 1, "").unwrap();
        assert!(out[..length].starts_with(b"GET /f HTTP/1.1\r\nHost: [::1]:8080\r\n"));
    }

    #[test]
    fn a_request_is_longer_than_its_address_by_a_known_number_of_bytes() {
        let text = format!("http://{}", "h".repeat(URL_MAX - 7));
        let url = Url { port: 65535, ..Url::parse(&text).unwrap() };
        let mut out = [0; URL_MAX + REQUEST_BESIDE_URL];
        assert!(request(&mut out, &url, u32::MAX - 1, u32::MAX, &"v".repeat(VALIDATOR_MAX)).is_some());
    }
}
