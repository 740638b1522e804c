//! Fields of the old image that hold an address, and how they are corrected.

use super::header::Header;
use super::shifts::Region;
#[cfg(feature = "std")]
use super::x86_64::Elf;
use super::{riscv, thumb, Error, Images};

/// What the images' code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum InstructionSet {
    /// Nothing is corrected.
    Plain = 0,
    /// Thumb-2 (ARMv6-M, ARMv7-M, ARMv8-M).
    Thumb = 1,
    /// RV32IMAC.
    Riscv32 = 2,
    /// x86-64, an ELF file; on hosts only.
    X86_64 = 3,
}

impl InstructionSet {
    pub(super) const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Self::Plain),
            1 => Some(Self::Thumb),
            2 => Some(Self::Riscv32),
            #[cfg(feature = "std")]
            3 => Some(Self::X86_64),
            _ => None,
        }
    }

    /// Returns whether its code is read otherwise than its data.
    #[cfg(feature = "std")]
    #[must_use]
    pub const fn reads_code(self) -> bool {
        matches!(self, Self::Thumb | Self::Riscv32)
    }

    /// Bytes before and behind a part of the image that can change how it is read.
    #[must_use]
    pub const fn margins(self) -> (usize, usize) {
        match self {
            Self::Plain => (0, 0),
            Self::Thumb => thumb::MARGINS,
            Self::Riscv32 => riscv::MARGINS,
            Self::X86_64 => (16, 16),
        }
    }
}

/// Bytes of the old image that are corrected at a time.
pub const WINDOW: usize = 64;
/// A window with the largest margins.
const AROUND: usize = riscv::MARGINS.0 + WINDOW + riscv::MARGINS.1;

/// How an address is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 32 bits.
    Word,
    /// 32 bits: not an address, but one of MicroPython's interned texts.
    Name,
    /// Thumb-2 BL or B.W.
    ThumbBranch,
    /// Thumb-2 MOVW and MOVT.
    ThumbMove,
    /// RISC-V JAL.
    Jal,
    /// RISC-V AUIPC or LUI: the upper 20 bits.
    Upper,
    /// The lower 12 bits in a RISC-V ADDI, load or JALR.
    LowerI,
    /// The lower 12 bits in a RISC-V store.
    LowerS,
}

/// An address in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where it begins in the bytes that were looked at.
    pub at: usize,
    /// How it is written.
    pub form: Form,
    /// The address.
    pub target: u32,
    /// The address that it is written relative to.
    pub origin: Option<u32>,
}

/// The addresses that mean something: those of the image, and of RAM.
pub struct Space {
    instructions: InstructionSet,
    base: u32,
    /// Bytes of addresses in the image.
    size: u32,
    ram: u32,
    ram_size: u32,
    code: u32,
    code_end: u32,
    #[cfg(feature = "std")]
    elf: Elf,
}

impl Space {
    /// No addresses.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            instructions: InstructionSet::Plain,
            base: 0,
            size: 0,
            ram: 0,
            ram_size: 0,
            code: 0,
            code_end: 0,
            #[cfg(feature = "std")]
            elf: Elf::new(),
        }
    }

    /// The addresses of an image.
    ///
    /// # Errors
    /// [`Error::Source`]: the old image is not of the instruction set's file format.
    pub fn of(header: &Header, images: &mut dyn Images) -> Result<Self, Error> {
        #[cfg(feature = "std")]
        if header.instructions == InstructionSet::X86_64 {
            let elf = Elf::read(header.old_size, images)?;
            let (base, size) = elf.addresses();
            return Ok(Self { instructions: header.instructions, base, size, elf, ..Self::new() });
        }
        let _ = images;
        Ok(Self {
            instructions: header.instructions,
            base: header.base,
            size: header.old_size,
            ram: header.ram,
            ram_size: header.ram_size,
            code: header.code,
            code_end: header.code_end,
            #[cfg(feature = "std")]
            elf: Elf::new(),
        })
    }

    /// The region of an address, and its place there; `None`: in none. The address behind the image's last counts too: it is
    /// what an end is compared with.
    #[must_use]
    pub fn place(&self, address: u32) -> Option<(Region, u32)> {
        let in_image = address.wrapping_sub(self.base);
        let in_ram = address.wrapping_sub(self.ram);
        if in_image <= self.size {
            Some((Region::Image, in_image))
        } else if in_ram < self.ram_size {
            Some((Region::Ram, in_ram))
        } else {
            None
        }
    }

    /// Whether the byte of the image at `offset` is code.
    pub(super) fn is_code(&self, offset: u32) -> bool {
        self.code <= offset && offset < self.code_end
    }

    /// The address of the image's byte at `offset`.
    pub(super) fn address(&self, offset: u32) -> u32 {
        self.base.wrapping_add(offset)
    }

    /// What an aligned word is, if it is an address or a name.
    pub(super) fn word(&self, word: u32) -> Option<Form> {
        if self.place(word).is_some() {
            Some(Form::Word)
        } else {
            is_name(word).then_some(Form::Name)
        }
    }

    /// Finds the fields in a part of the image. `bytes` begin at `offset`, a multiple of 16 which wraps around below 0, and
    /// are zeros where there is no image.
    pub fn fields(&self, bytes: &[u8], offset: u32, found: &mut dyn FnMut(Field)) {
        match self.instructions {
            InstructionSet::Plain => (),
            InstructionSet::Thumb => thumb::fields(self, bytes, offset, found),
            InstructionSet::Riscv32 => riscv::fields(self, bytes, offset, found),
            #[cfg(feature = "std")]
            InstructionSet::X86_64 => self.elf.fields(bytes, offset, found),
            #[cfg(not(feature = "std"))]
            InstructionSet::X86_64 => (),
        }
    }

    /// Reads the window at `at` of an image of `size` bytes, with its addresses moved by `shift`.
    ///
    /// # Errors
    /// The image can't be read.
    pub fn corrected(
        &self,
        images: &mut dyn Images,
        size: u32,
        at: u32,
        shift: &dyn Fn(Region, u32) -> i32,
        window: &mut [u8; WINDOW],
    ) -> Result<(), Error> {
        let (before, behind) = self.instructions.margins();
        let length = before.saturating_add(WINDOW).saturating_add(behind);
        let mut bytes = [0; AROUND];
        let bytes = bytes.get_mut(..length).unwrap_or_default();
        read_around(images, size, at, before, bytes)?;
        let mut corrected = [0; AROUND];
        let corrected = corrected.get_mut(..length).unwrap_or_default();
        corrected.copy_from_slice(bytes);
        let moved = |address: u32| match self.place(address) {
            Some((region, place)) => address.wrapping_add_signed(shift(region, place)),
            None => address,
        };
        self.fields(bytes, at.wrapping_sub(before as u32), &mut |field| {
            let value = match field.form {
                Form::Name => field.target.wrapping_add_signed(shift(Region::Names, field.target)),
                _ => moved(field.target).wrapping_sub(field.origin.map_or(0, moved)),
            };
            // What looks like a field may lie over a real one: not to be written back as it was.
            if value != field.target.wrapping_sub(field.origin.unwrap_or(0)) {
                field.form.write(corrected, field.at, value);
            }
        });
        for (to, byte) in window.iter_mut().zip(corrected.iter().skip(before)) {
            *to = *byte;
        }
        Ok(())
    }
}

