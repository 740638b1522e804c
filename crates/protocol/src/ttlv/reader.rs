//! Reading TTLV.
#![forbid(unsafe_code)]

use super::{Number, BYTES, DEPTH_MAX, FALSE, NUMBER, STRUCT, TRUE, TYPE_BITS, TYPE_MASK};
use core::fmt;

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

impl fmt::Display for TtlvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is no item where at least one has to be",
            Self::Cut => "the bytes end inside an item",
            Self::Type => "an item has a type that does not exist",
            Self::Mixed => "a named item stands in an array",
            Self::Depth => "structs lie too deep in each other",
        })
    }
}

impl core::error::Error for TtlvError {}

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
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn as_number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The integer; `None` when the value is not one, or does not fit.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The integer; `None` when the value is not one, or does not fit.
    #[must_use]
    pub fn as_i32(&self) -> Option<i32> {
        self.as_i64()?.try_into().ok()
    }

    /// The integer; `None` when the value is not one, or does not fit.
    #[must_use]
    pub fn as_u32(&self) -> Option<u32> {
        self.as_i64()?.try_into().ok()
    }

    /// The number as the nearest float.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        Some(self.as_number()?.to_f64())
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text; `None` when it is no UTF-8.
    #[must_use]
    pub fn as_text(&self) -> Option<&'a str> {
        core::str::from_utf8(self.as_bytes()?).ok()
    }

    /// The items of a struct or the elements of an array.
    #[must_use]
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
    #[must_use]
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
    #[must_use]
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
    #[must_use]
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
#[must_use]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ttlv::{Writer, ID_MAX};
    use fastrand::Rng;

    /// A message with one of everything: a plan with two components.
    const MESSAGE: [u8; 45] = [
        0x00, 0x09, // 1: true
        0x00, 0x12, 0x81, 0x30, 0x39, // 2: -12345
        0x00, 0x4A, 0x09, 0x01, 0x6E, // 9: 36.6
        0x00, 0x1B, 0x00, 0x02, b'h', b'i', // 3: "hi"
        0x00, 0xE4, 0x00, 0x02, // 28: two elements
        0x00, 0x04, 0x00, 0x01, 0x00, 0x3A, 0x00, 0x00, // {7: 0}
        0x00, 0x04, 0x00, 0x02, 0x00, 0x3A, 0x00, 0x01, 0x00, 0x23, 0x00, 0x01, b'M', // {7: 1, 4: "M"}
        0x00, 0x30, // 6: false
    ];

    /// So many structs in each other, each with one item.
    fn nested(depth: usize) -> Vec<u8> {
        let mut bytes = [0x00, 0x0C, 0x00, 0x01].repeat(depth);
        bytes.extend([0x00, 0x09]);
        bytes
    }

    #[test]
    fn values_are_found_by_id() {
        assert_eq!(check(&MESSAGE), Ok(()));
        let value = |id| find(&MESSAGE, id).unwrap();
        assert_eq!(value(1).as_bool(), Some(true));
        assert_eq!(value(2).as_i64(), Some(-12345));
        assert_eq!(value(9).as_f64(), Some(36.6));
        assert_eq!(value(3).as_text(), Some("hi"));
        assert_eq!(value(6).as_bool(), Some(false));
        assert_eq!(find(&MESSAGE, 7), None);
    }

    #[test]
    fn the_elements_of_an_array_are_read_one_after_the_other() {
        let mut plans = find(&MESSAGE, 28).unwrap().as_struct().unwrap();
        assert!(plans.is_array());
        for (kind, component) in [(0, None), (1, Some("M"))] {
            let plan = plans.next().unwrap().unwrap();
            assert_eq!(plan.id, 0);
            let plan = plan.value.as_struct().unwrap();
            assert!(!plan.is_array());
            assert_eq!(plan.find(7).unwrap().as_u32(), Some(kind));
            assert_eq!(plan.find(4).and_then(|value| value.as_text()), component);
        }
        assert_eq!(plans.next(), Ok(None));
    }

    #[test]
    fn a_value_is_not_taken_for_another_type() {
        let text = Value::Bytes(b"12");
        assert_eq!((text.as_i64(), text.as_bool(), text.as_struct()), (None, None, None));
        let number = Value::Number(Number::from_i64(-1));
        assert_eq!((number.as_u32(), number.as_i32(), number.as_text()), (None, Some(-1), None));
        let large = Value::Number(Number::from_i64(1 << 32));
        assert_eq!((large.as_u32(), large.as_i32(), large.as_i64()), (None, None, Some(1 << 32)));
        assert_eq!(Value::Bytes(&[0xFF]).as_text(), None);
    }

    #[test]
    fn a_message_cut_anywhere_within_an_item_is_refused() {
        let ends = [2, 7, 12, 18, 43, 45];
        assert_eq!(check(&[]), Err(TtlvError::Empty));
        for end in 1..=MESSAGE.len() {
            let expected = if ends.contains(&end) { Ok(()) } else { Err(TtlvError::Cut) };
            assert_eq!(check(&MESSAGE[..end]), expected, "{end} bytes");
        }
    }

    #[test]
    fn unknown_types_are_refused() {
        for tag in 5..=7 {
            assert_eq!(check(&[0x00, 0x08 | tag]), Err(TtlvError::Type));
        }
    }

    #[test]
    fn a_named_item_in_an_array_is_refused_wherever_the_array_lies() {
        assert_eq!(check(&[0x00, 0x01, 0x00, 0x09]), Err(TtlvError::Mixed));
        assert_eq!(check(&[0x00, 0x0C, 0x00, 0x02, 0x00, 0x01, 0x00, 0x09]), Err(TtlvError::Mixed));
    }

    #[test]
    fn structs_lie_at_most_eight_deep() {
        assert_eq!(check(&nested(DEPTH_MAX)), Ok(()));
        assert_eq!(check(&nested(DEPTH_MAX + 1)), Err(TtlvError::Depth));
        assert_eq!(check(&nested(10_000)), Err(TtlvError::Depth));
    }

    #[test]
    fn a_struct_that_promises_more_items_than_there_are_is_refused() {
        let mut bytes = vec![0x00, 0x0C, 0xFF, 0xFF];
        bytes.extend([0x00, 0x09].repeat(0xFFFE));
        assert_eq!(check(&bytes), Err(TtlvError::Cut));
        bytes.extend([0x00, 0x09]);
        assert_eq!(check(&bytes), Ok(()));
    }

    #[test]
    fn reading_stops_at_the_first_error() {
        let mut reader = Reader::new(&[0x00, 0x09, 0x00, 0x0D]);
        assert_eq!(reader.next(), Ok(Some(Item { id: 1, value: Value::Bool(true) })));
        assert_eq!(reader.next(), Err(TtlvError::Type));
        assert_eq!(reader.next(), Err(TtlvError::Type));
    }

    /// Reads all there is and writes it again.
    fn copy(mut items: Reader<'_>, writer: &mut Writer<'_>) -> Result<(), TtlvError> {
        while let Some(Item { id, value }) = items.next()? {
            assert!(id <= ID_MAX);
            match value {
                Value::Bool(value) => writer.bool(id, value),
                Value::Number(number) => writer.number(id, number),
                Value::Bytes(bytes) => writer.bytes(id, bytes),
                Value::Struct(inner) => {
                    writer.begin(id);
                    copy(inner, writer)?;
                    writer.end()
                }
            };
        }
        Ok(())
    }

    #[test]
    fn mutated_messages_are_refused_or_read_to_what_writes_the_same() {
        let mut random = Rng::with_seed(5);
        let mut taken = 0;
        for _ in 0..300_000 {
            let mut bytes = MESSAGE.to_vec();
            for _ in 0..=random.u8(..4) {
                let at = random.usize(..bytes.len());
                match random.u8(..3) {
                    0 => bytes[at] = random.u8(..),
                    1 => bytes[at] ^= 1 << random.u8(..8),
                    _ => bytes.insert(at, [0x04, 0x00, 0x01, 0xFF][random.usize(..4)]),
                }
            }
            bytes.truncate(random.usize(..bytes.len() * 2));

            let mut buf = [0; 64];
            let mut writer = Writer::new(&mut buf);
            let read = copy(Reader::new(&bytes), &mut writer);
            if bytes.is_empty() {
                continue;
            }
            assert_eq!(check(&bytes), read, "{bytes:02x?}");
            if read.is_ok() {
                taken += 1;
                let len = writer.finish().unwrap();
                let again = &buf[..len];
                // Padded numbers get shorter, nothing else changes.
                assert!(len <= bytes.len(), "{bytes:02x?}");
                assert!(len < bytes.len() || again == bytes, "{bytes:02x?}");
                assert_eq!(check(again), Ok(()), "{bytes:02x?}");
            }
        }
        assert!(taken > 10_000, "only {taken} messages were taken: the mutations are too wild to test reading");
    }
}
