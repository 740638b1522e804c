//! One device: configuration, connection, data and upgrades over one state, without input or output of its own.
//!
//! A driver opens and closes the two links, moves bytes between them and the device, and calls [`Device::timeout`] at
//! [`Device::poll_at`]; the application calls the functions of `application.rs` and takes events.
#![forbid(unsafe_code)]

pub mod application;
pub mod code;
pub mod config;
pub mod connection;
pub mod dispatch;
pub mod event;
pub mod limits;
pub mod outbox;
pub mod report;
pub mod retry;
pub mod secret;
mod upgrading;

use crate::board::{About, Board};
use crate::mqtt::client::{Client, Event as Heard, Publish};
use crate::mqtt::packet::QoS;
use crate::mqtt::Error as MqttError;
use crate::time::Instant;
use crate::upgrade::{Accepted, Input, Upgrade};
use config::{Config, Server};
use connection::{Connection, Phase};
use event::Events;
use heapless::{Deque, String};
use outbox::{Outbox, Sender};
use qth_flash::records::Records;
use qth_flash::slot::Slots;
use qth_protocol::auth;
use qth_protocol::frame::PackageId;
use qth_protocol::topic::{self, Direction, Topic};
use retry::Class;

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
    NotResolved,
    /// The connection could not be opened.
    NotOpened,
    /// It was open, and the peer or the network closed it.
    Lost,
}

type Mqtt = Client<{ limits::PACKET_IN }, { limits::PACKET_OUT }>;

/// A device: see the module's text.
pub struct Device<B: Board> {
    mqtt: Mqtt,
    parts: Components<B>,
}

/// Everything but the MQTT client, so that a message in that client's buffer can be handled in place.
pub(crate) struct Components<B: Board> {
    board: B,
    config: Config,
    connection: Connection,
    client_id: String<{ auth::CLIENT_ID_MAX }>,
    ds: String<{ limits::DEVICE_SECRET }>,
    last_id: PackageId,
    outbox: Outbox,
    events: Events,
    records: Records,
    slots: Slots,
    upgrade: Upgrade<Accepted>,
    actions: Deque<Action, 8>,
}

impl<B: Board> Components<B> {
    fn act(&mut self, action: Action) {
        // Each link is opened and closed at most twice between two polls: there is room.
        let _ = self.actions.push_back(action);
    }

    /// The device key: what the script has set, else the board's.
    fn device_key(&self) -> &str {
        match self.config.dk.as_str() {
            "" => self.board.about().dk,
            dk => dk,
        }
    }

    fn about(&self) -> About<'_> {
        self.board.about()
    }
}

impl<B: Board> Device<B> {
    /// The next thing for the driver to do; call it after every input until it says `None`.
    #[must_use]
    pub fn poll(&mut self, now: Instant) -> Option<Action> {
        self.run_mqtt(now);
        self.parts.connect_when_due(now);
        self.parts.run_upgrade(now);
        self.run_farewell(now);
        self.run_outbox();
        self.parts.actions.pop_front()
    }

    /// Where to open `link` to.
    #[must_use]
    pub fn peer(&self, link: Link) -> Option<Server> {
        match link {
            Link::Center => self.parts.server(),
            Link::Package => self.parts.upgrade.server().cloned(),
        }
    }

    /// The link is open.
    pub fn connected(&mut self, now: Instant, link: Link) {
        match link {
            Link::Center if matches!(self.parts.connection.phase, Phase::Opening(_)) => self.parts.greet(now, &mut self.mqtt),
            Link::Center => {}
            Link::Package => self.parts.upgrade.connected(now),
        }
    }

