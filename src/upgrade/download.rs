//! Downloads a file in pieces over one connection or many, without input or output of its own.
//!
//! The request, the response's head and the piece share one buffer: each is done with before the next begins.

use super::http::{self, Body, Head, Next, Validator};
use super::url::{BadUrl, Url};
use crate::ascii;
use crate::device::limits;
use crate::time::Instant;
use heapless::String;
use qth_protocol::ota::Failure;

/// Failures in a row after which the download is given up at the next.
const FAILURES_MAX: u8 = 5;
/// Redirects in a row.
const REDIRECTS_MAX: u8 = 5;
/// Seconds for the connection to open.
const OPEN_SECS: u32 = 10;
/// Seconds for the response's head.
const HEAD_SECS: u32 = 5;
/// Longest silence within a body.
const SILENCE_SECS: u32 = 10;
/// Pieces that one request asks for: the pieces stream in one after another, and a megabyte takes 16 round trips, not 256.
const PIECES_A_REQUEST: u32 = 16;

/// What the download needs or has.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A connection to this server; answered by [`Download::connected`] or [`Download::closed`].
    Connect {
        /// Host name or address.
        host: &'a str,
        /// Port.
        port: u16,
        /// TLS.
        secure: bool,
    },
    /// The connection is done with.
    Close,
    /// The next piece. Pieces come in order, each a whole buffer but the last; offset 0 may come a second time when the
    /// file changed meanwhile.
    Piece {
        /// Its place in the file.
        offset: u32,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// All pieces were handed out.
    Done,
    /// The download is given up.
    Failed(Failure),
}

/// What the download is at, each state with what only it needs. Request, head and piece share the buffer in turn.
// With a tag of its own, so that `Idle` is all zeros, as static memory for a device is to be.
#[repr(u8)]
enum State {
    /// Nothing is wanted.
    Idle,
    /// The next try comes then.
    Waiting(Instant),
    /// The connection is asked for; given up then.
    Opening(Instant),
    /// The request lies in the buffer.
    Requesting {
        /// The answer has to be here by then.
        until: Instant,
        /// Length of the request.
        length: usize,
        /// Bytes of it that are sent.
        sent: usize,
        /// The connection has carried a response already.
        is_reused: bool,
    },
    /// The response's head comes into the buffer.
    Awaiting {
        /// It has to be here by then.
        until: Instant,
        /// The connection has carried a response already.
        is_reused: bool,
    },
    /// The body comes in, and its pieces into the buffer.
    Reading(Reading),
    /// The download is given up, which is still to be told.
    Failed(Failure),
}

/// A response whose body comes in.
struct Reading {
    /// Given up then if it is silent.
    until: Instant,
    body: Body,
    /// First byte of the file that it brings.
    from: u32,
    /// Bytes of the body before the download's offset, from a server that ignores ranges.
    skip: u32,
    /// The connection stays open behind it.
    keeps_alive: bool,
    /// The piece in the buffer is handed out, and used up at the next poll.
    has_handed_out: bool,
}

/// The connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    /// There is none.
    Closed,
    /// It is being opened, or open.
    InUse,
    /// It is done with, and to be closed.
    Abandoned,
}

/// An address of a file.
pub type Address = String<{ limits::URL }>;

/// A download. `PIECE`: size of the buffer and of a piece.
pub struct Download<const PIECE: usize> {
    state: State,
    link: Link,
    url: Address,
    size: u32,
    /// First byte that was not used up.
    offset: u32,
    /// Request, head or piece.
    buffer: [u8; PIECE],
    filled: usize,
    validator: Validator,
    /// The file has changed under way once.
    has_changed: bool,
    failures: u8,
    redirects: u8,
}

