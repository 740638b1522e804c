//! TTLV messages, read and written item by item.

use super::border::{QthBuffer, QthBytes, QthReader, QthWriter};
use core::mem::MaybeUninit;
use cty::{c_double, int64_t, size_t, uint16_t};
use qth_protocol::ttlv::{self, Reader, Value, WriteError, Writer};

/// What a TTLV item holds.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QthType {
    /// True or false.
    Bool,
    /// An integer.
    Int,
    /// A number with decimals, or beyond the range of an integer.
    Float,
    /// Text.
    Text,
    /// Bytes that are no text.
    Bytes,
    /// Items with ids.
    Struct,
    /// Items without ids.
    Array,
}

/// One TTLV item. Of the values, the one that its type names is there.
#[repr(C)]
pub struct QthItem<'a> {
    /// 1 to 8191; 0 for an element of an array.
    pub id: uint16_t,
    /// What it holds.
    pub kind: QthType,
    /// `Bool`.
    pub boolean: bool,
    /// `Int`.
    pub integer: int64_t,
    /// `Float`.
    pub real: c_double,
    /// `Text`, `Bytes`.
    pub bytes: QthBytes<'a>,
    /// `Struct`, `Array`.
    pub items: QthReader<'a>,
}

/// Makes a reader of a TTLV message, which stays as long as the reader is used; false when the message is malformed. An empty
/// one has no items.
#[no_mangle]
pub extern "C" fn qth_reader_open<'a>(reader: &mut MaybeUninit<QthReader<'a>>, message: QthBytes<'a>) -> bool {
    let bytes = message.get();
    if !bytes.is_empty() && ttlv::check(bytes).is_err() {
        return false;
    }
    reader.write(Reader::new(bytes).into());
    true
}

/// The next item; false after the last.
#[no_mangle]
pub extern "C" fn qth_reader_next<'a>(reader: &mut QthReader<'a>, item: &mut MaybeUninit<QthItem<'a>>) -> bool {
    let Ok(Some(next)) = reader.get().next() else { return false };
    let mut out = QthItem {
        id: next.id,
        kind: QthType::Bool,
        boolean: false,
        integer: 0,
        real: 0.0,
        bytes: QthBytes::from(&[][..]),
        items: Reader::new(&[]).into(),
    };
    match next.value {
        Value::Bool(value) => out.boolean = value,
        Value::Number(number) => match number.as_i64() {
            Some(integer) => (out.kind, out.integer) = (QthType::Int, integer),
            None => (out.kind, out.real) = (QthType::Float, number.to_f64()),
        },
        Value::Bytes(bytes) => {
            out.kind = if core::str::from_utf8(bytes).is_ok() { QthType::Text } else { QthType::Bytes };
            out.bytes = bytes.into();
        }
        Value::Struct(items) => {
            out.kind = if items.is_array() { QthType::Array } else { QthType::Struct };
            out.items = items.into();
        }
    }
    item.write(out);
    true
}

/// How the writing of a message went.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QthWritten {
    /// The message is there.
    Complete,
    /// It is too large.
    Full,
    /// An id is out of range.
    Id,
    /// A float is not finite, or too large.
    Float,
    /// Structs lie too deep in each other.
    Depth,
}

