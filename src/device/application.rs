//! What the application asks of the device: the functions of the Python module.
//!
//! Facts: Python module, "Functions". None of them waits for the network.

use super::{limits, Components, Device};
use crate::board::Board;
use crate::connection::{result, Connection, Next};
use crate::data::event::{topic, Event, Events};
use crate::data::outbox::{Outbox, Sender};
use crate::data::report;
use crate::mqtt::packet::QoS;
use crate::profile::{LOCATION, SESSION, TRANSPARENT, TSL};
use crate::settings::{Product, Server, Settings};
use crate::time::Instant;
#[cfg(feature = "mcu")]
use crate::upgrade::mcu;
use crate::upgrade::{Input, Upgrade};
use heapless::{Deque, String};
use qth_flash::layout::Layout;
use qth_flash::records::Records;
use qth_flash::slot::Slots;
use qth_protocol::command;
use qth_protocol::frame::PackageId;
use qth_protocol::id::location;
use qth_protocol::ota::Failure;
use qth_protocol::ttlv::Writer;

/// Shortest and longest keep alive in seconds.
const LIFETIME: core::ops::RangeInclusive<u32> = 21..=600;

impl<B: Board> Device<B> {
    /// A device on this board, switched on.
    pub fn new(now: Instant, board: B) -> Self {
        let mut device = Self::off(board);
        device.switch_on(now);
        device
    }

    /// A device that is switched off: for static memory, so that it need not be built on a stack that is smaller than it.
    pub const fn off(board: B) -> Self {
        let parts = Components {
            board,
            settings: Settings::new(),
            outbox: Outbox::new(),
            events: Events::new(),
            records: Records::unknown(Layout::NONE),
            slots: Slots::unknown(Layout::NONE),
            upgrade: Upgrade::new(),
            farewell: None,
            actions: Deque::new(),
        };
        Self { connection: Connection::new(), parts }
    }

    /// Reads from flash what the device knew before the restart; nothing is connected yet. Once, before everything else.
    pub fn switch_on(&mut self, now: Instant) {
        let parts = &mut self.parts;
        let layout = parts.board.layout();
        parts.records = Records::open(parts.board.flash(), layout);
        parts.slots = Slots::load(parts.board.flash(), layout, &parts.records).unwrap_or(Slots::unknown(layout));
        let (upgrade, mut cx) = parts.upgrade(false);
        upgrade.restore(now, &mut cx);
    }

    /// Connects, and keeps connected; false, and told, while product key and secret are not set.
    pub fn start(&mut self, now: Instant) -> bool {
        let Self { connection, parts } = self;
        if parts.settings.product.pk.is_empty() || parts.settings.product.ps.is_empty() {
            parts.events.push(Event::Device(topic::CENTER, result::NO_CONFIGURATION));
            return false;
        }
        if connection.start(now, &mut parts.context()) {
            parts.tell_upgrade(now, Input::Start, false);
        }
        true
    }

    /// Disconnects; an upgrade stays where it is until the next start.
    pub fn stop(&mut self, now: Instant) {
        let Self { connection, parts } = self;
        parts.tell_upgrade(now, Input::Stop, connection.is_online());
        let effects = connection.leave(now, Next::Stop);
        parts.follow(now, &effects);
    }

    /// The board is about to be reset in an orderly way: a firmware on trial does not lose a start by it.
    pub fn before_reset(&mut self, now: Instant) {
        let (upgrade, mut cx) = self.parts.upgrade(self.connection.is_online());
        upgrade.before_reset(now, &mut cx);
    }

    /// Returns whether the device was started and not stopped since.
    #[must_use]
    pub const fn is_started(&self) -> bool {
        self.connection.is_started()
    }

    /// Returns whether the device is connected, subscribed, and known to the Center.
    #[must_use]
    pub const fn is_online(&self) -> bool {
        self.connection.is_online()
    }

