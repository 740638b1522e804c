//! Downloads a file in pieces over one connection or many, without input or output of its own.
//!
//! The request, the response's head and the piece share one buffer: each is done with before the next begins.

mod redirect;
mod response;
#[cfg(test)]
mod tests;

use super::http::{self, Body, Head, Line, Next};
use super::url::{BadUrl, Url};
use crate::device::limits;
use crate::time::Instant;
use heapless::String;
use qth_protocol::ota::Failure;
use redirect::Target;
use response::{Identity, Verdict};

/// Failures in a row after which the download is given up at the next.
const FAILURES_MAX: u8 = 5;
/// Redirects in a row.
const REDIRECTS_MAX: u8 = 5;
/// Longest head of a response, in bytes.
const HEAD_MAX: u16 = 16 * 1024;
/// Seconds for the connection to open.
const OPEN_SECS: u32 = 20;
/// Seconds for the response's head.
const HEAD_SECS: u32 = 20;
/// Longest silence within a body.
const SILENCE_SECS: u32 = 20;
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
    /// The response's head comes in, and its lines one after another into the buffer.
    Awaiting(Awaiting),
    /// The body comes in, and its pieces into the buffer.
    Reading(Reading),
    /// The download is given up, which is still to be told.
    Failed(Failure),
}

/// A response whose head comes in.
struct Awaiting {
    /// It has to be here by then.
    until: Instant,
    /// The connection has carried a response already.
    is_reused: bool,
    head: Head,
    /// Bytes of the head so far.
    length: u16,
    /// Where the head sends us: what is kept of that lies at the buffer's end.
    redirect: Option<Target>,
}

/// A response whose body comes in.
struct Reading {
    /// Given up then if it is silent.
    silent_at: Instant,
    /// Given up then unless the piece is whole.
    slow_at: Instant,
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
    /// Whom the next request asks.
    target: Target,
    identity: Identity,
    failures: u8,
    redirects: u8,
}

