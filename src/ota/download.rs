//! Downloads a file in pieces over one connection or many, without input or output of its own.
//!
//! The request, the response's head and the piece share one buffer: each is done with before the next begins.

use super::failure::Failure;
use super::file_info::URL_MAX;
use super::http::{self, Body, Head, Next, Validator};
use super::url::{BadUrl, Url};
use crate::time::Instant;
use heapless::String;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// The next try comes then.
    Waiting(Instant),
    /// The connection is asked for.
    Opening(Instant),
    /// The request is on its way, or the response's head.
    Asking(Instant),
    /// The body comes in; given up then if it is silent.
    Reading(Instant),
}

/// A download. `PIECE`: size of the buffer and of a piece.
pub struct Download<const PIECE: usize> {
    state: State,
    url: String<URL_MAX>,
    size: u32,
    /// First byte that was not handed out.
    offset: u32,
    /// Request, head or piece.
    buffer: [u8; PIECE],
    filled: usize,
    /// Length of the request while it lies in the buffer; 0 once all of it is sent.
    request: usize,
    /// Bytes of it that are sent.
    sent: usize,
    body: Body,
    /// Bytes of the body before `offset`, from a server that ignores ranges.
    skip: u32,
    validator: Validator,
    keeps_alive: bool,
    /// This connection has carried a response already.
    is_reused: bool,
    /// The file has changed under way once.
    has_changed: bool,
    failures: u8,
    redirects: u8,
    is_open: bool,
    handed_out: bool,
    connect_due: bool,
    close_due: bool,
    failed: Option<Failure>,
}

impl<const PIECE: usize> Download<PIECE> {
    /// No download.
    pub const fn new() -> Self {
        Self {
            state: State::Idle,
            url: String::new(),
            size: 0,
            offset: 0,
            buffer: [0; PIECE],
            filled: 0,
            request: 0,
            sent: 0,
            body: Body::new(http::Framing::Length(0)),
            skip: 0,
            validator: Validator::new(),
            keeps_alive: false,
            is_reused: false,
            has_changed: false,
            failures: 0,
            redirects: 0,
            is_open: false,
            handed_out: false,
            connect_due: false,
            close_due: false,
            failed: None,
        }
    }

    /// Starts to download a file of `size` bytes from `offset` on, a multiple of the piece.
    ///
    /// # Errors
    /// The address can't be parsed.
    pub fn start(&mut self, now: Instant, url: &str, size: u32, offset: u32) -> Result<(), BadUrl> {
        Url::parse(url)?;
        self.stop();
        self.url = String::try_from(url).map_err(|_| BadUrl)?;
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
        self.drop_connection();
        self.state = State::Idle;
        self.filled = 0;
        self.handed_out = false;
        self.failed = None;
    }

