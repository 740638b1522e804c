//! The connection to the Center: when it is opened, how the device proves who it is, when it counts as ready.
//!
//! Facts: wire protocol, section 1.

use super::config::{Product, Server};
use super::event::{topic, Event};
use super::retry::{Class, Retry};
use super::{code, Action, Components, Link, Mqtt};
use crate::board::Board;
use crate::mqtt::client::Connect;
use crate::time::Instant;
use crate::upgrade::Input;
use qth_protocol::auth;
use qth_protocol::session::SessionKey;

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
pub enum Phase {
    /// Not wanted.
    Stopped,
    /// The next try comes then.
    Waiting(Instant),
    /// The transport is being opened; given up then.
    Opening(Instant),
    /// CONNECT is on its way.
    Greeting,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Stop,
    /// Another connection, with changed settings.
    Reconnect,
    /// The restart into a new firmware.
    Restart,
}

/// Settings that the Center has sent and that no connection has proved yet.
#[derive(Default)]
pub struct Pending {
    /// There are such settings.
    pub is_set: bool,
    /// Where to go; `None` for where the script or the board says.
    pub server: Option<Server>,
    /// Under which product.
    pub product: Option<Product>,
    /// Failed connections with them.
    pub failures: u8,
}

/// State of the connection.
pub struct Connection {
    /// Where it is.
    pub phase: Phase,
    /// Consecutive failures.
    pub retry: Retry,
    /// Key of the encrypted session, while there is one.
    pub session: Option<SessionKey>,
    /// New settings on trial.
    pub pending: Pending,
    /// Settings of the Center that a connection has proved.
    pub moved: Option<Server>,
    /// Product that the Center has moved this device to.
    pub adopted: Option<Product>,
    /// This connection authenticates, because there is no device secret.
    pub is_first: bool,
    /// What a farewell is due for.
    pub farewell: Option<Next>,
    /// The last `devEvent`, so that the same failure is told once.
    told: Option<(u8, i32)>,
}

impl Connection {
    /// Not connected.
    pub const fn new() -> Self {
        Self {
            phase: Phase::Stopped,
            retry: Retry::new(),
            session: None,
            pending: Pending { is_set: false, server: None, product: None, failures: 0 },
            moved: None,
            adopted: None,
            is_first: false,
            farewell: None,
            told: None,
        }
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self::new()
    }
}

impl<B: Board> Components<B> {
    /// Where to connect to: settings on trial, those proved before, the script's, the board's.
    pub(super) fn server(&self) -> Option<Server> {
        let connection = &self.connection;
        let moved = match connection.pending.is_set {
            true => connection.pending.server.clone(),
            false => connection.moved.clone(),
        };
        moved.or_else(|| self.config.server.clone()).or_else(|| Server::parse(self.board.server()))
    }

    pub(super) fn product(&self) -> &Product {
        self.connection.pending.product.as_ref().or(self.connection.adopted.as_ref()).unwrap_or(&self.config.product)
    }

    /// Opens the transport if it is time to.
    pub(super) fn connect_when_due(&mut self, now: Instant) {
        if matches!(self.connection.phase, Phase::Waiting(until) if until <= now) {
            // The settings are as long as they may be at the most, so that the client id always fits.
            self.client_id = auth::client_id(&self.product().pk, self.device_key()).unwrap_or_default();
            self.connection.phase = Phase::Opening(now.after_secs(OPEN_SECS));
            self.act(Action::Open(Link::Center));
        }
    }

    /// The transport is open: says who we are.
    pub(super) fn greet(&mut self, now: Instant, mqtt: &mut Mqtt) {
        mqtt.reset();
        self.connection.session = None;
        let mut random = [0; auth::RANDOM_LEN];
        self.board.random(&mut random);
        let random = auth::random_text(random);
        let product = self.product();
        let encrypted = self.config.encrypted_session;
        let dk = self.device_key();
        let secret = self.secret();
        let is_first = secret.is_none();
        let password = match secret {
            Some(ds) => auth::later_password(ds, &product.ps, &random, encrypted),
            None => auth::first_password(&product.pk, &product.ps, dk, &random, encrypted),
        };
        let user_name = self.config.empty_user_name.then_some("");
        let sent = password.ok().and_then(|password| {
            let connect = Connect {
                client_id: &self.client_id,
                user_name,
                password: Some(password.as_bytes()),
                keep_alive: match self.config.lifetime {
                    0 => LIFETIME,
                    lifetime => lifetime,
                },
                clean_session: true,
            };
            mqtt.connect(now, &connect).ok()
        });
        self.connection.is_first = is_first;
        match sent {
            Some(()) => self.connection.phase = Phase::Greeting,
            None => self.connection_failed(now, Class::Credentials, topic::CENTER, code::NO_CONFIGURATION),
        }
    }

    /// The subscription is granted: ready, unless something of the Center is awaited first.
    pub(super) fn subscribed(&mut self, now: Instant) {
        self.connection.phase = Phase::Configuring(now.after_secs(SECRET_SECS));
        self.ready_when_configured(now);
    }