impl<const PIECE: usize> Download<PIECE> {
    /// Seconds for a piece: at the slowest that a board waits for, and behind one silence.
    const PIECE_SECS: u32 = (PIECE / limits::DOWNLOAD_FLOOR) as u32 + SILENCE_SECS;

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
            target: Target::Own,
            identity: Identity::Unknown,
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
        self.identity.forget_unless_doubted(offset);
        self.failures = 0;
        self.ask_own();
        self.state = State::Waiting(now);
        Ok(())
    }

    /// Stops; the connection is closed at the next poll.
    pub fn stop(&mut self) {
        self.enter(State::Idle);
    }

    /// The next request asks the address that the Center has named: a redirect is for one request.
    fn ask_own(&mut self) {
        self.target = Target::Own;
        self.redirects = 0;
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
        self.settle_piece(now);
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

    /// The address that is asked, or that the next request asks; `None` where there is none.
    #[must_use]
    pub fn address(&self) -> Option<Url<'_>> {
        Url::parse(self.target.address(&self.url, &self.buffer)).ok()
    }

    /// Asks for a connection, unless all of the file is here.
    fn connect(&mut self, now: Instant) -> Option<Step<'_>> {
        if self.offset >= self.size {
            self.stop();
            return Some(Step::Done);
        }
        self.state = State::Opening(now.after_secs(OPEN_SECS));
        self.link = Link::InUse;
        let url = self.address()?;
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

    /// The piece at hand takes its time here: the server's counts from now.
    pub fn wait(&mut self, now: Instant) {
        if let State::Reading(reading) = &mut self.state {
            reading.silent_at = now.after_secs(SILENCE_SECS);
            reading.slow_at = now.after_secs(Self::PIECE_SECS);
        }
    }

    /// Leaves out what comes before `offset`; it goes on there.
    pub fn skip_to(&mut self, now: Instant, offset: u32) {
        self.settle_piece(now);
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
                State::Awaiting(_) => self.read_head(now, rest),
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
            State::Awaiting(Awaiting { is_reused: true, length: 0, .. }) => self.enter(State::Waiting(now)),
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
            let (until, is_reused) = (*until, *is_reused);
            self.state = State::Awaiting(Awaiting { until, is_reused, head: Head::new(), length: 0, redirect: None });
        }
    }

    /// When [`Download::timeout`] is due.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        match &self.state {
            State::Idle | State::Failed(_) => None,
            State::Waiting(at) | State::Opening(at) => Some(*at),
            State::Requesting { until, .. } | State::Awaiting(Awaiting { until, .. }) => Some(*until),
            State::Reading(Reading { silent_at, slow_at, .. }) => Some(*silent_at.min(slow_at)),
        }
    }

    /// Notices servers that are too slow.
    pub fn timeout(&mut self, now: Instant) {
        if matches!(self.state, State::Waiting(_)) || self.poll_at().is_none_or(|at| at > now) {
            return;
        }
        let is_slow = matches!(&self.state, State::Reading(reading) if reading.silent_at > now);
        self.fail(now, if is_slow { Failure::TooSlow } else { Failure::Network });
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
    fn settle_piece(&mut self, now: Instant) {
        if let State::Reading(reading @ Reading { has_handed_out: true, .. }) = &mut self.state {
            reading.has_handed_out = false;
            reading.slow_at = now.after_secs(Self::PIECE_SECS);
            self.offset = self.offset.saturating_add(self.filled as u32);
            self.filled = 0;
            self.failures = 0;
        }
    }

    /// Writes the request for the next pieces.
    fn ask(&mut self, now: Instant, is_reused: bool) {
        let last = self.offset.saturating_add((PIECE as u32).saturating_mul(PIECES_A_REQUEST)).min(self.size);
        let validator = if self.offset > 0 { self.identity.validator() } else { "" };
        let (front, kept) = self.target.split(&mut self.buffer);
        let request = Url::parse(self.target.address(&self.url, kept))
            .ok()
            .and_then(|url| http::request(front, &url, self.offset, last.saturating_sub(1), validator));
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
            let State::Awaiting(awaiting) = &mut self.state else { return index };
            awaiting.length = awaiting.length.saturating_add(1);
            if awaiting.length > HEAD_MAX {
                self.fail(now, Failure::Head);
            } else if byte == b'\n' {
                self.end_line(now);
            } else {
                let kept = awaiting.redirect.as_ref().unwrap_or(&self.target);
                let (front, _) = kept.split(&mut self.buffer);
                // What a line has beyond the buffer is dropped.
                if let Some(place) = front.get_mut(self.filled) {
                    *place = byte;
                    self.filled = self.filled.saturating_add(1);
                }
            }
        }
        bytes.len()
    }

    /// A line of the head is in the buffer.
    fn end_line(&mut self, now: Instant) {
        let State::Awaiting(awaiting) = &mut self.state else { return };
        let length = core::mem::take(&mut self.filled);
        match awaiting.head.line(self.buffer.get(..length).unwrap_or_default()) {
            Ok(Line::More) => {}
            Ok(Line::Location(at)) => {
                let before = awaiting.redirect.as_ref().unwrap_or(&self.target);
                let next = before.redirected(&self.url, &mut self.buffer, at, length);
                awaiting.redirect = Some(next);
            }
            Ok(Line::End) => self.end_head(now),
            Err(failure) => self.fail(now, failure),
        }
    }

    fn end_head(&mut self, now: Instant) {
        let State::Awaiting(Awaiting { head, redirect, .. }) = &mut self.state else { return };
        match response::judge(head, &self.identity, self.offset, self.size, &self.target) {
            Verdict::Read { framing, skip, restarts } => {
                if restarts {
                    self.offset = 0;
                }
                self.identity.learn(&head.validator, restarts);
                let keeps_alive = head.keeps_alive() && self.target == Target::Own;
                let silent_at = now.after_secs(SILENCE_SECS);
                // What is left out comes no faster than the rest.
                let pieces = (skip as usize).checked_div(PIECE).unwrap_or(0).saturating_add(1);
                let slow_at = now.after_secs(Self::PIECE_SECS.saturating_mul(pieces as u32));
                let (body, from) = (Body::new(framing), self.offset);
                self.ask_own();
                let reading = Reading { silent_at, slow_at, body, from, skip, keeps_alive, has_handed_out: false };
                self.state = State::Reading(reading);
            }
            Verdict::Redirect => {
                let target = redirect.take().unwrap_or(Target::None);
                self.redirects = self.redirects.saturating_add(1);
                if self.redirects > REDIRECTS_MAX || target == Target::None {
                    return self.enter(State::Failed(Failure::Redirect));
                }
                self.target = target;
                self.enter(State::Waiting(now));
            }
            Verdict::AskAnew => {
                self.offset = 0;
                self.identity.doubt();
                self.ask_own();
                self.enter(State::Waiting(now));
            }
            Verdict::Wait => *head = Head::new(),
            Verdict::Retry(failure) => self.fail(now, failure),
            Verdict::GiveUp(failure) => self.enter(State::Failed(failure)),
        }
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
        if let State::Reading(reading) = &mut self.state {
            reading.silent_at = now.after_secs(SILENCE_SECS);
        }
        count
    }

    /// One more failure in a row: another try after a while, or the end.
    fn fail(&mut self, now: Instant, failure: Failure) {
        self.settle_piece(now);
        self.ask_own();
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