/// Fills `bytes` from `before` bytes before `at` on; where the image has ended or not begun, they stay zeros.
fn read_around(images: &mut dyn Images, size: u32, at: u32, before: usize, bytes: &mut [u8]) -> Result<(), Error> {
    let first = at.saturating_sub(before as u32);
    let skip = before.saturating_sub(at.saturating_sub(first) as usize);
    let count = bytes.len().saturating_sub(skip).min(size.saturating_sub(first) as usize);
    match bytes.get_mut(skip..).and_then(|bytes| bytes.get_mut(..count)) {
        Some(bytes) => images.read_old(first, bytes),
        None => Err(Error::Source),
    }
}

impl Default for Space {
    fn default() -> Self {
        Self::new()
    }
}

impl Form {
    /// Writes an address, or the distance to it, where it fits.
    fn write(self, bytes: &mut [u8], at: usize, value: u32) {
        let Some(bytes) = bytes.get_mut(at..) else { return };
        match self {
            Self::Word | Self::Name => _ = put_word(bytes, value),
            Self::ThumbBranch => thumb::write_branch(bytes, value),
            Self::ThumbMove => thumb::write_move(bytes, value),
            Self::Jal => riscv::write_jal(bytes, value),
            Self::Upper => riscv::write_upper(bytes, value),
            Self::LowerI => riscv::write_lower_i(bytes, value),
            Self::LowerS => riscv::write_lower_s(bytes, value),
        }
    }
}

/// MicroPython's object for an interned text: its number, and 2 in the lowest three bits (`MP_OBJ_NEW_QSTR` in py/obj.h).
pub(super) const fn is_name(word: u32) -> bool {
    word & 7 == 2 && word < 1 << 16
}

/// The 16 bits at `at`.
pub(super) fn half(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b] = *bytes.get(at..)?.first_chunk()?;
    Some(u32::from(u16::from_le_bytes([a, b])))
}

/// The 32 bits at `at`.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Writes the first 32 bits.
pub(super) fn put_word(bytes: &mut [u8], value: u32) -> Option<()> {
    *bytes.first_chunk_mut()? = value.to_le_bytes();
    Some(())
}

/// The lowest bits of a value as a signed number.
pub(super) fn signed(value: u32, bits: u32) -> u32 {
    let unused = 32u32.wrapping_sub(bits);
    (value.wrapping_shl(unused) as i32).wrapping_shr(unused) as u32
}

#[cfg(test)]
mod tests {
    use super::super::Slices;
    use super::*;

    /// Bytes of any kind, the same each time.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u32;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect()
    }

    #[test]
    fn an_image_of_which_nothing_has_moved_is_read_as_it_is() {
        let old = noise(1 << 16);
        let mut images = Slices { old: &old, new: &[] };
        for instructions in [InstructionSet::Plain, InstructionSet::Thumb, InstructionSet::Riscv32] {
            for (base, code_end) in [(0, 1 << 15), (0x0800_0000, u32::MAX), (0x2100_0000, 0)] {
                let header = Header {
                    instructions,
                    old_size: old.len() as u32,
                    base,
                    ram: 0x2000_0000,
                    ram_size: 1 << 20,
                    code_end,
                    ..Header::new()
                };
                let space = Space::of(&header, &mut images).unwrap();
                for at in (0..old.len()).step_by(WINDOW) {
                    let mut window = [0; WINDOW];
                    space.corrected(&mut images, old.len() as u32, at as u32, &|_, _| 0, &mut window).unwrap();
                    assert_eq!(window, old[at..at + WINDOW], "{instructions:?} at {at:#x}");
                }
            }
        }
    }
}
