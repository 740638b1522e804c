//! The border to C, with all unsafe code of the crate: memory that is handed over, values that C keeps for the library, calls of
//! C's functions.
//!
//! A pointer promises nothing. The types here do: who has one may use it. In Rust they are made from slices and values; C makes
//! them as `qth.h` says, and answers for that. So nothing that is built on them needs unsafe code.
#![deny(clippy::multiple_unsafe_ops_per_block, clippy::undocumented_unsafe_blocks)]

use core::marker::PhantomData;
use core::mem::{align_of, size_of, MaybeUninit};
use cty::{size_t, uint16_t, uint8_t};
use qth_protocol::ttlv::{Reader, Writer};

/// Bytes that nobody writes to as long as they are used: until the function that they are passed to returns, unless it says
/// otherwise.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthBytes<'a> {
    /// The first; null only where there are none.
    bytes: *const uint8_t,
    /// Number of bytes.
    length: size_t,
    lifetime: PhantomData<&'a uint8_t>,
}

impl<'a> QthBytes<'a> {
    /// The bytes.
    #[must_use]
    pub fn get(self) -> &'a [u8] {
        // SAFETY: the type's promise.
        unsafe { slice(self.bytes, self.length) }
    }
}

impl<'a> From<&'a [u8]> for QthBytes<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.as_ptr(), length: bytes.len(), lifetime: PhantomData }
    }
}

/// Text: bytes of UTF-8, not terminated.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct QthText<'a>(QthBytes<'a>);

impl<'a> QthText<'a> {
    /// The text; `None` when the bytes are not UTF-8.
    #[must_use]
    pub fn get(self) -> Option<&'a str> {
        core::str::from_utf8(self.0.get()).ok()
    }
}

impl<'a> From<&'a str> for QthText<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes().into())
    }
}

/// Ids that nobody writes to as long as they are used, like bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthIds<'a> {
    /// The first; null only where there are none.
    ids: *const uint16_t,
    /// Number of ids.
    count: size_t,
    lifetime: PhantomData<&'a uint16_t>,
}

impl<'a> QthIds<'a> {
    /// The ids.
    pub fn iter(self) -> impl Iterator<Item = u16> + 'a {
        // SAFETY: the type's promise.
        unsafe { slice(self.ids, self.count) }.iter().copied()
    }
}

impl<'a> From<&'a [u16]> for QthIds<'a> {
    fn from(ids: &'a [u16]) -> Self {
        Self { ids: ids.as_ptr(), count: ids.len(), lifetime: PhantomData }
    }
}

/// Room to write to, which nobody else uses meanwhile. It may never have been written to before.
#[repr(C)]
pub struct QthBuffer<'a> {
    /// The first byte; null only where there are none.
    bytes: *mut uint8_t,
    /// Number of bytes.
    size: size_t,
    lifetime: PhantomData<&'a mut uint8_t>,
}

impl<'a> QthBuffer<'a> {
    /// The room, which begins as zeros: a byte that was never written to has no value that Rust could read.
    #[must_use]
    pub fn get(self) -> &'a mut [u8] {
        if self.size == 0 {
            return &mut [];
        }
        // SAFETY: the type's promise.
        unsafe { self.bytes.write_bytes(0, self.size) };
        // SAFETY: the type's promise, and all bytes have values now.
        unsafe { core::slice::from_raw_parts_mut(self.bytes, self.size) }
    }
}

impl<'a> From<&'a mut [u8]> for QthBuffer<'a> {
    fn from(room: &'a mut [u8]) -> Self {
        Self { bytes: room.as_mut_ptr(), size: room.len(), lifetime: PhantomData }
    }
}

/// # Safety
/// `first` points to `count` values that nobody writes to during `'a`, or `count` is 0.
unsafe fn slice<'a, T>(first: *const T, count: usize) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(first, count) }
}