impl<const PIECE: usize> Download<PIECE> {
    /// No download.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Idle,
            link: Link::Closed,
            url: Address::new(),
            size: 0,
            offset: 0,
            buffer: [0; PIECE],
            filled: 0,
            validator: Validator::new(),
            has_changed: false,
            failures: 0,
            redirects: 0,
        }
    }

    /// Room that nothing uses while no download runs, and the place of the next one's address.
    pub fn room(&mut self) -> (&mut [u8], &mut Address) {
        (&mut self.buffer, &mut self.url)
    }

    /// Starts to download a file of `size` bytes from `offset` on, a multiple of the piece.
    ///
    /// # Errors
    /// The address can't be parsed, or is too long.
    pub fn start(&mut self, now: Instant, url: &str, size: u32, offset: u32) -> Result<(), BadUrl> {
        self.url.clear();
        self.url.push_str(url).map_err(|_| BadUrl)?;
        self.restart(now, size, offset)
    }

    /// Starts to download the file at the address that was put into its place, as [`Download::start`] does.
    ///
    /// # Errors
    /// The address can't be parsed.
    pub fn restart(&mut self, now: Instant, size: u32, offset: u32) -> Result<(), BadUrl> {
        Url::parse(&self.url)?;
        self.stop();
        self.size = size;
        self.offset = offset;
        self.validator.clear();
        self.has_changed = false;
        self.failures = 0;
        self.redirects = 0;
        self.state = State::Waiting(now);
        Ok(())
    }

    /// Stops; the connection is closed at the next poll.
    pub fn stop(&mut self) {
        self.enter(State::Idle);
    }

    /// Leaves the connection for a state without one.
    fn enter(&mut self, state: State) {
        if self.link == Link::InUse {
            self.link = Link::Abandoned;
        }
        self.filled = 0;
        self.state = state;
    }

    /// What the download needs or has next; `None` when it waits.
    #[must_use]
    pub fn poll(&mut self, now: Instant) -> Option<Step<'_>> {
        self.settle_piece();
        if matches!(self.state, State::Reading(_)) {
            if self.filled > 0 && self.filled == self.piece_len() {
                return self.hand_out();
            }
            self.end_reading(now);
        }
        if self.link == Link::Abandoned {
            self.link = Link::Closed;
            return Some(Step::Close);
        }
        match self.state {
            State::Waiting(at) if at <= now => self.connect(now),
            State::Failed(failure) => {
                self.state = State::Idle;
                Some(Step::Failed(failure))
            }
            _ => None,
        }
    }

    fn hand_out(&mut self) -> Option<Step<'_>> {
        let State::Reading(reading) = &mut self.state else { return None };
        reading.has_handed_out = true;
        let bytes = self.buffer.get(..self.filled).unwrap_or_default();
        Some(Step::Piece { offset: self.offset, bytes })
    }

    /// There is no piece to hand out: goes on once the response is over or the connection gone.
    fn end_reading(&mut self, now: Instant) {
        let State::Reading(reading) = &self.state else { return };
        if self.offset >= self.size {
            self.enter(State::Waiting(now));
        } else if reading.body.is_over() {
            self.next_request(now);
        } else if self.link != Link::InUse {
            self.fail(now, Failure::Network);
        }
    }

    /// Asks for a connection, unless all of the file is here.
    fn connect(&mut self, now: Instant) -> Option<Step<'_>> {
        if self.offset >= self.size {
            self.stop();
            return Some(Step::Done);
        }
        self.state = State::Opening(now.after_secs(OPEN_SECS));
        let url = Url::parse(&self.url).ok()?;
        self.link = Link::InUse;
        Some(Step::Connect { host: url.host, port: url.port, secure: url.secure })
    }

    /// The piece that was handed out last, while it is not used up: until the next poll.
    #[must_use]
    pub fn piece(&self) -> Option<(u32, &[u8])> {
        match &self.state {
            State::Reading(Reading { has_handed_out: true, .. }) => Some((self.offset, self.buffer.get(..self.filled)?)),
            _ => None,
        }
    }

    /// The piece takes its time: the server's silence counts from now.
    pub fn wait(&mut self, now: Instant) {
        if let State::Reading(reading) = &mut self.state {
            reading.until = now.after_secs(SILENCE_SECS);
        }
    }

    /// Leaves out what comes before `offset`; it goes on there.
    pub fn skip_to(&mut self, now: Instant, offset: u32) {
        self.settle_piece();
        if offset > self.offset {
            self.offset = offset;
            self.enter(State::Waiting(now));
        }
    }

    /// The connection is open.
    pub fn connected(&mut self, now: Instant) {
        if matches!(self.state, State::Opening(_)) {
            self.ask(now, false);
        }
    }

    /// Takes bytes of the connection, up to the end of the piece; the rest is to be offered again after
    /// [`Download::poll`].
    #[must_use]
    pub fn received(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = match self.state {
                State::Requesting { .. } => {
                    // An answer before the question: whatever this is, it is no HTTP.
                    self.fail(now, Failure::Network);
                    rest.len()
                }
                State::Awaiting { .. } => self.read_head(now, rest),
                State::Reading(_) if self.filled >= self.piece_len() => break,
                State::Reading(_) => match self.read_body(now, rest) {
                    0 => break,
                    count => count,
                },
                _ => rest.len(),
            };
            rest = rest.get(count..).unwrap_or_default();
        }
        bytes.len().saturating_sub(rest.len())
    }

    /// The connection is gone, or could not be opened.
    pub fn closed(&mut self, now: Instant) {
        self.link = Link::Closed;
        match &self.state {
            State::Idle | State::Waiting(_) | State::Failed(_) => {}
            // Between two requests a server may close a connection whenever it likes.
            State::Requesting { is_reused: true, .. } => self.enter(State::Waiting(now)),
            State::Awaiting { is_reused: true, .. } if self.filled == 0 => self.enter(State::Waiting(now)),
            // What is here is used first; then `poll` misses the connection.
            State::Reading(reading) if reading.body.is_over() || self.filled == self.piece_len() => {}
            _ => self.fail(now, Failure::Network),
        }
    }

    /// Bytes for the connection.
    #[must_use]
    pub fn transmit(&self) -> &[u8] {
        match self.state {
            State::Requesting { sent, length, .. } => self.buffer.get(sent..length).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The first `count` bytes of [`Download::transmit`] are sent.
    pub fn transmitted(&mut self, count: usize) {
        let State::Requesting { until, length, sent, is_reused } = &mut self.state else { return };
        *sent = sent.saturating_add(count);
        if sent >= length {
            // From now on the buffer is for the answer.
            self.state = State::Awaiting { until: *until, is_reused: *is_reused };
        }
    }

    /// When [`Download::timeout`] is due.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        match &self.state {
            State::Idle | State::Failed(_) => None,
            State::Waiting(at) | State::Opening(at) => Some(*at),
            State::Requesting { until, .. } | State::Awaiting { until, .. } | State::Reading(Reading { until, .. }) => {
                Some(*until)
            }
        }
    }

    /// Notices servers that are too slow.
    pub fn timeout(&mut self, now: Instant) {
        if !matches!(self.state, State::Waiting(_)) && self.poll_at().is_some_and(|at| at <= now) {
            self.fail(now, Failure::Network);
        }
    }

    /// How many bytes of the file are used up.
    #[must_use]
    pub fn received_bytes(&self) -> u32 {
        self.offset
    }

    /// Length of the piece at hand.
    fn piece_len(&self) -> usize {
        PIECE.min(self.size.saturating_sub(self.offset) as usize)
    }

    /// The piece that was handed out is used up.
    fn settle_piece(&mut self) {
        if let State::Reading(Reading { has_handed_out: handed_out @ true, .. }) = &mut self.state {
            *handed_out = false;
            self.offset = self.offset.saturating_add(self.filled as u32);
            self.filled = 0;
            self.failures = 0;
        }
    }

    /// Writes the request for the next pieces.
    fn ask(&mut self, now: Instant, is_reused: bool) {
        let last = self.offset.saturating_add((PIECE as u32).saturating_mul(PIECES_A_REQUEST)).min(self.size);
        let validator = if self.offset > 0 { self.validator.as_str() } else { "" };
        let request = Url::parse(&self.url)
            .ok()
            .and_then(|url| http::request(&mut self.buffer, &url, self.offset, last.saturating_sub(1), validator));
        self.filled = 0;
        match request {
            Some(length) => {
                self.state = State::Requesting { until: now.after_secs(HEAD_SECS), length, sent: 0, is_reused };
            }
            None => self.enter(State::Failed(Failure::BadUrl)),
        }
    }

    /// The response is over: asks for more, over this connection if it lasts.
    fn next_request(&mut self, now: Instant) {
        let State::Reading(reading) = &self.state else { return };
        if self.filled > 0 || self.offset == reading.from {
            // It ended within a piece, or brought none: asked again at once, the server could keep this up for ever.
            self.fail(now, Failure::Length);
        } else if reading.keeps_alive && self.link == Link::InUse {
            self.ask(now, true);
        } else {
            self.enter(State::Waiting(now));
        }
    }

    /// Takes bytes up to the end of the head, and acts on it.
    fn read_head(&mut self, now: Instant, bytes: &[u8]) -> usize {
        for (index, &byte) in bytes.iter().enumerate() {
            let Some(place) = self.buffer.get_mut(self.filled) else {
                self.fail(now, Failure::Network);
                return bytes.len();
            };
            *place = byte;
            self.filled = self.filled.saturating_add(1);
            let head = self.buffer.get(..self.filled).unwrap_or_default();
            if byte == b'\n' && (head.ends_with(b"\r\n\r\n") || head.ends_with(b"\n\n")) {
                self.take_head(now);
                return index.saturating_add(1);
            }
        }
        bytes.len()
    }

    fn take_head(&mut self, now: Instant) {
        let verdict = match Head::parse(self.buffer.get(..self.filled).unwrap_or_default()) {
            Ok(head) => self.judge(&head),
            Err(failure) => Verdict::Retry(failure),
        };
        let length = core::mem::take(&mut self.filled);
        match verdict {
            Verdict::Read { framing, keeps_alive, skip, restart, validator } => {
                if restart {
                    self.offset = 0;
                    self.has_changed = true;
                }
                if let Some(validator) = validator {
                    self.validator = validator;
                }
                self.redirects = 0;
                let until = now.after_secs(SILENCE_SECS);
                let body = Body::new(framing);
                let from = self.offset;
                self.state = State::Reading(Reading { until, body, from, skip, keeps_alive, has_handed_out: false });
            }
            Verdict::Redirect => {
                self.redirects = self.redirects.saturating_add(1);
                if self.redirects > REDIRECTS_MAX || self.redirect(length).is_none() {
                    return self.enter(State::Failed(Failure::Server));
                }
                self.enter(State::Waiting(now));
            }
            Verdict::AskAnew => {
                self.offset = 0;
                self.validator.clear();
                self.has_changed = true;
                self.enter(State::Waiting(now));
            }
            Verdict::Wait => {}
            Verdict::Retry(failure) => self.fail(now, failure),
            Verdict::GiveUp(failure) => self.enter(State::Failed(failure)),
        }
    }

    /// What to do with a response.
    fn judge(&self, head: &Head<'_>) -> Verdict {
        let validator = head.validator.and_then(|text| Validator::try_from(text).ok());
        let is_other = !self.validator.is_empty() && validator.as_ref().is_some_and(|text| *text != self.validator);
        let (skip, restart) = match head.status {
            100..=199 => return Verdict::Wait,
            206 => match head.range {
                Some((_, Some(size))) if size != self.size => return Verdict::GiveUp(Failure::Length),
                Some(_) if is_other && self.has_changed => return Verdict::GiveUp(Failure::Length),
                Some(_) if is_other => return Verdict::AskAnew,
                Some((first, _)) if first == self.offset => (0, false),
                _ => return Verdict::Retry(Failure::Network),
            },
            200 => match head.framing {
                http::Framing::Length(length) if length != self.size => return Verdict::GiveUp(Failure::Length),
                _ if is_other && self.has_changed => return Verdict::GiveUp(Failure::Length),
                _ if is_other => (0, true),
                _ => (self.offset, false),
            },
            301 | 302 | 303 | 307 | 308 => return Verdict::Redirect,
            416 => return Verdict::GiveUp(Failure::Length),
            408 | 429 | 500..=599 => return Verdict::Retry(Failure::Server),
            _ => return Verdict::GiveUp(Failure::Server),
        };
        Verdict::Read { framing: head.framing, keeps_alive: head.keeps_alive, skip, restart, validator }
    }

    /// Goes to the address that the response's head, of this length, names; `None` when that is none.
    fn redirect(&mut self, length: usize) -> Option<()> {
        let location = Head::parse(self.buffer.get(..length)?).ok()?.location?;
        let kept = kept_of(&self.url, location)?;
        while self.url.len() > kept {
            self.url.pop()?;
        }
        self.url.push_str(location).ok()?;
        Url::parse(&self.url).ok()?;
        Some(())
    }

    /// Takes bytes of the body into the piece; how many.
    fn read_body(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let room = self.piece_len().saturating_sub(self.filled);
        let State::Reading(reading) = &mut self.state else { return bytes.len() };
        let count = match reading.body.next(bytes) {
            Ok(Next::Content(count)) if reading.skip > 0 => {
                let count = count.min(reading.skip as usize);
                reading.skip = reading.skip.saturating_sub(count as u32);
                reading.body.took(count);
                count
            }
            Ok(Next::Content(count)) => {
                let count = count.min(room);
                let to = self.buffer.get_mut(self.filled..).and_then(|free| free.get_mut(..count));
                if let (Some(to), Some(from)) = (to, bytes.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.filled = self.filled.saturating_add(count);
                reading.body.took(count);
                count
            }
            Ok(Next::Framing(count)) => count,
            // Nothing was asked for that could come behind the body.
            Ok(Next::Over) => 0,
            Err(failure) => {
                self.fail(now, failure);
                return bytes.len();
            }
        };
        self.wait(now);
        count
    }

    /// One more failure in a row: another try after a while, or the end.
    fn fail(&mut self, now: Instant, failure: Failure) {
        self.settle_piece();
        self.failures = self.failures.saturating_add(1);
        if self.failures > FAILURES_MAX {
            return self.enter(State::Failed(failure));
        }
        let seconds = 1_u32.checked_shl(u32::from(self.failures).saturating_sub(1)).unwrap_or(1);
        self.enter(State::Waiting(now.after_secs(seconds)));
    }
}

