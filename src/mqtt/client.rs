//! One MQTT session of a client.
//!
//! Bytes go in by [`Client::received`] and come out of [`Client::transmit`]; what happened comes out of
//! [`Client::poll`]. Messages are kept by the caller until they are acknowledged, and given again after a reconnect.

#[cfg(test)]
mod tests;

use super::packet::{self, Answer, Incoming, PacketId, QoS};
use super::Error;
use crate::time::Instant;
use heapless::Vec;

pub use super::packet::{Connect, Publish};

/// Milliseconds that the server may take to answer CONNECT, SUBSCRIBE and PINGREQ at the least.
const ANSWER_MILLIS: u32 = 20_000;
/// The same at the most.
const ANSWER_MILLIS_MAX: u32 = 120_000;
/// How many round trips, as measured by CONNECT and its answer, an answer may take.
const ROUND_TRIPS: u32 = 4;
/// Messages with QoS 1 or 2 that may be unacknowledged at one time.
const IN_FLIGHT: usize = 8;
/// Incoming QoS 2 messages that may be unreleased at one time. A client can't tell the server how many it takes;
/// Mosquitto sends 20 before it sees the first answer.
const UNRELEASED: usize = 32;
/// Room that a message leaves in the buffer for the answers to incoming packets.
const ANSWERS: usize = 64;

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The server accepted CONNECT.
    Connected {
        /// It kept a session of before.
        session_present: bool,
    },
    /// The server refused CONNECT with this return code (3.2.2.3).
    Refused(u8),
    /// The server answered SUBSCRIBE with the granted QoS, or with a refusal.
    Subscribed {
        /// The SUBSCRIBE's identifier.
        id: PacketId,
        /// The granted QoS; none: refused.
        granted: Option<QoS>,
    },
    /// A message. It is acknowledged after it was handed out here, and a QoS 2 message is handed out once.
    Message {
        /// Topic name.
        topic: &'a str,
        /// The message itself.
        payload: &'a mut [u8],
        /// Its quality of service.
        qos: QoS,
        /// Sent before.
        dup: bool,
        /// Kept by the server.
        retain: bool,
    },
    /// A message larger than any that is taken. It is acknowledged like the others, so that it does not come again.
    TooLarge {
        /// The beginning of the message itself. What follows was passed over.
        beginning: &'a mut [u8],
    },
    /// The message sent under this identifier is the server's now: PUBACK or PUBREC has come.
    Acknowledged(PacketId),
    /// The session can't go on.
    Failed(Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Connecting,
    Connected,
    Over,
}

/// Which answer an outgoing message awaits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaits {
    Acknowledgement,
    Receipt,
    Completion,
}

/// A session. `IN`: the largest packet that is taken. `OUT`: room for packets that are not transmitted yet.
pub struct Client<const IN: usize, const OUT: usize> {
    state: State,
    input: [u8; IN],
    filled: usize,
    /// Length of the packet at the start of `input` that was handed out.
    handed_out: usize,
    /// Bytes that were passed over of a message that fills `input` and has more.
    passed_over: usize,
    output: Vec<u8, OUT>,
    last_id: PacketId,
    outgoing: Vec<(PacketId, Awaits), IN_FLIGHT>,
    /// QoS 2 messages that were handed out and not released.
    unreleased: Vec<PacketId, UNRELEASED>,
    keep_alive_millis: u64,
    /// How long the server may take to answer. What was learned about a path outlasts a session.
    patience: u32,
    /// When the next ping is due: nothing was sent for the time of the keep alive.
    ping_at: Option<Instant>,
    /// When an answer is overdue: to CONNECT or SUBSCRIBE.
    answer_by: Option<Instant>,
    pong_by: Option<Instant>,
    failure: Option<Error>,
}