/// A writer of a message into `buffer`, which stays as long as the writer is used. The functions below write an item each;
/// `qth_writer_finish` tells how it went.
#[no_mangle]
pub extern "C" fn qth_writer_open(buffer: QthBuffer<'_>) -> QthWriter<'_> {
    Writer::new(buffer.get()).into()
}

/// Writes true or false.
#[no_mangle]
pub extern "C" fn qth_writer_bool(writer: &mut QthWriter<'_>, id: uint16_t, value: bool) {
    writer.get().bool(id, value);
}

/// Writes an integer.
#[no_mangle]
pub extern "C" fn qth_writer_int(writer: &mut QthWriter<'_>, id: uint16_t, value: int64_t) {
    writer.get().int(id, value);
}

/// Writes a float.
#[no_mangle]
pub extern "C" fn qth_writer_float(writer: &mut QthWriter<'_>, id: uint16_t, value: c_double) {
    writer.get().float(id, value);
}

/// Writes bytes or text.
#[no_mangle]
pub extern "C" fn qth_writer_bytes(writer: &mut QthWriter<'_>, id: uint16_t, bytes: QthBytes<'_>) {
    writer.get().bytes(id, bytes.get());
}

/// Begins a struct or an array, whose elements have id 0.
#[no_mangle]
pub extern "C" fn qth_writer_begin(writer: &mut QthWriter<'_>, id: uint16_t) {
    writer.get().begin(id);
}

/// Ends the struct or array that was begun last.
#[no_mangle]
pub extern "C" fn qth_writer_end(writer: &mut QthWriter<'_>) {
    writer.get().end();
}

/// How it went, and the length of the message.
#[no_mangle]
pub extern "C" fn qth_writer_finish(writer: &mut QthWriter<'_>, length: &mut MaybeUninit<size_t>) -> QthWritten {
    match writer.get().finish() {
        Ok(written) => {
            length.write(written);
            QthWritten::Complete
        }
        Err(WriteError::Id) => QthWritten::Id,
        Err(WriteError::Float) => QthWritten::Float,
        Err(WriteError::Depth) => QthWritten::Depth,
        Err(_) => QthWritten::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next<'a>(reader: &mut QthReader<'a>) -> Option<QthItem<'a>> {
        let mut item = MaybeUninit::uninit();
        // SAFETY: true says that the item was written.
        qth_reader_next(reader, &mut item).then(|| unsafe { item.assume_init() })
    }

    fn open(message: &[u8]) -> Option<QthReader<'_>> {
        let mut reader = MaybeUninit::uninit();
        // SAFETY: true says that the reader was written.
        qth_reader_open(&mut reader, message.into()).then(|| unsafe { reader.assume_init() })
    }

    #[test]
    fn the_items_of_a_message_are_read_as_they_were_written() {
        let mut room = [0; 64];
        let mut writer = qth_writer_open(room.as_mut_slice().into());
        qth_writer_int(&mut writer, 1, -5);
        qth_writer_begin(&mut writer, 2);
        qth_writer_float(&mut writer, 0, 2.5);
        qth_writer_bytes(&mut writer, 0, QthBytes::from(&[0xFF][..]));
        qth_writer_end(&mut writer);
        qth_writer_bool(&mut writer, 3, true);
        let mut length = MaybeUninit::new(0);
        assert_eq!(qth_writer_finish(&mut writer, &mut length), QthWritten::Complete);
        // SAFETY: it was written before, too.
        let message = &room[..unsafe { length.assume_init() }];

        let mut reader = open(message).unwrap();
        let first = next(&mut reader).unwrap();
        assert_eq!((first.id, first.kind, first.integer), (1, QthType::Int, -5));
        let mut second = next(&mut reader).unwrap();
        assert_eq!((second.id, second.kind), (2, QthType::Array));
        // As C does, which copies readers.
        let mut again = second.items;
        for elements in [&mut second.items, &mut again] {
            assert_eq!(next(elements).unwrap().real, 2.5);
            let last = next(elements).unwrap();
            assert_eq!((last.kind, last.bytes.get()), (QthType::Bytes, &[0xFF][..]));
            assert!(next(elements).is_none());
        }
        assert!(next(&mut reader).unwrap().boolean);
        assert!(next(&mut reader).is_none());
    }

    #[test]
    fn what_is_malformed_has_no_reader_and_what_is_empty_no_items() {
        assert!(open(&[1]).is_none());
        assert!(next(&mut open(&[]).unwrap()).is_none());
    }

    #[test]
    fn a_message_that_does_not_fit_is_told() {
        let mut room = [0; 4];
        let mut writer = qth_writer_open(room.as_mut_slice().into());
        qth_writer_int(&mut writer, 1, 1 << 40);
        assert_eq!(qth_writer_finish(&mut writer, &mut MaybeUninit::uninit()), QthWritten::Full);
    }
}
