//! Values as the API writes them, in JSON, and as devices do, in TTLV (wire protocol, section 3).
//!
//! `{"1": true, "2": 23.5, "3": "text", "4": {"1": 5}, "5": [1, 2], "6": {"hex": "00ff"}}`: a struct's keys are ids, an array's
//! elements have none. Bytes that are no text are `{"hex": "…"}`.

use qth_protocol::ttlv::{self, Number, Reader, Writer, DEPTH_MAX, ID_MAX};
use serde_json::{json, Map, Value};
use thiserror::Error;

/// Largest payload in bytes, before the message's size is looked at as a whole.
const PAYLOAD_MAX: usize = 4096;

/// Why values can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueError {
    /// An id that is no number, or not in range.
    #[error("'{0}' is no id: ids are numbers from 1 to {ID_MAX}")]
    Id(String),
    /// Not an object where ids with values have to be.
    #[error("values are an object of ids with values, as {{\"1\": true}}, and not empty")]
    Shape,
    /// A value that the protocol doesn't have.
    #[error("null can't be sent; leave the id out")]
    Null,
    /// A number that the protocol can't carry.
    #[error("{0} can't be sent: whole numbers have up to 64 bits, decimals lie below 2^64")]
    Number(String),
    /// A text under `hex` that isn't.
    #[error("'{0}' is not hexadecimal: two digits a byte")]
    Hex(String),
    /// Structs or arrays too deep in each other.
    #[error("structs and arrays may lie {DEPTH_MAX} deep in each other, not deeper")]
    Depth,
    /// More bytes than a message has.
    #[error("the values take more than {PAYLOAD_MAX} bytes")]
    Large,
}

/// Writes an object of ids with values.
pub fn write(values: &Value) -> Result<Vec<u8>, ValueError> {
    let fields = values.as_object().filter(|fields| !fields.is_empty()).ok_or(ValueError::Shape)?;
    written(|writer| write_fields(writer, fields))
}

/// Writes one value under an id.
pub fn write_under(id: u16, value: &Value) -> Result<Vec<u8>, ValueError> {
    written(|writer| {
        check_id(id)?;
        write_value(writer, id, value)
    })
}

fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), ValueError>) -> Result<Vec<u8>, ValueError> {
    let mut bytes = vec![0; PAYLOAD_MAX];
    let mut writer = Writer::new(&mut bytes);
    write(&mut writer)?;
    let length = writer.finish().map_err(|error| match error {
        ttlv::WriteError::Depth => ValueError::Depth,
        _ => ValueError::Large,
    })?;
    bytes.truncate(length);
    Ok(bytes)
}

fn write_fields(writer: &mut Writer<'_>, fields: &Map<String, Value>) -> Result<(), ValueError> {
    fields.iter().try_for_each(|(id, value)| write_value(writer, parse_id(id)?, value))
}

fn write_value(writer: &mut Writer<'_>, id: u16, value: &Value) -> Result<(), ValueError> {
    match value {
        Value::Null => return Err(ValueError::Null),
        Value::Bool(value) => {
            writer.bool(id, *value);
        }
        Value::Number(value) => {
            writer.number(id, number(value)?);
        }
        Value::String(text) => {
            writer.text(id, text);
        }
        Value::Array(elements) => {
            writer.begin(id);
            elements.iter().try_for_each(|element| write_value(writer, 0, element))?;
            writer.end();
        }
        Value::Object(fields) => match fields.get("hex").and_then(Value::as_str) {
            Some(hex) if fields.len() == 1 => {
                writer.bytes(id, &bytes(hex)?);
            }
            _ => {
                writer.begin(id);
                write_fields(writer, fields)?;
                writer.end();
            }
        },
    }
    Ok(())
}

/// Whether an item may have this id.
pub fn check_id(id: u16) -> Result<(), ValueError> {
    (1..=ID_MAX).contains(&id).then_some(()).ok_or_else(|| ValueError::Id(id.to_string()))
}

fn parse_id(text: &str) -> Result<u16, ValueError> {
    let id = text.parse().map_err(|_| ValueError::Id(text.to_owned()))?;
    check_id(id).map(|()| id)
}

