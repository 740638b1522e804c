//! One device: configuration, connection, data and upgrades over one state, without input or output of its own.
//!
//! A driver opens and closes the two links, moves bytes between them and the device, and calls [`Device::timeout`] at
//! [`Device::poll_at`]; the application calls the functions of `application.rs` and takes events.
#![forbid(unsafe_code)]

mod application;
mod commands;
pub mod limits;
mod upgrading;

use crate::board::Board;
use crate::connection::{result, Connection, Context, Effect, Effects, Next, Output};
use crate::data::event::{Event, Events};
use crate::data::outbox::{Outbox, Sender};
use crate::settings::{Server, Settings};
use crate::time::Instant;
pub use crate::upgrade::Network;
use crate::upgrade::{Accepted, Input, Upgrade};
use heapless::Deque;
use qth_flash::records::Records;
use qth_flash::slot::Slots;

/// The two transports of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// MQTT with the Center.
    Center,
    /// HTTP with the server that has the package.
    Package,
}

/// What the driver has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open this link to [`Device::peer`]; answer with [`Device::connected`] or [`Device::closed`].
    Open(Link),
    /// Close this link, without an answer.
    Close(Link),
    /// Restart the board: the bootloader has something to decide.
    Restart,
}

/// Why a link is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The name was not resolved.
    NotResolved(Network),
    /// The connection could not be opened.
    NotOpened(Network),
    /// It was open, and the peer or the network closed it.
    Lost,
}

/// A device: see the module's text.
pub struct Device<B: Board> {
    connection: Connection,
    parts: Components<B>,
}

/// Everything but the connection, so that a command in its buffer can be handled in place.
struct Components<B: Board> {
    board: B,
    settings: Settings,
    outbox: Outbox,
    events: Events,
    records: Records,
    slots: Slots,
    upgrade: Upgrade<Accepted>,
    /// What the connection is to be left for.
    farewell: Option<Next>,
    actions: Deque<Action, 8>,
}

impl<B: Board> Components<B> {
    fn act(&mut self, action: Action) {
        // Each link is opened and closed at most twice between two polls: there is room.
        let _ = self.actions.push_back(action);
    }

    /// What the connection reads and writes.
    fn context(&mut self) -> Context<'_, B> {
        let Self { board, records, settings, slots, .. } = self;
        Context { board, records, settings, is_trial: slots.is_trial() }
    }

    /// Carries out what the connection has led to.
    fn follow(&mut self, now: Instant, effects: &Effects) {
        for effect in effects.iter() {
            note!("connection", effect);
            match *effect {
                Effect::Open => self.act(Action::Open(Link::Center)),
                Effect::Close => {
                    self.outbox.disconnected();
                    self.act(Action::Close(Link::Center));
                }
                Effect::Restart => self.act(Action::Restart),
                Effect::Tell(number, result) => _ = self.events.push(Event::Device(number, result)),
                Effect::Online => {
                    self.report_status();
                    self.report_information();
                    self.tell_upgrade(now, Input::Online, true);
                }
            }
        }
    }
}

impl<B: Board> Device<B> {
    /// The next thing for the driver to do; call it after every input until it says `None`.
    #[must_use]
    pub fn poll(&mut self, now: Instant) -> Option<Action> {
        self.run_connection(now);
        self.parts.run_upgrade(now, self.connection.is_online());
        self.run_farewell(now);
        self.run_outbox();
        self.parts.actions.pop_front()
    }

    /// Where to open `link` to.
    #[must_use]
    pub fn peer(&self, link: Link) -> Option<Server> {
        match link {
            Link::Center => self.connection.peer(&self.parts.board, &self.parts.settings),
            Link::Package => self.parts.upgrade.server(),
        }
    }

    /// The link is open.
    pub fn connected(&mut self, now: Instant, link: Link) {
        match link {
            Link::Center => {
                self.parts.tell_upgrade(now, Input::Network(Network::There), false);
                let effects = self.connection.connected(now, &mut self.parts.context());
                self.parts.follow(now, &effects);
            }
            Link::Package => self.parts.upgrade.connected(now),
        }
    }

