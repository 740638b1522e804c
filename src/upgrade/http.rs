//! HTTP/1.1 as a download needs it: one GET for a range, its response head, its body.

use super::url::Url;
use crate::ascii;
use heapless::String;
use qth_protocol::ota::Failure;

/// Longest validator (ETag or date) that is kept.
pub const VALIDATOR_MAX: usize = 64;

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
    head.push(url.host)?;
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

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// After this many bytes.
    Length(u32),
    /// By its last chunk.
    Chunked,
    /// When the server closes the connection.
    UntilClose,
}

/// What a response's head says.
#[derive(Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// Status code.
    pub status: u16,
    /// How the body ends.
    pub framing: Framing,
    /// First byte and size of the whole, where the response is a part.
    pub range: Option<(u32, Option<u32>)>,
    /// Where to, of a redirect.
    pub location: Option<&'a str>,
    /// The content's validator, if it is one that `If-Range` may carry.
    pub validator: Option<&'a str>,
    /// The connection can be used again.
    pub keeps_alive: bool,
}

impl<'a> Head<'a> {
    /// Reads a whole head, up to its blank line.
    ///
    /// # Errors
    /// It is malformed.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Failure> {
        let mut lines = lines(bytes.trim_ascii_start());
        let (is_1_1, status) = lines.next().and_then(status_line).ok_or(Failure::Network)?;
        if lines.clone().any(|line| header_field(line).is_none()) {
            return Err(Failure::Network);
        }
        let field = |name: &str| {
            let mut fields = lines.clone().filter_map(header_field);
            let (_, value) = fields.find(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))?;
            core::str::from_utf8(value).ok()
        };
        let has_token = |name: &str, token: &str| {
            let mut parts = field(name).unwrap_or_default().as_bytes().split(|byte| *byte == b',');
            parts.any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
        };
        let framing = match field("content-length").map(ascii::number) {
            _ if has_token("transfer-encoding", "chunked") => Framing::Chunked,
            Some(Some(length)) => Framing::Length(length),
            Some(None) => return Err(Failure::Length),
            None => Framing::UntilClose,
        };
        let keeps_alive = match is_1_1 {
            true => !has_token("connection", "close"),
            false => has_token("connection", "keep-alive"),
        };
        let strong_tag = field("etag").filter(|tag| tag.starts_with('"'));
        Ok(Self {
            status,
            framing,
            range: field("content-range").and_then(content_range),
            location: field("location"),
            validator: strong_tag.or(field("last-modified")).filter(|text| text.len() <= VALIDATOR_MAX),
            keeps_alive: keeps_alive && framing != Framing::UntilClose,
        })
    }
}

/// The lines of a head, up to its blank line.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).take_while(|line| !line.is_empty())
}

/// `HTTP/1.1 code reason`: whether it is 1.1, not 1.0, and the code.
fn status_line(line: &[u8]) -> Option<(bool, u16)> {
    let [minor @ (b'0' | b'1'), b' ', code @ ..] = line.strip_prefix(b"HTTP/1.")? else { return None };
    let code = code.split(|byte| *byte == b' ').next().filter(|code| code.len() == 3)?;
    let code = ascii::number(core::str::from_utf8(code).ok()?)?;
    Some((*minor == b'1', u16::try_from(code).ok()?))
}

/// `Name: value`, without blanks in or behind the name, nor control characters in the value.
fn header_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (line.get(..at)?, line.get(at.checked_add(1)?..)?.trim_ascii());
    let is_plain = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic) && value.iter().all(is_plain)).then_some((name, value))
}

/// `bytes first-last/size`
fn content_range(value: &str) -> Option<(u32, Option<u32>)> {
    let (range, size) = ascii::split_once(value.strip_prefix("bytes ")?, b'/')?;
    let (first, _) = ascii::split_once(range, b'-')?;
    let size = match size {
        "*" => None,
        size => Some(ascii::number(size)?),
    };
    Some((ascii::number(first)?, size))
}