impl<const PIECE: usize> Default for Download<PIECE> {
    fn default() -> Self {
        Self::new()
    }
}

/// How much of an address stays before the location that a redirect from there names.
fn kept_of(url: &str, location: &str) -> Option<usize> {
    let (scheme, rest) = ascii::scheme(url)?;
    let is_end = |byte| matches!(byte, b'/' | b'?' | b'#');
    let path = url.len().checked_sub(rest.len())?.checked_add(ascii::before(rest, is_end).len())?;
    match location {
        _ if ascii::scheme(location).is_some() => Some(0),
        _ if location.starts_with("//") => scheme.len().checked_add(1),
        _ if location.starts_with('/') => Some(path),
        _ => {
            let end = ascii::before(url, |byte| byte == b'?' || byte == b'#').len();
            let slash = url.as_bytes().get(path..end)?.iter().rposition(|byte| *byte == b'/');
            Some(slash.map_or(path, |at| at.saturating_add(path).saturating_add(1)))
        }
    }
}

/// What to do with a response.
#[allow(clippy::large_enum_variant, reason = "lives for the time of one call")]
enum Verdict {
    Read {
        framing: http::Framing,
        keeps_alive: bool,
        skip: u32,
        restart: bool,
        validator: Option<Validator>,
    },
    Redirect,
    /// A part of a changed file, which a server that knows no `If-Range` sends: asks for it from its start.
    AskAnew,
    /// An interim response: the real one follows.
    Wait,
    Retry(Failure),
    GiveUp(Failure),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    const PIECES: usize = 16;
    const URL: &str = "http://a/f.bin";