    /// Forgets the device secret and authenticates anew; the outcome is told as event 3.
    pub fn reset(&mut self, now: Instant) {
        let Self { connection, parts } = self;
        let effects = connection.reset(now, &mut parts.context());
        parts.follow(now, &effects);
    }

    /// Sets product key and secret; false when one is empty, too long, or no key.
    pub fn set_product(&mut self, pk: &str, ps: &str) -> bool {
        let (Ok(pk), Ok(ps)) = (String::try_from(pk), String::try_from(ps)) else { return false };
        if !is_key(&pk) || !is_key(&ps) {
            return false;
        }
        self.parts.settings.product = Product { pk, ps };
        true
    }

    /// Sets the Center's address; returns whether it is one.
    pub fn set_server(&mut self, url: &str) -> bool {
        match Server::parse(url) {
            Some(server) => {
                self.parts.settings.server = Some(server);
                true
            }
            None => false,
        }
    }

    /// Sets the keep alive; false outside 21 to 600 seconds.
    pub fn set_lifetime(&mut self, seconds: u32) -> bool {
        match u16::try_from(seconds) {
            Ok(lifetime) if LIFETIME.contains(&seconds) => {
                self.parts.settings.lifetime = lifetime;
                true
            }
            _ => false,
        }
    }

    /// Replaces the board's device key; false when empty, longer than 16 characters, or no key.
    pub fn set_device_key(&mut self, dk: &str) -> bool {
        is_key(dk) && set_text(&mut self.parts.settings.dk, dk)
    }

    /// Replaces the firmware's version; false when empty or longer than 64 characters.
    pub fn set_version(&mut self, version: &str) -> bool {
        set_text(&mut self.parts.settings.version, version)
    }

    /// Asks for an encrypted session from the next connection on; false where this build has none.
    pub fn set_encrypted_session(&mut self, encrypted: bool) -> bool {
        self.parts.settings.encrypted_session = SESSION && encrypted;
        SESSION || !encrypted
    }

    /// Whether an encrypted session is asked for.
    pub fn encrypted_session(&self) -> bool {
        self.parts.settings.encrypted_session
    }

    /// Sends an empty user name instead of none, for brokers that insist on the standard.
    pub fn set_empty_user_name(&mut self, empty: bool) {
        self.parts.settings.empty_user_name = empty;
    }

    /// Sends transparent data with QoS `mode`; false when empty, too long, or there is no room or no connection for it.
    pub fn send_transparent(&mut self, mode: u8, bytes: &[u8]) -> bool {
        TRANSPARENT && !bytes.is_empty() && self.send(mode, command::TRANSPARENT_UP, None, bytes)
    }

    /// Sends a TSL report, a TTLV message, with QoS `mode`; returns whether it was taken.
    pub fn send_tsl(&mut self, mode: u8, message: &[u8]) -> bool {
        TSL && !message.is_empty() && self.send(mode, command::TSL_REPORT, None, message)
    }

    /// Answers the TSL read with this package id; returns whether the answer was taken.
    pub fn answer_tsl(&mut self, mode: u8, id: u16, message: &[u8]) -> bool {
        TSL && PackageId::new(id).is_some_and(|id| self.send(mode, command::TSL_READ_REPLY, Some(id), message))
    }

    /// Answers the service call with this package id by a message that holds the service's struct; returns whether it was taken.
    pub fn answer_service(&mut self, mode: u8, id: u16, message: &[u8]) -> bool {
        TSL && PackageId::new(id).is_some_and(|id| self.send(mode, command::TSL_SERVICE_REPLY, Some(id), message))
    }

    /// Reports a location found outside the module: sentences, each followed by `;`.
    pub fn send_location(&mut self, sentences: &str) -> bool {
        let Self { connection, parts } = self;
        if !LOCATION
            || sentences.is_empty()
            || !connection.is_online()
            || !parts.outbox.has_room(sentences.len().saturating_add(5))
        {
            return false;
        }
        let mut writer = Writer::new(parts.outbox.payload());
        writer.text(location::SENTENCES, sentences);
        writer.finish().is_ok_and(|length| parts.outbox.queue(length, command::LOCATION_REPORT, Sender::Nobody))
    }