/// Takes a body out of its framing.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    state: BodyState,
}

// With a tag of its own, so that `Over` is all zeros, as static memory for a device is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum BodyState {
    Over,
    /// So many bytes left.
    Plain(u32),
    /// No end but the connection's.
    Endless,
    /// In the digits of a chunk's size.
    ChunkSize(u32),
    /// Behind them, up to the end of the line.
    ChunkExtension(u32),
    /// So many bytes left of the chunk.
    Chunk(u32),
    /// In the line end behind a chunk.
    ChunkEnd,
    /// In the lines behind the last chunk; true: at the start of one.
    Trailer(bool),
}

/// What comes next in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// So many of the bytes at hand are content.
    Content(usize),
    /// So many of the bytes at hand are framing.
    Framing(usize),
    /// The body is over.
    Over,
}

impl Body {
    /// A body with this framing.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => BodyState::Over,
            Framing::Length(length) => BodyState::Plain(length),
            Framing::Chunked => BodyState::ChunkSize(0),
            Framing::UntilClose => BodyState::Endless,
        };
        Self { state }
    }

    /// What the first of these bytes are.
    ///
    /// # Errors
    /// The chunks are malformed.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Next, Failure> {
        let Some(&first) = bytes.first() else {
            return Ok(if self.state == BodyState::Over { Next::Over } else { Next::Content(0) });
        };
        self.state = match self.state {
            BodyState::Over => return Ok(Next::Over),
            BodyState::Endless => return Ok(Next::Content(bytes.len())),
            BodyState::Plain(left) | BodyState::Chunk(left) => return Ok(Next::Content(bytes.len().min(left as usize))),
            BodyState::ChunkSize(size) => match (first, char::from(first).to_digit(16)) {
                (_, Some(digit)) if size < 1 << 24 => BodyState::ChunkSize((size << 4) | digit),
                (b'\n', _) => chunk(size),
                (b'\r' | b';' | b' ' | b'\t', _) => BodyState::ChunkExtension(size),
                _ => return Err(Failure::Network),
            },
            BodyState::ChunkExtension(size) if first == b'\n' => chunk(size),
            BodyState::ChunkExtension(size) => BodyState::ChunkExtension(size),
            BodyState::ChunkEnd => match first {
                b'\r' => BodyState::ChunkEnd,
                b'\n' => BodyState::ChunkSize(0),
                _ => return Err(Failure::Network),
            },
            BodyState::Trailer(at_start) => match first {
                b'\n' if at_start => BodyState::Over,
                b'\n' => BodyState::Trailer(true),
                b'\r' => BodyState::Trailer(at_start),
                _ => BodyState::Trailer(false),
            },
        };
        Ok(Next::Framing(1))
    }

    /// So many bytes of content were taken.
    pub fn took(&mut self, count: usize) {
        let count = count as u32;
        self.state = match self.state {
            BodyState::Plain(left) if left <= count => BodyState::Over,
            BodyState::Plain(left) => BodyState::Plain(left.saturating_sub(count)),
            BodyState::Chunk(left) if left <= count => BodyState::ChunkEnd,
            BodyState::Chunk(left) => BodyState::Chunk(left.saturating_sub(count)),
            state => state,
        };
    }

    /// All of it was taken.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == BodyState::Over
    }
}