    /// A download and the server's side of it, played step by step under a clock of its own.
    struct Play {
        download: Download<PIECE_BUFFER>,
        now: Instant,
        got: Vec<u8>,
        requests: Vec<String>,
        connections: usize,
        outcome: Option<Result<(), Failure>>,
    }

    /// Large enough for a request; pieces are as large.
    const PIECE_BUFFER: usize = 512;

    fn file(size: usize) -> Vec<u8> {
        (0..size).map(|index| (index * 7 + index / 251) as u8).collect()
    }

    impl Play {
        fn start(size: usize, offset: u32) -> Self {
            let mut download = Download::new();
            let now = Instant::from_millis(1000);
            download.start(now, URL, size as u32, offset).unwrap();
            Self { download, now, got: Vec::new(), requests: Vec::new(), connections: 0, outcome: None }
        }

        /// Lets the download act until it waits.
        fn act(&mut self) {
            loop {
                match self.download.poll(self.now) {
                    None => break,
                    Some(Step::Connect { host, .. }) => {
                        assert_eq!(host.len(), 1);
                        self.connections += 1;
                        self.download.connected(self.now);
                    }
                    Some(Step::Close) => {}
                    Some(Step::Piece { offset, bytes }) => {
                        self.got.truncate(offset as usize);
                        self.got.resize(offset as usize, 0);
                        self.got.extend_from_slice(bytes);
                    }
                    Some(Step::Done) => self.outcome = Some(Ok(())),
                    Some(Step::Failed(failure)) => self.outcome = Some(Err(failure)),
                }
            }
            let request = self.download.transmit();
            if !request.is_empty() {
                self.requests.push(String::from_utf8(request.to_vec()).unwrap());
                let length = request.len();
                self.download.transmitted(length / 2);
                self.download.transmitted(length - length / 2);
            }
        }

