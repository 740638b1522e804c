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
pub mod upgrading;

use crate::board::{About, Board};
use crate::mqtt::client::{Client, Event as Heard, Publish};
use crate::mqtt::packet::QoS;
use crate::mqtt::Error as MqttError;
use crate::time::Instant;
use config::{Config, Server};
use connection::{Connection, Phase};
use dispatch::Outcome;
use event::Events;
use heapless::{Deque, String};
use outbox::{Outbox, Sender};
use qth_flash::records::Records;
use qth_flash::slot::Slots;
use qth_protocol::auth;
use qth_protocol::frame::PackageId;
use qth_protocol::topic::{self, Direction, Topic};
use retry::Class;
use upgrading::{Fetch, Upgrading};

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
    download: Fetch,
    core: Core<B>,
}

/// Everything but the two protocol clients, so that a message in a client's buffer can be handled in place.
pub(crate) struct Core<B: Board> {
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
    upgrade: Upgrading,
    package_server: Option<Server>,
    actions: Deque<Action, 8>,
}

impl<B: Board> Core<B> {
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
        self.core.connect_when_due(now);
        self.run_download(now);
        self.run_restart(now);
        self.run_outbox();
        self.core.actions.pop_front()
    }

    /// Where to open `link` to.
    pub fn peer(&self, link: Link) -> Option<Server> {
        match link {
            Link::Center => self.core.server(),
            Link::Package => self.core.package_server.clone(),
        }
    }

    /// The link is open.
    pub fn connected(&mut self, now: Instant, link: Link) {
        match link {
            Link::Center if matches!(self.core.connection.phase, Phase::Opening(_)) => self.core.greet(now, &mut self.mqtt),
            Link::Center => {}
            Link::Package => self.download.connected(now),
        }
    }

    /// Bytes have come over the link; returns how many were taken. The rest is to be offered again after the next
    /// [`Device::poll`].
    pub fn received(&mut self, now: Instant, link: Link, bytes: &[u8]) -> usize {
        match link {
            Link::Center if self.core.events.has_room() => self.mqtt.received(bytes),
            Link::Center => 0,
            Link::Package => self.download.received(now, bytes),
        }
    }

    /// Whether bytes of this link would be taken now. The Center's are not while the application has not taken the
    /// events before them.
    pub fn wants(&self, link: Link) -> bool {
        link == Link::Package || self.core.events.has_room()
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
                self.core.connection_failed(now, Class::Network, event::topic::NETWORK, code);
            }
            Link::Package => self.download.closed(now),
        }
    }

    /// Bytes to be sent over the link.
    pub fn transmit(&self, link: Link) -> &[u8] {
        match link {
            Link::Center => self.mqtt.transmit(),
            Link::Package => self.download.transmit(),
        }
    }

    /// The first `count` bytes of [`Device::transmit`] are sent.
    pub fn transmitted(&mut self, now: Instant, link: Link, count: usize) {
        match link {
            Link::Center => {
                self.mqtt.transmitted(now, count);
                if let Phase::Leaving(_, next) = self.core.connection.phase {
                    if self.mqtt.transmit().is_empty() {
                        self.core.left(now, next);
                    }
                }
            }
            Link::Package => self.download.transmitted(count),
        }
    }

    /// When [`Device::timeout`] is due at the latest.
    pub fn poll_at(&self) -> Option<Instant> {
        let core = &self.core;
        Instant::earliest(&[self.mqtt.poll_at(), self.download.poll_at(), core.connection_poll_at(), core.upgrade_poll_at()])
    }

    /// Lets pass what is due.
    pub fn timeout(&mut self, now: Instant) {
        self.mqtt.timeout(now);
        self.download.timeout(now);
        self.core.connection_timeout(now);
        self.core.upgrade_timeout(now, &mut self.download);
    }

    fn run_mqtt(&mut self, now: Instant) {
        let Self { mqtt, core, download } = self;
        while core.events.has_room() {
            let Some(event) = mqtt.poll(now) else { break };
            match event {
                Heard::Connected { .. } => {
                    core.connection.phase = Phase::Subscribing;
                    let filter = topic::subscription(&core.client_id);
                    if !filter.is_ok_and(|filter| mqtt.subscribe(now, &filter, QoS::AtLeastOnce).is_ok()) {
                        core.connection_failed(now, Class::Network, event::topic::CENTER, code::SUBSCRIPTION);
                    }
                }
                Heard::Refused(return_code) => core.refused(now, return_code),
                Heard::Subscribed { granted: Some(_), .. } => core.subscribed(now),
                Heard::Subscribed { granted: None, .. } => {
                    core.connection_failed(now, Class::Network, event::topic::CENTER, code::SUBSCRIPTION);
                }
                Heard::Message { payload, .. } => match core.message(now, payload, download) {
                    Outcome::Stay => {}
                    Outcome::Leave(next) => core.leave(now, next, mqtt),
                },
                Heard::Acknowledged(id) => {
                    if let Some(Sender::Upgrade(status)) = core.outbox.acknowledged(id) {
                        core.report_arrived(now, status);
                    }
                }
                Heard::Failed(error) => {
                    let (class, code) = match error {
                        MqttError::KeepAlive => (Class::Network, code::KEEP_ALIVE),
                        // The same message would come again at once.
                        MqttError::TooLarge => (Class::Disabled, code::PROTOCOL),
                        _ => (Class::Network, code::PROTOCOL),
                    };
                    core.connection_failed(now, class, event::topic::CENTER, code);
                }
            }
        }
    }

    /// Gives MQTT what waits, as far as it has room.
    fn run_outbox(&mut self) {
        let Self { mqtt, core, .. } = self;
        while core.is_online() {
            let Some(due) = core.outbox.due() else { break };
            let topic = Topic { direction: Direction::Up, client_id: &core.client_id, class: due.class, endpoint: None };
            let Ok(name) = topic.name() else { break };
            let publish = Publish { topic: &name, qos: due.qos, retain: false, dup: due.again.is_some(), id: due.again };
            let session = core.connection.session.as_ref();
            let written = mqtt.publish_with(&publish, |room| {
                room.get_mut(..due.frame.len())?.copy_from_slice(due.frame);
                match session {
                    Some(session) => session.encrypt(room, due.frame.len()).ok(),
                    None => Some(due.frame.len()),
                }
            });
            match written {
                Ok(id) => core.outbox.sent(id),
                Err(_) => break,
            }
        }
    }
}