fn chunk(size: u32) -> BodyState {
    if size == 0 {
        BodyState::Trailer(true)
    } else {
        BodyState::Chunk(size)
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
    }

    #[test]
    fn a_request_is_longer_than_its_address_by_a_known_number_of_bytes() {
        let text = format!("http://{}", "h".repeat(URL_MAX - 7));
        let url = Url { port: 65535, ..Url::parse(&text).unwrap() };
        let mut out = [0; URL_MAX + REQUEST_BESIDE_URL];
        assert!(request(&mut out, &url, u32::MAX - 1, u32::MAX, &"v".repeat(VALIDATOR_MAX)).is_some());
    }

    #[test]
    fn a_head_is_read_whatever_the_case_of_its_names() {
        let head =
            Head::parse(b"HTTP/1.1 206 Partial\r\ncontent-length: 10\r\nCONTENT-RANGE: bytes 5-14/100\r\netag: \"a\"\r\n\r\n");
        let expected = Head {
            status: 206,
            framing: Framing::Length(10),
            range: Some((5, Some(100))),
            location: None,
            validator: Some("\"a\""),
            keeps_alive: true,
        };
        assert_eq!(head, Ok(expected));
    }

    #[test]
    fn a_connection_that_ends_with_the_body_is_not_used_again() {
        let keeps = |head: &[u8]| Head::parse(head).unwrap().keeps_alive;
        assert!(keeps(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"));
        assert!(!keeps(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: Close\r\n\r\n"));
        assert!(!keeps(b"HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!keeps(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"));
        assert!(keeps(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n"));
    }

    #[test]
    fn a_weak_tag_is_no_validator() {
        let head = b"HTTP/1.1 200 OK\r\nETag: W/\"a\"\r\nLast-Modified: Mon, 23 Nov 2026 10:00:00 GMT\r\n\r\n";
        assert_eq!(Head::parse(head).unwrap().validator, Some("Mon, 23 Nov 2026 10:00:00 GMT"));
    }

    #[test]
    fn malformed_heads_are_refused() {
        for line in
            ["", "HTTP/1.1", "HTTP/2 200", "HTTP/1.1 20 x", "HTTP/1.1 2000 x", "HTTP/1.1  200 x", "HTTP/1.1 abc x", "200 OK"]
        {
            assert!(Head::parse(format!("{line}\r\n\r\n").as_bytes()).is_err(), "{line}");
        }
        for field in ["Content-Length: -1", "Server", ": x", "Server : x", " folded: x", "Server: \x01", "Sör: x"] {
            let head = format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n");
            assert!(Head::parse(head.as_bytes()).is_err(), "{field}");
        }
    }

    #[test]
    fn fields_that_are_not_needed_may_hold_what_they_like() {
        let head = b"\r\nHTTP/1.1 200\nServer:\nX-Name: a:b\t\xe4 \nContent-Length:\t7 \n\n";
        assert_eq!(Head::parse(head).unwrap().framing, Framing::Length(7));
    }

    fn content(framing: Framing, bytes: &[u8], step: usize) -> Result<(Vec<u8>, bool), Failure> {
        let mut body = Body::new(framing);
        let mut out = Vec::new();
        for mut part in bytes.chunks(step) {
            while !part.is_empty() && !body.is_over() {
                match body.next(part)? {
                    Next::Content(count) => {
                        out.extend_from_slice(&part[..count]);
                        body.took(count);
                        part = &part[count..];
                    }
                    Next::Framing(count) => part = &part[count..],
                    Next::Over => break,
                }
            }
        }
        Ok((out, body.is_over()))
    }

    #[test]
    fn chunks_are_joined_wherever_the_stream_is_cut() {
        let stream = b"4\r\nwiki\r\n5;x=y\r\npedia\r\nA\r\n in chunks\r\n0\r\nTrailer: x\r\n\r\n";
        for step in 1..stream.len() {
            assert_eq!(content(Framing::Chunked, stream, step), Ok((b"wikipedia in chunks".to_vec(), true)));
        }
    }

    #[test]
    fn malformed_chunks_are_refused() {
        for stream in ["x", "1\r\nab", "fffffffff\r\n", "1\r\na\rx"] {
            assert!(content(Framing::Chunked, stream.as_bytes(), 1).is_err(), "{stream}");
        }
    }

    #[test]
    fn a_body_of_known_length_is_over_after_it() {
        assert_eq!(content(Framing::Length(3), b"abcdef", 2), Ok((b"abc".to_vec(), true)));
        assert_eq!(content(Framing::Length(0), b"", 1), Ok((vec![], true)));
        assert_eq!(content(Framing::UntilClose, b"abc", 2), Ok((b"abc".to_vec(), false)));
    }
}
