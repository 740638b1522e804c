//! TTLV: tag, type, length, value (wire protocol, section 3).
//!
//! ```text
//! TAG(2) = id << 3 | type
//! type 0, 1  false, true
//! type 2     number: S AAAA LLL, then LLL + 1 bytes: (-1)^S * magnitude / 10^AAAA
//! type 3     bytes or text: LEN(2), data
//! type 4     struct or array: COUNT(2), then COUNT items; those of an array have id 0
//! ```
#![forbid(unsafe_code)]

mod number;
mod reader;
mod writer;

pub use number::Number;
pub use reader::{check, find, Item, Reader, TtlvError, Value};
pub use writer::{WriteError, Writer};

/// Largest id of an item.
pub const ID_MAX: u16 = 8191;

/// How deep structs may lie in each other.
pub const DEPTH_MAX: usize = 8;

const FALSE: u16 = 0;
const TRUE: u16 = 1;
const NUMBER: u16 = 2;
const BYTES: u16 = 3;
const STRUCT: u16 = 4;

const TYPE_BITS: u32 = 3;
const TYPE_MASK: u16 = 7;
