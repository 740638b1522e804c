//! The golden conversations, played to the device: it gets what the platform sent and must say what the reference said.
//!
//! Left out are the traces in which this device does better by design (wire protocol, section 6): `http_cut` and
//! `power_loss` (a download goes on instead of failing), `wrong_md5` (no "downloaded" before the digest is right, five
//! attempts), `install_fails` (installing is the bootloader's part), `mcu_upgrade_pieces` (pieces are read only after all of the
//! package was verified, and each status is reported once).

use base16ct::lower::encode_string as hex;
use qth::data::event::Event;
use qth::device::{Action, Closed, Device, Link};
use qth::time::Instant;
use qth_flash::boot;
use qth_flash::ram::RamFlash;
use qth_flash::slot::Slots;
use qth_protocol::auth::{self, Credentials};
use qth_protocol::frame::{self, PackageId};
use qth_protocol::ota::id;
use qth_protocol::session::SessionKey;
use qth_protocol::ttlv::{Reader, Value as Ttlv, Writer};
use qth_protocol::{command, ttlv};
use qth_world::board::{SimBoard, LAYOUT};
use qth_world::random::Random;
use qth_world::wire::{self, Packet};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::path::PathBuf;

/// What the device said.
#[derive(Debug)]
enum Said {
    Connect(Vec<u8>),
    Subscribe,
    Publish { qos: u8, topic: String, payload: Vec<u8> },
}

struct Replay {
    name: String,
    header: Value,
    device: Device<SimBoard>,
    now: Instant,
    /// The platform's connection is open, the file server's is.
    open: [bool; 2],
    input: Vec<u8>,
    said: VecDeque<Said>,
    session: Option<SessionKey>,
    /// The file that is announced now, and the target version it stands for.
    content: Vec<u8>,
    target: String,
    request: Vec<u8>,
    plan_waits: bool,
    restarts: bool,
    next_id: u16,
}

fn text<'a>(line: &'a Value, field: &str) -> &'a str {
    line[field].as_str().unwrap_or_default()
}

/// Command, package id and payload of a frame of a trace.
fn opened(line: &Value) -> (u16, u16, Vec<u8>) {
    let mut bytes = base16ct::mixed::decode_vec(text(line, "frame")).unwrap();
    let frame = frame::open(&mut bytes).unwrap();
    (frame.command, frame.id.get(), frame.payload.to_vec())
}

impl Replay {
    fn new(name: &str, header: &Value) -> Self {
        let mut flash = RamFlash::new(LAYOUT.size());
        let old = vec![1; 5_000];
        Slots::program(&mut flash, LAYOUT, &old, "").unwrap();
        let device = start(flash, header, text(header, "fw"), Instant::from_millis(1));
        Self {
            name: name.into(),
            header: header.clone(),
            device,
            now: Instant::from_millis(1),
            open: [false; 2],
            input: Vec::new(),
            said: VecDeque::new(),
            session: None,
            content: Vec::new(),
            target: String::new(),
            request: Vec::new(),
            plan_waits: false,
            restarts: false,
            next_id: 1,
        }
    }

    fn play(&mut self, lines: &[Value]) {
        for (number, line) in lines.iter().enumerate() {
            let at = format!("{} line {}: {line}", self.name, number + 2);
            match (text(line, "dir"), text(line, "mqtt")) {
                ("up", "CONNECT") => {
                    let Said::Connect(password) = self.next(&at) else { panic!("{at}: no CONNECT") };
                    self.check_password(&password, text(line, "password"), &at);
                }
                ("up", "SUBSCRIBE") => assert!(matches!(self.next(&at), Said::Subscribe), "{at}"),
                ("up", "PUBLISH") => self.expect(line, &at),
                ("down", "CONNACK") => self.feed(&[0x20, 2, 0, line["code"].as_u64().unwrap() as u8]),
                ("down", "SUBACK") => self.feed(&[0x90, 3, 0, line["mid"].as_u64().unwrap() as u8, 1]),
                ("down", "PUBLISH") => self.deliver(line),
                ("tcp", _) if text(line, "what") == "closed_by_judge" => {
                    self.open[Link::Center as usize] = false;
                    self.device.closed(self.now, Link::Center, Closed::Lost);
                }
                ("app", _) => self.application(line, lines.get(number + 1..).unwrap_or_default()),
                _ => {}
            }
        }
        self.pump();
        assert!(self.said.is_empty(), "{}: more than the reference says: {:?}", self.name, self.said);
    }

