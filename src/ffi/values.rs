//! TTLV messages, read and written item by item.

use super::memory::slice;
use super::upgrade::QthText;
use qth_protocol::ttlv::{self, Reader, Value, WriteError, Writer};
use core::mem::{align_of, size_of, MaybeUninit};

/// A reader of TTLV items; its inside is the library's.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthReader {
    // Some of these bytes are the padding of a `Reader`, which has no value.
    inside: MaybeUninit<[usize; 4]>,
}
const _: () = assert!(size_of::<Reader<'static>>() <= size_of::<QthReader>());
const _: () = assert!(align_of::<Reader<'static>>() <= align_of::<QthReader>());

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
pub struct QthItem {
    /// 1 to 8191; 0 for an element of an array.
    pub id: u16,
    /// What it holds.
    pub kind: QthType,
    /// `Bool`.
    pub boolean: bool,
    /// `Int`.
    pub integer: i64,
    /// `Float`.
    pub real: f64,
    /// `Text`, `Bytes`.
    pub bytes: QthText,
    /// `Struct`, `Array`.
    pub items: QthReader,
}

fn keep_reader(reader: Reader<'_>) -> QthReader {
    let mut kept = QthReader { inside: MaybeUninit::uninit() };
    // SAFETY: size and alignment are asserted above, and a reader has nothing to drop.
    unsafe { kept.inside.as_mut_ptr().cast::<Reader<'_>>().write(reader) };
    kept
}

/// A reader of a TTLV message; false when the message is malformed. An empty one has no items.
///
/// # Safety
/// `bytes` points to `length` bytes that stay as long as the reader; `reader` to room for one.
#[no_mangle]
pub unsafe extern "C" fn qth_reader_open(reader: *mut QthReader, bytes: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(bytes, length) };
    if !bytes.is_empty() && ttlv::check(bytes).is_err() {
        return false;
    }
    // SAFETY: the caller's promise.
    unsafe { reader.write(keep_reader(Reader::new(bytes))) };
    true
}

/// The next item; false after the last.
///
/// # Safety
/// `reader` was opened by `qth_reader_open` or came in an item, `item` points to room for one.
#[no_mangle]
pub unsafe extern "C" fn qth_reader_next(reader: *mut QthReader, item: *mut QthItem) -> bool {
    // SAFETY: the caller's promise; every QthReader holds a Reader.
    let reader = unsafe { &mut *reader.cast::<Reader<'_>>() };
    let Ok(Some(next)) = reader.next() else { return false };
    let mut out = QthItem {
        id: next.id,
        kind: QthType::Bool,
        boolean: false,
        integer: 0,
        real: 0.0,
        bytes: "".into(),
        items: keep_reader(Reader::new(&[])),
    };
    match next.value {
        Value::Bool(value) => out.boolean = value,
        Value::Number(number) => match number.as_i64() {
            Some(integer) => (out.kind, out.integer) = (QthType::Int, integer),
            None => (out.kind, out.real) = (QthType::Float, number.to_f64()),
        },
        Value::Bytes(bytes) => {
            out.kind = if core::str::from_utf8(bytes).is_ok() { QthType::Text } else { QthType::Bytes };
            out.bytes = QthText { bytes: bytes.as_ptr(), length: bytes.len() };
        }
        Value::Struct(items) => {
            out.kind = if items.is_array() { QthType::Array } else { QthType::Struct };
            out.items = keep_reader(items);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { item.write(out) };
    true
}

/// A writer of a TTLV message; its inside is the library's.
#[repr(C)]
pub struct QthWriter {
    // As in a reader.
    inside: MaybeUninit<[usize; 16]>,
}
const _: () = assert!(size_of::<Writer<'static>>() <= size_of::<QthWriter>());
const _: () = assert!(align_of::<Writer<'static>>() <= align_of::<QthWriter>());

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

/// The writer that C keeps.
///
/// # Safety
/// `writer` was opened by `qth_writer_open`, and its buffer is still there.
unsafe fn writer<'a>(writer: *mut QthWriter) -> &'a mut Writer<'a> {
    // SAFETY: the caller's promise; every QthWriter holds a Writer.
    unsafe { &mut *writer.cast::<Writer<'a>>() }
}

/// A writer of a message into `buffer`. The functions below write an item each; `qth_writer_finish` tells how it went.
///
/// # Safety
/// `writer` points to room for one, `buffer` to `size` bytes, not 0, that stay as long as the writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_open(writer: *mut QthWriter, buffer: *mut u8, size: usize) {
    // SAFETY: the caller's promise; size and alignment are asserted above.
    unsafe { writer.cast::<Writer<'_>>().write(Writer::new(core::slice::from_raw_parts_mut(buffer, size))) };
}

/// Writes true or false.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_bool(this: *mut QthWriter, id: u16, value: bool) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.bool(id, value);
}

/// Writes an integer.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_int(this: *mut QthWriter, id: u16, value: i64) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.int(id, value);
}

/// Writes a float.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_float(this: *mut QthWriter, id: u16, value: f64) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.float(id, value);
}

/// Writes bytes or text.
///
/// # Safety
/// An open writer; a pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_bytes(this: *mut QthWriter, id: u16, bytes: *const u8, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { writer(this).bytes(id, slice(bytes, length)) };
}

/// Begins a struct or an array, whose elements have id 0.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_begin(this: *mut QthWriter, id: u16) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.begin(id);
}

/// Ends the struct or array that was begun last.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_end(this: *mut QthWriter) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.end();
}

/// How it went, and the length of the message.
///
/// # Safety
/// An open writer; `length` points to room for a number.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_finish(this: *mut QthWriter, length: *mut usize) -> QthWritten {
    // SAFETY: the caller's promise.
    match unsafe { writer(this) }.finish() {
        Ok(written) => {
            // SAFETY: the caller's promise.
            unsafe { length.write(written) };
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

    #[test]
    fn the_items_of_a_message_are_read_as_they_were_written() {
        let mut buffer = [0; 64];
        let (mut writer, mut length) = (QthWriter { inside: MaybeUninit::uninit() }, 0);
        // SAFETY: buffers and states outlive their use here.
        unsafe {
            qth_writer_open(&mut writer, buffer.as_mut_ptr(), buffer.len());
            qth_writer_int(&mut writer, 1, -5);
            qth_writer_begin(&mut writer, 2);
            qth_writer_float(&mut writer, 0, 2.5);
            qth_writer_bytes(&mut writer, 0, [0xFF].as_ptr(), 1);
            qth_writer_end(&mut writer);
            assert_eq!(qth_writer_finish(&mut writer, &mut length), QthWritten::Complete);

            let mut reader = QthReader { inside: MaybeUninit::uninit() };
            assert!(qth_reader_open(&mut reader, buffer.as_ptr(), length));
            let mut item = MaybeUninit::uninit();
            assert!(qth_reader_next(&mut reader, item.as_mut_ptr()));
            let first = item.assume_init_read();
            assert_eq!((first.id, first.kind, first.integer), (1, QthType::Int, -5));
            assert!(qth_reader_next(&mut reader, item.as_mut_ptr()));
            let mut second = item.assume_init_read();
            assert_eq!((second.id, second.kind), (2, QthType::Array));
            assert!(qth_reader_next(&mut second.items, item.as_mut_ptr()));
            assert_eq!(item.assume_init_read().real, 2.5);
            assert!(qth_reader_next(&mut second.items, item.as_mut_ptr()));
            assert_eq!(item.assume_init_read().kind, QthType::Bytes);
            assert!(!qth_reader_next(&mut second.items, item.as_mut_ptr()));
            assert!(!qth_reader_next(&mut reader, item.as_mut_ptr()));

            assert!(!qth_reader_open(&mut reader, [1].as_ptr(), 1), "malformed");
        }
    }
}
