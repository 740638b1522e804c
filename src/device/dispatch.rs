//! Commands from the Center.
//!
//! Facts: wire protocol, sections 2 to 4.

use super::config::{Product, Security, Server};
use super::connection::{Next, Pending, Phase};
use super::event::{topic, Event};
use super::outbox::Sender;
use super::retry::Class;
use super::{code, limits, report, Components};
use crate::board::Board;
use crate::mqtt::packet::QoS;
use crate::time::Instant;
use crate::upgrade::Input;
use heapless::String;
use qth_protocol::command::{self, exception};
use qth_protocol::frame::{self, Frame, PackageId};
use qth_protocol::session::SessionKey;
use qth_protocol::ttlv::{self, Reader, Value, Writer};

/// TTLV ids of the device configuration, command 0x00B4.
mod configuration {
    pub const DNS: u16 = 1;
    pub const DOMAIN: u16 = 2;
    pub const IP: u16 = 3;
    pub const PORT: u16 = 4;
    pub const DEVICE_SECRET: u16 = 5;
    pub const SESSION_KEY: u16 = 6;
    pub const PRODUCT_KEY: u16 = 7;
    pub const PRODUCT_SECRET: u16 = 8;
    pub const REAUTHENTICATE: u16 = 9;
    pub const NEW_DEVICE_SECRET: u16 = 10;
}

impl<B: Board> Components<B> {
    /// One MQTT message of the Center, which carries one frame.
    pub(super) fn message(&mut self, now: Instant, payload: &mut [u8]) {
        let payload = match &self.connection.session {
            Some(session) => match session.decrypt(payload) {
                Ok(plain) => plain,
                Err(_) => return self.report_exception(exception::PROTOCOL, None),
            },
            None => payload,
        };
        match frame::open(payload) {
            Ok(frame) => self.command(now, &frame),
            Err(error) => self.report_exception(error.code(), error.id),
        }
    }

    /// A message that is too large to be taken, of which this is the beginning: reported, with its package id where that can be
    /// read. An encrypted one can't be decrypted without its end.
    pub(super) fn message_too_large(&mut self, beginning: &mut [u8]) {
        let id = match &self.connection.session {
            Some(_) => None,
            None => frame::open(beginning).map_or_else(|error| error.id, |frame| Some(frame.id)),
        };
        self.report_exception(exception::LENGTH, id);
    }

    fn command(&mut self, now: Instant, frame: &Frame<'_>) {
        let Frame { id, command, payload } = *frame;
        let is_ttlv = matches!(
            command,
            command::TSL_WRITE
                | command::TSL_SERVICE
                | command::EXCEPTION_DOWN
                | command::CONFIG
                | command::OTA_PLAN
                | command::OTA_FIRMWARE
        );
        if is_ttlv && ttlv::check(payload).is_err() {
            return self.report_exception(exception::TTLV, Some(id));
        }
        match command {
            command::TSL_READ => self.pass_on(Event::ReadTsl(id.get(), payload)),
            command::TSL_WRITE => self.pass_on(Event::Tsl(payload)),
            command::TSL_SERVICE => self.pass_on(Event::ReadService(id.get(), payload)),
            command::TRANSPARENT_DOWN => self.pass_on(Event::Transparent(payload)),
            command::STATUS_READ => self.answer_status(id, payload),
            command::INFO_READ => self.answer_information(id, payload),
            command::LOCATION_READ => self.answer_location(id),
            command::EXCEPTION_DOWN => self.center_exception(now, payload),
            command::CONFIG => self.configure(now, payload),
            command::OTA_PLAN => self.tell_upgrade_of_command(now, id, Input::Plan(payload)),
            command::OTA_FIRMWARE => self.tell_upgrade_of_command(now, id, Input::FileInfo(payload)),
            _ => self.report_exception(exception::COMMAND, Some(id)),
        }
    }

    fn pass_on(&mut self, event: Event<'_>) {
        // There is room: no message is taken while there is none for it.
        self.events.push(event);
    }

    /// Command 0x00A4.
    pub(super) fn report_exception(&mut self, code: u8, id: Option<PackageId>) {
        let mut writer = Writer::new(self.outbox.payload());
        writer.int(1, i64::from(code));
        if let Some(id) = id {
            writer.int(2, i64::from(id.get()));
        }
        if let Ok(length) = writer.finish() {
            self.queue(length, command::EXCEPTION_UP, Sender::Nobody);
        }
    }

    fn answer_status(&mut self, id: PackageId, payload: &[u8]) {
        let status = self.board.status();
        let mut ids = report::requested(payload, &report::STATUS_IDS);
        if let Ok(length) = report::status(&mut ids, &status, self.outbox.payload()) {
            self.answer(length, id, command::STATUS_READ_REPLY);
        }
    }

    fn answer_information(&mut self, id: PackageId, payload: &[u8]) {
        let mut ids = report::requested(payload, &report::INFORMATION_IDS);
        if let Ok(length) = report::information(&mut ids, &self.board.about(), &self.config, self.outbox.payload()) {
            self.answer(length, id, command::INFO_READ_REPLY);
        }
    }

