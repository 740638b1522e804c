//! A Center that wants one device, or its MCU, to run version 1.1.0.

use crate::random::Random;
use crate::wire::{self, Packet};
use qth_protocol::auth::{self, Credentials};
use qth_protocol::frame::{self, PackageId};
use qth_protocol::id::configuration;
use qth_protocol::ota::id;
use qth_protocol::ttlv::{self, Writer};
use qth_protocol::{command, topic};

/// Product key.
pub const PK: &str = "p111xt";
/// Product secret.
pub const PS: &str = "V2VUei9ZVWt2SnpL";
const DS: &str = "550fb4d299941da367a28636dbc70bf7";
const TARGET: &str = "1.1.0";

/// What the Center believes of the device's upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Open,
    /// The device reported success, with the version that was planned.
    Upgraded,
    /// With the text that the device gave for it.
    Failed(String),
}

/// The Center.
pub struct Center {
    /// What it believes.
    pub verdict: Verdict,
    /// Status codes in the order of their first arrival, repetitions by resending left out.
    pub statuses: Vec<u8>,
    is_for_mcu: bool,
    file_info: Vec<u8>,
    knows_device: bool,
    input: Vec<u8>,
    /// Bytes for the device.
    pub output: Vec<u8>,
    next_id: u16,
    /// QoS 2 messages that wait for their release.
    unreleased: Vec<[u8; 2]>,
    last_package: u16,
}

impl Center {
    /// Returns a Center that offers a file of this size, and of these digests as texts, to the device or to its MCU.
    #[must_use]
    pub fn new(is_for_mcu: bool, size: u32, md5: &str, crc32: &str) -> Self {
        let mut bytes = [0; 512];
        let mut writer = Writer::new(&mut bytes);
        writer.text(id::URL, "http://files/fw.bin").int(id::SIZE, i64::from(size)).text(id::MD5, md5);
        writer.text(id::COMPONENT, component(is_for_mcu)).text(id::SOURCE_VERSION, "1.0.0").text(id::TARGET_VERSION, TARGET);
        writer.int(id::KIND, is_for_mcu.into()).text(id::CRC32, crc32);
        let length = writer.finish().unwrap();
        Self {
            verdict: Verdict::Open,
            statuses: Vec::new(),
            is_for_mcu,
            file_info: bytes[..length].to_vec(),
            knows_device: false,
            input: Vec::new(),
            output: Vec::new(),
            next_id: 1,
            unreleased: Vec::new(),
            last_package: 0,
        }
    }

    /// Forgets what was not sent: the device's connection is gone.
    pub fn disconnected(&mut self) {
        self.input.clear();
        self.output.clear();
        self.unreleased.clear();
    }

    /// Takes bytes of the device; false when it closes the connection.
    pub fn received(&mut self, bytes: &[u8], random: &mut Random, duplicates: bool) -> bool {
        self.input.extend(bytes);
        while let Some(packet) = wire::take(&mut self.input) {
            match packet {
                Packet::Connect { password } => {
                    let accepted = self.admits(&password);
                    self.output.extend([0x20, 2, 0, if accepted { 0 } else { 4 }]);
                    if !accepted {
                        return false;
                    }
                }
                Packet::Subscribe { id } => {
                    self.output.extend([0x90, 3, id[0], id[1], 1]);
                    if !self.knows_device {
                        let mut bytes = [0; 64];
                        let mut writer = Writer::new(&mut bytes);
                        let length = writer.text(configuration::DEVICE_SECRET, DS).finish().unwrap();
                        self.send("sys", command::CONFIG, &bytes[..length]);
                    }
                }
                Packet::Publish { qos, id, topic, payload } => {
                    match qos {
                        1 => self.output.extend([0x40, 2, id[0], id[1]]),
                        2 => self.output.extend([0x50, 2, id[0], id[1]]),
                        _ => {}
                    }
                    if qos < 2 || !self.unreleased.contains(&id) {
                        if qos == 2 {
                            self.unreleased.push(id);
                        }
                        self.message(&topic, payload, random, duplicates);
                    }
                }
                Packet::Release { id } => {
                    self.unreleased.retain(|other| *other != id);
                    self.output.extend([0x70, 2, id[0], id[1]]);
                }
                Packet::Ping => self.output.extend([0xD0, 0]),
                Packet::Disconnect => return false,
                Packet::Answer => {}
            }
        }
        true
    }

