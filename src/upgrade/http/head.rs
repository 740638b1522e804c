//! A response's head, taken in line by line: it may be longer than any buffer.

use super::{Framing, Validator, VALIDATOR_MAX};
use crate::ascii;
use qth_protocol::ota::Failure;

/// What a line of a head means for the download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It was taken in; more lines follow.
    More,
    /// It names where to go, of a redirect: the value begins at this byte of the line and ends with it.
    Location(usize),
    /// The head is over.
    End,
}

/// What `Content-Length` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Length {
    #[default]
    Absent,
    Bytes(u32),
    Malformed,
}

/// Whether the connection lasts behind the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Lasting {
    /// As is usual for the version.
    #[default]
    Usual,
    Closes,
    Lasts,
}

/// What a validator was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Source {
    #[default]
    Nothing,
    Date,
    Tag,
}

/// What a response's head says.
#[derive(Debug, Default)]
pub struct Head {
    /// Status code; 0 before the first line.
    pub status: u16,
    /// First byte and size of the whole, where the response is a part.
    pub range: Option<(u32, Option<u32>)>,
    /// The content is compressed, or encoded in another way.
    pub is_encoded: bool,
    /// The content's validator, if it is one that `If-Range` may carry; else empty.
    pub validator: Validator,
    source: Source,
    is_1_1: bool,
    is_chunked: bool,
    length: Length,
    lasting: Lasting,
}

impl Head {
    /// No line yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            status: 0,
            range: None,
            is_encoded: false,
            validator: Validator::new(),
            source: Source::Nothing,
            is_1_1: false,
            is_chunked: false,
            length: Length::Absent,
            lasting: Lasting::Usual,
        }
    }

    /// Returns whether the status says that the content is somewhere else.
    #[must_use]
    pub const fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308)
    }

    /// How the body ends.
    ///
    /// # Errors
    /// Its length is malformed.
    pub const fn framing(&self) -> Result<Framing, Failure> {
        match self.length {
            _ if self.is_chunked => Ok(Framing::Chunked),
            Length::Bytes(length) => Ok(Framing::Length(length)),
            Length::Absent => Ok(Framing::UntilClose),
            Length::Malformed => Err(Failure::Length),
        }
    }

    /// Returns whether the connection can be used again behind the body.
    #[must_use]
    pub fn keeps_alive(&self) -> bool {
        let lasts = match self.lasting {
            Lasting::Usual => self.is_1_1,
            Lasting::Closes => false,
            Lasting::Lasts => true,
        };
        lasts && self.framing() != Ok(Framing::UntilClose)
    }

    /// Takes a line, without its end. Of one that was too long for its buffer the beginning is enough.
    ///
    /// # Errors
    /// It is malformed.
    pub fn line(&mut self, line: &[u8]) -> Result<Line, Failure> {
        let line = line.trim_ascii_end();
        match (self.status, line.is_empty()) {
            (0, true) => return Ok(Line::More),
            (0, false) => {
                (self.is_1_1, self.status) = status_line(line).ok_or(Failure::Network)?;
                return Ok(Line::More);
            }
            (_, true) => return Ok(Line::End),
            (_, false) => {}
        }
        let (name, value) = field(line).ok_or(Failure::Network)?;
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if is("location") && self.is_redirect() {
            return Ok(Line::Location(line.len().saturating_sub(value.len())));
        }
        let text = core::str::from_utf8(value).unwrap_or_default();
        if is("content-length") {
            if self.length == Length::Absent {
                self.length = ascii::number(text).map_or(Length::Malformed, Length::Bytes);
            }
        } else if is("transfer-encoding") {
            self.is_chunked |= has_token(value, "chunked");
        } else if is("connection") {
            if has_token(value, "close") {
                self.lasting = Lasting::Closes;
            } else if has_token(value, "keep-alive") {
                self.lasting = Lasting::Lasts;
            }
        } else if is("content-range") {
            self.range = content_range(text);
        } else if is("content-encoding") {
            self.is_encoded = !value.is_empty() && !has_token(value, "identity");
        } else if is("etag") && text.starts_with('"') {
            self.validate_by(Source::Tag, text);
        } else if is("last-modified") && self.source == Source::Nothing {
            self.validate_by(Source::Date, text);
        }
        Ok(Line::More)
    }

    fn validate_by(&mut self, source: Source, text: &str) {
        if text.len() <= VALIDATOR_MAX {
            self.validator.clear();
            let _ = self.validator.push_str(text);
            self.source = source;
        }
    }
}

/// `HTTP/1.1 code reason`: whether it is 1.1, not 1.0, and the code.
fn status_line(line: &[u8]) -> Option<(bool, u16)> {
    let [minor @ (b'0' | b'1'), b' ', code @ ..] = line.strip_prefix(b"HTTP/1.")? else { return None };
    let code = code.split(|byte| *byte == b' ').next().filter(|code| code.len() == 3)?;
    let code = ascii::number(core::str::from_utf8(code).ok()?)?;
    Some((*minor == b'1', u16::try_from(code).ok()?)).filter(|(_, code)| *code > 0)
}

