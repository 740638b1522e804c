//! Who the device is and where it belongs: its secret, and where the Center has moved it to. Kept in flash.

use super::Context;
use crate::board::Board;
use crate::device::limits::{self, SECRET_RECORD, SETTINGS_RECORD};
use crate::settings::{Product, Security, Server, Settings};
use heapless::{String, Vec};
use qth_flash::records::Key;
use qth_protocol::auth;

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

/// What the Center has told the device about itself.
pub struct Identity {
    /// Client id of the present connection.
    pub client_id: String<{ auth::CLIENT_ID_MAX }>,
    /// New settings, which no connection has proved yet.
    pub trial: SettingsTrial,
    secret: String<{ limits::DEVICE_SECRET }>,
    /// Server of the Center that a connection has proved.
    moved: Option<Server>,
    /// Product that the Center has moved this device to.
    adopted: Option<Product>,
}

impl Identity {
    /// Nothing is known.
    pub const fn new() -> Self {
        Self { client_id: String::new(), trial: SettingsTrial::None, secret: String::new(), moved: None, adopted: None }
    }

    /// Where to connect to: settings on trial, those proved before, the script's, the board's.
    pub fn server<B: Board>(&self, board: &B, settings: &Settings) -> Option<Server> {
        let moved = match &self.trial {
            SettingsTrial::Running { server, .. } => server,
            SettingsTrial::None => &self.moved,
        };
        moved.clone().or_else(|| settings.server.clone()).or_else(|| Server::parse(board.server()))
    }

    /// The server that the Center has moved the device to, proved by a connection.
    pub const fn moved(&self) -> Option<&Server> {
        self.moved.as_ref()
    }