impl<const IN: usize, const OUT: usize> Client<IN, OUT> {
    /// No session.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Idle,
            input: [0; IN],
            filled: 0,
            handed_out: 0,
            passed_over: 0,
            output: Vec::new(),
            last_id: PacketId::NONE,
            outgoing: Vec::new(),
            unreleased: Vec::new(),
            keep_alive_millis: 0,
            patience: 0,
            ping_at: None,
            answer_by: None,
            pong_by: None,
            failure: None,
        }
    }

    fn answer_due(&self, now: Instant) -> Instant {
        now.after_millis(self.patience.max(ANSWER_MILLIS).into())
    }

    /// CONNECT was answered, for which there was time until `by`.
    fn measure(&mut self, now: Instant, by: Instant) {
        let left = u32::try_from(by.millis_since(now)).unwrap_or(u32::MAX);
        let round_trip = self.patience.max(ANSWER_MILLIS).saturating_sub(left);
        self.patience = round_trip.saturating_mul(ROUND_TRIPS).min(ANSWER_MILLIS_MAX);
    }

    /// Forgets everything: the transport is new.
    pub fn reset(&mut self) {
        self.state = State::Idle;
        self.filled = 0;
        self.handed_out = 0;
        self.passed_over = 0;
        self.output.clear();
        self.outgoing.clear();
        self.unreleased.clear();
        self.ping_at = None;
        self.answer_by = None;
        self.pong_by = None;
        self.failure = None;
    }

    /// Begins a session. `clean_session` is the caller's word that nothing of a session before counts.
    ///
    /// # Errors
    /// A session has begun already, or the packet does not fit.
    pub fn connect(&mut self, now: Instant, connect: &Connect<'_>) -> Result<(), Error> {
        if self.state != State::Idle {
            return Err(Error::WrongState);
        }
        self.write(0, &mut |room| packet::connect(room, connect))?;
        self.state = State::Connecting;
        self.keep_alive_millis = u64::from(connect.keep_alive).saturating_mul(1000);
        self.answer_by = Some(self.answer_due(now));
        Ok(())
    }

    /// Subscribes to one filter.
    ///
    /// # Errors
    /// There is no session, or the packet does not fit now.
    pub fn subscribe(&mut self, now: Instant, filter: &str, qos: QoS) -> Result<PacketId, Error> {
        self.connected()?;
        let id = self.unused_id();
        self.write(0, &mut |room| packet::subscribe(room, id, filter, qos))?;
        self.answer_by = Some(self.answer_due(now));
        Ok(id)
    }

    /// Publishes a message; its identifier with QoS 1 or 2 is the one that [`Event::Acknowledged`] will name. `write`
    /// puts the payload straight into the room it is given.
    ///
    /// # Errors
    /// [`Error::Busy`]: no room now, or too many messages unacknowledged. [`Error::TooLarge`]: never.
    pub fn publish_with(
        &mut self,
        publish: &Publish<'_>,
        mut write: impl FnMut(&mut [u8]) -> Option<usize>,
    ) -> Result<Option<PacketId>, Error> {
        self.connected()?;
        let (id, step) = match publish.qos {
            QoS::AtMostOnce => (None, None),
            qos => {
                let id = publish.id.unwrap_or_else(|| self.unused_id());
                if self.outgoing.is_full() || self.outgoing.iter().any(|(used, _)| *used == id) {
                    return Err(Error::Busy);
                }
                let awaits = if qos == QoS::AtLeastOnce { Awaits::Acknowledgement } else { Awaits::Receipt };
                (Some(id), Some((id, awaits)))
            }
        };
        self.write(ANSWERS, &mut |room| packet::write_publish(room, publish, id, &mut write))?;
        if let Some(entry) = step {
            let _ = self.outgoing.push(entry);
        }
        Ok(id)
    }

    /// Publishes a message that lies in memory.
    ///
    /// # Errors
    /// As [`Client::publish_with`].
    pub fn publish(&mut self, publish: &Publish<'_>, payload: &[u8]) -> Result<Option<PacketId>, Error> {
        self.publish_with(publish, |room| {
            room.get_mut(..payload.len())?.copy_from_slice(payload);
            Some(payload.len())
        })
    }

    /// Ends the session; nothing more is sent or expected behind the DISCONNECT.
    pub fn disconnect(&mut self) {
        if self.state == State::Connected {
            let _ = self.output.extend_from_slice(&packet::DISCONNECT);
        }
        self.state = State::Over;
        self.ping_at = None;
        self.answer_by = None;
        self.pong_by = None;
    }

    /// Takes bytes of the transport, as many as there is room for; the rest is to be offered again after
    /// [`Client::poll`]. Of a message that is too large, all are taken.
    #[must_use]
    pub fn received(&mut self, bytes: &[u8]) -> usize {
        if matches!(self.state, State::Idle | State::Over) {
            return bytes.len();
        }
        self.discard_handed_out();
        let free = self.input.get_mut(self.filled..).unwrap_or_default();
        let count = free.len().min(bytes.len());
        if let (Some(to), Some(from)) = (free.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
            self.filled = self.filled.saturating_add(count);
        }
        count.saturating_add(self.pass_over(bytes.len().saturating_sub(count)))
    }

    /// Passes over up to `count` bytes of a message that does not fit; returns how many.
    fn pass_over(&mut self, count: usize) -> usize {
        let length = match packet::length(&self.input) {
            Ok(Some(length)) if self.filled == IN => length,
            _ => return 0,
        };
        let count = count.min(length.saturating_sub(IN).saturating_sub(self.passed_over));
        self.passed_over = self.passed_over.saturating_add(count);
        count
    }

    /// Length of the packet that [`Client::poll`] takes next, whole or not; 0 while that is not known, and where nothing of it
    /// is handed out whole.
    #[must_use]
    pub fn next_length(&self) -> usize {
        let next = self.input.get(self.handed_out..self.filled).unwrap_or_default();
        match packet::length(next) {
            Ok(Some(length)) if length <= IN && self.failure.is_none() => length,
            _ => 0,
        }
    }

    /// What happened next; `None` when nothing has.
    #[must_use]
    pub fn poll(&mut self, now: Instant) -> Option<Event<'_>> {
        if let Some(error) = self.failure.take() {
            self.over();
            return Some(Event::Failed(error));
        }
        loop {
            self.discard_handed_out();
            if !matches!(self.state, State::Connecting | State::Connected)
                || self.output.capacity().saturating_sub(self.output.len()) < ANSWERS / 8
            {
                return None;
            }
            let received = self.input.get(..self.filled).unwrap_or_default();
            let length = match packet::length(received) {
                // Nothing else that a server sends is so large.
                Ok(Some(length)) if length > IN && !packet::is_publish(received) => return Some(self.fail(Error::Malformed)),
                Ok(Some(length)) if length <= self.filled.saturating_add(self.passed_over) => length,
                Ok(_) => return None,
                Err(error) => return Some(self.fail(error)),
            };
            self.passed_over = 0;
            self.handed_out = length.min(IN);
            match self.take(now, self.handed_out) {
                Ok(Taken::Nothing) => {}
                Ok(Taken::Event(event)) => return Some(event),
                Ok(Taken::Message) => return self.message(length),
                Err(error) => return Some(self.fail(error)),
            }
        }
    }

    /// Bytes for the transport.
    #[must_use]
    pub fn transmit(&self) -> &[u8] {
        &self.output
    }

    /// The first `count` bytes of [`Client::transmit`] went out.
    pub fn transmitted(&mut self, now: Instant, count: usize) {
        let count = count.min(self.output.len());
        self.output.copy_within(count.., 0);
        self.output.truncate(self.output.len().saturating_sub(count));
        if count > 0 && self.keep_alive_millis > 0 && self.state == State::Connected {
            self.ping_at = Some(now.after_millis(self.keep_alive_millis));
        }
    }

    /// When [`Client::timeout`] is due.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        if self.failure.is_some() {
            return Some(Instant::default());
        }
        Instant::earliest(&[self.ping_at, self.answer_by, self.pong_by])
    }

    /// Pings, and notices answers that did not come.
    pub fn timeout(&mut self, now: Instant) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.answer_by) {
            self.failure = Some(Error::TimedOut);
            // Perhaps the path is slower than that: the next session waits longer.
            self.patience = self.patience.max(ANSWER_MILLIS).saturating_mul(2).min(ANSWER_MILLIS_MAX);
        } else if is_due(self.pong_by) {
            self.failure = Some(Error::KeepAlive);
        } else if is_due(self.ping_at) && self.state == State::Connected {
            self.ping_at = None;
            if self.output.extend_from_slice(&packet::PING).is_ok() {
                // The first ping without an answer counts, also when more follow.
                self.pong_by = self.pong_by.or(Some(self.answer_due(now)));
            } else {
                // Nothing goes out any more: the transport is stuck.
                self.failure = Some(Error::KeepAlive);
            }
        }
    }

    /// Handles the packet at the start of the input, of which `held` bytes lie there, up to what borrows from it.
    fn take(&mut self, now: Instant, held: usize) -> Result<Taken, Error> {
        let bytes = self.input.get_mut(..held).ok_or(Error::Malformed)?;
        let incoming = packet::read(bytes)?;
        if (self.state == State::Connecting) != matches!(incoming, Incoming::ConnAck { .. }) {
            return Err(Error::Unexpected);
        }
        match incoming {
            Incoming::ConnAck { session_present, return_code: 0 } => {
                if let Some(by) = self.answer_by.take() {
                    self.measure(now, by);
                }
                self.state = State::Connected;
                if self.keep_alive_millis > 0 {
                    self.ping_at = Some(now.after_millis(self.keep_alive_millis));
                }
                Ok(Taken::Event(Event::Connected { session_present }))
            }
            Incoming::ConnAck { return_code, .. } => {
                self.over();
                Ok(Taken::Event(Event::Refused(return_code)))
            }
            Incoming::SubAck(id, granted) => {
                self.answer_by = None;
                Ok(Taken::Event(Event::Subscribed { id, granted }))
            }
            Incoming::Publish { qos: QoS::AtMostOnce, .. } => Ok(Taken::Message),
            Incoming::Publish { qos: QoS::AtLeastOnce, id: Some(id), .. } => {
                self.answer(Answer::PubAck, id);
                Ok(Taken::Message)
            }
            Incoming::Publish { id: Some(id), .. } => {
                let known = self.unreleased.contains(&id);
                if !known {
                    self.unreleased.push(id).map_err(|_| Error::Unexpected)?;
                }
                self.answer(Answer::PubRec, id);
                Ok(if known { Taken::Nothing } else { Taken::Message })
            }
            Incoming::Publish { id: None, .. } => Err(Error::Malformed),
            Incoming::PubAck(id) => Ok(self.advance(id, Awaits::Acknowledgement, None)),
            Incoming::PubRec(id) => {
                let taken = self.advance(id, Awaits::Receipt, Some(Awaits::Completion));
                // Also for a message of which nothing is known any more: the server waits for it (4.3.3).
                self.answer(Answer::PubRel, id);
                Ok(taken)
            }
            Incoming::PubComp(id) => {
                self.outgoing.retain(|entry| *entry != (id, Awaits::Completion));
                Ok(Taken::Nothing)
            }
            Incoming::PubRel(id) => {
                self.unreleased.retain(|entry| *entry != id);
                self.answer(Answer::PubComp, id);
                Ok(Taken::Nothing)
            }
            Incoming::PingResp => {
                self.pong_by = None;
                Ok(Taken::Nothing)
            }
        }
    }

    /// Hands out the message at the start of the input; of one that is too large, what lies there.
    fn message(&mut self, length: usize) -> Option<Event<'_>> {
        match packet::read(self.input.get_mut(..length.min(IN))?) {
            Ok(Incoming::Publish { payload, .. }) if length > IN => Some(Event::TooLarge { beginning: payload }),
            Ok(Incoming::Publish { dup, qos, retain, topic, payload, .. }) => {
                Some(Event::Message { topic, payload, qos, dup, retain })
            }
            _ => None,
        }
    }

    /// An acknowledgement: the message is at `to` now, or done.
    fn advance(&mut self, id: PacketId, from: Awaits, to: Option<Awaits>) -> Taken {
        let Some(at) = self.outgoing.iter().position(|entry| *entry == (id, from)) else { return Taken::Nothing };
        match to {
            Some(step) => {
                if let Some(entry) = self.outgoing.get_mut(at) {
                    *entry = (id, step);
                }
            }
            None => {
                self.outgoing.swap_remove(at);
            }
        }
        Taken::Event(Event::Acknowledged(id))
    }

    /// Queues an answer; it leaves after the event was handed out, because the caller transmits later.
    fn answer(&mut self, answer: Answer, id: PacketId) {
        // There is room: no packet is taken without.
        let _ = self.output.extend_from_slice(&packet::answer(answer, id));
    }

    fn discard_handed_out(&mut self) {
        if self.handed_out > 0 {
            self.input.copy_within(self.handed_out..self.filled, 0);
            self.filled = self.filled.saturating_sub(self.handed_out);
            self.handed_out = 0;
        }
    }

    /// Appends a packet, leaving `reserve` bytes free.
    fn write(&mut self, reserve: usize, write: &mut dyn FnMut(&mut [u8]) -> Option<usize>) -> Result<(), Error> {
        let used = self.output.len();
        // `resize` can't fail up to the capacity.
        let _ = self.output.resize(OUT, 0);
        let room = self.output.get_mut(used..OUT.saturating_sub(reserve)).unwrap_or_default();
        let written = write(room);
        self.output.truncate(used.saturating_add(written.unwrap_or(0)));
        match written {
            Some(_) => Ok(()),
            None if used == 0 => Err(Error::TooLarge),
            None => Err(Error::Busy),
        }
    }

    fn connected(&self) -> Result<(), Error> {
        if self.state == State::Connected && self.failure.is_none() {
            Ok(())
        } else {
            Err(Error::WrongState)
        }
    }

    fn unused_id(&mut self) -> PacketId {
        // No more than eight are in use, so one is found at once.
        self.last_id = self.last_id.next();
        while self.outgoing.iter().any(|(used, _)| *used == self.last_id) {
            self.last_id = self.last_id.next();
        }
        self.last_id
    }

    fn over(&mut self) {
        self.state = State::Over;
        self.ping_at = None;
        self.answer_by = None;
        self.pong_by = None;
    }

    fn fail(&mut self, error: Error) -> Event<'_> {
        self.over();
        Event::Failed(error)
    }
}

impl<const IN: usize, const OUT: usize> Default for Client<IN, OUT> {
    fn default() -> Self {
        Self::new()
    }
}

/// What became of a packet.
enum Taken {
    Nothing,
    Event(Event<'static>),
    Message,
}