/// `Name: value`, without blanks in or behind the name, nor control characters in the value.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (line.get(..at)?, line.get(at.checked_add(1)?..)?.trim_ascii());
    let is_plain = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic) && value.iter().all(is_plain)).then_some((name, value))
}

/// Returns whether a token, in lower case, is among those of a list.
fn has_token(list: &[u8], token: &str) -> bool {
    list.split(|byte| *byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// `bytes first-last/size`. Names of units have no case (RFC 9110, section 14.1).
fn content_range(value: &str) -> Option<(u32, Option<u32>)> {
    let (unit, value) = ascii::split_once(value, b' ')?;
    let (range, size) = ascii::split_once(value, b'/').filter(|_| unit.eq_ignore_ascii_case("bytes"))?;
    let (first, _) = ascii::split_once(range, b'-')?;
    let size = match size {
        "*" => None,
        size => Some(ascii::number(size)?),
    };
    Some((ascii::number(first)?, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Head, Failure> {
        let mut head = Head::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            if head.line(line)? == Line::End {
                return Ok(head);
            }
        }
        panic!("it has no end");
    }

    #[test]
    fn a_head_is_read_whatever_the_case_of_its_names() {
        let head =
            read(b"HTTP/1.1 206 Partial\r\ncontent-length: 10\r\nCONTENT-RANGE: Bytes 5-14/100\r\netag: \"a\"\r\n\r\n").unwrap();
        assert_eq!((head.status, head.framing(), head.range), (206, Ok(Framing::Length(10)), Some((5, Some(100)))));
        assert_eq!((head.validator.as_str(), head.keeps_alive(), head.is_encoded), ("\"a\"", true, false));
    }

    #[test]
    fn a_connection_that_ends_with_the_body_is_not_used_again() {
        let keeps = |head: &[u8]| read(head).unwrap().keeps_alive();
        assert!(keeps(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"));
        assert!(!keeps(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: Close\r\n\r\n"));
        assert!(!keeps(b"HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!keeps(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"));
        assert!(keeps(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n"));
    }

    #[test]
    fn a_weak_tag_is_no_validator_and_a_strong_one_is_better_than_a_date() {
        const DATE: &str = "Mon, 23 Nov 2026 10:00:00 GMT";
        for (tag, validator) in [("W/\"a\"", DATE), ("\"b\"", "\"b\"")] {
            let before = format!("HTTP/1.1 200 OK\r\nETag: {tag}\r\nLast-Modified: {DATE}\r\n\r\n");
            let behind = format!("HTTP/1.1 200 OK\r\nLast-Modified: {DATE}\r\nETag: {tag}\r\n\r\n");
            assert_eq!(read(before.as_bytes()).unwrap().validator, validator);
            assert_eq!(read(behind.as_bytes()).unwrap().validator, validator);
        }
    }

    #[test]
    fn the_place_of_a_redirects_target_is_told() {
        let mut head = Head::new();
        assert_eq!(head.line(b"HTTP/1.1 302 Found\r"), Ok(Line::More));
        assert_eq!(head.line(b"location:  /x \r"), Ok(Line::Location(11)));
        let mut head = Head::new();
        assert_eq!(head.line(b"HTTP/1.1 200 OK"), Ok(Line::More));
        assert_eq!(head.line(b"Location: /x"), Ok(Line::More), "it goes nowhere");
    }

    #[test]
    fn content_that_is_encoded_is_told() {
        let is_encoded =
            |value: &str| read(format!("HTTP/1.1 200 OK\nContent-Encoding: {value}\n\n").as_bytes()).unwrap().is_encoded;
        assert!(is_encoded("gzip") && is_encoded("br"));
        assert!(!is_encoded("identity") && !is_encoded("Identity") && !is_encoded(""));
    }

    #[test]
    fn malformed_heads_are_refused() {
        for line in ["HTTP/1.1", "HTTP/2 200", "HTTP/1.1 20 x", "HTTP/1.1 2000 x", "HTTP/1.1  200 x", "HTTP/1.1 abc x", "200 OK"]
        {
            assert!(read(format!("{line}\r\n\r\n").as_bytes()).is_err(), "{line}");
        }
        for field in ["Server", ": x", "Server : x", " folded: x", "Server: \x01", "Sör: x"] {
            let head = format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n");
            assert!(read(head.as_bytes()).is_err(), "{field}");
        }
        assert_eq!(read(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n").unwrap().framing(), Err(Failure::Length));
    }

    #[test]
    fn fields_that_are_not_needed_may_hold_what_they_like() {
        let head = b"\r\nHTTP/1.1 200\nServer:\nX-Name: a:b\t\xe4 \nContent-Length:\t7 \n\n";
        assert_eq!(read(head).unwrap().framing(), Ok(Framing::Length(7)));
    }
}
