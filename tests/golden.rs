//! The golden vectors and recorded conversations of the reference device, in both directions.
//!
//! They are in `tests/vectors`; `QTH_VECTORS` names the folder of others.

use qth_protocol::auth::{self, Credentials};
use qth_protocol::command::{self, Sender};
use qth_protocol::frame::{self, PackageId};
use qth_protocol::id::configuration;
use qth_protocol::session::SessionKey;
use qth_protocol::topic::{self, Direction, Topic};
use qth_protocol::ttlv::{self, Reader, Value, WriteError, Writer};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    std::env::var_os("QTH_VECTORS").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"), PathBuf::from)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}. Set QTH_VECTORS to the folder of the golden vectors.", path.display()))
}

fn vectors(name: &str) -> Json {
    serde_json::from_str(&read(&folder().join(name))).unwrap()
}

/// The entries of a section; a section without any would let a test pass that tests nothing.
fn entries<'a>(vectors: &'a Json, section: &str) -> &'a Vec<Json> {
    let entries = vectors[section].as_array().unwrap_or_else(|| panic!("no section {section}"));
    assert!(!entries.is_empty(), "section {section} is empty");
    entries
}

fn text<'a>(entry: &'a Json, field: &str) -> &'a str {
    entry[field].as_str().unwrap_or_else(|| panic!("no text {field} in {entry}"))
}

fn number(entry: &Json, field: &str) -> u16 {
    let number = entry[field].as_u64().unwrap_or_else(|| panic!("no number {field} in {entry}"));
    u16::try_from(number).unwrap()
}

fn hex(entry: &Json, field: &str) -> Vec<u8> {
    base16ct::mixed::decode_vec(text(entry, field)).unwrap_or_else(|error| panic!("{field} in {entry}: {error}"))
}

fn random(entry: &Json) -> [u8; auth::RANDOM_LEN] {
    text(entry, "random").as_bytes().try_into().unwrap()
}

fn sealed(id: u16, command: u16, payload: &[u8]) -> Vec<u8> {
    let mut buf = vec![0; 2 * (frame::HEADER + payload.len())];
    buf[frame::HEADER..][..payload.len()].copy_from_slice(payload);
    let len = frame::seal(&mut buf, payload.len(), PackageId::new(id).unwrap(), command).unwrap();
    buf.truncate(len);
    buf
}

/// Package id, command and payload of a received frame.
fn opened(frame: &[u8]) -> Option<(u16, u16, Vec<u8>)> {
    let mut bytes = frame.to_vec();
    frame::open(&mut bytes).ok().map(|frame| (frame.id.get(), frame.command, frame.payload.to_vec()))
}

/// Items as the vectors write them, to TTLV.
fn write(writer: &mut Writer<'_>, items: &Json) {
    for item in items.as_array().unwrap() {
        let (id, value) = (number(item, "id"), &item["v"]);
        match text(item, "t") {
            "bool" => writer.bool(id, value.as_bool().unwrap()),
            "int" => writer.int(id, value.as_i64().unwrap()),
            "float" => writer.float(id, value.as_f64().unwrap()),
            "bytes" => writer.bytes(id, &hex(item, "v")),
            "struct" => {
                writer.begin(id);
                write(writer, value);
                writer.end()
            }
            other => panic!("unknown type {other}"),
        };
    }
}

fn encoded(items: &Json) -> Result<Vec<u8>, WriteError> {
    let mut buf = vec![0; 8192];
    let mut writer = Writer::new(&mut buf);
    write(&mut writer, items);
    let len = writer.finish()?;
    buf.truncate(len);
    Ok(buf)
}

