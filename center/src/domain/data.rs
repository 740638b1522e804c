//! What devices say about the things they are part of: TSL values, transparent data, locations.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How much of a device's history is kept; the oldest go first.
pub const HISTORY_MAX: u32 = 1000;

/// What a device said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// TSL values, unasked.
    Tsl,
    /// TSL values, as the answer to a read.
    TslRead,
    /// The answer to a service call.
    Service,
    /// Transparent data.
    Transparent,
    /// A location: sentences of NMEA.
    Location,
}

impl Kind {
    /// Whether it tells TSL values.
    #[must_use]
    pub fn has_values(self) -> bool {
        matches!(self, Self::Tsl | Self::TslRead)
    }
}

/// One line of a device's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Increases from record to record.
    pub id: i64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// What it is.
    pub kind: Kind,
    /// What the device said, as the API writes values.
    pub content: Value,
}

/// The last value of one TSL id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastValue {
    /// TSL id.
    pub id: u16,
    /// When it came.
    pub at: DateTime<Utc>,
    /// The value, as the API writes values.
    pub value: Value,
}
