//! TTLV: what passes the check can be walked to its end, and written again to a message that says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qth_protocol::ttlv::{check, Reader, Value, Writer};

/// Writes all items again. Returns how many there were.
fn copy(mut from: Reader<'_>, to: &mut Writer<'_>) -> usize {
    let mut count = 0;
    while let Some(item) = from.next().expect("checked before") {
        count += 1;
        match item.value {
            Value::Bool(value) => {
                to.bool(item.id, value);
            }
            Value::Number(number) => {
                let float = number.to_f64();
                assert!(!float.is_nan());
                to.number(item.id, number);
            }
            Value::Bytes(bytes) => {
                to.bytes(item.id, bytes);
            }
            Value::Struct(items) => {
                to.begin(item.id);
                count += copy(items, to);
                to.end();
            }
        }
    }
    count
}

fuzz_target!(|bytes: &[u8]| {
    if check(bytes).is_err() {
        return;
    }
    // A number may have come with more bytes than it needs, so what is written is never longer.
    let mut first = vec![0; bytes.len()];
    let mut writer = Writer::new(&mut first);
    let count = copy(Reader::new(bytes), &mut writer);
    let length = writer.finish().expect("what was read can be written");
    assert!(count <= bytes.len() / 2, "an item takes two bytes at the least");

    let mut second = vec![0; length];
    let mut writer = Writer::new(&mut second);
    copy(Reader::new(&first[..length]), &mut writer);
    assert_eq!(writer.finish(), Ok(length));
    assert_eq!(first[..length], second);
});
