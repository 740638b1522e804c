//! What the Center says about the connection itself: command 0x00B4, and exceptions.
//!
//! Facts: wire protocol, sections 1 and 4.

use super::identity::SettingsTrial;
use super::output::{Effect, Effects};
use super::retry::Class;
use super::state::{Next, State};
use super::{event, result, Context};
use crate::board::Board;
use crate::profile::SESSION;
use crate::settings::{Product, Security, Server};
use crate::time::Instant;
use heapless::String;
use qth_protocol::id::{configuration as id, exception};
use qth_protocol::session::SessionKey;
use qth_protocol::ttlv::{self, Reader, Value};

impl State {
    /// Command 0x00B4.
    #[inline(never)]
    pub(super) fn configure<B: Board>(&mut self, now: Instant, payload: &[u8], cx: &mut Context<'_, B>) -> Effects {
        let mut effects = Effects::new();
        let mut reader = Reader::new(payload);
        let mut server = None;
        let mut product = Product::default();
        let mut authenticates_anew = false;
        while let Ok(Some(item)) = reader.next() {
            match (item.id, item.value) {
                (id::DNS, Value::Struct(fields)) => server = Some(new_server(fields)),
                (id::DEVICE_SECRET, Value::Bytes(secret)) => self.identity.keep_secret(secret, cx),
                (id::NEW_DEVICE_SECRET, Value::Bytes(secret)) => {
                    self.identity.keep_secret(secret, cx);
                    self.farewell = Some(Next::Reconnect);
                }
                (id::SESSION_KEY, Value::Bytes(key)) if SESSION => {
                    self.session = key.first_chunk().map(|key| SessionKey::new(*key))
                }
                (id::PRODUCT_KEY, value) => product.pk = short_text(&value),
                (id::PRODUCT_SECRET, value) => product.ps = short_text(&value),
                (id::REAUTHENTICATE, Value::Bool(true)) => {
                    self.identity.forget_secret(cx);
                    authenticates_anew = true;
                    self.farewell = Some(Next::Reconnect);
                }
                _ => {}
            }
        }
        if authenticates_anew {
            effects.push(Effect::Tell(event::CENTER, result::REINITIATE));
        }
        let product = Some(product).filter(|product| !product.pk.is_empty() && !product.ps.is_empty());
        if server.is_some() || product.is_some() {
            let server = server.unwrap_or_else(|| self.identity.moved().cloned());
            self.identity.trial = SettingsTrial::Running { server, product, failures: 0 };
            self.farewell = Some(Next::Reconnect);
        }
        if self.farewell.is_none() {
            self.ready_when_configured(now, cx, &mut effects);
        }
        effects
    }

    /// Command 0x00A3.
    #[inline(never)]
    pub(super) fn center_exception<B: Board>(&mut self, now: Instant, payload: &[u8], cx: &mut Context<'_, B>) -> Effects {
        let mut effects = Effects::new();
        let Some(exception) = ttlv::find(payload, exception::CODE).and_then(|value| value.as_i64()) else { return effects };
        let result = result::of_exception(exception);
        let class = match exception {
            10423..=10425 | 10427 => Class::Credentials,
            10422 | 10426 | 10430 => Class::Disabled,
            10431 | 10432 => Class::Network,
            _ => {
                effects.push(Effect::Tell(event::CENTER, result));
                return effects;
            }
        };
        self.identity.forget_secret(cx);
        self.failed(now, class, event::CENTER, result, cx, &mut effects);
        effects
    }
}

/// The server of a DNS struct: `None`, back to the configured one, when its fields are empty.
fn new_server(mut fields: Reader<'_>) -> Option<Server> {
    let (mut domain, mut ip, mut port) = ("", "", 0);
    while let Ok(Some(item)) = fields.next() {
        match item.id {
            id::DOMAIN => domain = item.value.as_text().unwrap_or_default(),
            id::IP => ip = item.value.as_text().unwrap_or_default(),
            id::PORT => port = item.value.as_i64().and_then(|port| u16::try_from(port).ok()).unwrap_or(0),
            _ => {}
        }
    }
    let name = if domain.is_empty() { ip } else { domain };
    let mut server = Server::parse(name)?;
    if port != 0 {
        server.port = port;
        server.security = Security::of(port == 8883);
    }
    Some(server)
}

fn short_text<const N: usize>(value: &Value<'_>) -> String<N> {
    value.as_text().and_then(|text| String::try_from(text).ok()).unwrap_or_default()
}