    /// Bytes have come over the link; returns how many were taken. The rest is to be offered again after the next
    /// [`Device::poll`].
    #[must_use]
    pub fn received(&mut self, now: Instant, link: Link, bytes: &[u8]) -> usize {
        match link {
            Link::Center if self.has_room() => self.connection.received(bytes),
            Link::Center => 0,
            Link::Package => self.parts.upgrade.received(now, bytes),
        }
    }

    /// Returns whether bytes of this link would be taken now. The Center's are not while the application has not taken the
    /// events before them.
    #[must_use]
    pub fn wants(&self, link: Link) -> bool {
        link == Link::Package || self.has_room()
    }

    /// Returns whether the application's queue has room for what comes next from the Center.
    fn has_room(&self) -> bool {
        self.parts.events.has_room(self.connection.next_length())
    }

    /// The link is gone, or could not be opened.
    pub fn closed(&mut self, now: Instant, link: Link, why: Closed) {
        match link {
            Link::Center => {
                let (result, network) = match why {
                    Closed::NotResolved(network) => (result::NOT_RESOLVED, network),
                    Closed::NotOpened(network) => (result::CONNECTION, network),
                    Closed::Lost => (result::NETWORK, Network::There),
                };
                self.parts.tell_upgrade(now, Input::Network(network), false);
                let effects = self.connection.closed(now, result, &mut self.parts.context());
                self.parts.follow(now, &effects);
            }
            Link::Package => self.parts.upgrade.closed(now),
        }
    }

    /// Bytes to be sent over the link.
    #[must_use]
    pub fn transmit(&self, link: Link) -> &[u8] {
        match link {
            Link::Center => self.connection.transmit(),
            Link::Package => self.parts.upgrade.transmit(),
        }
    }

    /// The first `count` bytes of [`Device::transmit`] are sent.
    pub fn transmitted(&mut self, now: Instant, link: Link, count: usize) {
        match link {
            Link::Center => {
                let effects = self.connection.transmitted(now, count);
                self.parts.follow(now, &effects);
            }
            Link::Package => self.parts.upgrade.transmitted(count),
        }
    }

    /// When [`Device::timeout`] is due at the latest.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        Instant::earliest(&[self.connection.poll_at(), self.parts.upgrade.poll_at()])
    }

    /// Handles every deadline that has expired by `now`.
    pub fn timeout(&mut self, now: Instant) {
        let effects = self.connection.timeout(now, &mut self.parts.context());
        self.parts.follow(now, &effects);
        self.parts.upgrade_timeout(now, self.connection.is_online());
    }

    /// Has the connection do what is due, and hands on what has come, as far as the application's queue has room.
    #[inline(never)]
    fn run_connection(&mut self, now: Instant) {
        loop {
            let effects = self.connection.advance(now, &mut self.parts.context());
            self.parts.follow(now, &effects);
            if !self.has_room() {
                return;
            }
            let Self { connection, parts } = self;
            let is_online = connection.is_online();
            let Some(output) = connection.poll(now, &mut parts.context()) else { return };
            match output {
                Output::Effects(effects) => parts.follow(now, &effects),
                Output::Command(frame) => parts.command(now, &frame, is_online),
                Output::Exception(code, id) => parts.report_exception(code, id),
                Output::Acknowledged(id) => {
                    if let Some(Sender::Upgrade(status)) = parts.outbox.acknowledged(id) {
                        parts.tell_upgrade(now, Input::Acknowledged(status), is_online);
                    }
                }
            }
            self.run_farewell(now);
        }
    }

    /// Leaves the Center where something is to follow on that.
    fn run_farewell(&mut self, now: Instant) {
        if let Some(next) = self.parts.farewell.take() {
            let effects = self.connection.leave(now, next);
            self.parts.follow(now, &effects);
        }
    }

    /// Gives the connection what waits, as far as it has room.
    #[inline(never)]
    fn run_outbox(&mut self) {
        while self.connection.is_online() {
            let Some(due) = self.parts.outbox.due() else { return };
            let Some(id) = self.connection.send(&due) else { return };
            self.parts.outbox.sent(id);
        }
    }
}