    /// Restarts, as the trace has them. What the application calls is called where its effect is due: the trace tells of
    /// calls a few milliseconds late.
    fn application(&mut self, line: &Value, rest: &[Value]) {
        match text(line, "what") {
            "restart" => {
                self.wait(|replay| replay.restarts, "the restart");
                self.restart();
            }
            "killed" if rest.iter().any(|line| text(line, "mqtt") == "CONNECT") => self.restart(),
            _ => {}
        }
    }

    /// The next thing that the device says, however long it takes.
    fn next(&mut self, at: &str) -> Said {
        self.wait(|replay| !replay.said.is_empty(), at);
        self.said.pop_front().unwrap()
    }

    fn wait(&mut self, is_there: impl Fn(&Self) -> bool, what: &str) {
        for _ in 0..200 {
            self.pump();
            if is_there(self) {
                return;
            }
            let due = self.device.poll_at().unwrap_or_else(|| panic!("nothing is due: {what}"));
            self.now = due.max(self.now.after_millis(1));
            self.device.timeout(self.now);
        }
        panic!("does not come: {what}");
    }

    fn check_password(&self, ours: &[u8], theirs: &str, at: &str) {
        let (pk, ps) = (text(&self.header, "pk"), text(&self.header, "ps"));
        match (auth::parse(ours), auth::parse(theirs.as_bytes())) {
            (Ok(Credentials::First { session, pk: named, body }), Ok(Credentials::First { session: wanted, .. })) => {
                assert_eq!((session, named), (wanted, pk), "{at}");
                assert_eq!(auth::open_first(body, ps).unwrap().dk, text(&self.header, "dk"), "{at}");
            }
            (Ok(Credentials::Later { session, .. }), Ok(Credentials::Later { session: wanted, .. })) => {
                assert_eq!(session, wanted, "{at}");
            }
            _ => panic!("{at}: another kind of password"),
        }
    }

    /// The device must publish what this line says.
    fn expect(&mut self, line: &Value, at: &str) {
        let (code, package, payload) = opened(line);
        let qos = line["qos"].as_u64().unwrap() as u8;
        // What the reference's application sends, ours sends.
        match code {
            command::TSL_READ_REPLY => assert!(self.device.answer_tsl(qos, package, &payload), "{at}"),
            command::TSL_REPORT => assert!(self.device.send_tsl(qos, &payload), "{at}"),
            command::TRANSPARENT_UP => assert!(self.device.send_transparent(qos, &payload), "{at}"),
            command::OTA_REQUEST => assert!(self.device.ota_request(self.name == "full_upgrade_sha256"), "{at}"),
            command::OTA_STATUS => self.decide(&payload, at),
            _ => {}
        }
        let said = self.next(at);
        let Said::Publish { qos: said_qos, topic, payload: mut said } = said else { panic!("{at}: {said:?}") };
        let plain = match &self.session {
            Some(session) => session.decrypt(&mut said).unwrap(),
            None => &mut said,
        };
        let frame = frame::open(plain).unwrap();
        assert_eq!((frame.command, frame.id.get()), (code, package), "{at}\nsaid {frame:02x?}");
        assert_eq!((said_qos, topic.as_str()), (qos, text(line, "topic")), "{at}");
        match code {
            command::TRANSPARENT_UP => assert_eq!(frame.payload, payload, "{at}"),
            _ => same_ttlv(code, Reader::new(frame.payload), Reader::new(&payload), at),
        }
    }

    /// The application accepts or refuses the plan, if that is what is reported next.
    fn decide(&mut self, payload: &[u8], at: &str) {
        let action = match ttlv::find(payload, id::STATUS).and_then(|value| value.as_i64()) {
            Some(2) => 1,
            Some(3) => 0,
            _ => return,
        };
        self.pump();
        assert!(std::mem::take(&mut self.plan_waits), "{at}: no plan to act on");
        assert!(self.device.ota_action(self.now, action), "{at}");
    }