fn assert_items(mut items: Reader<'_>, expected: &Json, what: &str) {
    for node in expected.as_array().unwrap() {
        let item = items.next().unwrap().unwrap_or_else(|| panic!("{what}: {node} is missing"));
        assert_eq!(item.id, number(node, "id"), "{what}: id of {node}");
        let v = &node["v"];
        match (text(node, "t"), &item.value) {
            ("bool", Value::Bool(value)) => assert_eq!(Some(*value), v.as_bool(), "{what}"),
            ("int", Value::Number(number)) => assert_eq!(number.as_i64(), v.as_i64(), "{what}"),
            ("float", Value::Number(number)) => {
                let expected = v.as_f64().unwrap();
                let tolerance = 1e-13 * expected.abs().max(1.0);
                assert!((number.to_f64() - expected).abs() <= tolerance, "{what}: {number:?} for {expected}");
            }
            ("bytes", Value::Bytes(bytes)) => {
                assert_eq!(*bytes, hex(node, "v"), "{what}");
                if let Some(text) = node["s"].as_str() {
                    assert_eq!(item.value.as_text(), Some(text), "{what}");
                }
            }
            ("struct", Value::Struct(inner)) => assert_items(inner.clone(), v, what),
            (kind, value) => panic!("{what}: {kind} became {value:?}"),
        }
    }
    assert_eq!(items.next(), Ok(None), "{what}: more than expected");
}

#[test]
fn passwords_of_first_connections_are_made_and_proven() {
    let vectors = vectors("auth.json");
    for entry in entries(&vectors, "first") {
        let [pk, ps, dk, password] = ["pk", "ps", "dk", "password"].map(|field| text(entry, field));
        let session = number(entry, "session") == 1;

        assert_eq!(auth::client_id(pk, dk).unwrap(), text(entry, "client_id"));
        assert_eq!(auth::first_password(pk, ps, dk, &random(entry), session).unwrap(), password);

        let Ok(Credentials::First { session: asked, pk: product, body }) = auth::parse(password.as_bytes()) else {
            panic!("{password} is not taken for a first password");
        };
        assert_eq!((asked, product), (session, pk));
        assert_eq!(auth::open_first(body, ps).unwrap().dk, dk);
    }
}

#[test]
fn passwords_of_later_connections_are_made_and_proven() {
    let vectors = vectors("auth.json");
    for entry in entries(&vectors, "later") {
        let [ps, ds, password] = ["ps", "ds", "password"].map(|field| text(entry, field));
        let session = number(entry, "session") == 1;

        assert_eq!(auth::later_password(ds, ps, &random(entry), session).unwrap(), password);

        let Ok(Credentials::Later { session: asked, random, sign }) = auth::parse(password.as_bytes()) else {
            panic!("{password} is not taken for a later password");
        };
        assert_eq!((asked, random), (session, text(entry, "random")));
        assert!(auth::check_later(ds, ps, random, sign));
        assert!(!auth::check_later("another", ps, random, sign));
    }
}

#[test]
fn frames_are_sealed_to_the_bytes_of_the_reference_and_opened_again() {
    let vectors = vectors("frames.json");
    for entry in entries(&vectors, "encode") {
        let (id, command, payload) = (number(entry, "pkgid"), number(entry, "cmd"), hex(entry, "payload"));
        let frame = hex(entry, if entry["regular"].is_string() { "regular" } else { "frame" });
        assert_eq!(sealed(id, command, &payload), frame, "{}", entry["case"]);
        assert_eq!(opened(&frame), Some((id, command, payload)), "{}", entry["case"]);
    }
}

#[test]
fn received_frames_are_taken_or_dropped_as_the_reference_does() {
    let vectors = vectors("frames.json");
    for entry in entries(&vectors, "decode") {
        let result = &entry["result"];
        let expected = (!result.is_null()).then(|| (number(result, "pkgid"), number(result, "cmd"), hex(result, "payload")));
        assert_eq!(opened(&hex(entry, "frame")), expected, "{}", entry["case"]);
    }
}

#[test]
fn package_ids_count_and_wrap_as_those_of_the_reference() {
    let vectors = vectors("frames.json");
    for entry in entries(&vectors, "pkgid_next") {
        let next = PackageId::new(number(entry, "before")).map_or(PackageId::FIRST, PackageId::next);
        assert_eq!(next.get(), number(entry, "next"), "{entry}");
    }
}