    fn admits(&mut self, password: &[u8]) -> bool {
        match auth::parse(password).expect("a device writes well-formed passwords") {
            Credentials::First { pk, body, .. } => {
                self.knows_device = false;
                pk == PK && auth::open_first(body, PS).is_ok()
            }
            Credentials::Later { random, sign, .. } => {
                self.knows_device = true;
                auth::check_later(DS, PS, random, sign)
            }
        }
    }

    fn message(&mut self, topic: &str, mut payload: Vec<u8>, random: &mut Random, duplicates: bool) {
        let topic = topic::Topic::parse(topic).expect("a device uses its topics");
        let frame = frame::open(&mut payload).expect("a device writes well-formed frames");
        assert_eq!(Some(topic.class), command::class(frame.command));
        match frame.command {
            command::INFO_REPORT => {
                self.knows_device = true;
                self.offer();
            }
            command::OTA_STATUS => {
                let is_repeated = frame.id.get() == self.last_package;
                self.last_package = frame.id.get();
                let code = ttlv::find(frame.payload, 13).unwrap().as_i64().unwrap() as u8;
                let text = ttlv::find(frame.payload, 14).unwrap().as_text().unwrap().to_owned();
                let version = ttlv::find(frame.payload, if self.is_for_mcu { 26 } else { 25 });
                let version = version.map(|value| value.as_text().unwrap().replace("MCU1:", ""));
                if !is_repeated {
                    self.statuses.push(code);
                }
                self.status(code, text, version);
                if duplicates && random.one_in(4) {
                    let again = self.output.clone();
                    // The last message once more, as after a lost PUBACK.
                    if again.len() > 4 && again[0] == 0x32 {
                        self.output.extend(again);
                    }
                }
            }
            _ => {}
        }
    }

    fn status(&mut self, code: u8, text: String, version: Option<String>) {
        match code {
            2 | 6 if self.verdict == Verdict::Open => {
                let payload = self.file_info.clone();
                self.send("ota", command::OTA_FIRMWARE, &payload);
            }
            11 if version.as_deref() == Some(TARGET) => self.verdict = Verdict::Upgraded,
            11 => self.verdict = Verdict::Failed(format!("reported success with version {version:?}")),
            12 => self.verdict = Verdict::Failed(text),
            _ => {}
        }
    }

    fn offer(&mut self) {
        if self.verdict != Verdict::Open {
            return;
        }
        let mut bytes = [0; 128];
        let mut writer = Writer::new(&mut bytes);
        writer.text(id::COMPONENT, component(self.is_for_mcu));
        writer.text(id::SOURCE_VERSION, "1.0.0").text(id::TARGET_VERSION, TARGET);
        writer.int(id::KIND, self.is_for_mcu.into()).int(id::BATTERY, 30).int(id::SPACE, 65536).int(id::SIGNAL, -110);
        let length = writer.finish().unwrap();
        self.send("ota", command::OTA_PLAN, &bytes[..length]);
    }

    fn send(&mut self, class: &str, command: u16, payload: &[u8]) {
        let mut bytes = vec![0; payload.len() * 2 + 32];
        bytes[frame::HEADER..][..payload.len()].copy_from_slice(payload);
        let id = PackageId::new(self.next_id).unwrap();
        let length = frame::seal(&mut bytes, payload.len(), id, command).unwrap();
        let topic = format!("q/1/d/qd{PK}866000000000017/{class}");
        self.output.extend(wire::publish(self.next_id, false, &topic, &bytes[..length]));
        self.next_id += 1;
    }
}

fn component(is_for_mcu: bool) -> &'static str {
    if is_for_mcu {
        "MCU1"
    } else {
        "EC600N"
    }
}
