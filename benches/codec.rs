//! How fast messages are made and read: TTLV in a frame, beside JSON by serde_json, which has the same values; and a frame alone
//! around the longest transparent data, beside a copy of its bytes.
//!
//! `cargo bench --bench codec` prints one line of JSON.

use qth_protocol::command;
use qth_protocol::frame::{self, PackageId};
use qth_protocol::ttlv::{Reader, Value, Writer};
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;

/// The most that one call of sendTrans takes.
const PAYLOAD: usize = 1024;
const ROUNDS: u32 = 200_000;
const RUNS: usize = 7;

fn encode(buffer: &mut [u8; 256]) -> usize {
    let mut writer = Writer::new(&mut buffer[frame::HEADER..]);
    writer.int(1, black_box(215)).float(2, black_box(23.5)).bool(3, true).text(4, black_box("running"));
    writer.begin(5);
    writer.int(1, black_box(-71)).int(2, black_box(100_000)).end();
    let length = writer.finish().expect("it fits");
    frame::seal(buffer, length, PackageId::FIRST, command::TSL_REPORT).expect("it fits")
}

fn walk(mut reader: Reader<'_>) -> i64 {
    let mut sum = 0;
    while let Ok(Some(item)) = reader.next() {
        sum += match item.value {
            Value::Bool(value) => i64::from(value),
            Value::Number(number) => number.as_i64().unwrap_or_else(|| number.to_f64() as i64),
            Value::Bytes(bytes) => bytes.len() as i64,
            Value::Struct(items) => walk(items),
        };
    }
    sum
}

fn decode(bytes: &mut [u8]) -> i64 {
    walk(Reader::new(frame::open(bytes).expect("it is whole").payload))
}

/// A frame around bytes of all values, which need no escape; the peer copies as many.
fn framed() -> serde_json::Value {
    let payload: Vec<u8> = (0..=u8::MAX).cycle().take(PAYLOAD).collect();
    let mut buffer = [0; 2 * PAYLOAD];
    let seal = |buffer: &mut [u8; 2 * PAYLOAD]| {
        buffer[frame::HEADER..][..PAYLOAD].copy_from_slice(black_box(&payload));
        frame::seal(buffer, PAYLOAD, PackageId::FIRST, command::TRANSPARENT_UP).expect("it fits")
    };
    let length = seal(&mut buffer);
    let sealed = buffer[..length].to_vec();
    json!({
        "payload_bytes": PAYLOAD,
        "seal_ns": nanoseconds(|| _ = black_box(seal(&mut buffer))),
        "open_ns": nanoseconds(|| {
            let mut copy = [0; 2 * PAYLOAD];
            copy[..length].copy_from_slice(black_box(&sealed));
            black_box(frame::open(&mut copy[..length]).expect("it is whole").payload.len());
        }),
        "copy_ns": nanoseconds(|| {
            let mut copy = [0; 2 * PAYLOAD];
            copy[..PAYLOAD].copy_from_slice(black_box(&payload));
            black_box(&copy);
        }),
    })
}

/// Nanoseconds of one call: the fastest of some runs.
fn nanoseconds(mut work: impl FnMut()) -> f64 {
    let mut run = || {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| work());
        start.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
    };
    (0..RUNS).map(|_| run()).fold(f64::MAX, f64::min)
}

fn main() {
    let mut buffer = [0; 256];
    let length = encode(&mut buffer);
    let message = buffer[..length].to_vec();
    let values = json!({"1": 215, "2": 23.5, "3": true, "4": "running", "5": {"1": -71, "2": 100_000}});
    let text = serde_json::to_vec(&values).expect("it can be written");
    let report = json!({
        "bytes": message.len(),
        "json_bytes": text.len(),
        "encode_ns": nanoseconds(|| _ = black_box(encode(&mut buffer))),
        "decode_ns": nanoseconds(|| {
            let mut copy = [0; 256];
            copy[..length].copy_from_slice(&message);
            black_box(decode(&mut copy[..length]));
        }),
        "json_encode_ns": nanoseconds(|| _ = black_box(serde_json::to_vec(black_box(&values)))),
        "frame": framed(),
        "json_decode_ns": nanoseconds(|| _ = black_box(serde_json::from_slice::<serde_json::Value>(black_box(&text)))),
    });
    println!("{report}");
}
