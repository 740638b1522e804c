//! Reading TTLV.
#![forbid(unsafe_code)]

use super::{Number, BYTES, DEPTH_MAX, FALSE, NUMBER, STRUCT, TRUE, TYPE_BITS, TYPE_MASK};

/// Why bytes are not TTLV. The exception code that reports it is 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlvError {
    /// There is nothing where at least one item has to be.
    Empty,
    /// The bytes end inside an item.
    Cut,
    /// An item has a type that does not exist.
    Type,
    /// A named item stands in an array.
    Mixed,
    /// Structs lie deeper in each other than [`DEPTH_MAX`].
    Depth,
}

/// One item: its id and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// 1 to [`super::ID_MAX`]; 0 for an element of an array.
    pub id: u16,
    /// What it holds.
    pub value: Value<'a>,
}

/// What an item holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// True or false.
    Bool(bool),
    /// An integer or a decimal number.
    Number(Number),
    /// Bytes or text: the format does not tell them apart.
    Bytes(&'a [u8]),
    /// The items of a struct, or the elements of an array.
    Struct(Reader<'a>),
}

impl<'a> Value<'a> {
    /// The boolean.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number.
    pub const fn as_number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The integer; `None` when it is none or does not fit.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The integer; `None` when it is none or does not fit.
    pub fn as_i32(&self) -> Option<i32> {
        self.as_i64()?.try_into().ok()
    }

    /// The integer; `None` when it is none or does not fit.
    pub fn as_u32(&self) -> Option<u32> {
        self.as_i64()?.try_into().ok()
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text; `None` when it is no UTF-8.
    pub fn as_text(&self) -> Option<&'a str> {
        core::str::from_utf8(self.as_bytes()?).ok()
    }

    /// The items of a struct or the elements of an array.
    pub fn as_struct(&self) -> Option<Reader<'a>> {
        match self {
            Self::Struct(items) => Some(items.clone()),
            _ => None,
        }
    }
}

/// Reads the items of a message or of a struct, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Whether these are the elements of an array, once the first was read.
    array: Option<bool>,
}

impl<'a> Reader<'a> {
    /// Reads the items that fill these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, array: None }
    }

    /// The next item; `None` after the last. The whole extent of a struct is there when it is handed out, so that its
    /// own reader can only meet [`TtlvError::Mixed`].
    ///
    /// # Errors
    /// The bytes are malformed from here on.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Item<'a>>, TtlvError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (id, part, rest) = take(self.rest)?;
        if *self.array.get_or_insert(id == 0) && id != 0 {
            return Err(TtlvError::Mixed);
        }
        let (value, rest) = match part {
            Part::Whole(value) => (value, rest),
            Part::Struct(count) => {
                let (items, rest) = rest.split_at_checked(extent(rest, count)?).ok_or(TtlvError::Cut)?;
                (Value::Struct(Reader::new(items)), rest)
            }
        };
        self.rest = rest;
        Ok(Some(Item { id, value }))
    }

    /// The value of the first item from here on that has this id; `None` also when the bytes before it are malformed.
    pub fn find(&self, id: u16) -> Option<Value<'a>> {
        let mut items = self.clone();
        while let Ok(Some(item)) = items.next() {
            if item.id == id {
                return Some(item.value);
            }
        }
        None
    }

    /// Whether the next item is an element of an array. An empty array can't be told from an empty struct: false.
    pub fn is_array(&self) -> bool {
        matches!(take(self.rest), Ok((0, ..)))
    }
}

/// Checks a whole message, as deep as it goes.
///
/// # Errors
/// The message is malformed or empty.
pub fn check(bytes: &[u8]) -> Result<(), TtlvError> {
    if bytes.is_empty() {
        return Err(TtlvError::Empty);
    }
    check_items(Reader::new(bytes))
}

/// Goes no deeper than [`DEPTH_MAX`], because the outermost struct is refused when there is more in it.
fn check_items(mut items: Reader<'_>) -> Result<(), TtlvError> {
    while let Some(item) = items.next()? {
        if let Value::Struct(inner) = item.value {
            check_items(inner)?;
        }
    }
    Ok(())
}

/// The value of the first item with this id at the top of a message.
pub fn find(bytes: &[u8], id: u16) -> Option<Value<'_>> {
    Reader::new(bytes).find(id)
}

/// An item's beginning: all of it, or the number of items in a struct.
enum Part<'a> {
    Whole(Value<'a>),
    Struct(u16),
}

/// Takes the id and the first part of an item off the bytes; returns them and what follows.
fn take(bytes: &[u8]) -> Result<(u16, Part<'_>, &[u8]), TtlvError> {
    let (tag, rest) = take_u16(bytes)?;
    let (part, rest) = match tag & TYPE_MASK {
        FALSE => (Part::Whole(Value::Bool(false)), rest),
        TRUE => (Part::Whole(Value::Bool(true)), rest),
        NUMBER => {
            let (number, rest) = take_number(rest)?;
            (Part::Whole(Value::Number(number)), rest)
        }
        BYTES => {
            let (len, rest) = take_u16(rest)?;
            let (data, rest) = rest.split_at_checked(usize::from(len)).ok_or(TtlvError::Cut)?;
            (Part::Whole(Value::Bytes(data)), rest)
        }
        STRUCT => {
            let (count, rest) = take_u16(rest)?;
            (Part::Struct(count), rest)
        }
        _ => return Err(TtlvError::Type),
    };
    Ok((tag >> TYPE_BITS, part, rest))
}

fn take_u16(bytes: &[u8]) -> Result<(u16, &[u8]), TtlvError> {
    let (number, rest) = bytes.split_first_chunk().ok_or(TtlvError::Cut)?;
    Ok((u16::from_be_bytes(*number), rest))
}

fn take_number(bytes: &[u8]) -> Result<(Number, &[u8]), TtlvError> {
    let (&shape, rest) = bytes.split_first().ok_or(TtlvError::Cut)?;
    let len = usize::from(shape & 7).saturating_add(1);
    let (digits, rest) = rest.split_at_checked(len).ok_or(TtlvError::Cut)?;
    let magnitude = digits.iter().fold(0, |magnitude, byte| magnitude << 8 | u64::from(*byte));
    Ok((Number { negative: shape & 0x80 != 0, magnitude, decimals: shape >> 3 & 15 }, rest))
}

/// How many bytes the next `count` items take, with all that lies in them.
fn extent(bytes: &[u8], count: u16) -> Result<usize, TtlvError> {
    let mut rest = bytes;
    let mut levels = heapless::Vec::<u16, DEPTH_MAX>::new();
    levels.push(count).map_err(|_| TtlvError::Depth)?;
    while let Some(left) = levels.last_mut() {
        let Some(fewer) = left.checked_sub(1) else {
            levels.pop();
            continue;
        };
        *left = fewer;
        let (_, part, after) = take(rest)?;
        rest = after;
        if let Part::Struct(count) = part {
            levels.push(count).map_err(|_| TtlvError::Depth)?;
        }
    }
    Ok(bytes.len().saturating_sub(rest.len()))
}