    /// Goes online once the device secret is known and the session encrypted if that was asked for.
    pub(super) fn ready_when_configured(&mut self, now: Instant) {
        if !matches!(self.connection.phase, Phase::Configuring(_)) {
            return;
        }
        let has_key = self.connection.session.is_some() || !self.config.encrypted_session;
        if self.secret().is_none() || !has_key {
            return;
        }
        self.connection.phase = Phase::Online;
        self.connection.retry.succeeded();
        self.adopt_pending();
        self.tell(topic::CENTER, 0);
        self.report_status();
        self.report_information();
        self.tell_upgrade(now, Input::Online);
    }

    /// CONNACK with a refusal.
    pub(super) fn refused(&mut self, now: Instant, return_code: u8) {
        let code = match return_code {
            2 => code::IDENTIFIER_REJECTED,
            3 => code::SERVER_UNAVAILABLE,
            4 => code::CREDENTIALS,
            5 => code::NOT_AUTHORISED,
            _ => code::PROTOCOL,
        };
        let class = match return_code {
            3 => Class::Network,
            4 | 5 if !self.connection.is_first => {
                // The Center does not know the secret any more: authenticating anew may be all that is needed.
                self.forget_secret();
                Class::Network
            }
            _ => Class::Credentials,
        };
        self.connection_failed(now, class, topic::CENTER, code);
    }

    /// The connection is lost or useless: closes it, tells the application, waits for the next try.
    pub(super) fn connection_failed(&mut self, now: Instant, class: Class, event: u8, code: i32) {
        match self.connection.phase {
            Phase::Stopped | Phase::Restarting | Phase::Waiting(_) => return,
            Phase::Leaving(_, next) => return self.left(now, next),
            _ => {}
        }
        self.drop_link();
        self.tell(event, code);
        let pending = &mut self.connection.pending;
        if pending.is_set {
            pending.failures = pending.failures.saturating_add(1);
            if pending.failures >= TRIAL_FAILURES {
                *pending = Pending::default();
            }
        }
        let mut random = [0];
        self.board.random(&mut random);
        let [random] = random;
        let wait = self.connection.retry.failed(class, random);
        if self.connection.retry.is_hopeless() {
            self.board.reset_network();
        }
        self.connection.phase = Phase::Waiting(now.after_millis(u64::from(wait)));
    }

    /// Says goodbye and then does `next`; at once when there is no connection.
    pub(super) fn leave(&mut self, now: Instant, next: Next, mqtt: &mut Mqtt) {
        match self.connection.phase {
            // The restart does more than anything else that could be next.
            Phase::Restarting | Phase::Leaving(_, Next::Restart) => {}
            Phase::Subscribing | Phase::Configuring(_) | Phase::Online => {
                mqtt.disconnect();
                self.connection.phase = Phase::Leaving(now.after_secs(FAREWELL_SECS), next);
            }
            _ => self.left(now, next),
        }
    }

    /// Says goodbye where that is due.
    pub(super) fn run_farewell(&mut self, now: Instant, mqtt: &mut Mqtt) {
        if let Some(next) = self.connection.farewell.take() {
            self.leave(now, next, mqtt);
        }
    }

    /// The goodbye is out, or was in vain.
    pub(super) fn left(&mut self, now: Instant, next: Next) {
        self.drop_link();
        self.connection.phase = match next {
            Next::Stop => Phase::Stopped,
            Next::Reconnect => Phase::Waiting(now),
            Next::Restart => {
                self.act(Action::Restart);
                Phase::Restarting
            }
        };
    }

    /// Tells the application of the connection, once for each change.
    pub(super) fn tell(&mut self, event: u8, result: i32) {
        if self.connection.told.replace((event, result)) != Some((event, result)) {
            self.events.push(Event::Device(event, result));
        }
    }

    /// Deadlines of the connection.
    pub(super) fn connection_timeout(&mut self, now: Instant) {
        match self.connection.phase {
            Phase::Opening(until) if until <= now => {
                self.connection_failed(now, Class::Network, topic::NETWORK, code::CONNECTION);
            }
            Phase::Configuring(until) if until <= now => {
                self.connection_failed(now, Class::Network, topic::CENTER, code::UNKNOWN);
            }
            Phase::Leaving(until, next) if until <= now => self.left(now, next),
            _ => {}
        }
    }

    pub(super) fn connection_poll_at(&self) -> Option<Instant> {
        match self.connection.phase {
            Phase::Waiting(at) | Phase::Opening(at) | Phase::Configuring(at) | Phase::Leaving(at, _) => Some(at),
            Phase::Stopped | Phase::Restarting | Phase::Greeting | Phase::Subscribing | Phase::Online => None,
        }
    }

    fn drop_link(&mut self) {
        if !matches!(self.connection.phase, Phase::Stopped | Phase::Restarting | Phase::Waiting(_)) {
            self.act(Action::Close(Link::Center));
        }
        self.connection.session = None;
        self.outbox.disconnected();
    }
}