        /// The server sends bytes, `step` at a time.
        fn send(&mut self, bytes: &[u8], step: usize) {
            for mut part in bytes.chunks(step) {
                while !part.is_empty() {
                    let taken = self.download.received(self.now, part);
                    part = &part[taken..];
                    self.act();
                    if self.outcome.is_some() {
                        return;
                    }
                }
            }
        }

        fn close(&mut self) {
            self.download.closed(self.now);
            self.act();
        }

        /// Time passes up to the next deadline; how many milliseconds.
        fn wait(&mut self) -> u64 {
            let before = self.now;
            self.now = self.download.poll_at().unwrap().max(self.now);
            self.download.timeout(self.now);
            self.act();
            self.now.millis_since(before)
        }

        /// The range that the last request asks for.
        fn range(&self) -> (usize, usize) {
            let request = self.requests.last().unwrap();
            let range = request.split("bytes=").nth(1).unwrap().split("\r\n").next().unwrap();
            let (first, last) = range.split_once('-').unwrap();
            (first.parse().unwrap(), last.parse().unwrap())
        }

        /// Answers the last request from `file`.
        fn serve(&mut self, file: &[u8], step: usize) {
            let (first, last) = self.range();
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {first}-{last}/{}\r\nETag: \"1\"\r\n\r\n",
                last + 1 - first,
                file.len()
            );
            let mut bytes = head.into_bytes();
            bytes.extend(&file[first..=last]);
            self.send(&bytes, step);
        }

