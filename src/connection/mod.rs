//! The connection to the Center: when it is opened, how the device proves who it is, when it counts as ready, what the
//! Center says about it, and the MQTT client over which everything goes.
//!
//! Facts: wire protocol, sections 1 and 4.
#![forbid(unsafe_code)]

mod configure;
mod identity;
mod output;
pub mod result;
pub mod retry;
mod state;

use crate::board::Board;
use crate::data::event::topic as event;
use crate::data::outbox::Due;
use crate::device::limits;
use crate::mqtt::client::{Client, Connect, Event as Heard, Publish};
use crate::mqtt::packet::{PacketId, QoS};
use crate::mqtt::Error as MqttError;
use crate::profile::SESSION;
use crate::settings::{Server, Settings};
use crate::time::Instant;
use identity::device_key;
pub use output::{Effect, Effects, Output};
use qth_flash::records::Records;
use qth_protocol::auth;
use qth_protocol::topic::{self, Direction, Topic};
use retry::Class;
pub use state::Next;
use state::{Phase, State};

/// Keep alive in seconds, unless the script sets another.
const LIFETIME: u16 = 120;
/// Seconds that the transport may take to open.
const OPEN_SECS: u32 = 30;
/// Seconds that the Center may take to send the device secret or the session key.
const SECRET_SECS: u32 = 30;
/// Seconds for the DISCONNECT to leave before the transport is closed.
const FAREWELL_SECS: u32 = 2;

/// What the connection reads and writes of the device.
pub struct Context<'a, B: Board> {
    /// The board, with its flash.
    pub board: &'a mut B,
    /// Records in that flash.
    pub records: &'a mut Records,
    /// What the script has set.
    pub settings: &'a Settings,
    /// The firmware is on trial.
    pub is_trial: bool,
}

/// The connection: an MQTT client, and the state around it.
pub struct Connection {
    mqtt: Client<{ limits::PACKET_IN }, { limits::PACKET_OUT }>,
    state: State,
}

impl Connection {
    /// Not connected.
    #[must_use]
    pub const fn new() -> Self {
        Self { mqtt: Client::new(), state: State::new() }
    }

    /// Connects, and keeps connected; returns whether it was stopped before.
    pub fn start<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> bool {
        match self.state.phase {
            Phase::Stopped => {
                self.state = State::new();
                self.state.identity.load(cx);
                self.state.phase = Phase::Waiting(now);
                true
            }
            Phase::Leaving(until, Next::Stop) => {
                self.state.phase = Phase::Leaving(until, Next::Reconnect);
                false
            }
            _ => false,
        }
    }

    /// Returns whether a connection is wanted.
    #[must_use]
    pub const fn is_started(&self) -> bool {
        !matches!(self.state.phase, Phase::Stopped | Phase::Leaving(_, Next::Stop))
    }