    /// Writes the device status with these ids as TTLV; 0 when it does not fit.
    pub fn status(&mut self, mut ids: impl Iterator<Item = u16>, out: &mut [u8]) -> usize {
        report::status(&mut ids, &self.parts.board.status(), out).unwrap_or(0)
    }

    /// Writes the device information with these ids as TTLV; 0 when it does not fit.
    pub fn information(&self, mut ids: impl Iterator<Item = u16>, out: &mut [u8]) -> usize {
        report::information(&mut ids, &self.parts.board.about(), &self.parts.settings, out).unwrap_or(0)
    }

    /// Reports the device status with these ids; returns whether the report was taken.
    pub fn send_status(&mut self, mut ids: impl Iterator<Item = u16>) -> bool {
        let Self { connection, parts } = self;
        let status = parts.board.status();
        let written = report::status(&mut ids, &status, parts.outbox.payload());
        connection.is_online()
            && written.is_ok_and(|length| length > 0 && parts.outbox.queue(length, command::STATUS_REPORT, Sender::Nobody))
    }

    /// Reports the device information with these ids; returns whether the report was taken.
    pub fn send_information(&mut self, mut ids: impl Iterator<Item = u16>) -> bool {
        let Self { connection, parts } = self;
        let written = report::information(&mut ids, &parts.board.about(), &parts.settings, parts.outbox.payload());
        connection.is_online()
            && written.is_ok_and(|length| length > 0 && parts.outbox.queue(length, command::INFO_REPORT, Sender::Nobody))
    }

    /// Answers the read of device status with this package id; returns whether the answer was taken.
    pub fn answer_status(&mut self, id: u16, ids: impl Iterator<Item = u16>) -> bool {
        PackageId::new(id).is_some_and(|id| self.is_online() && self.parts.answer_status(id, ids))
    }

    /// Answers the read of device information with this package id; returns whether the answer was taken.
    pub fn answer_information(&mut self, id: u16, ids: impl Iterator<Item = u16>) -> bool {
        PackageId::new(id).is_some_and(|id| self.is_online() && self.parts.answer_information(id, ids))
    }

    /// Asks the Center for plans, `with_sha256` for packages with that digest; false when not connected.
    pub fn ota_request(&mut self, with_sha256: bool) -> bool {
        self.is_online() && self.parts.request_plans(with_sha256)
    }

    /// Accepts (1) or refuses (0) the plan, or asks for the next piece (2), or says that the MCU is being updated (3);
    /// false when there is nothing to act on.
    pub fn ota_action(&mut self, now: Instant, action: u8) -> bool {
        let input = match action {
            0 => Input::Refuse,
            1 => Input::Accept,
            2 => Input::McuFetch,
            3 => Input::McuUpdate,
            _ => return false,
        };
        self.tell_upgrade(now, input)
    }

    /// Reads from the downloaded package of an MCU, from `offset` on; returns the number of bytes, `None` while no package is
    /// there, and behind its end.
    pub fn mcu_package_read(&mut self, now: Instant, offset: u32, out: &mut [u8]) -> Option<usize> {
        let (upgrade, mut cx) = self.parts.upgrade(self.connection.is_online());
        upgrade.read_mcu_package(now, offset, out, &mut cx)
    }

    /// Names an MCU component and its version; false when the texts don't fit. With the target of the upgrade in
    /// progress it ends that.
    #[cfg_attr(not(feature = "mcu"), allow(unused_variables, reason = "there are no MCUs"))]
    pub fn set_mcu_version(&mut self, now: Instant, component: &str, version: &str) -> bool {
        #[cfg(feature = "mcu")]
        if let Some(versions) = mcu::with_version(&self.parts.settings.mcu_versions, component, version) {
            self.parts.settings.mcu_versions = versions;
            self.tell_upgrade(now, Input::McuVersion);
            return true;
        }
        false
    }

