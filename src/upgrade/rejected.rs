//! The file whose image was rejected last, by its MD5, which every file information has: it is not downloaded again.

use super::fetch::file_info_kept;
use super::Context;
use crate::board::Board;
use qth_flash::records::Key;
use qth_protocol::ota::Expected;

/// Length of the record: the file's MD5.
pub const RECORD: usize = 16;

/// Keeps the MD5 of the file that the kept information is about.
pub fn keep<B: Board>(room: &mut [u8], cx: &mut Context<'_, B>) {
    let md5 = file_info_kept(cx, room).and_then(|info| info.expected.md5);
    if let Some(md5) = md5 {
        // If it can't be kept, the image is refused once more after its download.
        let _ = cx.records.put(cx.board.flash(), Key::Rejected, &md5);
    }
}

/// Returns whether this is the file that was rejected last.
pub fn is_it<B: Board>(expected: &Expected, cx: &mut Context<'_, B>) -> bool {
    let mut md5 = [0; RECORD];
    let kept = cx.records.get(cx.board.flash(), Key::Rejected, &mut md5);
    kept == Ok(Some(RECORD)) && expected.md5 == Some(md5)
}