    /// The platform publishes what this line says; file information is for a file of ours.
    fn deliver(&mut self, line: &Value) {
        let (code, package, mut payload) = opened(line);
        if code == command::OTA_FIRMWARE {
            payload = self.announce(&payload);
        }
        let mut bytes = vec![0; payload.len() * 2 + 64];
        bytes[frame::HEADER..][..payload.len()].copy_from_slice(&payload);
        let mut length = frame::seal(&mut bytes, payload.len(), PackageId::new(package).unwrap(), code).unwrap();
        if let Some(session) = &self.session {
            length = session.encrypt(&mut bytes, length).unwrap();
        }
        if let (command::CONFIG, Some(Ttlv::Bytes(key))) = (code, ttlv::find(&payload, 6)) {
            self.session = Some(SessionKey::new(key.try_into().unwrap()));
        }
        let packet = wire::publish(self.next_id, false, text(line, "topic"), &bytes[..length]);
        self.next_id += 1;
        self.feed(&packet);
    }

    /// The same file information with a file of the announced size and its digests. What is wrong with it stays wrong.
    fn announce(&mut self, payload: &[u8]) -> Vec<u8> {
        let size = ttlv::find(payload, id::SIZE).and_then(|value| value.as_u32()).unwrap_or(0);
        self.content = (0..size).map(|at| (at * 7 + at / 251) as u8).collect();
        let digests = [
            (id::MD5, hex(&md5::Md5::digest(&self.content))),
            (id::CRC32, format!("{:08x}", crc::Crc::<u32>::new(&crc::CRC_32_MPEG_2).checksum(&self.content))),
            (id::SHA256, hex(&Sha256::digest(&self.content))),
        ];
        let mut bytes = vec![0; 1024];
        let mut writer = Writer::new(&mut bytes);
        let mut reader = Reader::new(payload);
        while let Some(item) = reader.next().unwrap() {
            let digest = digests.iter().find(|(id, text)| *id == item.id && item.value.as_text().unwrap().len() == text.len());
            match (digest, item.value) {
                (Some((id, digest)), _) => writer.text(*id, digest),
                (None, _) if item.id == id::URL => writer.text(id::URL, "http://files/fw.bin"),
                (None, Ttlv::Number(number)) => writer.number(item.id, number),
                (None, value) => {
                    if item.id == id::TARGET_VERSION {
                        self.target = value.as_text().unwrap().into();
                    }
                    writer.bytes(item.id, value.as_bytes().unwrap())
                }
            };
        }
        let length = writer.finish().unwrap();
        bytes[..length].to_vec()
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.pump();
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = self.device.received(self.now, Link::Center, rest);
            rest = &rest[taken..];
            self.pump();
        }
    }

    /// Carries out what the device asks for until it waits; answers for broker and file server.
    fn pump(&mut self) {
        loop {
            let mut is_quiet = true;
            while let Some(action) = self.device.poll(self.now) {
                is_quiet = false;
                match action {
                    Action::Open(link) => {
                        self.open[link as usize] = true;
                        self.input.clear();
                        if link == Link::Center {
                            self.session = None;
                        }
                        self.device.connected(self.now, link);
                    }
                    Action::Close(link) => self.open[link as usize] = false,
                    Action::Restart => self.restarts = true,
                }
            }
            for link in [Link::Center, Link::Package] {
                let out = self.device.transmit(link).to_vec();
                if self.open[link as usize] && !out.is_empty() {
                    is_quiet = false;
                    self.device.transmitted(self.now, link, out.len());
                    match link {
                        Link::Center => self.packets(&out),
                        Link::Package => self.serve(&out),
                    }
                }
            }
            while let Some(event) = self.device.event() {
                self.plan_waits |= event == Event::Plan;
                self.device.event_taken();
                is_quiet = false;
            }
            if is_quiet {
                return;
            }
        }
    }

    fn packets(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
        let mut answers = Vec::new();
        while let Some(packet) = wire::take(&mut self.input) {
            match packet {
                Packet::Connect { password } => self.said.push_back(Said::Connect(password)),
                Packet::Subscribe { .. } => self.said.push_back(Said::Subscribe),
                Packet::Publish { qos, id, topic, payload } => {
                    self.said.push_back(Said::Publish { qos, topic, payload });
                    match qos {
                        1 => answers.extend([0x40, 2, id[0], id[1]]),
                        2 => answers.extend([0x50, 2, id[0], id[1]]),
                        _ => {}
                    }
                }
                Packet::Release { id } => answers.extend([0x70, 2, id[0], id[1]]),
                Packet::Ping => answers.extend([0xD0, 0]),
                Packet::Disconnect | Packet::Answer => {}
            }
        }
        let taken = self.device.received(self.now, Link::Center, &answers);
        assert_eq!(taken, answers.len());
    }

    fn serve(&mut self, bytes: &[u8]) {
        self.request.extend(bytes);
        if !self.request.ends_with(b"\r\n\r\n") {
            return;
        }
        let request = String::from_utf8(std::mem::take(&mut self.request)).unwrap();
        let range = request.split("bytes=").nth(1).unwrap().split("\r\n").next().unwrap();
        let (first, last) = range.split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        let (length, size) = (last + 1 - first, self.content.len());
        let head = format!("HTTP/1.1 206 x\r\nContent-Length: {length}\r\nContent-Range: bytes {first}-{last}/{size}\r\n\r\n");
        let answer = [head.as_bytes(), &self.content[first..=last]].concat();
        let mut rest = &answer[..];
        while !rest.is_empty() {
            let taken = self.device.received(self.now, Link::Package, rest);
            rest = &rest[taken..];
            while let Some(action) = self.device.poll(self.now) {
                assert_eq!(action, Action::Close(Link::Package), "{}", self.name);
                self.open[Link::Package as usize] = false;
            }
        }
    }

    fn restart(&mut self) {
        self.restarts = false;
        self.open = [false; 2];
        assert!(self.said.is_empty(), "{}: said before the restart, not by the reference: {:?}", self.name, self.said);
        self.now = self.now.after_secs(1);
        let mut flash = std::mem::replace(&mut self.device.board_mut().flash, RamFlash::new(0));
        let decision = boot::decide(&mut flash, LAYOUT).unwrap().boot().unwrap();
        let version = if decision.slot == 1 { self.target.clone() } else { text(&self.header, "fw").into() };
        self.device = start(flash, &self.header, &version, self.now);
    }
}