/// A reader of TTLV items, which C may copy; its inside is the library's.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthReader<'a> {
    inside: MaybeUninit<[size_t; 4]>,
    lifetime: PhantomData<&'a uint8_t>,
}

impl<'a> QthReader<'a> {
    /// The reader.
    #[must_use]
    pub(super) fn get(&mut self) -> &mut Reader<'a> {
        // SAFETY: made by `from`, and only copied since.
        unsafe { kept(&mut self.inside) }
    }
}

impl<'a> From<Reader<'a>> for QthReader<'a> {
    fn from(reader: Reader<'a>) -> Self {
        Self { inside: keep(reader), lifetime: PhantomData }
    }
}

/// A writer of a TTLV message; its inside is the library's.
#[repr(C)]
pub struct QthWriter<'a> {
    inside: MaybeUninit<[size_t; 16]>,
    lifetime: PhantomData<&'a mut uint8_t>,
}

impl<'a> QthWriter<'a> {
    /// The writer.
    #[must_use]
    pub(super) fn get(&mut self) -> &mut Writer<'a> {
        // SAFETY: made by `from`, and only moved since.
        unsafe { kept(&mut self.inside) }
    }
}

impl<'a> From<Writer<'a>> for QthWriter<'a> {
    fn from(writer: Writer<'a>) -> Self {
        Self { inside: keep(writer), lifetime: PhantomData }
    }
}

/// Puts a value that needs no drop into words of C's. Not all their bytes have a value then: some are padding.
fn keep<T, const WORDS: usize>(value: T) -> MaybeUninit<[size_t; WORDS]> {
    const { assert!(size_of::<T>() <= size_of::<[size_t; WORDS]>() && align_of::<T>() <= align_of::<size_t>()) };
    let mut words = MaybeUninit::<[size_t; WORDS]>::uninit();
    // SAFETY: size and alignment are asserted above.
    unsafe { words.as_mut_ptr().cast::<T>().write(value) };
    words
}

/// # Safety
/// The words were made by [`keep`] of such a value.
unsafe fn kept<T, const WORDS: usize>(words: &mut MaybeUninit<[size_t; WORDS]>) -> &mut T {
    // SAFETY: the caller's promise.
    unsafe { &mut *words.as_mut_ptr().cast::<T>() }
}

/// Calls a function of one of C's tables, `QthHost`, `QthBoard` and its parts. Only for the safe functions of their own that the
/// tables have for each.
macro_rules! call {
    ($table:ident.$function:ident($($argument:ident),*)) => {{
        let function = $table.$function;
        // SAFETY: who hands over a table keeps its contract: the function can be called with every value that the types of its
        // arguments allow. Where it may be called, as the table says, is where the driver or the delivery runs.
        unsafe { function($($argument),*) }
    }};
}
pub(super) use call;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_comes_out_as_it_was() {
        assert_eq!(QthBytes::from(&[1, 2][..]).get(), [1, 2]);
        assert_eq!(QthText::from("text").get(), Some("text"));
        assert_eq!(QthText(QthBytes::from(&[0xff][..])).get(), None);
        assert!(QthIds::from(&[1, 8191][..]).iter().eq([1, 8191]));
    }

    #[test]
    fn nothing_may_be_handed_over_without_a_pointer() {
        let lifetime = PhantomData;
        assert!(QthBytes { bytes: core::ptr::null(), length: 0, lifetime }.get().is_empty());
        assert_eq!(QthIds { ids: core::ptr::null(), count: 0, lifetime: PhantomData }.iter().count(), 0);
        assert!(QthBuffer { bytes: core::ptr::null_mut(), size: 0, lifetime: PhantomData }.get().is_empty());
    }

    #[test]
    fn room_that_was_never_written_to_is_zeros() {
        let mut room = [MaybeUninit::<u8>::uninit(); 3];
        let buffer = QthBuffer { bytes: room.as_mut_ptr().cast(), size: room.len(), lifetime: PhantomData };
        assert_eq!(buffer.get(), [0; 3]);
    }
}
