//! One link of the device over the board's network functions, which never wait.
//!
//! The device is not locked while they run: a board's sockets may be a script's objects, whose code may call the device.

use super::Network;
use crate::device::limits::CHUNK;
use crate::device::{Closed, Link, Network as Reach};
use crate::ffi::board::QthOpening;
use crate::time::Instant;

/// Seconds until a link that does not open is given up.
const OPEN_SECS: u32 = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// Until then.
    Opening(Instant),
    Open,
}

/// A link's state and what was received but not taken yet.
pub(super) struct Transport {
    pub(super) link: Link,
    state: State,
    /// The peer sends no more.
    ended: bool,
    buffer: [u8; CHUNK],
    from: usize,
    to: usize,
}

impl Transport {
    pub(super) const CLOSED: Self =
        Self { link: Link::Center, state: State::Closed, ended: false, buffer: [0; CHUNK], from: 0, to: 0 };

    pub(super) fn is_used(&self) -> bool {
        self.state != State::Closed
    }

    fn number(&self) -> u8 {
        match self.link {
            Link::Center => 0,
            Link::Package => 1,
        }
    }

    pub(super) fn open(&mut self, network: &Network<'_>) {
        self.close(network);
        let Some(peer) = network.tell(|device, _| device.peer(self.link)) else {
            return network.tell(|device, now| device.closed(now, self.link, Closed::NotResolved(Reach::There)));
        };
        // TLS has to be refused by name: a plain connection in its place would tell secrets.
        let opening = match peer.is_secure() {
            true => QthOpening::Failed,
            false => network.functions().open(self.number(), &peer.host, peer.port),
        };
        self.state = State::Opening(network.tell(|_, now| now).after_secs(OPEN_SECS));
        self.opened(network, opening);
    }

    pub(super) fn close(&mut self, network: &Network<'_>) {
        if self.is_used() {
            network.functions().close(self.number());
        }
        self.state = State::Closed;
        self.ended = false;
        (self.from, self.to) = (0, 0);
    }

    /// Moves bytes between device and network by way of `room`; returns whether either had any.
    pub(super) fn exchange(&mut self, network: &Network<'_>, room: &mut [u8; CHUNK]) -> bool {
        match self.state {
            State::Closed => false,
            State::Opening(_) => self.opened(network, network.functions().opening(self.number())),
            State::Open => {
                let has_sent = self.send(network, room);
                let has_received = self.receive(network);
                has_sent || has_received
            }
        }
    }

    /// Takes notice of how the opening goes.
    fn opened(&mut self, network: &Network<'_>, opening: QthOpening) -> bool {
        let State::Opening(until) = self.state else { return false };
        match opening {
            QthOpening::Pending if network.tell(|_, now| now) < until => return false,
            QthOpening::Open => {
                self.state = State::Open;
                network.tell(|device, now| device.connected(now, self.link));
            }
            // Which most often says that there is nobody to ask.
            QthOpening::NotResolved => self.fail(network, Closed::NotResolved(Reach::Absent)),
            QthOpening::NoNetwork => self.fail(network, Closed::NotOpened(Reach::Absent)),
            QthOpening::Pending | QthOpening::Failed => self.fail(network, Closed::NotOpened(Reach::There)),
        }
        true
    }

    fn fail(&mut self, network: &Network<'_>, why: Closed) {
        self.close(network);
        network.tell(|device, now| device.closed(now, self.link, why));
    }

    fn send(&mut self, network: &Network<'_>, room: &mut [u8; CHUNK]) -> bool {
        let count = network.tell(|device, _| {
            let bytes = device.transmit(self.link);
            let count = bytes.len().min(CHUNK);
            if let Some((room, bytes)) = room.get_mut(..count).zip(bytes.get(..count)) {
                room.copy_from_slice(bytes);
            }
            count
        });
        if count == 0 {
            return false;
        }
        // Where it is broken, the peer's last words may still be there; reading finds the end.
        let sent = network.functions().send(self.number(), room.get(..count).unwrap_or_default()).unwrap_or_default();
        if sent > 0 {
            network.tell(|device, now| device.transmitted(now, self.link, sent));
        }
        sent > 0
    }

    fn receive(&mut self, network: &Network<'_>) -> bool {
        if !network.tell(|device, _| device.wants(self.link)) {
            return false;
        }
        if self.from == self.to && !self.ended {
            self.from = 0;
            match network.functions().receive(self.number(), &mut self.buffer) {
                Some(count) => self.to = count,
                None => (self.to, self.ended) = (0, true),
            }
        }
        if self.from == self.to {
            if self.ended {
                self.fail(network, Closed::Lost);
            }
            return self.ended;
        }
        let bytes = self.buffer.get(self.from..self.to).unwrap_or_default();
        let taken = network.tell(|device, now| device.received(now, self.link, bytes));
        self.from = self.from.saturating_add(taken).min(self.to);
        taken > 0
    }
}
