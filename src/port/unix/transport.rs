//! One link of the device as a TCP connection that never blocks.

use super::board::UnixBoard;
use super::resolve::{self, Addresses};
use crate::device::{Closed, Device, Link, Network};
use crate::settings::Server;
use crate::time::Instant;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::mpsc::TryRecvError;
use std::sync::Arc;

/// Seconds for the resolution of a name.
const RESOLVE_SECS: u32 = 10;
/// Seconds for the connection, all addresses together: each gets its share.
const CONNECT_SECS: u32 = 20;
/// Seconds for the peer to close, too.
const CLOSE_SECS: u32 = 1;
/// Bytes read at a time.
const BUFFER: usize = 4096;

enum State {
    Closed,
    /// It can't even be tried; the device hears of it in the next exchange.
    Refused(Closed),
    Resolving {
        addresses: Addresses,
        until: Instant,
    },
    Connecting {
        stream: TcpStream,
        /// Addresses that were not tried yet, the next one last.
        others: Vec<SocketAddr>,
        /// This one's share is over then.
        share: Instant,
        until: Instant,
    },
    Open(TcpStream),
    /// Closed on our side, until the peer has closed as well. A socket that is dropped with bytes unread resets the
    /// connection, and the peer may never see our last words.
    Closing {
        stream: TcpStream,
        until: Instant,
    },
}

/// One link's socket and what was read from it but not taken yet.
pub(super) struct Transport {
    link: Link,
    state: State,
    /// Not known to block, since readiness is told once only.
    readable: bool,
    writable: bool,
    /// The peer sends no more.
    ended: bool,
    buffer: [u8; BUFFER],
    from: usize,
    to: usize,
}

impl Transport {
    pub(super) fn new(link: Link) -> Self {
        Self { link, state: State::Closed, readable: false, writable: false, ended: false, buffer: [0; BUFFER], from: 0, to: 0 }
    }

    pub(super) fn is_of(&self, link: Link) -> bool {
        self.link == link
    }

    pub(super) fn is_used(&self) -> bool {
        !matches!(self.state, State::Closed)
    }

