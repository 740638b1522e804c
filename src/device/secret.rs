//! What the device must not forget: its secret, and where the Center has moved it to.

use super::config::{Product, Security, Server};
use super::{limits, Components};
use crate::board::Board;
use heapless::{String, Vec};
use qth_flash::records::Key;

const SECRET_RECORD: usize = 3 + limits::PRODUCT + limits::DEVICE_KEY + limits::DEVICE_SECRET;
const SETTINGS_RECORD: usize = 8 + 2 * limits::HOST + 3 * limits::PRODUCT;

impl<B: Board> Components<B> {
    /// The device secret, if the Center has given one for this product and device key.
    pub(super) fn secret(&self) -> Option<&str> {
        Some(self.ds.as_str()).filter(|ds| !ds.is_empty())
    }

    /// Stores the device secret before anything is done with it.
    pub(super) fn keep_secret(&mut self, secret: &[u8]) {
        let Some(secret) = core::str::from_utf8(secret).ok().and_then(|text| String::try_from(text).ok()) else { return };
        self.ds = secret;
        let mut record = Vec::<u8, SECRET_RECORD>::new();
        let fits = [self.product().pk.as_str(), self.device_key(), self.ds.as_str()]
            .into_iter()
            .all(|text| push_text(&mut record, text));
        if fits {
            // A secret that can't be stored is asked for again after the next restart.
            let _ = self.records.put(self.board.flash(), Key::Secret, &record);
        }
    }

    /// Forgets the device secret; false when flash refuses.
    pub(super) fn forget_secret(&mut self) -> bool {
        self.ds.clear();
        self.records.remove(self.board.flash(), Key::Secret).is_ok()
    }

    /// Reads the secret from flash. One that was given for another product or device key is of no use.
    pub(super) fn load_secret(&mut self) {
        let mut record = [0; SECRET_RECORD];
        self.ds.clear();
        let Ok(Some(length)) = self.records.get(self.board.flash(), Key::Secret, &mut record) else { return };
        let mut rest = record.get(..length).unwrap_or_default();
        let (Some(pk), Some(dk), Some(ds)) = (take_text(&mut rest), take_text(&mut rest), take_text(&mut rest)) else { return };
        if pk == self.product().pk.as_str() && dk == self.device_key() {
            self.ds = String::try_from(ds).unwrap_or_default();
        }
    }

    /// A connection with new settings has succeeded: from now on they are the settings.
    pub(super) fn adopt_pending(&mut self) {
        let pending = core::mem::take(&mut self.connection.pending);
        if !pending.is_set {
            return;
        }
        self.connection.moved = pending.server;
        if let Some(product) = pending.product {
            self.connection.adopted = Some(product);
        }
        let mut record = Vec::<u8, SETTINGS_RECORD>::new();
        let moved = self.connection.moved.as_ref();
        let product = self.connection.adopted.as_ref();
        let port = moved.map_or(0, |server| server.port).to_le_bytes();
        let secure = u8::from(moved.is_some_and(Server::is_secure));
        let fits = push_text(&mut record, self.configured_host())
            && push_text(&mut record, &self.config.product.pk)
            && push_text(&mut record, moved.map_or("", |server| server.host.as_str()))
            && push_text(&mut record, product.map_or("", |product| product.pk.as_str()))
            && push_text(&mut record, product.map_or("", |product| product.ps.as_str()))
            && record.extend_from_slice(&[port[0], port[1], secure]).is_ok();
        if fits {
            let _ = self.records.put(self.board.flash(), Key::Settings, &record);
        }
        let ds = core::mem::take(&mut self.ds);
        if !ds.is_empty() {
            self.keep_secret(ds.as_bytes());
        }
    }

    /// Reads what the Center has changed. It counts as long as the script names the server and the product that it was
    /// changed from.
    pub(super) fn load_settings(&mut self) {
        let mut record = [0; SETTINGS_RECORD];
        let Ok(Some(length)) = self.records.get(self.board.flash(), Key::Settings, &mut record) else { return };
        let mut rest = record.get(..length).unwrap_or_default();
        let mut next = || take_text(&mut rest);
        let (Some(from), Some(product), Some(host), Some(pk), Some(ps)) = (next(), next(), next(), next(), next()) else {
            return;
        };
        let &[p0, p1, secure] = rest else { return };
        if from != self.configured_host() || product != self.config.product.pk.as_str() {
            return;
        }
        let port = u16::from_le_bytes([p0, p1]);
        if let (false, Ok(host)) = (host.is_empty(), String::try_from(host)) {
            self.connection.moved = Some(Server { host, port, security: Security::of(secure != 0) });
        }
        if let (false, Ok(pk), Ok(ps)) = (pk.is_empty(), String::try_from(pk), String::try_from(ps)) {
            self.connection.adopted = Some(Product { pk, ps });
        }
    }

    fn configured_host(&self) -> &str {
        self.config.server.as_ref().map_or("", |server| server.host.as_str())
    }
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