    /// Returns whether the connection is stopped, with its farewell said.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(self.state.phase, Phase::Stopped)
    }

    /// Returns whether the device is connected, subscribed and configured.
    #[must_use]
    pub const fn is_online(&self) -> bool {
        matches!(self.state.phase, Phase::Online { .. })
    }

    /// Forgets the device secret and authenticates anew; the outcome is told.
    pub fn reset<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> Effects {
        let mut effects = Effects::new();
        let result = if self.state.identity.forget_secret(cx) { 0 } else { result::RESET_FAILED };
        effects.push(Effect::Tell(event::RESET, result));
        if !matches!(self.state.phase, Phase::Stopped | Phase::Waiting(_)) {
            self.leave_with(now, Next::Reconnect, &mut effects);
        }
        effects
    }

    /// Says goodbye and then does `next`; at once when there is no connection.
    pub fn leave(&mut self, now: Instant, next: Next) -> Effects {
        let mut effects = Effects::new();
        self.leave_with(now, next, &mut effects);
        effects
    }

    fn leave_with(&mut self, now: Instant, next: Next, effects: &mut Effects) {
        match self.state.phase {
            // The restart does more than anything else that could be next.
            Phase::Restarting | Phase::Leaving(_, Next::Restart) => {}
            Phase::Accepted | Phase::Subscribing | Phase::Configuring(_) | Phase::Online { .. } => {
                self.mqtt.disconnect();
                self.state.phase = Phase::Leaving(now.after_secs(FAREWELL_SECS), next);
            }
            _ => self.state.left(now, next, effects),
        }
    }

    /// Where to open the link to.
    pub fn peer<B: Board>(&self, board: &B, settings: &Settings) -> Option<Server> {
        self.state.identity.server(board, settings)
    }

    /// Does what is due by itself: opens the link at its time, subscribes, says goodbye.
    pub fn advance<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> Effects {
        let mut effects = Effects::new();
        if let Some(next) = self.state.farewell.take() {
            self.leave_with(now, next, &mut effects);
        }
        match self.state.phase {
            Phase::Waiting(until) if until <= now => {
                let identity = &mut self.state.identity;
                // The settings are as long as they may be at the most, so that the client id always fits.
                identity.client_id = auth::client_id(&identity.product(cx).pk, device_key(cx)).unwrap_or_default();
                self.state.phase = Phase::Opening(now.after_secs(OPEN_SECS));
                effects.push(Effect::Open);
            }
            Phase::Accepted => {
                self.state.phase = Phase::Subscribing;
                let filter = topic::subscription(&self.state.identity.client_id);
                if !filter.is_ok_and(|filter| self.mqtt.subscribe(now, &filter, QoS::AtLeastOnce).is_ok()) {
                    self.state.failed(now, Class::Network, event::CENTER, result::SUBSCRIPTION, cx, &mut effects);
                }
            }
            _ => {}
        }
        effects
    }

    /// What has come from the Center; `None` when nothing has. Call [`Connection::advance`] after each.
    pub fn poll<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> Option<Output<'_>> {
        let Self { mqtt, state } = self;
        let mut effects = Effects::new();
        match mqtt.poll(now)? {
            Heard::Connected { .. } => state.phase = Phase::Accepted,
            Heard::Refused(return_code) => state.refused(now, return_code, cx, &mut effects),
            Heard::Subscribed { granted: Some(_), .. } => {
                state.phase = Phase::Configuring(now.after_secs(SECRET_SECS));
                state.ready_when_configured(now, cx, &mut effects);
            }
            Heard::Subscribed { granted: None, .. } => {
                state.failed(now, Class::Network, event::CENTER, result::SUBSCRIPTION, cx, &mut effects);
            }
            Heard::Message { payload, .. } => return Some(state.message(now, payload, cx)),
            Heard::TooLarge { beginning } => return Some(state.message_too_large(beginning)),
            Heard::Acknowledged(id) => return Some(Output::Acknowledged(id)),
            Heard::Failed(error) => {
                let code = match error {
                    MqttError::KeepAlive => result::KEEP_ALIVE,
                    _ => result::PROTOCOL,
                };
                state.failed(now, Class::Network, event::CENTER, code, cx, &mut effects);
            }
        }
        Some(Output::Effects(effects))
    }

    /// Writes a message of the outbox for the transport; `None` when there is no room for it. With QoS 1 and 2, under which
    /// packet id.
    pub fn send(&mut self, due: &Due<'_>) -> Option<Option<PacketId>> {
        let State { session, identity, .. } = &self.state;
        let topic = Topic { direction: Direction::Up, client_id: &identity.client_id, class: due.class, endpoint: None };
        let name = topic.name().ok()?;
        let publish = Publish { topic: &name, qos: due.qos, retain: false, dup: due.again.is_some(), id: due.again };
        let written = self.mqtt.publish_with(&publish, |room| {
            room.get_mut(..due.frame.len())?.copy_from_slice(due.frame);
            match session {
                Some(session) if SESSION => session.encrypt(room, due.frame.len()).ok(),
                _ => Some(due.frame.len()),
            }
        });
        written.ok()
    }

    /// The link is open: says who we are.
    pub fn connected<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> Effects {
        let mut effects = Effects::new();
        if matches!(self.state.phase, Phase::Opening(_)) {
            match self.greet(now, cx) {
                Some(phase) => self.state.phase = phase,
                None => self.state.failed(now, Class::Credentials, event::CENTER, result::NO_CONFIGURATION, cx, &mut effects),
            }
        }
        effects
    }

    #[inline(never)]
    fn greet<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> Option<Phase> {
        let Self { mqtt, state } = self;
        mqtt.reset();
        state.session = None;
        let mut random = [0; auth::RANDOM_LEN];
        cx.board.random(&mut random);
        let random = auth::random_text(random);
        let product = state.identity.product(cx);
        let encrypted = cx.settings.encrypted_session;
        let secret = state.identity.secret();
        let password = match secret {
            Some(secret) => auth::later_password(secret, &product.ps, &random, encrypted),
            None => auth::first_password(&product.pk, &product.ps, device_key(cx), &random, encrypted),
        };
        let password = password.ok()?;
        let connect = Connect {
            client_id: &state.identity.client_id,
            user_name: cx.settings.empty_user_name.then_some(""),
            password: Some(password.as_bytes()),
            keep_alive: match cx.settings.lifetime {
                0 => LIFETIME,
                lifetime => lifetime,
            },
            clean_session: true,
        };
        mqtt.connect(now, &connect).ok()?;
        Some(Phase::Greeting { is_first: secret.is_none() })
    }

    /// The link is gone, or could not be opened, which this result says.
    pub fn closed<B: Board>(&mut self, now: Instant, result: i32, cx: &mut Context<'_, B>) -> Effects {
        let mut effects = Effects::new();
        self.state.failed(now, Class::Network, event::NETWORK, result, cx, &mut effects);
        effects
    }

    /// Bytes have come over the link; returns how many were taken.
    #[must_use]
    pub fn received(&mut self, bytes: &[u8]) -> usize {
        self.mqtt.received(bytes)
    }

    /// Length of the packet that is handed out next.
    #[must_use]
    pub fn next_length(&self) -> usize {
        self.mqtt.next_length()
    }

    /// Bytes for the link.
    #[must_use]
    pub fn transmit(&self) -> &[u8] {
        self.mqtt.transmit()
    }

    /// The first `count` bytes of [`Connection::transmit`] are sent.
    pub fn transmitted(&mut self, now: Instant, count: usize) -> Effects {
        let mut effects = Effects::new();
        self.mqtt.transmitted(now, count);
        if let Phase::Leaving(_, next) = self.state.phase {
            if self.mqtt.transmit().is_empty() {
                self.state.left(now, next, &mut effects);
            }
        }
        effects
    }

    /// When [`Connection::timeout`] or [`Connection::advance`] is due at the latest.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        Instant::earliest(&[self.mqtt.poll_at(), self.state.poll_at()])
    }

    /// Handles every deadline that has expired by `now`.
    pub fn timeout<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> Effects {
        let mut effects = Effects::new();
        self.mqtt.timeout(now);
        match self.state.phase {
            Phase::Opening(until) if until <= now => {
                self.state.failed(now, Class::Network, event::NETWORK, result::CONNECTION, cx, &mut effects);
            }
            Phase::Configuring(until) if until <= now => {
                self.state.failed(now, Class::Network, event::CENTER, result::UNKNOWN, cx, &mut effects);
            }
            Phase::Leaving(until, next) if until <= now => self.state.left(now, next, &mut effects),
            _ => {}
        }
        effects
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self::new()
    }
}
