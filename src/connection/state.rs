//! Where the connection is, and what failures, farewells and messages of the Center make of it.

use super::identity::{Identity, SettingsTrial};
use super::output::{Effect, Effects, Output};
use super::retry::{Class, Retry};
use super::{event, result, Context};
use crate::board::Board;
use crate::profile::SESSION;
use crate::time::Instant;
use qth_protocol::command::{self, exception};
use qth_protocol::frame;
use qth_protocol::session::SessionKey;
use qth_protocol::ttlv;

/// Failures with new settings from the Center after which the old ones are used again.
const TRIAL_FAILURES: u8 = 3;

/// Where the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
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
    Online {
        /// Since when.
        since: Instant,
    },
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

/// Everything but the MQTT client, so that a message in that client's buffer can be handled in place.
pub(super) struct State {
    pub(super) phase: Phase,
    /// Consecutive failures.
    pub(super) retry: Retry,
    /// Key of the encrypted session, while there is one.
    pub(super) session: Option<SessionKey>,
    pub(super) identity: Identity,
    /// What a farewell is due for.
    pub(super) farewell: Option<Next>,
    /// The last `devEvent`, so that the same failure is told once.
    pub(super) told: Option<(u8, i32)>,
}

impl State {
    pub(super) const fn new() -> Self {
        Self { phase: Phase::Stopped, retry: Retry::new(), session: None, identity: Identity::new(), farewell: None, told: None }
    }

    pub(super) fn poll_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Waiting(at) | Phase::Opening(at) | Phase::Configuring(at) | Phase::Leaving(at, _) => Some(at),
            Phase::Stopped
            | Phase::Restarting
            | Phase::Greeting { .. }
            | Phase::Accepted
            | Phase::Subscribing
            | Phase::Online { .. } => None,
        }
    }

    /// One MQTT message of the Center, which carries one frame.
    #[inline(never)]
    pub(super) fn message<'a, B: Board>(&mut self, now: Instant, payload: &'a mut [u8], cx: &mut Context<'_, B>) -> Output<'a> {
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
        if self.awaits_key(cx) && frame.command != command::CONFIG {
            // In clear text anyone may have sent it.
            return Output::Effects(Effects::new());
        }
        match frame.command {
            command::CONFIG | command::EXCEPTION_DOWN if ttlv::check(frame.payload).is_err() => {
                Output::Exception(exception::TTLV, Some(frame.id))
            }
            command::CONFIG => Output::Effects(self.configure(now, frame.payload, cx)),
            command::EXCEPTION_DOWN => Output::Effects(self.center_exception(now, frame.payload, cx)),
            _ => Output::Command(frame),
        }
    }

    /// A message that is too large to be taken, of which this is the beginning: its package id can be read unless it is
    /// encrypted, which is undone from its end.
    pub(super) fn message_too_large(&self, beginning: &mut [u8]) -> Output<'static> {
        let id = match &self.session {
            Some(_) => None,
            None => frame::open(beginning).map_or_else(|error| error.id, |frame| Some(frame.id)),
        };
        Output::Exception(exception::LENGTH, id)
    }

    /// Returns whether an encrypted session was asked for and its key has not come yet.
    fn awaits_key<B: Board>(&self, cx: &Context<'_, B>) -> bool {
        SESSION && cx.settings.encrypted_session && self.session.is_none() && !matches!(self.phase, Phase::Online { .. })
    }

    /// Goes online once the device secret is known and the session encrypted if that was asked for.
    pub(super) fn ready_when_configured<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>, effects: &mut Effects) {
        let has_key = self.session.is_some() || !cx.settings.encrypted_session;
        if !matches!(self.phase, Phase::Configuring(_)) || self.identity.secret().is_none() || !has_key {
            return;
        }
        self.phase = Phase::Online { since: now };
        self.identity.adopt(cx);
        self.tell(event::CENTER, 0, effects);
        effects.push(Effect::Online);
    }

    /// CONNACK with a refusal.
    #[inline(never)]
    pub(super) fn refused<B: Board>(&mut self, now: Instant, return_code: u8, cx: &mut Context<'_, B>, effects: &mut Effects) {
        let code = match return_code {
            2 => result::IDENTIFIER_REJECTED,
            3 => result::SERVER_UNAVAILABLE,
            4 => result::CREDENTIALS,
            5 => result::NOT_AUTHORISED,
            _ => result::PROTOCOL,
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
    pub(super) fn failed<B: Board>(
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
            Phase::Online { since } => self.retry.was_online(now.millis_since(since)),
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
        let wait = self.retry.failed(class, cx.is_trial, random);
        if self.retry.is_hopeless() {
            cx.board.reset_network();
        }
        self.phase = Phase::Waiting(now.after_millis(u64::from(wait)));
    }

    /// The goodbye is out, or was in vain.
    pub(super) fn left(&mut self, now: Instant, next: Next, effects: &mut Effects) {
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

    pub(super) fn close(&mut self, effects: &mut Effects) {
        if !matches!(self.phase, Phase::Stopped | Phase::Restarting | Phase::Waiting(_)) {
            effects.push(Effect::Close);
        }
        self.session = None;
    }

    /// Tells the application of the connection, once for each change.
    pub(super) fn tell(&mut self, number: u8, result: i32, effects: &mut Effects) {
        if self.told.replace((number, result)) != Some((number, result)) {
            effects.push(Effect::Tell(number, result));
        }
    }
}