#[test]
fn ttlv_items_are_written_and_read_as_by_the_reference() {
    let vectors = vectors("ttlv.json");
    for entry in entries(&vectors, "items") {
        let name = text(entry, "name");
        let sent = hex(entry, "hex");
        let regular = if entry["regular"].is_string() { hex(entry, "regular") } else { sent.clone() };
        let decoded = if entry["decoded"].is_array() { &entry["decoded"] } else { &entry["items"] };

        assert_eq!(encoded(&entry["items"]).unwrap(), regular, "{name}");
        for bytes in [&sent, &regular] {
            assert_eq!(ttlv::check(bytes), Ok(()), "{name}");
            assert_items(Reader::new(bytes), decoded, name);
        }
    }
}

#[test]
fn odd_ttlv_is_read_and_broken_ttlv_refused() {
    let vectors = vectors("ttlv.json");
    for entry in entries(&vectors, "decode") {
        let (bytes, case) = (hex(entry, "hex"), text(entry, "case"));
        if entry["result"].is_null() {
            assert!(ttlv::check(&bytes).is_err(), "{case}");
        } else if case == "eight bytes FF" {
            // The reference wraps it to -1; here all 64 bits are kept, and no signed integer is made of them.
            let number = ttlv::find(&bytes, 2).unwrap().as_number().unwrap();
            assert_eq!((number.magnitude, number.as_i64()), (u64::MAX, None));
        } else {
            assert_eq!(ttlv::check(&bytes), Ok(()), "{case}");
            assert_items(Reader::new(&bytes), &entry["result"], case);
        }
    }
}

#[test]
fn floats_beyond_the_format_are_refused() {
    let vectors = vectors("ttlv.json");
    for entry in entries(&vectors, "overflow") {
        assert_eq!(encoded(&entry["items"]), Err(WriteError::Float), "{}", entry["name"]);
    }
}

#[test]
fn session_messages_are_encrypted_and_decrypted() {
    let vectors = vectors("session.json");
    for entry in entries(&vectors, "vectors") {
        let key = SessionKey::new(hex(entry, "key").try_into().unwrap());
        assert_session(&key, &hex(entry, "plain"), &hex(entry, "cipher"), text(entry, "case"));
    }
}

fn assert_session(key: &SessionKey, plain: &[u8], cipher: &[u8], what: &str) {
    let mut buf = plain.to_vec();
    buf.resize(plain.len() + SessionKey::PADDING, 0);
    let len = key.encrypt(&mut buf, plain.len()).unwrap();
    assert_eq!(&buf[..len], cipher, "{what}");
    assert_eq!(key.decrypt(&mut buf[..len]).unwrap(), plain, "{what}");
}

/// What the lines of a trace so far have established.
struct Conversation {
    name: String,
    header: Json,
    device_secret: Option<String>,
    /// By connection.
    session_keys: BTreeMap<u64, SessionKey>,
    connects: usize,
    frames: usize,
}

impl Conversation {
    fn client_id(&self) -> String {
        auth::client_id(text(&self.header, "pk"), text(&self.header, "dk")).unwrap().as_str().to_owned()
    }

    fn line(&mut self, line: &Json) {
        match (line["dir"].as_str(), line["mqtt"].as_str()) {
            (Some("up"), Some("CONNECT")) => self.connect(line),
            (Some("up"), Some("SUBSCRIBE")) => {
                assert_eq!(line["filters"][0][0], topic::subscription(&self.client_id()).unwrap().as_str());
                assert_eq!(line["filters"][0][1], 1);
            }
            (Some("up"), Some("PUBLISH")) => self.publish(line, Direction::Up),
            (Some("down"), Some("PUBLISH")) => self.publish(line, Direction::Down),
            _ => {}
        }
    }