    /// The module finds no locations itself: an empty text.
    fn answer_location(&mut self, id: PackageId) {
        let mut writer = Writer::new(self.outbox.payload());
        writer.text(2, "");
        if let Ok(length) = writer.finish() {
            self.answer(length, id, command::LOCATION_READ_REPLY);
        }
    }

    /// Reports status 1 to 4, command 0x0034.
    pub(super) fn report_status(&mut self) {
        let status = self.board.status();
        if let Ok(length) = report::status(&mut report::STATUS_IDS.into_iter(), &status, self.outbox.payload()) {
            self.queue(length, command::STATUS_REPORT, Sender::Nobody);
        }
    }

    /// Reports the device information, command 0x0044.
    pub(super) fn report_information(&mut self) {
        let mut ids = report::INFORMATION_IDS.into_iter();
        if let Ok(length) = report::information(&mut ids, &self.board.about(), &self.config, self.outbox.payload()) {
            self.queue(length, command::INFO_REPORT, Sender::Nobody);
        }
    }

    /// Command 0x00A3.
    fn center_exception(&mut self, now: Instant, payload: &[u8]) {
        let Some(exception) = ttlv::find(payload, 1).and_then(|value| value.as_i64()) else { return };
        let result = code::of_exception(exception);
        let class = match exception {
            10423..=10425 | 10427 => Class::Credentials,
            10422 | 10426 | 10430 => Class::Disabled,
            10431 | 10432 => Class::Network,
            _ => {
                self.events.push(Event::Device(topic::CENTER, result));
                return;
            }
        };
        self.forget_secret();
        self.connection_failed(now, class, topic::CENTER, result);
    }

    /// Command 0x00B4.
    fn configure(&mut self, now: Instant, payload: &[u8]) {
        let mut reader = Reader::new(payload);
        let mut server = None;
        let mut product = Product::default();
        let mut leave = false;
        while let Ok(Some(item)) = reader.next() {
            match (item.id, item.value) {
                (configuration::DNS, Value::Struct(fields)) => server = Some(new_server(fields)),
                (configuration::DEVICE_SECRET, Value::Bytes(secret)) => self.keep_secret(secret),
                (configuration::NEW_DEVICE_SECRET, Value::Bytes(secret)) => {
                    self.keep_secret(secret);
                    leave = true;
                }
                (configuration::SESSION_KEY, Value::Bytes(key)) => {
                    self.connection.session = key.first_chunk().map(|key| SessionKey::new(*key));
                }
                (configuration::PRODUCT_KEY, value) => product.pk = short_text(&value),
                (configuration::PRODUCT_SECRET, value) => product.ps = short_text(&value),
                (configuration::REAUTHENTICATE, Value::Bool(true)) => {
                    self.forget_secret();
                    self.events.push(Event::Device(topic::CENTER, code::REINITIATE));
                    leave = true;
                }
                _ => {}
            }
        }
        let product = Some(product).filter(|product| !product.pk.is_empty() && !product.ps.is_empty());
        if server.is_some() || product.is_some() {
            let server = match server {
                Some(server) => server,
                None => self.connection.moved.clone(),
            };
            self.connection.pending = Pending { is_set: true, server, product, failures: 0 };
            leave = true;
        }
        if leave {
            self.connection.farewell = Some(Next::Reconnect);
        } else {
            self.ready_when_configured(now);
        }
    }

    /// Queues an answer, which carries the request's package id.
    fn answer(&mut self, length: usize, id: PackageId, command: u16) {
        // Without room the Center gets no answer, and asks again.
        let _ = self.outbox.commit(length, id, command, QoS::AtMostOnce, Sender::Nobody);
    }

    /// Queues a message of our own, with the next package id and the command's own QoS; false when there is no room.
    pub(super) fn queue(&mut self, length: usize, command: u16, sender: Sender) -> bool {
        let qos = match command::sender(command) {
            Some(command::Sender::Device(0)) => QoS::AtMostOnce,
            Some(command::Sender::Device(1)) => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        };
        self.queue_with(length, command, qos, sender)
    }

    /// Queues a message of our own with a QoS of the application's choice; false when there is no room.
    pub(super) fn queue_with(&mut self, length: usize, command: u16, qos: QoS, sender: Sender) -> bool {
        let id = self.last_id.next();
        let queued = length <= limits::MESSAGE && self.outbox.commit(length, id, command, qos, sender).is_ok();
        if queued {
            self.last_id = id;
        }
        queued
    }

    /// Connected, subscribed and configured.
    pub(super) fn is_online(&self) -> bool {
        matches!(self.connection.phase, Phase::Online)
    }
}

/// The server of a DNS struct: `None`, back to the configured one, when its fields are empty.
fn new_server(mut fields: Reader<'_>) -> Option<Server> {
    let (mut domain, mut ip, mut port) = ("", "", 0);
    while let Ok(Some(item)) = fields.next() {
        match item.id {
            configuration::DOMAIN => domain = item.value.as_text().unwrap_or_default(),
            configuration::IP => ip = item.value.as_text().unwrap_or_default(),
            configuration::PORT => port = item.value.as_i64().and_then(|port| u16::try_from(port).ok()).unwrap_or(0),
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