    /// The product to connect as: on trial, adopted before, or the script's.
    pub fn product<'a, B: Board>(&'a self, cx: &'a Context<'_, B>) -> &'a Product {
        let on_trial = match &self.trial {
            SettingsTrial::Running { product, .. } => product.as_ref(),
            SettingsTrial::None => None,
        };
        on_trial.or(self.adopted.as_ref()).unwrap_or(&cx.settings.product)
    }

    /// The device secret, if the Center has given one for this product and device key.
    pub fn secret(&self) -> Option<&str> {
        Some(self.secret.as_str()).filter(|secret| !secret.is_empty())
    }

    /// Reads from flash what the Center has said before.
    #[inline(never)]
    pub fn load<B: Board>(&mut self, cx: &mut Context<'_, B>) {
        *self = Self::new();
        self.load_settings(cx);
        self.load_secret(cx);
    }

    /// Stores the device secret before anything is done with it.
    #[inline(never)]
    pub fn keep_secret<B: Board>(&mut self, secret: &[u8], cx: &mut Context<'_, B>) {
        let Some(secret) = core::str::from_utf8(secret).ok().and_then(|text| String::try_from(text).ok()) else { return };
        self.secret = secret;
        let mut record = Vec::<u8, SECRET_RECORD>::new();
        let fits = [self.product(cx).pk.as_str(), device_key(cx), self.secret.as_str()]
            .into_iter()
            .all(|text| push_text(&mut record, text));
        if fits {
            // A secret that can't be stored is asked for again after the next restart.
            let _ = cx.records.put(cx.board.flash(), Key::Secret, &record);
        }
    }

    /// Forgets the device secret; returns whether flash has taken that.
    pub fn forget_secret<B: Board>(&mut self, cx: &mut Context<'_, B>) -> bool {
        self.secret.clear();
        cx.records.remove(cx.board.flash(), Key::Secret).is_ok()
    }

    /// Reads the secret from flash. One that was given for another product or device key is of no use.
    fn load_secret<B: Board>(&mut self, cx: &mut Context<'_, B>) {
        let mut record = [0; SECRET_RECORD];
        let Ok(Some(length)) = cx.records.get(cx.board.flash(), Key::Secret, &mut record) else { return };
        let mut rest = record.get(..length).unwrap_or_default();
        let (Some(pk), Some(dk), Some(secret)) = (take_text(&mut rest), take_text(&mut rest), take_text(&mut rest)) else {
            return;
        };
        if pk == self.product(cx).pk.as_str() && dk == device_key(cx) {
            self.secret = String::try_from(secret).unwrap_or_default();
        }
    }

    /// A connection with new settings has succeeded: from now on they are the settings.
    #[inline(never)]
    pub fn adopt<B: Board>(&mut self, cx: &mut Context<'_, B>) {
        let SettingsTrial::Running { server, product, .. } = core::mem::take(&mut self.trial) else { return };
        self.moved = server;
        if let Some(product) = product {
            self.adopted = Some(product);
        }
        self.keep_settings(cx);
        // The record of the secret names the product that it is for.
        let secret = core::mem::take(&mut self.secret);
        if !secret.is_empty() {
            self.keep_secret(secret.as_bytes(), cx);
        }
    }

    #[inline(never)]
    fn keep_settings<B: Board>(&self, cx: &mut Context<'_, B>) {
        let mut record = Vec::<u8, SETTINGS_RECORD>::new();
        let moved = self.moved.as_ref();
        let product = self.adopted.as_ref();
        let [p0, p1] = moved.map_or(0, |server| server.port).to_le_bytes();
        let secure = u8::from(moved.is_some_and(Server::is_secure));
        let texts = [
            configured_host(cx),
            &cx.settings.product.pk,
            moved.map_or("", |server| server.host.as_str()),
            product.map_or("", |product| product.pk.as_str()),
            product.map_or("", |product| product.ps.as_str()),
        ];
        let fits =
            texts.into_iter().all(|text| push_text(&mut record, text)) && record.extend_from_slice(&[p0, p1, secure]).is_ok();
        if fits {
            // Settings that can't be stored are sent again by the server of before.
            let _ = cx.records.put(cx.board.flash(), Key::Settings, &record);
        }
    }

    /// Reads what the Center has changed. It counts as long as the script names the server and the product that it was
    /// changed from.
    fn load_settings<B: Board>(&mut self, cx: &mut Context<'_, B>) {
        let mut record = [0; SETTINGS_RECORD];
        let Ok(Some(length)) = cx.records.get(cx.board.flash(), Key::Settings, &mut record) else { return };
        let mut rest = record.get(..length).unwrap_or_default();
        let mut next = || take_text(&mut rest);
        let (Some(from), Some(product), Some(host), Some(pk), Some(ps)) = (next(), next(), next(), next(), next()) else {
            return;
        };
        let &[p0, p1, secure] = rest else { return };
        if from != configured_host(cx) || product != cx.settings.product.pk.as_str() {
            return;
        }
        let port = u16::from_le_bytes([p0, p1]);
        if let (false, Ok(host)) = (host.is_empty(), String::try_from(host)) {
            self.moved = Some(Server { host, port, security: Security::of(secure != 0) });
        }
        if let (false, Ok(pk), Ok(ps)) = (pk.is_empty(), String::try_from(pk), String::try_from(ps)) {
            self.adopted = Some(Product { pk, ps });
        }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

/// The device key: what the script has set, else the board's.
pub fn device_key<'a, B: Board>(cx: &'a Context<'_, B>) -> &'a str {
    match cx.settings.dk.as_str() {
        "" => cx.board.about().dk,
        dk => dk,
    }
}

fn configured_host<'a, B: Board>(cx: &'a Context<'_, B>) -> &'a str {
    cx.settings.server.as_ref().map_or("", |server| server.host.as_str())
}

fn push_text<const N: usize>(record: &mut Vec<u8, N>, text: &str) -> bool {
    u8::try_from(text.len()).is_ok_and(|length| record.push(length).is_ok()) && record.extend_from_slice(text.as_bytes()).is_ok()
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_first()?;
    let (text, after) = after.split_at_checked(usize::from(*length))?;
    *rest = after;
    core::str::from_utf8(text).ok()
}
