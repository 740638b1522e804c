//! RV32IMAC: in code JAL, and AUIPC and LUI with the instructions that add the lower bits; in data 32-bit pointers and jump tables.
//!
//! Facts: The RISC-V Instruction Set Manual, volume I, chapters 2 (RV32I) and 16 (compressed instructions).

use super::field::{half, put_word, signed, word, Field, Form, Space};
use super::shifts::Region;

/// Before: how far behind an AUIPC or LUI its lower bits are looked for. Behind: where most have the first. Multiples of 16.
pub(super) const MARGINS: (usize, usize) = (96, 48);
/// C.JR ra.
const RETURN: u32 = 0x8082;

pub(super) fn fields(space: &Space, bytes: &[u8], offset: u32, found: &mut dyn FnMut(Field)) {
    let mut at = 0usize;
    while let Some(word) = word(bytes, at) {
        let place = offset.wrapping_add(at as u32);
        let here = space.address(place);
        let mut length = 2usize;
        match word & 0x7f {
            _ if !space.is_code(place) => data(space, at, word, here, found),
            0x6f => {
                let target = here.wrapping_add(jal(word));
                if space.place(target).is_some() {
                    found(Field { at, form: Form::Jal, target, origin: Some(here) });
                    // Its second half often looks like another.
                    length = 4;
                }
            }
            0x17 => upper(space, bytes, at, word, Some(here), found),
            0x37 => upper(space, bytes, at, word, None, found),
            _ => (),
        }
        at = at.wrapping_add(length);
    }
}

fn data(space: &Space, at: usize, word: u32, here: u32, found: &mut dyn FnMut(Field)) {
    if !at.is_multiple_of(4) {
        return;
    }
    if let Some(form) = space.word(word) {
        return found(Field { at, form, target: word, origin: None });
    }
    // Jump tables hold how far back, from their begin, the code is. Where they begin is not known: not far before.
    let target = here.wrapping_add(word);
    if word >= 1 << 31 && matches!(space.place(target), Some((Region::Image, _))) {
        found(Field { at, form: Form::Word, target, origin: Some(here) });
    }
}

/// An AUIPC (with its own address) or LUI, and the instructions behind it that add the lower bits.
fn upper(space: &Space, bytes: &[u8], at: usize, instruction: u32, here: Option<u32>, found: &mut dyn FnMut(Field)) {
    let register = destination(instruction);
    let high = (instruction & 0xffff_f000).wrapping_add(here.unwrap_or(0));
    // What is in s0 to s11 outlasts calls; functions use them to the end.
    let is_saved = matches!(register, 8 | 9 | 18..=27);
    let ends = |half: u32| if is_saved { half == RETURN } else { is_compressed_jump(half) };
    let mut is_first = true;
    let mut next = at.wrapping_add(4);
    while next.wrapping_sub(at) < MARGINS.0 {
        let Some(first) = half(bytes, next) else { return };
        if first & 3 != 3 {
            if ends(first) || compressed_destination(first) == register {
                return;
            }
            next = next.wrapping_add(2);
            continue;
        }
        let Some(other) = word(bytes, next) else { return };
        if let Some((form, low)) = lower(other).filter(|_| other >> 15 & 31 == register) {
            let target = high.wrapping_add(low);
            if space.place(target).is_some() {
                if is_first {
                    found(Field { at, form: Form::Upper, target, origin: here });
                }
                found(Field { at: next, form, target, origin: here });
                is_first = false;
            }
        }
        if (matches!(other & 0x7f, 0x67 | 0x6f) && !is_saved) || destination(other) == register {
            return;
        }
        next = next.wrapping_add(4);
    }
}

/// The register that an instruction writes; 0: none.
fn destination(instruction: u32) -> u32 {
    match instruction & 0x7f {
        // Stores, branches, fences.
        0x23 | 0x27 | 0x63 | 0x0f => 0,
        _ => instruction >> 7 & 31,
    }
}

/// C.J, C.JAL, C.JR, C.JALR.
fn is_compressed_jump(half: u32) -> bool {
    half & 0x6003 == 0x2001 || (half & 0xe003 == 0x8002 && half >> 2 & 31 == 0)
}

/// As [`destination`], of a compressed instruction.
fn compressed_destination(half: u32) -> u32 {
    let short = |at: u32| (half.wrapping_shr(at) & 7).wrapping_add(8);
    let full = half >> 7 & 31;
    match (half & 3, half >> 13) {
        (0, 0 | 2) => short(2),
        (1, 0 | 2 | 3) | (2, 0 | 2) => full,
        (1, 4) => short(7),
        (2, 4) if half >> 2 & 31 != 0 => full,
        _ => 0,
    }
}

