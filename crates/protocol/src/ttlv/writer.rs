//! Writing TTLV.
#![forbid(unsafe_code)]

use super::{Number, BYTES, DEPTH_MAX, FALSE, ID_MAX, NUMBER, STRUCT, TRUE, TYPE_BITS};
use core::fmt;

/// Why a message can't be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The buffer is too small.
    Full,
    /// An id is above [`ID_MAX`].
    Id,
    /// More data in an item, or items in a struct, than a 16-bit length can say.
    Long,
    /// A float is not finite, or too large.
    Float,
    /// Structs lie deeper in each other than [`DEPTH_MAX`].
    Depth,
    /// A struct was ended that was not begun, or not ended.
    Unbalanced,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the message does not fit the buffer",
            Self::Id => "an id is too large",
            Self::Long => "an item has more in it than a length can say",
            Self::Float => "a float is not finite, or too large",
            Self::Depth => "structs lie too deep in each other",
            Self::Unbalanced => "a struct was ended that was not begun, or not ended",
        })
    }
}

impl core::error::Error for WriteError {}

/// Writes a message item by item.
///
/// After an error nothing more is written: [`Writer::finish`] tells the first one.
#[derive(Debug)]
pub struct Writer<'a> {
    buf: &'a mut [u8],
    len: usize,
    /// Where the counts of the open structs stand, the outermost first.
    open: heapless::Vec<usize, DEPTH_MAX>,
    error: Option<WriteError>,
}

