//! x86-64 ELF files, the unix board's own image: calls, jumps, operands relative to the instruction, pointers, unwind tables and
//! jump tables.
//!
//! Facts: ELF-64 Object File Format; System V ABI, AMD64 supplement; Intel 64 Software Developer's Manual, volume 2; Linux
//! Standard Base Core, 10.6 (`.eh_frame_hdr`).

use super::field::{half, is_name, word, Field, Form};
use super::header::SPAN_MAX;
use super::{Error, Images};

/// Loaded segments that are told apart; linkers make four.
const SEGMENTS: usize = 4;
/// Program headers that are looked at.
const PROGRAM_HEADERS: u32 = 24;
/// File header, program header.
const FILE_HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const LOAD: u32 = 1;
const EH_FRAME: u32 = 0x6474_e550;
const EXECUTABLE: u32 = 1;
const WRITABLE: u32 = 2;
/// Where the table of `.eh_frame_hdr` begins.
const EH_TABLE: u32 = 12;
/// Numbers below are taken for numbers, not addresses.
const ADDRESS_MIN: u32 = 0x300;
/// An executable at a fixed address begins above.
const FIXED_MIN: u32 = 0x10000;

#[derive(Clone, Copy)]
struct Segment {
    offset: u32,
    size: u32,
    address: u32,
    flags: u32,
}

impl Segment {
    fn contains(&self, address: u32) -> bool {
        address.wrapping_sub(self.address) < self.size
    }
}

/// What the file's header says of where its parts are loaded.
pub(super) struct Elf {
    segments: [Segment; SEGMENTS],
    /// Place and size of `.eh_frame_hdr` in the file.
    eh_frame: (u32, u32),
    /// First address, and bytes of addresses.
    addresses: (u32, u32),
}

impl Elf {
    /// An empty one.
    pub(super) const fn new() -> Self {
        let segments = [Segment { offset: 0, size: 0, address: 0, flags: 0 }; SEGMENTS];
        Self { segments, eh_frame: (0, 0), addresses: (0, 0) }
    }

    /// Reads the headers.
    ///
    /// # Errors
    /// [`Error::Source`]: not an x86-64 ELF file, or one with more or larger parts than there is room for.
    pub(super) fn read(size: u32, images: &mut dyn Images) -> Result<Self, Error> {
        let mut file = [0; FILE_HEADER];
        if size < FILE_HEADER as u32 {
            return Err(Error::Source);
        }
        images.read_old(0, &mut file)?;
        if !file.starts_with(b"\x7fELF\x02\x01") || half(&file, 18) != Some(62) || half(&file, 54) != Some(PROGRAM_HEADER as u32)
        {
            return Err(Error::Source);
        }
        let headers = number(&file, 32)?;
        let count = half(&file, 56).filter(|count| *count <= PROGRAM_HEADERS).ok_or(Error::Source)?;
        let mut elf = Self::new();
        let mut segments = elf.segments.iter_mut();
        let (mut first, mut end) = (u32::MAX, 0);
        for header in 0..count {
            let mut bytes = [0; PROGRAM_HEADER];
            let at = headers.saturating_add(header.saturating_mul(PROGRAM_HEADER as u32));
            if at.saturating_add(PROGRAM_HEADER as u32) > size {
                return Err(Error::Source);
            }
            images.read_old(at, &mut bytes)?;
            let kind = word(&bytes, 0).unwrap_or(0);
            if kind != LOAD && kind != EH_FRAME {
                continue;
            }
            let (offset, address) = (number(&bytes, 8)?, number(&bytes, 16)?);
            let (in_file, in_memory) = (number(&bytes, 32)?, number(&bytes, 40)?);
            if offset.checked_add(in_file).is_none_or(|end| end > size) {
                return Err(Error::Source);
            }
            if kind == EH_FRAME {
                elf.eh_frame = (offset, in_file);
                continue;
            }
            let flags = word(&bytes, 4).unwrap_or(0);
            *segments.next().ok_or(Error::Source)? = Segment { offset, size: in_file, address, flags };
            first = first.min(address);
            end = end.max(address.checked_add(in_memory).ok_or(Error::Source)?);
        }
        let span = end.checked_sub(first).filter(|span| *span < SPAN_MAX).ok_or(Error::Source)?;
        elf.addresses = (first, span);
        Ok(elf)
    }

    /// First address, and bytes of addresses.
    pub(super) fn addresses(&self) -> (u32, u32) {
        self.addresses
    }

    pub(super) fn fields(&self, bytes: &[u8], offset: u32, found: &mut dyn FnMut(Field)) {
        for segment in &self.segments {
            let mut at = segment.offset.saturating_sub(offset).next_multiple_of(4) as usize;
            let rest = segment.offset.saturating_add(segment.size).saturating_sub(offset) as usize;
            // Bytes before the file's first have places that wrap around: they are in no segment.
            let Some(part) = bytes.get(..rest.min(bytes.len())).filter(|_| offset < 1 << 31 || segment.offset == 0) else {
                continue;
            };
            if offset >= 1 << 31 {
                at = offset.wrapping_neg() as usize;
            }
            if segment.flags & EXECUTABLE != 0 {
                self.code(segment, part, at, offset, found);
            } else {
                self.data(segment, part, at, offset, found);
            }
        }
    }