    /// When it gives up opening or closing.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Resolving { until, .. } | State::Connecting { share: until, .. } | State::Closing { until, .. } => Some(until),
            _ => None,
        }
    }

    fn token(&self) -> Token {
        match self.link {
            Link::Center => Token(1),
            Link::Package => Token(2),
        }
    }

    /// Takes notice of the poll's word.
    pub(super) fn is_ready(&mut self, event: &Event) {
        if event.token() == self.token() {
            self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
            self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
        }
    }

    /// Begins to open a connection. This build speaks plain TCP only: a peer that wants TLS is not reached.
    pub(super) fn open(&mut self, now: Instant, peer: Option<&Server>, registry: &Registry, waker: &Arc<Waker>) {
        *self = Self::new(self.link);
        self.state = match peer {
            None => State::Refused(Closed::NotResolved(Network::There)),
            Some(peer) if peer.is_secure() => State::Refused(Closed::NotOpened(Network::There)),
            Some(peer) => match peer.host.parse() {
                Ok(address) => {
                    let others = vec![SocketAddr::new(address, peer.port)];
                    connect(others, now, now.after_secs(CONNECT_SECS), registry, self.token())
                }
                Err(_) => match resolve::start(&peer.host, peer.port, waker) {
                    Ok(addresses) => State::Resolving { addresses, until: now.after_secs(RESOLVE_SECS) },
                    Err(_) => State::Refused(Closed::NotResolved(Network::There)),
                },
            },
        };
    }

    /// Closes the connection. What was written still arrives.
    pub(super) fn close(&mut self, now: Instant) {
        let before = std::mem::replace(self, Self::new(self.link));
        if let State::Open(stream) = before.state {
            if !before.ended && stream.shutdown(Shutdown::Write).is_ok() {
                self.state = State::Closing { stream, until: now.after_secs(CLOSE_SECS) };
                self.readable = true;
            }
        }
    }

    /// Moves what can be moved; false when that is nothing.
    pub(super) fn exchange(&mut self, now: Instant, device: &mut Device<UnixBoard>, registry: &Registry) -> bool {
        match &self.state {
            State::Closed => false,
            State::Refused(why) => self.fail(now, device, *why),
            State::Resolving { .. } => self.resolved(now, device, registry),
            State::Connecting { .. } => self.connected(now, device, registry),
            State::Closing { .. } => self.finish_closing(now),
            State::Open(_) => {
                let has_sent = self.send(now, device);
                let has_received = self.receive(now, device);
                has_sent || has_received
            }
        }
    }

    fn fail(&mut self, now: Instant, device: &mut Device<UnixBoard>, why: Closed) -> bool {
        *self = Self::new(self.link);
        device.closed(now, self.link, why);
        true
    }

    /// Reads what the peer had on its way, until it has closed.
    fn finish_closing(&mut self, now: Instant) -> bool {
        let State::Closing { stream, until } = &mut self.state else { return false };
        let read = if self.readable { stream.read(&mut self.buffer) } else { Err(ErrorKind::WouldBlock.into()) };
        match read {
            Ok(count) if count > 0 && now < *until => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock && now < *until => {
                self.readable = false;
                false
            }
            _ => {
                *self = Self::new(self.link);
                true
            }
        }
    }

    fn resolved(&mut self, now: Instant, device: &mut Device<UnixBoard>, registry: &Registry) -> bool {
        let State::Resolving { addresses, until } = &self.state else { return false };
        match addresses.try_recv() {
            Ok(Ok(others)) => {
                self.state = connect(others, now, now.after_secs(CONNECT_SECS), registry, self.token());
                true
            }
            Ok(Err(network)) => self.fail(now, device, Closed::NotResolved(network)),
            Err(TryRecvError::Empty) if now < *until => false,
            Err(_) => self.fail(now, device, Closed::NotResolved(Network::Absent)),
        }
    }

    fn connected(&mut self, now: Instant, device: &mut Device<UnixBoard>, registry: &Registry) -> bool {
        let token = self.token();
        let State::Connecting { stream, others, share, until } = &mut self.state else { return false };
        let refused = stream.take_error().transpose();
        if refused.is_none() && stream.peer_addr().is_err() && now < *share {
            return false;
        }
        if refused.is_some() || stream.peer_addr().is_err() {
            let network = refused.map_or(Network::There, |error| network_of(&error.unwrap_or_else(|error| error)));
            if others.is_empty() {
                return self.fail(now, device, Closed::NotOpened(network));
            }
            self.state = connect(std::mem::take(others), now, *until, registry, token);
            return true;
        }
        let State::Connecting { stream, .. } = std::mem::replace(&mut self.state, State::Closed) else { return false };
        // A small message must not wait for the next one; where that can't be had it is only late.
        let _ = stream.set_nodelay(true);
        self.state = State::Open(stream);
        self.readable = true;
        self.writable = true;
        device.connected(now, self.link);
        true
    }

    fn send(&mut self, now: Instant, device: &mut Device<UnixBoard>) -> bool {
        let State::Open(stream) = &mut self.state else { return false };
        let mut has_sent = false;
        while self.writable && !device.transmit(self.link).is_empty() {
            match stream.write(device.transmit(self.link)) {
                Ok(count) => {
                    device.transmitted(now, self.link, count);
                    has_sent = true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.writable = false;
                    // The peer's last words may still be there; reading finds the end.
                    self.readable |= error.kind() != ErrorKind::WouldBlock;
                }
            }
        }
        has_sent
    }

    fn receive(&mut self, now: Instant, device: &mut Device<UnixBoard>) -> bool {
        let State::Open(stream) = &mut self.state else { return false };
        if !device.wants(self.link) {
            return false;
        }
        if self.from == self.to && self.readable && !self.ended {
            self.from = 0;
            self.to = 0;
            match stream.read(&mut self.buffer) {
                Ok(0) => self.ended = true,
                Ok(count) => self.to = count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => return true,
                Err(_) => self.ended = true,
            }
        }
        if self.from == self.to {
            return self.ended && self.fail(now, device, Closed::Lost);
        }
        let taken = device.received(now, self.link, self.buffer.get(self.from..self.to).unwrap_or_default());
        self.from = self.from.saturating_add(taken).min(self.to);
        taken > 0
    }
}

/// Tries the last of the addresses that can be tried, for its share of the time that is left.
fn connect(mut others: Vec<SocketAddr>, now: Instant, until: Instant, registry: &Registry, token: Token) -> State {
    let mut network = Network::There;
    while let Some(address) = others.pop() {
        let opened = TcpStream::connect(address).and_then(|mut stream| {
            registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            Ok(stream)
        });
        match opened {
            Ok(stream) => {
                let (left, shares) = (until.millis_since(now), (others.len() as u64).saturating_add(1));
                let share = now.after_millis(left.checked_div(shares).unwrap_or(left));
                return State::Connecting { stream, others, share, until };
            }
            Err(error) => network = network_of(&error),
        }
    }
    State::Refused(Closed::NotOpened(network))
}

/// What an error of a connection says about the network.
fn network_of(error: &std::io::Error) -> Network {
    match error.kind() {
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown | ErrorKind::AddrNotAvailable => {
            Network::Absent
        }
        _ => Network::There,
    }
}
