//! The connection to the Center: when it is opened, how the device proves who it is, when it counts as ready, what the
//! Center says about it, and the MQTT client over which everything goes.
//!
//! Facts: wire protocol, sections 1 and 4.
#![forbid(unsafe_code)]

pub mod code;
mod configure;
mod identity;
pub mod retry;

use crate::board::Board;
use crate::data::event::topic as event;
use crate::data::outbox::Due;
use crate::device::limits;
use crate::mqtt::client::{Client, Connect, Event as Heard, Publish};
use crate::mqtt::packet::{PacketId, QoS};
use crate::mqtt::Error as MqttError;
use crate::profile::SESSION;
use crate::settings::{Product, Server, Settings};
use crate::time::Instant;
use heapless::Vec;
use identity::{device_key, Identity};
use qth_flash::records::Records;
use qth_protocol::command::{self, exception};
use qth_protocol::frame::{self, Frame, PackageId};
use qth_protocol::session::SessionKey;
use qth_protocol::topic::{self, Direction, Topic};
use qth_protocol::{auth, ttlv};
use retry::{Class, Retry};

/// Keep alive in seconds, unless the script sets another.
const LIFETIME: u16 = 120;
/// Seconds that the transport may take to open.
const OPEN_SECS: u32 = 15;
/// Seconds that the Center may take to send the device secret or the session key.
const SECRET_SECS: u32 = 30;
/// Seconds for the DISCONNECT to leave before the transport is closed.
const FAREWELL_SECS: u32 = 2;
/// Failures with new settings from the Center after which the old ones are used again.
const TRIAL_FAILURES: u8 = 3;

/// Where the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not wanted.
    Stopped,
    /// The next try comes then.
    Waiting(Instant),
    /// The transport is being opened; given up then.
    Opening(Instant),
    /// CONNECT is on its way.
    Greeting {
        /// The device authenticates by its product's secret, because it has none of its own.
        is_first: bool,
    },
    /// The Center has accepted the device, which now subscribes.
    Accepted,
    /// SUBSCRIBE is on its way.
    Subscribing,
    /// Subscribed; the device secret or the session key is awaited until then.
    Configuring(Instant),
    /// Ready.
    Online,
    /// DISCONNECT is on its way; closed then at the latest.
    Leaving(Instant, Next),
    /// Closed for the restart, which the driver has been asked for: nothing else happens before it.
    Restarting,
}

/// What follows after a farewell.
// Counted from 1, so that none is all zeros in static memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Stop = 1,
    /// Another connection, with changed settings.
    Reconnect,
    /// The restart into a new firmware.
    Restart,
}

/// Settings that the Center has sent and that no connection has proved yet.
// A tag of its own, so that a device without any is all zeros in static memory.
#[derive(Default)]
#[repr(u8)]
#[allow(clippy::large_enum_variant, reason = "a device has one, in static memory")]
pub enum SettingsTrial {
    /// There are none.
    #[default]
    None,
    /// The next connections try them.
    Running {
        /// Where to go; `None` for where the script or the board says.
        server: Option<Server>,
        /// Under which product; `None`: the same.
        product: Option<Product>,
        /// Failed connections with them.
        failures: u8,
    },
}

/// What the connection reads and writes of the device.
pub struct Context<'a, B: Board> {
    /// The board, with its flash.
    pub board: &'a mut B,
    /// Records in that flash.
    pub records: &'a mut Records,
    /// What the script has set.
    pub settings: &'a Settings,
}

/// What the device has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open the link to [`Connection::peer`].
    Open,
    /// Close the link: what is on its way is lost.
    Close,
    /// Restart the board.
    Restart,
    /// Tell the application: an event number and a result.
    Tell(u8, i32),
    /// The connection is ready: say what there is to say.
    Online,
}

/// Effects in the order in which they are to be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Effects(Vec<Effect, 4>);

impl Effects {
    /// No effect yet.
    const fn new() -> Self {
        Self(Vec::new())
    }

    fn push(&mut self, effect: Effect) {
        let pushed = self.0.push(effect);
        debug_assert!(pushed.is_ok(), "nothing that happens has more effects");
    }