    fn connect(&mut self, line: &Json) {
        let ps = text(&self.header, "ps");
        assert_eq!(text(line, "client_id"), self.client_id());
        match auth::parse(text(line, "password").as_bytes()).unwrap() {
            Credentials::First { pk, body, .. } => {
                assert_eq!(pk, text(&self.header, "pk"), "{}: {line}", self.name);
                assert_eq!(auth::open_first(body, ps).unwrap().dk, text(&self.header, "dk"), "{}: {line}", self.name);
            }
            Credentials::Later { random, sign, session } => {
                let ds = self.device_secret.as_deref().unwrap_or_else(|| panic!("{}: no secret before {line}", self.name));
                assert!(auth::check_later(ds, ps, random, sign), "{}: {line}", self.name);
                let random = random.as_bytes().try_into().unwrap();
                assert_eq!(auth::later_password(ds, ps, random, session).unwrap(), text(line, "password"));
            }
        }
        self.connects += 1;
    }

    fn publish(&mut self, line: &Json, direction: Direction) {
        let what = format!("{}: {line}", self.name);
        let frame = hex(line, "frame");
        let (id, command, payload) = opened(&frame).unwrap_or_else(|| panic!("{what}: the frame is not taken"));
        assert_eq!(id, number(line, "pkgid"), "{what}");
        assert_eq!(format!("{command:#06X}").replacen('X', "x", 1), text(line, "cmd"), "{what}");
        assert_eq!(sealed(id, command, &payload), frame, "{what}");

        if line["ttlv"].is_array() {
            assert_eq!(ttlv::check(&payload), Ok(()), "{what}");
            assert_items(Reader::new(&payload), &line["ttlv"], &what);
            assert_eq!(encoded(&line["ttlv"]).unwrap(), payload, "{what}");
        } else {
            assert_eq!(payload, hex(line, "payload"), "{what}");
        }

        let client_id = self.client_id();
        let class = command::class(command).unwrap_or_else(|| panic!("{what}: unknown command"));
        let topic = Topic { direction, client_id: &client_id, class, endpoint: None };
        assert_eq!(Topic::parse(text(line, "topic")), Some(topic), "{what}");
        assert_eq!(topic.name().unwrap(), text(line, "topic"), "{what}");
        match (direction, command::sender(command).unwrap()) {
            (Direction::Down, Sender::Center) | (Direction::Up, Sender::DeviceMode) => {}
            (Direction::Up, Sender::Device(qos)) => assert_eq!(u16::from(qos), number(line, "qos"), "{what}"),
            (_, sender) => panic!("{what}: the table says {sender:?}"),
        }

        let connection = line["conn"].as_u64().unwrap();
        if line["encrypted"] == true {
            assert_session(&self.session_keys[&connection], &frame, &hex(line, "cipher"), &what);
        }
        if command == command::CONFIG {
            self.configure(connection, &payload);
        }
        self.frames += 1;
    }

    fn configure(&mut self, connection: u64, payload: &[u8]) {
        if let Some(ds) = ttlv::find(payload, configuration::DEVICE_SECRET) {
            self.device_secret = Some(ds.as_text().unwrap().to_owned());
        }
        if let Some(key) = ttlv::find(payload, configuration::SESSION_KEY) {
            self.session_keys.insert(connection, SessionKey::new(key.as_bytes().unwrap().try_into().unwrap()));
        }
    }
}

#[test]
fn every_recorded_conversation_is_understood_and_would_be_sent_the_same() {
    let folder = folder().join("traces");
    let files = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}. Set QTH_VECTORS to the folder of the golden vectors.", folder.display()));
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    assert!(!paths.is_empty(), "{} has no traces", folder.display());

    for path in paths {
        let text = read(&path);
        let mut lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut conversation = Conversation {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            header: lines.next().unwrap(),
            device_secret: None,
            session_keys: BTreeMap::new(),
            connects: 0,
            frames: 0,
        };
        lines.for_each(|line: Json| conversation.line(&line));
        assert!(conversation.connects > 0 && conversation.frames > 0, "{}: nothing in it", conversation.name);
    }
}