impl<'a> Writer<'a> {
    /// Writes into this buffer, from its start.
    pub const fn new(buf: &'a mut [u8]) -> Self {
        Self { buf, len: 0, open: heapless::Vec::new(), error: None }
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been written yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes true or false.
    pub fn bool(&mut self, id: u16, value: bool) -> &mut Self {
        self.item(id, if value { TRUE } else { FALSE })
    }

    /// Writes an integer.
    pub fn int(&mut self, id: u16, value: i64) -> &mut Self {
        self.number(id, Number::from_i64(value))
    }

    /// Writes a float, in decimals as [`Number::from_f64`] chooses them.
    pub fn float(&mut self, id: u16, value: f64) -> &mut Self {
        match Number::from_f64(value) {
            Some(number) => self.number(id, number),
            None => self.fail(WriteError::Float),
        }
    }

    /// Writes a number.
    pub fn number(&mut self, id: u16, number: Number) -> &mut Self {
        let bytes = number.magnitude.to_be_bytes();
        let zeros = bytes.iter().take(7).take_while(|byte| **byte == 0).count();
        let digits = bytes.get(zeros..).unwrap_or_default();
        let sign = if number.negative { 0x80 } else { 0 };
        let last = 7usize.saturating_sub(zeros) as u8;
        let decimals = number.decimals.min(Number::DECIMALS_MAX) << 3;
        self.item(id, NUMBER).put(&[sign | decimals | last]).put(digits)
    }

    /// Writes bytes.
    pub fn bytes(&mut self, id: u16, value: &[u8]) -> &mut Self {
        match u16::try_from(value.len()) {
            Ok(len) => self.item(id, BYTES).put(&len.to_be_bytes()).put(value),
            Err(_) => self.fail(WriteError::Long),
        }
    }

    /// Writes text.
    pub fn text(&mut self, id: u16, value: &str) -> &mut Self {
        self.bytes(id, value.as_bytes())
    }

    /// Begins a struct or an array: what is written until [`Writer::end`] lies in it. The elements of an array have id 0.
    pub fn begin(&mut self, id: u16) -> &mut Self {
        self.item(id, STRUCT);
        match self.open.push(self.len) {
            Ok(()) => self.put(&[0, 0]),
            Err(_) => self.fail(WriteError::Depth),
        }
    }

    /// Ends the struct that was begun last.
    pub fn end(&mut self) -> &mut Self {
        match self.open.pop() {
            Some(_) => self,
            None => self.fail(WriteError::Unbalanced),
        }
    }

    /// The length of the message, which lies at the start of the buffer.
    ///
    /// # Errors
    /// The first thing that could not be written, or a struct that was not ended.
    pub fn finish(&self) -> Result<usize, WriteError> {
        match self.error {
            Some(error) => Err(error),
            None if !self.open.is_empty() => Err(WriteError::Unbalanced),
            None => Ok(self.len),
        }
    }

    /// Counts an item into the struct it lies in and writes its tag.
    fn item(&mut self, id: u16, kind: u16) -> &mut Self {
        if self.error.is_some() {
            return self;
        }
        if id > ID_MAX {
            return self.fail(WriteError::Id);
        }
        if let Some(&at) = self.open.last() {
            let count = self.buf.get_mut(at..).and_then(|rest| rest.first_chunk_mut());
            match count.map(|count| (u16::from_be_bytes(*count).checked_add(1), count)) {
                Some((Some(more), count)) => *count = more.to_be_bytes(),
                Some((None, _)) => return self.fail(WriteError::Long),
                None => return self.fail(WriteError::Full),
            }
        }
        self.put(&(id << TYPE_BITS | kind).to_be_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        if self.error.is_some() {
            return self;
        }
        match self.buf.get_mut(self.len..).and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(place) => place.copy_from_slice(bytes),
            None => return self.fail(WriteError::Full),
        }
        self.len = self.len.saturating_add(bytes.len());
        self
    }

    fn fail(&mut self, error: WriteError) -> &mut Self {
        self.error.get_or_insert(error);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a message, written into a buffer that is large enough.
    fn written(write: impl FnOnce(&mut Writer<'_>)) -> Result<Vec<u8>, WriteError> {
        let mut buf = vec![0xEE; 100];
        let mut writer = Writer::new(&mut buf);
        write(&mut writer);
        let len = writer.finish()?;
        buf.truncate(len);
        Ok(buf)
    }

    #[test]
    fn numbers_take_as_few_bytes_as_they_can() {
        let int = |value| written(|writer| _ = writer.int(1, value)).unwrap();
        assert_eq!(int(0), [0x00, 0x0A, 0x00, 0x00]);
        assert_eq!(int(-1), [0x00, 0x0A, 0x80, 0x01]);
        assert_eq!(int(255), [0x00, 0x0A, 0x00, 0xFF]);
        assert_eq!(int(256), [0x00, 0x0A, 0x01, 0x01, 0x00]);
        assert_eq!(int(i64::MIN), [0x00, 0x0A, 0x87, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_struct_counts_its_own_items_only() {
        let bytes = written(|writer| {
            writer.begin(20);
            writer.begin(0).int(30, 0).bool(1, true).end();
            writer.begin(0).end();
            writer.end().bool(2, false);
        });
        let expected = [
            0x00, 0xA4, 0x00, 0x02, // 20: two elements
            0x00, 0x04, 0x00, 0x02, 0x00, 0xF2, 0x00, 0x00, 0x00, 0x09, // {30: 0, 1: true}
            0x00, 0x04, 0x00, 0x00, // {}
            0x00, 0x10, // 2: false
        ];
        assert_eq!(bytes.unwrap(), expected);
    }

    #[test]
    fn a_buffer_one_byte_too_small_is_refused_at_every_item() {
        let mut whole = [0; 32];
        let write =
            |buf: &mut [u8]| Writer::new(buf).bool(1, true).begin(2).float(3, 36.6).text(4, "text").end().bytes(5, &[]).finish();
        let len = write(&mut whole).unwrap();
        for room in 0..len {
            let mut buf = [0; 32];
            assert_eq!(write(&mut buf[..room]), Err(WriteError::Full), "{room} bytes");
            assert_eq!(buf[room..], [0; 32][room..], "wrote past {room} bytes");
        }
        assert_eq!(write(&mut whole[..len]), Ok(len));
    }

    #[test]
    fn the_first_error_is_the_one_told() {
        let error = written(|writer| _ = writer.bool(ID_MAX + 1, true).float(1, f64::NAN).bool(2, true));
        assert_eq!(error, Err(WriteError::Id));
        let error = written(|writer| _ = writer.float(1, 1e300).bool(ID_MAX + 1, true));
        assert_eq!(error, Err(WriteError::Float));
    }

    #[test]
    fn data_longer_than_its_length_field_is_refused() {
        assert_eq!(written(|writer| _ = writer.bytes(1, &[0; 0x1_0000])), Err(WriteError::Long));
    }

    #[test]
    fn a_struct_of_more_items_than_its_count_field_says_is_refused() {
        let mut buf = vec![0; 0x3_0000];
        let mut writer = Writer::new(&mut buf);
        writer.begin(1);
        (0..0xFFFF).for_each(|_| _ = writer.bool(0, true));
        assert_eq!(writer.finish(), Err(WriteError::Unbalanced));
        writer.bool(0, true).end();
        assert_eq!(writer.finish(), Err(WriteError::Long));
    }

    #[test]
    fn structs_are_begun_and_ended_in_pairs_and_at_most_eight_deep() {
        assert_eq!(written(|writer| _ = writer.begin(1)), Err(WriteError::Unbalanced));
        assert_eq!(written(|writer| _ = writer.end()), Err(WriteError::Unbalanced));
        let nested = |depth| {
            written(|writer| {
                (0..depth).for_each(|_| _ = writer.begin(1));
                (0..depth).for_each(|_| _ = writer.end());
            })
        };
        assert!(nested(DEPTH_MAX).is_ok());
        assert_eq!(nested(DEPTH_MAX + 1), Err(WriteError::Depth));
    }
}