    fn is_code(&self, address: u32) -> bool {
        self.segments.iter().any(|segment| segment.flags & EXECUTABLE != 0 && segment.contains(address))
    }

    fn is_loaded(&self, address: u32) -> bool {
        let (first, span) = self.addresses;
        address.wrapping_sub(first) < span
    }

    /// What the 64 bits at `at` are, if they are a name or an address.
    fn pointer(&self, bytes: &[u8], at: usize) -> Option<Form> {
        let value = word(bytes, at)?;
        if word(bytes, at.wrapping_add(4)) != Some(0) {
            None
        } else if is_name(value) {
            Some(Form::Name)
        } else {
            (value >= ADDRESS_MIN && self.is_loaded(value)).then_some(Form::Word)
        }
    }

    fn code(&self, segment: &Segment, bytes: &[u8], first: usize, offset: u32, found: &mut dyn FnMut(Field)) {
        let to_address = segment.address.wrapping_sub(segment.offset).wrapping_add(offset);
        let mut at = first;
        while let Some(instruction) = bytes.get(at..).and_then(|rest| rest.first_chunk::<6>()) {
            let [a, b, ..] = *instruction;
            let before = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at)).copied();
            // Where the 32 bits are, and whether their target has to be code.
            let operand = if matches!(a, 0xe8 | 0xe9) {
                Some((1usize, true))
            } else if a == 0x0f && b & 0xf0 == 0x80 {
                Some((2, true))
            } else if a & 0xc7 == 5 && (before(1).is_some_and(has_modrm) || before(2) == Some(0x0f)) {
                Some((1, false))
            } else {
                None
            };
            let relative = operand.and_then(|(skip, to_code)| {
                let at = at.wrapping_add(skip);
                let origin = to_address.wrapping_add(at as u32).wrapping_add(4);
                let target = origin.wrapping_add(word(bytes, at)?);
                let is_target = if to_code { self.is_code(target) } else { self.is_loaded(target) };
                is_target.then_some(Field { at, form: Form::Word, target, origin: Some(origin) })
            });
            let field = relative.or_else(|| {
                let target = word(bytes, at).filter(|value| self.is_fixed() && self.is_loaded(*value))?;
                Some(Field { at, form: Form::Word, target, origin: None })
            });
            at = match field {
                Some(field) => {
                    found(field);
                    field.at.wrapping_add(4)
                }
                None => at.wrapping_add(1),
            };
        }
    }

    /// Loaded at its own addresses, so that instructions hold them.
    fn is_fixed(&self) -> bool {
        self.addresses.0 >= FIXED_MIN
    }

    fn data(&self, segment: &Segment, bytes: &[u8], first: usize, offset: u32, found: &mut dyn FnMut(Field)) {
        let to_address = segment.address.wrapping_sub(segment.offset);
        let (table, table_size) = self.eh_frame;
        let mut at = first;
        while let Some(value) = word(bytes, at) {
            let place = offset.wrapping_add(at as u32);
            let here = to_address.wrapping_add(place);
            let in_table = place.wrapping_sub(table);
            let mut length = 4usize;
            if (EH_TABLE..table_size).contains(&in_table) {
                let origin = to_address.wrapping_add(table);
                let target = origin.wrapping_add(value);
                if self.is_loaded(target) {
                    found(Field { at, form: Form::Word, target, origin: Some(origin) });
                }
            } else if let Some(form) = self.pointer(bytes, at).filter(|_| place.is_multiple_of(8)) {
                found(Field { at, form, target: value, origin: None });
                length = 8;
            } else if segment.flags & WRITABLE == 0 {
                let target = here.wrapping_add(value);
                if self.is_code(target) {
                    found(Field { at, form: Form::Word, target, origin: Some(here) });
                }
            }
            at = at.wrapping_add(length);
        }
    }
}

/// An instruction with this opcode has a ModRM byte behind it, and is common.
fn has_modrm(opcode: u8) -> bool {
    matches!(
        opcode,
        0x01 | 0x03
            | 0x09
            | 0x0b
            | 0x21
            | 0x23
            | 0x29
            | 0x2b
            | 0x31
            | 0x33
            | 0x38..=0x3b
            | 0x63
            | 0x69
            | 0x6b
            | 0x80
            | 0x81
            | 0x83..=0x85
            | 0x87..=0x8b
            | 0x8d
            | 0xc6
            | 0xc7
            | 0xf6
            | 0xf7
            | 0xfe
            | 0xff
    )
}

/// A number of 64 bits that fits 32.
fn number(bytes: &[u8], at: usize) -> Result<u32, Error> {
    match (word(bytes, at), word(bytes, at.wrapping_add(4))) {
        (Some(low), Some(0)) => Ok(low),
        _ => Err(Error::Source),
    }
}