    /// The application's package could not be installed, or what was installed did not run; false when none is in progress.
    pub fn application_failed(&mut self, now: Instant, failure: Failure) -> bool {
        self.tell_upgrade(now, Input::ApplicationFailed(failure))
    }

    /// Sets the public key that packages must be signed with; false when this is none of P-256 or P-384 in PEM, or when this
    /// firmware takes no packages: to take a key would promise what is not kept.
    #[cfg_attr(not(feature = "pack"), allow(unused_variables, reason = "no key is taken"))]
    pub fn set_ota_key(&mut self, pem: &str) -> bool {
        #[cfg(feature = "pack")]
        if let (Some(_), Ok(pem)) = (qth_package::PublicKey::from_pem(pem), String::try_from(pem)) {
            self.parts.settings.ota_key = pem;
            return true;
        }
        false
    }

    /// The public key that packages must be signed with, as it was set; empty: none.
    pub fn ota_key(&self) -> &str {
        #[cfg(feature = "pack")]
        return &self.parts.settings.ota_key;
        #[cfg(not(feature = "pack"))]
        ""
    }

    /// The plan that was offered, as a TTLV message; empty when there is none.
    pub fn plan(&self) -> &[u8] {
        self.parts.upgrade.plan()
    }

    /// How many bytes of how many the download in progress has.
    pub fn progress(&self) -> Option<(u32, u32)> {
        self.parts.upgrade.progress()
    }

    /// The oldest event for the application.
    pub fn event(&self) -> Option<Event<'_>> {
        self.parts.events.front()
    }

    /// Takes the oldest event off the queue.
    pub fn event_taken(&mut self) {
        self.parts.events.pop();
    }

    /// Forgets what the application has not taken, as at a soft reset.
    pub fn forget_events(&mut self) {
        self.parts.events.clear();
    }

    /// The board.
    pub fn board_mut(&mut self) -> &mut B {
        &mut self.parts.board
    }

    /// The board.
    pub fn board(&self) -> &B {
        &self.parts.board
    }
}

impl<B: Board> Device<B> {
    /// Tells the upgrade what the application wants; returns whether that applied.
    fn tell_upgrade(&mut self, now: Instant, input: Input<'_>) -> bool {
        self.parts.tell_upgrade(now, input, self.connection.is_online())
    }

    /// Queues a message of the application. With QoS 1 or 2 it may wait for the next connection.
    fn send(&mut self, mode: u8, command: u16, id: Option<PackageId>, payload: &[u8]) -> bool {
        let qos = match mode {
            0 if self.is_online() => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            2 => QoS::ExactlyOnce,
            _ => return false,
        };
        let outbox = &mut self.parts.outbox;
        if self.connection.is_stopped() || payload.len() > limits::MESSAGE || !outbox.has_room(payload.len()) {
            return false;
        }
        let Some(room) = outbox.payload().get_mut(..payload.len()) else { return false };
        room.copy_from_slice(payload);
        match id {
            Some(id) => outbox.commit(payload.len(), id, command, qos, Sender::Nobody).is_ok(),
            None => outbox.queue_with(payload.len(), command, qos, Sender::Nobody),
        }
    }
}

impl<B: Board> Components<B> {
    /// Command 0x0115.
    fn request_plans(&mut self, with_sha256: bool) -> bool {
        self.upgrade.ask_for_sha256(with_sha256);
        let mut writer = Writer::new(self.outbox.payload());
        report::versions(&mut writer, &self.board.about(), &self.settings);
        writer.finish().is_ok_and(|length| self.outbox.queue(length, command::OTA_REQUEST, Sender::Nobody))
    }
}

/// Keys are parts of topics and of passwords, whose separators they can't contain.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'+' | b'#' | b';'))
}

fn set_text<const N: usize>(setting: &mut String<N>, text: &str) -> bool {
    match String::try_from(text) {
        Ok(text) if !text.is_empty() => {
            *setting = text;
            true
        }
        _ => false,
    }
}