/// The bytes that are written in hexadecimal.
pub fn bytes(hex: &str) -> Result<Vec<u8>, ValueError> {
    base16ct::mixed::decode_vec(hex).map_err(|_| ValueError::Hex(hex.to_owned()))
}

fn number(value: &serde_json::Number) -> Result<Number, ValueError> {
    let whole = value.as_i64().map(Number::from_i64);
    let large = || value.as_u64().map(|magnitude| Number { negative: false, magnitude, decimals: 0 });
    let number = whole.or_else(large).or_else(|| value.as_f64().and_then(Number::from_f64));
    number.ok_or_else(|| ValueError::Number(value.to_string()))
}

/// Reads a message; `None` when it is malformed.
#[must_use]
pub fn read(payload: &[u8]) -> Option<Value> {
    ttlv::check(payload).ok()?;
    Some(read_items(Reader::new(payload)))
}

/// Bytes as the API writes them: text where they are that.
#[must_use]
pub fn read_bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "hex": base16ct::lower::encode_string(bytes) }),
    }
}

fn read_items(mut items: Reader<'_>) -> Value {
    let is_array = items.is_array();
    let mut read = Vec::new();
    while let Ok(Some(item)) = items.next() {
        read.push((item.id.to_string(), read_value(item.value)));
    }
    if is_array {
        Value::Array(read.into_iter().map(|(_, value)| value).collect())
    } else {
        Value::Object(read.into_iter().collect())
    }
}

fn read_value(value: ttlv::Value<'_>) -> Value {
    match value {
        ttlv::Value::Bool(value) => json!(value),
        ttlv::Value::Number(number) => match number.as_i64() {
            Some(number) => json!(number),
            None if number.decimals == 0 && !number.negative => json!(number.magnitude),
            None => json!(number.to_f64()),
        },
        ttlv::Value::Bytes(bytes) => read_bytes(bytes),
        ttlv::Value::Struct(items) => read_items(items),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back_as_it_was_written() {
        let values = json!({
            "1": true, "2": 23.5, "3": "Grüße", "4": {"1": -5, "2": [false, {"7": "x"}]}, "5": [1, 2], "6": {"hex": "00ff"},
            "7": i64::MIN, "8": u64::MAX, "8191": 3.808,
        });
        assert_eq!(read(&write(&values).unwrap()), Some(values));
    }

    #[test]
    fn a_boolean_is_written_as_real_devices_read_it() {
        assert_eq!(write(&json!({"1": true})), Ok(vec![0x00, 0x09]));
    }

    #[test]
    fn ids_out_of_range_are_refused_at_every_depth() {
        for id in ["0", "8192", "-1", "x", ""] {
            assert_eq!(write(&json!({ id: 1 })), Err(ValueError::Id(id.into())));
            assert_eq!(write(&json!({"1": [{ id: 1 }]})), Err(ValueError::Id(id.into())));
        }
        assert_eq!(write_under(0, &json!(1)), Err(ValueError::Id("0".into())));
    }

    #[test]
    fn structs_may_lie_as_deep_in_each_other_as_devices_read_them() {
        let nested = |depth| json!({"1": (0..depth).fold(json!(1), |inner, _| json!([inner]))});
        assert!(read(&write(&nested(DEPTH_MAX)).unwrap()).is_some());
        assert_eq!(write(&nested(DEPTH_MAX + 1)), Err(ValueError::Depth));
    }

    #[test]
    fn what_the_protocol_cannot_carry_is_refused() {
        for shape in [json!({}), json!([1]), json!(1)] {
            assert_eq!(write(&shape), Err(ValueError::Shape));
        }
        assert_eq!(write(&json!({"1": null})), Err(ValueError::Null));
        assert_eq!(write(&json!({"1": 1e30})), Err(ValueError::Number("1e+30".into())));
        assert_eq!(write(&json!({"1": {"hex": "abc"}})), Err(ValueError::Hex("abc".into())));
        assert_eq!(write(&json!({"1": "x".repeat(5000)})), Err(ValueError::Large));
    }

    #[test]
    fn malformed_messages_are_not_read() {
        for payload in [&[][..], &[0x00], &[0x00, 0x0D], &[0x00, 0x0B, 0x00, 0x09]] {
            assert_eq!(read(payload), None);
        }
    }
}