    /// Bytes have come over the link; returns how many were taken. The rest is to be offered again after the next
    /// [`Device::poll`].
    #[must_use]
    pub fn received(&mut self, now: Instant, link: Link, bytes: &[u8]) -> usize {
        match link {
            Link::Center if self.has_room() => self.mqtt.received(bytes),
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
        self.parts.events.has_room(self.mqtt.next_length())
    }

    /// The link is gone, or could not be opened.
    pub fn closed(&mut self, now: Instant, link: Link, why: Closed) {
        match link {
            Link::Center => {
                let code = match why {
                    Closed::NotResolved => code::NOT_RESOLVED,
                    Closed::NotOpened => code::CONNECTION,
                    Closed::Lost => code::NETWORK,
                };
                self.parts.connection_failed(now, Class::Network, event::topic::NETWORK, code);
            }
            Link::Package => self.parts.upgrade.closed(now),
        }
    }

    /// Bytes to be sent over the link.
    #[must_use]
    pub fn transmit(&self, link: Link) -> &[u8] {
        match link {
            Link::Center => self.mqtt.transmit(),
            Link::Package => self.parts.upgrade.transmit(),
        }
    }

    /// The first `count` bytes of [`Device::transmit`] are sent.
    pub fn transmitted(&mut self, now: Instant, link: Link, count: usize) {
        match link {
            Link::Center => {
                self.mqtt.transmitted(now, count);
                if let Phase::Leaving(_, next) = self.parts.connection.phase {
                    if self.mqtt.transmit().is_empty() {
                        self.parts.left(now, next);
                    }
                }
            }
            Link::Package => self.parts.upgrade.transmitted(count),
        }
    }

    /// When [`Device::timeout`] is due at the latest.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        let parts = &self.parts;
        Instant::earliest(&[self.mqtt.poll_at(), parts.connection_poll_at(), parts.upgrade.poll_at()])
    }

    /// Handles every deadline that has expired by `now`.
    pub fn timeout(&mut self, now: Instant) {
        self.mqtt.timeout(now);
        self.parts.connection_timeout(now);
        self.parts.upgrade_timeout(now);
    }

    fn run_mqtt(&mut self, now: Instant) {
        let Self { mqtt, parts } = self;
        while parts.events.has_room(mqtt.next_length()) {
            let Some(event) = mqtt.poll(now) else { break };
            match event {
                Heard::Connected { .. } => {
                    parts.connection.phase = Phase::Subscribing;
                    let filter = topic::subscription(&parts.client_id);
                    if !filter.is_ok_and(|filter| mqtt.subscribe(now, &filter, QoS::AtLeastOnce).is_ok()) {
                        parts.connection_failed(now, Class::Network, event::topic::CENTER, code::SUBSCRIPTION);
                    }
                }
                Heard::Refused(return_code) => parts.refused(now, return_code),
                Heard::Subscribed { granted: Some(_), .. } => parts.subscribed(now),
                Heard::Subscribed { granted: None, .. } => {
                    parts.connection_failed(now, Class::Network, event::topic::CENTER, code::SUBSCRIPTION);
                }
                Heard::Message { payload, .. } => {
                    parts.message(now, payload);
                    parts.run_farewell(now, mqtt);
                }
                Heard::TooLarge { beginning } => parts.message_too_large(beginning),
                Heard::Acknowledged(id) => {
                    if let Some(Sender::Upgrade(status)) = parts.outbox.acknowledged(id) {
                        parts.tell_upgrade(now, Input::Acknowledged(status));
                    }
                }
                Heard::Failed(error) => {
                    let code = match error {
                        MqttError::KeepAlive => code::KEEP_ALIVE,
                        _ => code::PROTOCOL,
                    };
                    parts.connection_failed(now, Class::Network, event::topic::CENTER, code);
                }
            }
        }
    }

    /// Says goodbye where something is to follow on it.
    fn run_farewell(&mut self, now: Instant) {
        self.parts.run_farewell(now, &mut self.mqtt);
    }

    /// Gives MQTT what waits, as far as it has room.
    fn run_outbox(&mut self) {
        let Self { mqtt, parts } = self;
        while parts.is_online() {
            let Some(due) = parts.outbox.due() else { break };
            let topic = Topic { direction: Direction::Up, client_id: &parts.client_id, class: due.class, endpoint: None };
            let Ok(name) = topic.name() else { break };
            let publish = Publish { topic: &name, qos: due.qos, retain: false, dup: due.again.is_some(), id: due.again };
            let session = parts.connection.session.as_ref();
            let written = mqtt.publish_with(&publish, |room| {
                room.get_mut(..due.frame.len())?.copy_from_slice(due.frame);
                match session {
                    Some(session) => session.encrypt(room, due.frame.len()).ok(),
                    None => Some(due.frame.len()),
                }
            });
            match written {
                Ok(id) => parts.outbox.sent(id),
                Err(_) => break,
            }
        }
    }
}
