//! Commands that carry a device's data.

use super::value;
use crate::domain::data::Kind;
use qth_protocol::id::location;
use qth_protocol::{command, ttlv};
use serde_json::{json, Value};

/// Reads a command of data; `None` when it is another command, or malformed.
#[must_use]
pub fn read(command: u16, payload: &[u8]) -> Option<(Kind, Value)> {
    Some(match command {
        command::TSL_REPORT => (Kind::Tsl, value::read(payload)?),
        command::TSL_READ_REPLY => (Kind::TslRead, value::read(payload)?),
        command::TSL_SERVICE_REPLY => (Kind::Service, value::read(payload)?),
        command::TRANSPARENT_UP => (Kind::Transparent, value::read_bytes(payload)),
        command::LOCATION_REPORT | command::LOCATION_READ_REPLY => {
            (Kind::Location, json!(ttlv::find(payload, location::SENTENCES)?.as_text()?))
        }
        _ => return None,
    })
}

/// Whether a device sends this of its own accord.
#[must_use]
pub fn is_unasked(command: u16) -> bool {
    matches!(command, command::TSL_REPORT | command::TRANSPARENT_UP | command::LOCATION_REPORT)
}
