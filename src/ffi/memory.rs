//! Memory that C has passed.

/// The bytes that C has passed.
///
/// # Safety
/// `bytes` points to `length` bytes that nobody writes to before the caller has returned to C; null only with length 0.
pub(super) unsafe fn slice<'a>(bytes: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(bytes, length) }
}

/// The text that C has passed; `None` when it is not UTF-8.
///
/// # Safety
/// As [`slice`].
pub(super) unsafe fn text<'a>(bytes: *const u8, length: usize) -> Option<&'a str> {
    // SAFETY: the caller's promise.
    core::str::from_utf8(unsafe { slice(bytes, length) }).ok()
}

/// The ids that C has passed.
///
/// # Safety
/// `ids` points to `count` numbers; null only with count 0.
pub(super) unsafe fn numbers<'a>(ids: *const u16, count: usize) -> impl Iterator<Item = u16> + 'a {
    let ids = match count {
        0 => &[],
        // SAFETY: the caller's promise.
        _ => unsafe { core::slice::from_raw_parts(ids, count) },
    };
    ids.iter().copied()
}