    /// What the download needs or has next; `None` when it waits.
    pub fn poll(&mut self, now: Instant) -> Option<Step<'_>> {
        if core::mem::take(&mut self.handed_out) {
            self.offset = self.offset.saturating_add(self.filled as u32);
            self.filled = 0;
            self.failures = 0;
        }
        if core::mem::take(&mut self.close_due) {
            return Some(Step::Close);
        }
        if let Some(failure) = self.failed.take() {
            return Some(Step::Failed(failure));
        }
        if matches!(self.state, State::Reading(_)) {
            if self.filled > 0 && self.filled == self.piece_len() {
                self.handed_out = true;
                let bytes = self.buffer.get(..self.filled).unwrap_or_default();
                return Some(Step::Piece { offset: self.offset, bytes });
            }
            if self.offset >= self.size {
                return self.finish();
            }
            if self.body.is_over() {
                self.next_request(now);
            }
        }
        if matches!(self.state, State::Waiting(at) if at <= now) {
            if self.offset >= self.size {
                return self.finish();
            }
            self.state = State::Opening(now.after_secs(OPEN_SECS));
            self.connect_due = true;
        }
        if core::mem::take(&mut self.close_due) {
            return Some(Step::Close);
        }
        if core::mem::take(&mut self.connect_due) {
            let url = Url::parse(&self.url).ok()?;
            return Some(Step::Connect { host: url.host, port: url.port, secure: url.secure });
        }
        None
    }

    /// The connection is open.
    pub fn connected(&mut self, now: Instant) {
        if matches!(self.state, State::Opening(_)) {
            self.is_open = true;
            self.is_reused = false;
            self.ask(now);
        }
    }

    /// Takes bytes of the connection, up to the end of the piece; the rest is to be offered again after
    /// [`Download::poll`].
    pub fn received(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = match self.state {
                State::Asking(_) => self.read_head(now, rest),
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
        self.is_open = false;
        match self.state {
            State::Idle | State::Waiting(_) => {}
            // Between two requests a server may close a connection whenever it likes.
            State::Asking(_) if self.is_reused && self.filled == 0 => self.reopen(now),
            State::Reading(_) if self.body.is_over() => self.keeps_alive = false,
            // The last piece is as short as what is left, so with all of the file here it is complete.
            State::Reading(_) if self.body.ends_with_connection() && self.filled == self.piece_len() => {}
            _ => self.fail(now, Failure::Network),
        }
    }

    /// Bytes for the connection.
    pub fn transmit(&self) -> &[u8] {
        match self.state {
            State::Asking(_) => self.buffer.get(self.sent..self.request).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The first `count` bytes of [`Download::transmit`] are sent.
    pub fn transmitted(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
        if self.sent >= self.request {
            // From now on the buffer is for the answer.
            self.request = 0;
        }
    }

    /// When [`Download::timeout`] is due.
    pub fn poll_at(&self) -> Option<Instant> {
        match self.state {
            State::Idle => None,
            State::Waiting(at) | State::Opening(at) | State::Asking(at) | State::Reading(at) => Some(at),
        }
    }

    /// Notices servers that are too slow.
    pub fn timeout(&mut self, now: Instant) {
        match self.state {
            State::Opening(at) | State::Asking(at) | State::Reading(at) if at <= now => self.fail(now, Failure::Network),
            _ => {}
        }
    }

    /// How many bytes of the file are handed out.
    pub fn received_bytes(&self) -> u32 {
        self.offset
    }

    /// Length of the piece at hand.
    fn piece_len(&self) -> usize {
        PIECE.min(self.size.saturating_sub(self.offset) as usize)
    }

    fn finish(&mut self) -> Option<Step<'_>> {
        self.stop();
        // The connection is closed at the next poll.
        Some(Step::Done)
    }

    /// Writes the request for the next pieces.
    fn ask(&mut self, now: Instant) {
        let last = self.offset.saturating_add((PIECE as u32).saturating_mul(PIECES_A_REQUEST)).min(self.size);
        let validator = if self.offset > 0 { self.validator.as_str() } else { "" };
        let request = Url::parse(&self.url)
            .ok()
            .and_then(|url| http::request(&mut self.buffer, &url, self.offset, last.saturating_sub(1), validator));
        self.sent = 0;
        self.filled = 0;
        match request {
            Some(length) => {
                self.request = length;
                self.state = State::Asking(now.after_secs(HEAD_SECS));
            }
            None => self.give_up(Failure::BadUrl),
        }
    }

    /// The response is over: asks for more, over this connection if it lasts.
    fn next_request(&mut self, now: Instant) {
        if self.filled > 0 {
            // The response ended within a piece.
            self.filled = 0;
            return self.fail(now, Failure::Length);
        }
        if self.keeps_alive && self.is_open {
            self.is_reused = true;
            self.ask(now);
        } else {
            self.reopen(now);
        }
    }

    fn reopen(&mut self, now: Instant) {
        self.drop_connection();
        self.filled = 0;
        self.state = State::Waiting(now);
    }

    /// Takes bytes up to the end of the head, and acts on it.
    fn read_head(&mut self, now: Instant, bytes: &[u8]) -> usize {
        if self.request > 0 {
            // An answer before the question: whatever this is, it is no HTTP.
            self.fail(now, Failure::Network);
            return bytes.len();
        }
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
        self.filled = 0;
        match verdict {
            Verdict::Read { framing, keeps_alive, skip, restart, validator } => {
                if restart {
                    self.offset = 0;
                }
                if let Some(validator) = validator {
                    self.validator = validator;
                }
                self.body = Body::new(framing);
                self.keeps_alive = keeps_alive;
                self.skip = skip;
                self.redirects = 0;
                self.has_changed |= restart;
                self.state = State::Reading(now.after_secs(SILENCE_SECS));
            }
            Verdict::Redirect(url) => {
                self.redirects = self.redirects.saturating_add(1);
                if self.redirects > REDIRECTS_MAX {
                    return self.give_up(Failure::Server);
                }
                self.url = url;
                self.reopen(now);
            }
            Verdict::Wait => {}
            Verdict::Retry(failure) => self.fail(now, failure),
            Verdict::GiveUp(failure) => self.give_up(failure),
        }
    }

    /// What to do with a response.
    fn judge(&self, head: &Head<'_>) -> Verdict {
        let validator = head.validator.and_then(|text| Validator::try_from(text).ok());
        let is_other = !self.validator.is_empty() && validator.as_ref().is_some_and(|text| *text != self.validator);
        let read = |skip, restart| Verdict::Read {
            framing: head.framing,
            keeps_alive: head.keeps_alive,
            skip,
            restart,
            validator: validator.clone(),
        };
        match head.status {
            100..=199 => Verdict::Wait,
            206 => match head.range {
                Some((_, Some(size))) if size != self.size => Verdict::GiveUp(Failure::Length),
                Some((first, _)) if first == self.offset && !is_other => read(0, false),
                _ => Verdict::Retry(Failure::Network),
            },
            200 => match head.framing {
                http::Framing::Length(length) if length != self.size => Verdict::GiveUp(Failure::Length),
                _ if is_other && self.has_changed => Verdict::GiveUp(Failure::Length),
                _ if is_other => read(0, true),
                _ => read(self.offset, false),
            },
            301 | 302 | 303 | 307 | 308 => match head.location.and_then(|location| self.resolve(location)) {
                Some(url) => Verdict::Redirect(url),
                None => Verdict::GiveUp(Failure::Server),
            },
            416 => Verdict::GiveUp(Failure::Length),
            408 | 429 | 500..=599 => Verdict::Retry(Failure::Server),
            _ => Verdict::GiveUp(Failure::Server),
        }
    }

    /// The address that a redirect names, from the present one.
    fn resolve(&self, location: &str) -> Option<String<URL_MAX>> {
        let scheme_end = self.url.find("://")?;
        let authority = scheme_end.checked_add(3)?;
        let path = self.url.get(authority..)?.find(['/', '?', '#']).map_or(self.url.len(), |at| at.saturating_add(authority));
        let base = match location {
            _ if location.contains("://") => "",
            _ if location.starts_with("//") => self.url.get(..scheme_end.checked_add(1)?)?,
            _ if location.starts_with('/') => self.url.get(..path)?,
            _ => {
                let end = self.url.find(['?', '#']).unwrap_or(self.url.len());
                let folder = self.url.get(path..end)?.rfind('/').map_or(path, |at| at.saturating_add(path).saturating_add(1));
                self.url.get(..folder)?
            }
        };
        let mut url = String::try_from(base).ok()?;
        url.push_str(location).ok()?;
        Url::parse(&url).ok()?;
        Some(url)
    }

    /// Takes bytes of the body into the piece; how many.
    fn read_body(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let room = self.piece_len().saturating_sub(self.filled);
        let count = match self.body.next(bytes) {
            Ok(Next::Content(count)) if self.skip > 0 => {
                let count = count.min(self.skip as usize);
                self.skip = self.skip.saturating_sub(count as u32);
                self.body.took(count);
                count
            }
            Ok(Next::Content(count)) => {
                let count = count.min(room);
                let to = self.buffer.get_mut(self.filled..).and_then(|free| free.get_mut(..count));
                if let (Some(to), Some(from)) = (to, bytes.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.filled = self.filled.saturating_add(count);
                self.body.took(count);
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
        self.state = State::Reading(now.after_secs(SILENCE_SECS));
        count
    }

    /// One more failure in a row: another try after a while, or the end.
    fn fail(&mut self, now: Instant, failure: Failure) {
        self.failures = self.failures.saturating_add(1);
        if self.failures > FAILURES_MAX {
            return self.give_up(failure);
        }
        self.drop_connection();
        self.filled = 0;
        let seconds = 1_u32.checked_shl(u32::from(self.failures).saturating_sub(1)).unwrap_or(1);
        self.state = State::Waiting(now.after_secs(seconds));
    }

    fn give_up(&mut self, failure: Failure) {
        self.stop();
        self.failed = Some(failure);
    }

    fn drop_connection(&mut self) {
        if self.is_open || matches!(self.state, State::Opening(_)) {
            self.close_due = true;
        }
        self.is_open = false;
        self.connect_due = false;
        self.request = 0;
    }
}

impl<const PIECE: usize> Default for Download<PIECE> {
    fn default() -> Self {
        Self::new()
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
    Redirect(String<URL_MAX>),
    /// An interim response: the real one follows.
    Wait,
    Retry(Failure),
    GiveUp(Failure),
}