    fn tell(&mut self, number: u8, result: i32) {
        self.push(Effect::Tell(number, result));
    }

    /// The effects.
    pub fn iter(&self) -> impl Iterator<Item = Effect> + '_ {
        self.0.iter().copied()
    }
}

/// What the connection has for the rest of the device.
pub enum Output<'a> {
    /// Something to do.
    Effects(Effects),
    /// A command of the Center that is not about the connection.
    Command(Frame<'a>),
    /// A message that can't be used: the exception code, and its package id where that can be read.
    Exception(u8, Option<PackageId>),
    /// The message sent under this packet id has arrived.
    Acknowledged(PacketId),
}

/// The connection: an MQTT client, and the state around it.
pub struct Connection {
    mqtt: Client<{ limits::PACKET_IN }, { limits::PACKET_OUT }>,
    state: State,
}

/// Everything but the MQTT client, so that a message in that client's buffer can be handled in place.
struct State {
    phase: Phase,
    /// Consecutive failures.
    retry: Retry,
    /// Key of the encrypted session, while there is one.
    session: Option<SessionKey>,
    identity: Identity,
    /// What a farewell is due for.
    farewell: Option<Next>,
    /// The last `devEvent`, so that the same failure is told once.
    told: Option<(u8, i32)>,
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
        matches!(self.state.phase, Phase::Online)
    }

    /// Forgets the device secret and authenticates anew; the outcome is told.
    pub fn reset<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> Effects {
        let mut effects = Effects::new();
        let result = if self.state.identity.forget_secret(cx) { 0 } else { code::RESET_FAILED };
        effects.tell(event::RESET, result);
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
            Phase::Accepted | Phase::Subscribing | Phase::Configuring(_) | Phase::Online => {
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
                    self.state.failed(now, Class::Network, event::CENTER, code::SUBSCRIPTION, cx, &mut effects);
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
                state.ready_when_configured(cx, &mut effects);
            }
            Heard::Subscribed { granted: None, .. } => {
                state.failed(now, Class::Network, event::CENTER, code::SUBSCRIPTION, cx, &mut effects);
            }
            Heard::Message { payload, .. } => return Some(state.message(now, payload, cx)),
            Heard::TooLarge { beginning } => return Some(state.message_too_large(beginning)),
            Heard::Acknowledged(id) => return Some(Output::Acknowledged(id)),
            Heard::Failed(error) => {
                let code = match error {
                    MqttError::KeepAlive => code::KEEP_ALIVE,
                    _ => code::PROTOCOL,
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
                None => self.state.failed(now, Class::Credentials, event::CENTER, code::NO_CONFIGURATION, cx, &mut effects),
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
                self.state.failed(now, Class::Network, event::NETWORK, code::CONNECTION, cx, &mut effects);
            }
            Phase::Configuring(until) if until <= now => {
                self.state.failed(now, Class::Network, event::CENTER, code::UNKNOWN, cx, &mut effects);
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

impl State {
    const fn new() -> Self {
        Self { phase: Phase::Stopped, retry: Retry::new(), session: None, identity: Identity::new(), farewell: None, told: None }
    }

    fn poll_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Waiting(at) | Phase::Opening(at) | Phase::Configuring(at) | Phase::Leaving(at, _) => Some(at),
            Phase::Stopped
            | Phase::Restarting
            | Phase::Greeting { .. }
            | Phase::Accepted
            | Phase::Subscribing
            | Phase::Online => None,
        }
    }

    /// One MQTT message of the Center, which carries one frame.
    #[inline(never)]
    fn message<'a, B: Board>(&mut self, now: Instant, payload: &'a mut [u8], cx: &mut Context<'_, B>) -> Output<'a> {
        let payload = match &self.session {
            Some(session) if SESSION => match session.decrypt(payload) {
                Ok(plain) => plain,
                Err(_) => return Output::Exception(exception::PROTOCOL, None),
            },
            _ => payload,
        };
        let frame = match frame::open(payload) {
            Ok(frame) => frame,
            Err(error) => return Output::Exception(error.code(), error.id),
        };
        match frame.command {
            command::CONFIG | command::EXCEPTION_DOWN if ttlv::check(frame.payload).is_err() => {
                Output::Exception(exception::TTLV, Some(frame.id))
            }
            command::CONFIG => Output::Effects(self.configure(frame.payload, cx)),
            command::EXCEPTION_DOWN => Output::Effects(self.center_exception(now, frame.payload, cx)),
            _ => Output::Command(frame),
        }
    }

    /// A message that is too large to be taken, of which this is the beginning: its package id can be read unless it is
    /// encrypted, which is undone from its end.
    fn message_too_large(&self, beginning: &mut [u8]) -> Output<'static> {
        let id = match &self.session {
            Some(_) => None,
            None => frame::open(beginning).map_or_else(|error| error.id, |frame| Some(frame.id)),
        };
        Output::Exception(exception::LENGTH, id)
    }

    /// Goes online once the device secret is known and the session encrypted if that was asked for.
    fn ready_when_configured<B: Board>(&mut self, cx: &mut Context<'_, B>, effects: &mut Effects) {
        let has_key = self.session.is_some() || !cx.settings.encrypted_session;
        if !matches!(self.phase, Phase::Configuring(_)) || self.identity.secret().is_none() || !has_key {
            return;
        }
        self.phase = Phase::Online;
        self.retry.succeeded();
        self.identity.adopt(cx);
        self.tell(event::CENTER, 0, effects);
        effects.push(Effect::Online);
    }

    /// CONNACK with a refusal.
    #[inline(never)]
    fn refused<B: Board>(&mut self, now: Instant, return_code: u8, cx: &mut Context<'_, B>, effects: &mut Effects) {
        let code = match return_code {
            2 => code::IDENTIFIER_REJECTED,
            3 => code::SERVER_UNAVAILABLE,
            4 => code::CREDENTIALS,
            5 => code::NOT_AUTHORISED,
            _ => code::PROTOCOL,
        };
        let class = match (return_code, self.phase) {
            (3, _) => Class::Network,
            (4 | 5, Phase::Greeting { is_first: false }) => {
                // The Center does not know the secret any more: authenticating anew may be all that is needed.
                self.identity.forget_secret(cx);
                Class::Network
            }
            _ => Class::Credentials,
        };
        self.failed(now, class, event::CENTER, code, cx, effects);
    }

    /// The connection is lost or useless: closes it, tells the application, waits for the next try.
    fn failed<B: Board>(
        &mut self,
        now: Instant,
        class: Class,
        number: u8,
        result: i32,
        cx: &mut Context<'_, B>,
        effects: &mut Effects,
    ) {
        match self.phase {
            Phase::Stopped | Phase::Restarting | Phase::Waiting(_) => return,
            Phase::Leaving(_, next) => return self.left(now, next, effects),
            _ => {}
        }
        self.close(effects);
        self.tell(number, result, effects);
        if let SettingsTrial::Running { failures, .. } = &mut self.identity.trial {
            *failures = failures.saturating_add(1);
            if *failures >= TRIAL_FAILURES {
                self.identity.trial = SettingsTrial::None;
            }
        }
        let mut random = [0];
        cx.board.random(&mut random);
        let [random] = random;
        let wait = self.retry.failed(class, random);
        if self.retry.is_hopeless() {
            cx.board.reset_network();
        }
        self.phase = Phase::Waiting(now.after_millis(u64::from(wait)));
    }

    /// The goodbye is out, or was in vain.
    fn left(&mut self, now: Instant, next: Next, effects: &mut Effects) {
        self.close(effects);
        self.phase = match next {
            Next::Stop => Phase::Stopped,
            Next::Reconnect => Phase::Waiting(now),
            Next::Restart => {
                effects.push(Effect::Restart);
                Phase::Restarting
            }
        };
    }

    fn close(&mut self, effects: &mut Effects) {
        if !matches!(self.phase, Phase::Stopped | Phase::Restarting | Phase::Waiting(_)) {
            effects.push(Effect::Close);
        }
        self.session = None;
    }

    /// Tells the application of the connection, once for each change.
    fn tell(&mut self, number: u8, result: i32, effects: &mut Effects) {
        if self.told.replace((number, result)) != Some((number, result)) {
            effects.tell(number, result);
        }
    }
}