/// The lower bits that an ADDI, JALR, load or store adds.
fn lower(instruction: u32) -> Option<(Form, u32)> {
    match instruction & 0x7f {
        0x13 | 0x67 if instruction >> 12 & 7 != 0 => None,
        0x13 | 0x67 | 0x03 | 0x07 => Some((Form::LowerI, signed(instruction >> 20, 12))),
        0x23 | 0x27 => Some((Form::LowerS, signed((instruction >> 25) << 5 | instruction >> 7 & 31, 12))),
        _ => None,
    }
}

fn jal(instruction: u32) -> u32 {
    let distance = (instruction >> 31) << 20
        | (instruction >> 12 & 0xff) << 12
        | (instruction >> 20 & 1) << 11
        | (instruction >> 21 & 0x3ff) << 1;
    signed(distance, 21)
}

pub(super) fn write_jal(bytes: &mut [u8], distance: u32) {
    let Some(instruction) = word(bytes, 0) else { return };
    if signed(distance, 21) == distance {
        let place = (distance >> 20 & 1) << 31
            | (distance >> 1 & 0x3ff) << 21
            | (distance >> 11 & 1) << 20
            | (distance >> 12 & 0xff) << 12;
        put_word(bytes, instruction & 0xfff | place);
    }
}

pub(super) fn write_upper(bytes: &mut [u8], value: u32) {
    let Some(instruction) = word(bytes, 0) else { return };
    // The lower 12 bits are added as a signed number.
    put_word(bytes, instruction & 0xfff | value.wrapping_add(0x800) & 0xffff_f000);
}

pub(super) fn write_lower_i(bytes: &mut [u8], value: u32) {
    let Some(instruction) = word(bytes, 0) else { return };
    put_word(bytes, instruction & 0x000f_ffff | value << 20);
}

pub(super) fn write_lower_s(bytes: &mut [u8], value: u32) {
    let Some(instruction) = word(bytes, 0) else { return };
    put_word(bytes, instruction & 0x01ff_f07f | (value >> 5 & 0x7f) << 25 | (value & 31) << 7);
}

#[cfg(test)]
mod tests {
    use super::super::field::InstructionSet;
    use super::super::{Header, Slices};
    use super::*;

    const BASE: u32 = 0x0800_0000;

    /// Form, place and target of what is found in an image that is code up to `code_end`.
    fn found(words: &[u32], code_end: u32) -> Vec<(Form, usize, u32)> {
        let header = Header { instructions: InstructionSet::Riscv32, old_size: 0x1000, base: BASE, code_end, ..Header::new() };
        let space = Space::of(&header, &mut Slices { old: &[], new: &[] }).unwrap();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut all = Vec::new();
        fields(&space, &bytes, 0, &mut |field| all.push((field.form, field.at, field.target)));
        all
    }

    #[test]
    fn the_lower_bits_of_a_kept_register_are_found_behind_a_call() {
        // lui s1, 0x08000; jal ra, .; addi a0, s1, 0x21c; ret
        let saved = [0x0800_04b7, 0x0000_00ef, 0x21c4_8513, 0x0000_8082];
        let call = (Form::Jal, 4, BASE + 4);
        let target = BASE + 0x21c;
        assert_eq!(found(&saved, u32::MAX), [(Form::Upper, 0, target), (Form::LowerI, 8, target), call]);
        // lui a1, 0x08000; jal ra, .; addi a0, a1, 0x21c: the call may have put something else into a1.
        assert_eq!(found(&[0x0800_05b7, 0x0000_00ef, 0x21c5_8513, 0], u32::MAX), [call]);
        // lui s1, 0x08000; ret; addi a0, s1, 0x21c
        assert_eq!(found(&[0x0800_04b7, 0x0001_8082, 0x21c4_8513, 0], u32::MAX), []);
    }

    #[test]
    fn data_holds_pointers_and_jump_tables_and_code_does_not() {
        // A pointer, which is lui a0, 0x08000, too; a way back by 8; a jal, or a text.
        let words = [0x0800_0537, 0x13, 0xffff_fff8, 0x0000_006f];
        assert_eq!(found(&words, 0), [(Form::Word, 0, 0x0800_0537), (Form::Word, 8, BASE)]);
        assert_eq!(found(&words, u32::MAX), [(Form::Jal, 12, BASE + 12)]);
    }
}