        fn serve_all(&mut self, file: &[u8], step: usize) {
            self.act();
            for _ in 0..100 {
                if self.outcome.is_some() {
                    return;
                }
                self.serve(file, step);
            }
            panic!("no end: {:?}", self.requests);
        }
    }

    #[test]
    fn a_file_comes_in_pieces_over_one_connection_wherever_the_stream_is_cut() {
        for (size, step) in [(1, 1), (511, 3), (512, 7), (513, 1), (PIECE_BUFFER * PIECES + 100, 64), (20_000, 5_000)] {
            let file = file(size);
            let mut play = Play::start(size, 0);
            play.serve_all(&file, step);
            assert_eq!(play.outcome, Some(Ok(())), "{size}");
            assert_eq!(play.got, file);
            assert_eq!(play.connections, 1);
            assert_eq!(play.requests.len(), size.div_ceil(PIECE_BUFFER * 16));
        }
    }

    #[test]
    fn what_comes_before_a_place_further_on_is_not_asked_for() {
        let file = file(PIECE_BUFFER * 40);
        let to = PIECE_BUFFER * 30 + 7;
        let mut play = Play::start(file.len(), 0);
        play.act();
        let head =
            format!("HTTP/1.1 206 Partial Content\r\nContent-Length: 8192\r\nContent-Range: bytes 0-8191/{}\r\n\r\n", file.len());
        assert_eq!(play.download.received(play.now, head.as_bytes()), head.len());
        assert_eq!(play.download.received(play.now, &file[..8192]), PIECE_BUFFER);
        assert_eq!(play.download.poll(play.now), Some(Step::Piece { offset: 0, bytes: &file[..PIECE_BUFFER] }));
        assert_eq!(play.download.piece(), Some((0, &file[..PIECE_BUFFER])), "the piece can be used for longer");
        play.download.skip_to(play.now, to as u32);
        assert_eq!(play.download.piece(), None);
        play.serve_all(&file, 1000);
        assert_eq!(play.outcome, Some(Ok(())));
        assert_eq!(play.got[to..], file[to..]);
        let asked: usize = play.requests.len();
        assert_eq!((asked, play.range()), (2, (to, file.len() - 1)));
    }

    #[test]
    fn an_interrupted_download_goes_on_where_it_was() {
        let file = file(3000);
        let mut play = Play::start(3000, 1024);
        play.serve_all(&file, 100);
        assert_eq!(play.outcome, Some(Ok(())));
        assert!(play.requests[0].contains("bytes=1024-2999"));
        assert_eq!(play.got[1024..], file[1024..]);
    }

    #[test]
    fn a_lost_connection_costs_no_more_than_the_piece_under_way() {
        let file = file(3000);
        let mut play = Play::start(3000, 0);
        play.act();
        let head = "HTTP/1.1 206 x\r\nContent-Length: 3000\r\nContent-Range: bytes 0-2999/3000\r\nETag: \"1\"\r\n\r\n";
        play.send(head.as_bytes(), 10);
        play.send(&file[..1500], 100);
        play.close();
        assert_eq!(play.wait(), 1000);
        assert!(play.requests[1].contains("bytes=1024-2999\r\nIf-Range: \"1\"\r\n"), "{}", play.requests[1]);
        play.serve_all(&file, 100);
        assert_eq!(play.got, file);
    }

    #[test]
    fn five_failures_in_a_row_are_borne_with_growing_waits_and_the_sixth_is_not() {
        let mut play = Play::start(100, 0);
        play.act();
        let mut waits = Vec::new();
        for _ in 0..5 {
            play.close();
            waits.push(play.wait());
        }
        assert_eq!(waits, [1000, 2000, 4000, 8000, 16000]);
        play.close();
        assert_eq!(play.outcome, Some(Err(Failure::Network)));
    }

    #[test]
    fn a_piece_that_arrives_ends_the_row_of_failures() {
        let file = file(2000);
        let mut play = Play::start(2000, 0);
        play.act();
        for piece in 0..3 {
            for _ in 0..4 {
                play.close();
                play.wait();
            }
            let first = piece * PIECE_BUFFER;
            assert_eq!(play.range().0, first);
            let head =
                format!("HTTP/1.1 206 x\r\nContent-Length: {}\r\nContent-Range: bytes {first}-1999/2000\r\n\r\n", 2000 - first);
            play.send(head.as_bytes(), 50);
            play.send(&file[first..first + PIECE_BUFFER], 50);
        }
        assert_eq!(play.outcome, None);
    }

    #[test]
    fn a_server_that_ignores_ranges_is_borne() {
        let file = file(3000);
        for offset in [0, 1024] {
            let mut play = Play::start(3000, offset);
            play.act();
            play.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n", 7);
            play.send(&file, 33);
            assert_eq!(play.outcome, Some(Ok(())));
            assert_eq!(play.got[offset as usize..], file[offset as usize..]);
            assert_eq!(play.connections, 1);
        }
    }

    #[test]
    fn http_1_0_with_a_body_up_to_the_close_is_borne() {
        let file = file(1500);
        let mut play = Play::start(1500, 0);
        play.act();
        play.send(b"HTTP/1.0 200 OK\r\n\r\n", 7);
        play.send(&file, 100);
        play.close();
        assert_eq!(play.outcome, Some(Ok(())));
        assert_eq!(play.got, file);
    }

    #[test]
    fn a_body_in_chunks_is_borne() {
        let file = file(600);
        let mut play = Play::start(600, 0);
        play.act();
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in file.chunks(250) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        play.send(&bytes, 9);
        assert_eq!(play.outcome, Some(Ok(())));
        assert_eq!(play.got, file);
    }

    #[test]
    fn a_connection_that_the_server_closes_between_requests_is_opened_again_without_a_wait() {
        let size = PIECE_BUFFER * 20;
        let file = file(size);
        let mut play = Play::start(size, 0);
        play.act();
        play.serve(&file, 1000);
        assert_eq!(play.requests.len(), 2);
        play.close();
        assert_eq!(play.connections, 2);
        play.serve_all(&file, 1000);
        assert_eq!(play.got, file);
    }

    #[test]
    fn redirects_are_followed_absolute_and_relative() {
        for (location, path) in
            [("http://b:81/x", "/x HTTP"), ("/y?z", "/y?z HTTP"), ("sub/g", "/sub/g HTTP"), ("//c/q", "/q HTTP")]
        {
            let file = file(100);
            let mut play = Play::start(100, 0);
            play.act();
            play.send(format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\nContent-Length: 0\r\n\r\n").as_bytes(), 5);
            assert!(play.requests[1].contains(path), "{}", play.requests[1]);
            play.serve_all(&file, 5);
            assert_eq!(play.got, file);
        }
    }

    #[test]
    fn redirects_in_a_circle_end() {
        let mut play = Play::start(100, 0);
        play.act();
        for _ in 0..=REDIRECTS_MAX {
            play.send(b"HTTP/1.1 301 x\r\nLocation: /f.bin\r\n\r\n", 50);
        }
        assert_eq!(play.outcome, Some(Err(Failure::Server)));
    }

    #[test]
    fn a_file_of_another_length_is_refused() {
        for head in [
            "HTTP/1.1 206 x\r\nContent-Length: 100\r\nContent-Range: bytes 0-99/101\r\n\r\n",
            "HTTP/1.1 200 x\r\nContent-Length: 99\r\n\r\n",
            "HTTP/1.1 416 x\r\nContent-Range: bytes */50\r\nContent-Length: 0\r\n\r\n",
        ] {
            let mut play = Play::start(100, 0);
            play.act();
            play.send(head.as_bytes(), 50);
            assert_eq!(play.outcome, Some(Err(Failure::Length)), "{head}");
        }
    }

    #[test]
    fn a_file_that_changed_under_way_starts_anew_once() {
        let (old, new) = (file(2000), vec![9; 2000]);
        let mut play = Play::start(2000, 0);
        play.act();
        play.send(b"HTTP/1.1 206 x\r\nContent-Length: 2000\r\nContent-Range: bytes 0-1999/2000\r\nETag: \"1\"\r\n\r\n", 50);
        play.send(&old[..1100], 50);
        play.close();
        play.wait();
        play.send(b"HTTP/1.1 200 x\r\nContent-Length: 2000\r\nETag: \"2\"\r\n\r\n", 50);
        play.send(&new, 50);
        assert_eq!(play.outcome, Some(Ok(())));
        assert_eq!(play.got, new);
    }

    #[test]
    fn responses_without_a_piece_are_failures_and_not_asked_for_again_without_end() {
        for response in [
            "HTTP/1.1 206 x\r\nContent-Length: 0\r\nContent-Range: bytes 1024-2999/3000\r\n\r\n",
            "HTTP/1.1 206 x\r\nContent-Length: 0\r\nConnection: close\r\nContent-Range: bytes 1024-2999/3000\r\n\r\n",
            "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ] {
            let mut play = Play::start(3000, 1024);
            play.act();
            for wait in [1000, 2000, 4000, 8000, 16000] {
                play.send(response.as_bytes(), 50);
                assert_eq!(play.wait(), wait, "{response}");
            }
            play.send(response.as_bytes(), 50);
            assert_eq!(play.outcome, Some(Err(Failure::Length)), "{response}");
        }
    }

    #[test]
    fn the_last_failure_is_told_at_once_also_when_the_connection_is_gone() {
        let mut play = Play::start(100, 0);
        play.act();
        for _ in 0..5 {
            play.close();
            play.wait();
        }
        let response = b"HTTP/1.1 206 x\r\nContent-Length: 50\r\nContent-Range: bytes 0-49/100\r\n\r\n".iter().chain(&[0; 50]);
        for &byte in response {
            assert_eq!(play.download.received(play.now, &[byte]), 1);
        }
        play.download.closed(play.now);
        assert_eq!(play.download.poll(play.now), Some(Step::Failed(Failure::Length)));
    }

    #[test]
    fn a_whole_piece_outlives_the_connection_that_brought_it() {
        for head in ["Content-Length: 2000\r\n", ""] {
            let file = file(2000);
            let mut play = Play::start(2000, 0);
            play.act();
            play.send(format!("HTTP/1.1 200 x\r\n{head}\r\n").as_bytes(), 50);
            assert_eq!(play.download.received(play.now, &file[..PIECE_BUFFER]), PIECE_BUFFER);
            play.close();
            assert_eq!(play.got, file[..PIECE_BUFFER]);
            assert_eq!(play.wait(), 1000);
            assert_eq!(play.range().0, PIECE_BUFFER);
        }
    }

    #[test]
    fn a_piece_is_handed_out_once_whatever_happens_next() {
        let end: [fn(&mut Download<PIECE_BUFFER>, Instant); 2] =
            [|download, now| download.closed(now), |download, now| download.timeout(now.after_secs(SILENCE_SECS))];
        for end in end {
            let file = file(2000);
            let mut play = Play::start(2000, 0);
            play.act();
            play.send(b"HTTP/1.1 200 x\r\nContent-Length: 2000\r\n\r\n", 50);
            let _taken = play.download.received(play.now, &file[..PIECE_BUFFER]);
            assert!(matches!(play.download.poll(play.now), Some(Step::Piece { offset: 0, .. })));
            end(&mut play.download, play.now);
            play.act();
            assert_eq!(play.download.received_bytes(), PIECE_BUFFER as u32);
            play.wait();
            assert_eq!(play.range().0, PIECE_BUFFER);
        }
    }

    #[test]
    fn a_changed_file_is_noticed_also_where_the_server_knows_no_if_range() {
        let (old, new) = (file(2000), vec![9; 2000]);
        let part = |first: usize, tag: &str| {
            format!(
                "HTTP/1.1 206 x\r\nContent-Length: {}\r\nContent-Range: bytes {first}-1999/2000\r\nETag: \"{tag}\"\r\n\r\n",
                2000 - first
            )
        };
        let start = || {
            let mut play = Play::start(2000, 0);
            play.act();
            play.send(part(0, "1").as_bytes(), 50);
            play.send(&old[..1100], 50);
            play.close();
            play.wait();
            play.send(part(1024, "2").as_bytes(), 50);
            assert!(play.requests[2].contains("bytes=0-1999\r\n\r\n"), "{}", play.requests[2]);
            play
        };
        let mut play = start();
        play.send(part(0, "2").as_bytes(), 50);
        play.send(&new, 50);
        assert_eq!(play.outcome, Some(Ok(())));
        assert_eq!(play.got, new);

        let mut play = start();
        play.send(part(0, "2").as_bytes(), 50);
        play.send(&new[..600], 50);
        play.close();
        play.wait();
        play.send(part(512, "3").as_bytes(), 50);
        assert_eq!(play.outcome, Some(Err(Failure::Length)));
    }

    #[test]
    fn errors_of_the_server_are_final_or_not_as_they_say() {
        for (status, is_final) in
            [(400, true), (403, true), (404, true), (410, true), (408, false), (429, false), (500, false), (503, false)]
        {
            let mut play = Play::start(100, 0);
            play.act();
            play.send(format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n").as_bytes(), 50);
            assert_eq!(play.outcome.is_some(), is_final, "{status}");
        }
    }

    #[test]
    fn a_silent_server_is_given_up_at_each_stage() {
        let mut download = Download::<PIECE_BUFFER>::new();
        let now = Instant::from_millis(0);
        download.start(now, URL, 100, 0).unwrap();
        assert!(matches!(download.poll(now), Some(Step::Connect { .. })));
        assert_eq!(download.poll_at(), Some(now.after_secs(OPEN_SECS)));
        download.connected(now);
        assert_eq!(download.poll_at(), Some(now.after_secs(HEAD_SECS)));
        let length = download.transmit().len();
        download.transmitted(length);
        let _taken = download.received(now, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        assert_eq!(download.poll_at(), Some(now.after_secs(SILENCE_SECS)));
        download.timeout(now.after_secs(SILENCE_SECS));
        assert_eq!(download.poll_at(), Some(now.after_secs(SILENCE_SECS + 1)));
    }

    #[test]
    fn garbage_is_a_failure_and_never_a_panic() {
        let mut state = 7_u64;
        for round in 0..2000 {
            let mut play = Play::start(700, 0);
            play.act();
            let mut bytes: Vec<u8> = Vec::new();
            for _ in 0..(round % 90) {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                bytes.push((state >> 56) as u8);
            }
            let mut stream = b"HTTP/1.1 206 x\r\nContent-Length: 700\r\nContent-Range: bytes 0-699/700\r\n\r\n".to_vec();
            let at = (state >> 40) as usize % stream.len();
            let end = (at + 3).min(stream.len());
            stream.splice(at..end, bytes);
            play.send(&stream, 13);
            assert_ne!(play.outcome, Some(Ok(())));
        }
    }
}
