//! One MQTT session of a client.
//!
//! Bytes go in by [`Client::received`] and come out of [`Client::transmit`]; what happened comes out of
//! [`Client::poll`]. Messages are kept by the caller until they are acknowledged, and given again after a reconnect.

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    type Session = Client<256, 256>;

    const START: Instant = Instant::from_millis(1_000);
    const ACCEPTED: [u8; 4] = [0x20, 2, 0, 0];
    const CONNECT: Connect =
        Connect { client_id: "qd1", user_name: None, password: Some(b"pw"), keep_alive: 60, clean_session: true };

    fn publish(qos: QoS) -> Publish<'static> {
        Publish { topic: "t", qos, retain: false, dup: false, id: None }
    }

    /// All that waits for the transport, which takes it.
    fn sent(session: &mut Session, now: Instant) -> Vec<u8> {
        let bytes = session.transmit().to_vec();
        session.transmitted(now, bytes.len());
        bytes
    }

    fn received(session: &mut Session, bytes: &[u8]) {
        assert_eq!(session.received(bytes), bytes.len());
    }

    fn connected() -> Session {
        let mut session = Session::new();
        session.connect(START, &CONNECT).unwrap();
        sent(&mut session, START);
        received(&mut session, &ACCEPTED);
        assert_eq!(session.poll(START), Some(Event::Connected { session_present: false }));
        session
    }

    #[test]
    fn a_refusal_ends_the_session_with_its_return_code() {
        for code in 1..=5 {
            let mut session = Session::new();
            session.connect(START, &CONNECT).unwrap();
            received(&mut session, &[0x20, 2, 0, code]);
            assert_eq!(session.poll(START), Some(Event::Refused(code)));
            assert_eq!(session.publish(&publish(QoS::AtMostOnce), b""), Err(Error::WrongState));
        }
    }

    #[test]
    fn an_answer_that_does_not_come_is_noticed_after_twenty_seconds() {
        let mut session = Session::new();
        session.connect(START, &CONNECT).unwrap();
        assert_eq!(session.poll_at(), Some(START.after_secs(20)));
        session.timeout(START.after_millis(19_999));
        assert_eq!(session.poll(START), None);
        session.timeout(START.after_secs(20));
        assert_eq!(session.poll(START), Some(Event::Failed(Error::TimedOut)));

        let mut session = connected();
        session.subscribe(START, "q/+", QoS::AtLeastOnce).unwrap();
        session.timeout(START.after_secs(20));
        assert_eq!(session.poll(START), Some(Event::Failed(Error::TimedOut)));
    }

    #[test]
    fn the_time_for_answers_grows_with_the_round_trip_that_was_measured() {
        let mut session = Session::new();
        session.connect(START, &CONNECT).unwrap();
        sent(&mut session, START);
        let now = START.after_secs(7);
        received(&mut session, &ACCEPTED);
        assert_eq!(session.poll(now), Some(Event::Connected { session_present: false }));
        session.subscribe(now, "q/+", QoS::AtLeastOnce).unwrap();
        assert_eq!(session.poll_at(), Some(now.after_secs(28)));
        session.timeout(now.after_secs(28));
        assert_eq!(session.poll(now), Some(Event::Failed(Error::TimedOut)));
        session.reset();
        session.connect(now, &CONNECT).unwrap();
        assert_eq!(session.poll_at(), Some(now.after_secs(56)), "in vain: it waits twice as long");
    }

    #[test]
    fn the_time_for_answers_doubles_with_each_that_does_not_come_up_to_two_minutes() {
        let mut session = Session::new();
        let times: Vec<u64> = (0..5)
            .map(|_| {
                session.reset();
                session.connect(START, &CONNECT).unwrap();
                let at = session.poll_at().unwrap();
                session.timeout(at);
                at.millis_since(START) / 1000
            })
            .collect();
        assert_eq!(times, [20, 40, 80, 120, 120]);
    }

    #[test]
    fn a_subscription_is_granted_or_refused() {
        for (code, granted) in [(0, Some(QoS::AtMostOnce)), (1, Some(QoS::AtLeastOnce)), (0x80, None)] {
            let mut session = connected();
            let id = session.subscribe(START, "q/+", QoS::AtLeastOnce).unwrap();
            assert_eq!(sent(&mut session, START), [0x82, 8, 0, 1, 0, 3, b'q', b'/', b'+', 1]);
            received(&mut session, &[0x90, 3, 0, 1, code]);
            assert_eq!(session.poll(START), Some(Event::Subscribed { id, granted }));
        }
    }

    #[test]
    fn a_ping_goes_out_after_a_minute_of_silence_and_must_be_answered() {
        let mut session = connected();
        let later = START.after_secs(30);
        session.publish(&publish(QoS::AtMostOnce), b"x").unwrap();
        sent(&mut session, later);
        let due = later.after_secs(60);
        assert_eq!(session.poll_at(), Some(due));
        session.timeout(due);
        assert_eq!(sent(&mut session, due), packet::PING);
        received(&mut session, &[0xD0, 0]);
        assert_eq!(session.poll(due), None);
        assert_eq!(session.poll_at(), Some(due.after_secs(60)));

        session.timeout(due.after_secs(60));
        sent(&mut session, due.after_secs(60));
        session.timeout(due.after_secs(80));
        assert_eq!(session.poll(due), Some(Event::Failed(Error::KeepAlive)));
    }

    #[test]
    fn a_message_with_qos_1_is_the_servers_once_it_is_acknowledged() {
        let mut session = connected();
        let id = session.publish(&publish(QoS::AtLeastOnce), b"x").unwrap().unwrap();
        assert_eq!(sent(&mut session, START), [0x32, 6, 0, 1, b't', 0, 1, b'x']);
        received(&mut session, &[0x40, 2, 0, 1]);
        assert_eq!(session.poll(START), Some(Event::Acknowledged(id)));
        assert_eq!(session.poll(START), None);
    }

    #[test]
    fn a_message_with_qos_2_is_the_servers_once_it_is_received_and_is_released_then() {
        let mut session = connected();
        let id = session.publish(&publish(QoS::ExactlyOnce), b"x").unwrap().unwrap();
        sent(&mut session, START);
        received(&mut session, &[0x50, 2, 0, 1]);
        assert_eq!(session.poll(START), Some(Event::Acknowledged(id)));
        assert_eq!(sent(&mut session, START), [0x62, 2, 0, 1]);
        received(&mut session, &[0x70, 2, 0, 1]);
        assert_eq!(session.poll(START), None);
    }

    #[test]
    fn an_incoming_message_is_acknowledged_only_after_it_was_handed_out() {
        for (first, answer) in [(0x32, 0x40), (0x34, 0x50)] {
            let mut session = connected();
            received(&mut session, &[first, 6, 0, 1, b't', 0, 9, b'x']);
            assert!(session.transmit().is_empty());
            assert!(matches!(session.poll(START), Some(Event::Message { topic: "t", payload: [b'x'], .. })));
            assert_eq!(sent(&mut session, START), [answer, 2, 0, 9]);
        }
    }

    #[test]
    fn a_repeated_message_with_qos_2_is_handed_out_once_until_it_is_released() {
        let mut session = connected();
        let mut bytes = [0x34, 6, 0, 1, b't', 0, 9, b'x'];
        received(&mut session, &bytes);
        assert!(matches!(session.poll(START), Some(Event::Message { .. })));
        bytes[0] |= 8;
        received(&mut session, &bytes);
        assert_eq!(session.poll(START), None);
        assert_eq!(sent(&mut session, START), [0x50, 2, 0, 9, 0x50, 2, 0, 9]);
        received(&mut session, &[0x62, 2, 0, 9]);
        assert_eq!(session.poll(START), None);
        assert_eq!(sent(&mut session, START), [0x70, 2, 0, 9]);
        bytes[0] &= !8;
        received(&mut session, &bytes);
        assert!(matches!(session.poll(START), Some(Event::Message { .. })));
    }

    #[test]
    fn no_more_than_eight_messages_are_unacknowledged_and_each_has_an_identifier_of_its_own() {
        let mut session = connected();
        let mut ids = Vec::new();
        for _ in 0..IN_FLIGHT {
            ids.push(session.publish(&publish(QoS::AtLeastOnce), b"").unwrap().unwrap());
        }
        assert_eq!(session.publish(&publish(QoS::AtLeastOnce), b""), Err(Error::Busy));
        assert!(session.publish(&publish(QoS::AtMostOnce), b"").is_ok());
        assert!(ids.iter().all(|id| ids.iter().filter(|other| *other == id).count() == 1));
        sent(&mut session, START);
        received(&mut session, &packet::answer(Answer::PubAck, ids[3]));
        assert_eq!(session.poll(START), Some(Event::Acknowledged(ids[3])));
        assert!(session.publish(&publish(QoS::AtLeastOnce), b"").is_ok());
    }

    #[test]
    fn after_a_reconnect_a_message_goes_out_again_as_a_duplicate_under_its_old_identifier() {
        let mut session = connected();
        let id = session.publish(&publish(QoS::AtLeastOnce), b"x").unwrap();
        session.reset();
        session.connect(START, &CONNECT).unwrap();
        sent(&mut session, START);
        received(&mut session, &ACCEPTED);
        let _ = session.poll(START);
        let again = Publish { dup: true, id, ..publish(QoS::AtLeastOnce) };
        assert_eq!(session.publish(&again, b"x"), Ok(id));
        assert_eq!(sent(&mut session, START), [0x3A, 6, 0, 1, b't', 0, 1, b'x']);
        assert_ne!(session.publish(&publish(QoS::AtLeastOnce), b"y").unwrap(), id);
    }

    #[test]
    fn bytes_may_leave_and_arrive_one_at_a_time() {
        let mut session = connected();
        session.publish(&publish(QoS::AtMostOnce), b"abc").unwrap();
        let mut out = Vec::new();
        while let Some(&byte) = session.transmit().first() {
            out.push(byte);
            session.transmitted(START, 1);
        }
        assert_eq!(out, [0x30, 6, 0, 1, b't', b'a', b'b', b'c']);
        for byte in &out[..7] {
            received(&mut session, &[*byte]);
            assert_eq!(session.poll(START), None);
        }
        received(&mut session, &out[7..]);
        assert!(matches!(session.poll(START), Some(Event::Message { payload: [b'a', b'b', b'c'], .. })));
    }

    #[test]
    fn a_packet_that_can_never_be_sent_is_an_error_at_once() {
        let mut session = connected();
        assert_eq!(session.publish(&publish(QoS::AtMostOnce), &[0; 256]), Err(Error::TooLarge));
    }

    /// A message of `length` bytes as a packet, with identifier 9.
    fn large(qos: u8, length: usize) -> Vec<u8> {
        let publish = Publish { topic: "t", qos: QoS::from_number(qos).unwrap(), retain: false, dup: false, id: None };
        let mut packet = vec![0; length + 16];
        let written = packet::write_publish(&mut packet, &publish, PacketId::new(9).filter(|_| qos > 0), &mut |room| {
            room[..length].fill(b'x');
            Some(length)
        });
        packet.truncate(written.unwrap());
        packet
    }

    #[test]
    fn a_message_that_is_too_large_is_passed_over_and_acknowledged_like_the_others() {
        // Miri takes its time.
        let (longest, steps) = if cfg!(miri) { (700, &[100, 1000][..]) } else { (70_000, &[1, 7, 256, 257, 1000][..]) };
        for (qos, acknowledgement) in [(0, &[][..]), (1, &[0x40, 2, 0, 9]), (2, &[0x50, 2, 0, 9])] {
            for length in [252, 253, 300, 600, longest] {
                for &step in steps {
                    let mut session = connected();
                    let mut bytes = large(qos, length);
                    bytes.extend([0x30, 4, 0, 1, b't', b'n']);
                    let mut told = Vec::new();
                    let mut rest = &bytes[..];
                    while !rest.is_empty() || session.next_length() > 0 {
                        let taken = session.received(&rest[..rest.len().min(step)]);
                        rest = &rest[taken..];
                        while let Some(event) = session.poll(START) {
                            told.push(match event {
                                Event::TooLarge { beginning } => (true, beginning.to_vec()),
                                Event::Message { payload, .. } => (false, payload.to_vec()),
                                event => panic!("{event:?}"),
                            });
                        }
                    }
                    let head = bytes.len() - 6 - length;
                    let beginning = vec![b'x'; 256 - head];
                    assert_eq!(told, [(true, beginning), (false, b"n".to_vec())], "{qos} {length} {step}");
                    assert_eq!(sent(&mut session, START), acknowledgement);
                }
            }
        }
    }

    #[test]
    fn a_message_that_is_too_large_is_acknowledged_only_when_all_of_it_is_there() {
        let mut session = connected();
        let bytes = large(1, 500);
        let (most, last) = bytes.split_at(bytes.len() - 1);
        received(&mut session, most);
        assert_eq!(session.poll(START), None);
        assert_eq!(session.next_length(), 0);
        assert!(session.transmit().is_empty());
        received(&mut session, last);
        assert!(matches!(session.poll(START), Some(Event::TooLarge { .. })));
        assert_eq!(sent(&mut session, START), [0x40, 2, 0, 9]);
    }

    #[test]
    fn a_message_that_is_too_large_is_told_once_until_it_is_released() {
        let mut session = connected();
        received(&mut session, &large(2, 500));
        assert!(matches!(session.poll(START), Some(Event::TooLarge { .. })));
        let mut again = large(2, 500);
        again[0] |= 8;
        received(&mut session, &again);
        assert_eq!(session.poll(START), None);
        assert_eq!(sent(&mut session, START), [0x50, 2, 0, 9, 0x50, 2, 0, 9]);
    }

    #[test]
    fn the_rest_of_a_message_that_is_too_large_does_not_reach_the_next_connection() {
        let mut session = connected();
        received(&mut session, &large(0, 500)[..400]);
        session.reset();
        session.connect(START, &CONNECT).unwrap();
        sent(&mut session, START);
        received(&mut session, &ACCEPTED);
        assert_eq!(session.poll(START), Some(Event::Connected { session_present: false }));
    }

    #[test]
    fn what_is_too_large_and_no_message_or_has_a_topic_too_large_ends_the_session() {
        let mut session = connected();
        received(&mut session, &[0x90, 0xFE, 0x01]);
        assert_eq!(session.poll(START), Some(Event::Failed(Error::Malformed)));

        let mut session = connected();
        let mut bytes = vec![0x30, 0xAC, 0x02, 1, 40];
        bytes.resize(3 + 300, b't');
        received(&mut session, &bytes);
        assert_eq!(session.poll(START), Some(Event::Failed(Error::Malformed)));
    }

    #[test]
    fn the_length_of_the_next_packet_is_known_before_it_is_taken() {
        let mut session = connected();
        received(&mut session, &[0x30, 4, 0, 1, b't', b'x', 0x30, 5, 0]);
        assert_eq!(session.next_length(), 6);
        assert!(matches!(session.poll(START), Some(Event::Message { .. })));
        assert_eq!(session.next_length(), 7);
        assert_eq!(session.poll(START), None);
        assert_eq!(session.next_length(), 7);
    }

    #[test]
    fn packets_out_of_place_end_the_session() {
        let mut session = connected();
        received(&mut session, &ACCEPTED);
        assert_eq!(session.poll(START), Some(Event::Failed(Error::Unexpected)));

        let mut session = Session::new();
        session.connect(START, &CONNECT).unwrap();
        received(&mut session, &[0xD0, 0]);
        assert_eq!(session.poll(START), Some(Event::Failed(Error::Unexpected)));

        let mut session = connected();
        received(&mut session, &[0xF0, 0]);
        assert_eq!(session.poll(START), Some(Event::Failed(Error::Malformed)));
        assert_eq!(session.poll(START), None);
    }

    #[test]
    fn answers_wait_for_room_rather_than_get_lost() {
        let mut session = connected();
        while session.publish(&publish(QoS::AtMostOnce), &[0; 10]).is_ok() {}
        // More messages than there is room for answers to them.
        let mut messages: Vec<u8> = (1..=30).flat_map(|id| [0x32, 5, 0, 1, b't', 0, id]).collect();
        let (mut taken, mut answers) = (0, Vec::new());
        while !messages.is_empty() {
            let count = session.received(&messages);
            messages.drain(..count);
            while session.poll(START).is_some() {
                taken += 1;
            }
            answers.extend(sent(&mut session, START));
        }
        while session.poll(START).is_some() {
            taken += 1;
            answers.extend(sent(&mut session, START));
        }
        let acknowledged = answers.windows(4).filter(|packet| packet[..3] == [0x40, 2, 0]).count();
        assert_eq!((taken, acknowledged), (30, 30));
    }

    #[test]
    fn nothing_follows_a_disconnect() {
        let mut session = connected();
        session.disconnect();
        assert_eq!(sent(&mut session, START), packet::DISCONNECT);
        assert_eq!(session.publish(&publish(QoS::AtMostOnce), b""), Err(Error::WrongState));
        received(&mut session, &[0x30, 3, 0, 1, b't']);
        assert_eq!(session.poll(START), None);
        assert_eq!(session.poll_at(), None);
    }

    #[test]
    fn a_ping_without_answer_ends_the_session_however_short_the_keep_alive() {
        let mut session = Session::new();
        session.connect(START, &Connect { keep_alive: 1, ..CONNECT }).unwrap();
        sent(&mut session, START);
        received(&mut session, &ACCEPTED);
        let _ = session.poll(START);
        // The ping after one second is the one that the server has to answer; others go out meanwhile.
        for second in 1..=20 {
            let now = START.after_secs(second);
            assert_eq!(session.poll_at(), Some(now));
            session.timeout(now);
            assert_eq!(sent(&mut session, now), packet::PING);
        }
        let end = START.after_secs(21);
        assert_eq!(session.poll_at(), Some(end));
        session.timeout(end);
        assert_eq!(session.poll(end), Some(Event::Failed(Error::KeepAlive)));
    }

    #[test]
    fn nothing_is_due_before_the_server_has_to_have_answered_connect() {
        let mut session = Session::new();
        session.connect(START, &Connect { keep_alive: 1, ..CONNECT }).unwrap();
        sent(&mut session, START);
        assert_eq!(session.poll_at(), Some(START.after_secs(20)));
    }

    #[test]
    fn a_server_may_send_many_messages_with_qos_2_before_it_sees_an_answer() {
        let mut session = connected();
        for id in 1..=UNRELEASED as u8 {
            received(&mut session, &[0x34, 6, 0, 1, b't', 0, id, b'x']);
            assert!(matches!(session.poll(START), Some(Event::Message { .. })), "message {id}");
            assert_eq!(sent(&mut session, START), [0x50, 2, 0, id]);
        }
        received(&mut session, &[0x34, 6, 0, 1, b't', 0, 99, b'x']);
        assert_eq!(session.poll(START), Some(Event::Failed(Error::Unexpected)));
    }

    #[test]
    fn a_message_published_while_half_of_another_is_written_comes_after_it() {
        let mut session = connected();
        session.publish(&publish(QoS::AtMostOnce), b"abc").unwrap();
        let mut out = session.transmit()[..5].to_vec();
        session.transmitted(START, 5);
        session.publish(&publish(QoS::AtMostOnce), b"d").unwrap();
        out.extend(sent(&mut session, START));
        assert_eq!(out, *b"\x30\x06\0\x01tabc\x30\x04\0\x01td");
    }

    #[test]
    fn a_packet_may_fill_the_buffer_to_its_last_byte() {
        let mut session = connected();
        assert_eq!(session.poll(START), None);
        let mut bytes = vec![0x30, 0xFD, 0x01, 0, 1, b't'];
        bytes.resize(256, b'x');
        received(&mut session, &bytes);
        assert!(matches!(session.poll(START), Some(Event::Message { payload, .. }) if payload.len() == 250));
    }
}