fn start(flash: RamFlash, header: &Value, version: &str, now: Instant) -> Device<SimBoard> {
    let board = SimBoard { layout: LAYOUT, flash, version: version.into(), random: Random::new(1) };
    let mut device = Device::new(now, board);
    assert!(device.set_product(text(header, "pk"), text(header, "ps")));
    match text(header, "trace") {
        "multi_plan" => assert!(device.set_mcu_version(now, "MCU1", "1.0")),
        "session_key" | "full_upgrade_session" => assert!(device.set_encrypted_session(true)),
        _ => {}
    }
    assert!(device.start(now));
    device
}

/// Compares what the device said with what the reference said, but for where this device differs on purpose.
fn same_ttlv(code: u16, mut ours: Reader<'_>, mut theirs: Reader<'_>, at: &str) {
    loop {
        let (our, their) = (ours.next().unwrap(), theirs.next().unwrap());
        let (Some(our), Some(their)) = (&our, &their) else {
            assert_eq!(our.is_none(), their.is_none(), "{at}: one says more");
            return;
        };
        assert_eq!(our.id, their.id, "{at}");
        let our_id = our.id;
        match (&our.value, &their.value) {
            // The version of the software, and the locators of the module: those of this device.
            _ if code == command::INFO_REPORT && matches!(our.id, 11 | 12) => {}
            // The reason of a failure stands behind the status's name.
            (Ttlv::Bytes(our), Ttlv::Bytes(name)) if code == command::OTA_STATUS && our_id == id::STATUS_TEXT => {
                let rest = our.strip_prefix(*name).unwrap_or_else(|| panic!("{at}: another status text"));
                assert!(rest.is_empty() || rest.starts_with(b": "), "{at}");
            }
            // The reference sends the noise of its floating point loop.
            (Ttlv::Number(our), Ttlv::Number(their)) => assert!((our.to_f64() - their.to_f64()).abs() < 1e-12, "{at}"),
            (Ttlv::Struct(our), Ttlv::Struct(their)) => same_ttlv(code, our.clone(), their.clone(), at),
            (our, their) => assert_eq!(our, their, "{at}"),
        }
    }
}

fn replay(name: &str) {
    let folder = std::env::var_os("QTH_VECTORS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors")), PathBuf::from);
    let path = folder.join("traces").join(format!("{name}.jsonl"));
    let trace = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; QTH_VECTORS names the folder of the golden vectors", path.display()));
    let lines: Vec<Value> = trace.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (header, lines) = lines.split_first().unwrap();
    Replay::new(name, header).play(lines);
}

macro_rules! replays {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            replay(stringify!($name));
        }
    )*};
}

replays! {
    first_auth later_auth session_key redirect tsl_read
    full_upgrade full_upgrade_sha256 full_upgrade_session multi_plan
    reject no_url bad_fwinfo duplicate_plan
}
