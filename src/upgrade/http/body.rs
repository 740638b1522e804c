//! A response's body, taken out of its framing.

use qth_protocol::ota::Failure;

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

    /// Returns whether all of it was taken.
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
