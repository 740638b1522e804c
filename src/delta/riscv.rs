//! RV32IMAC: JAL, AUIPC and LUI with the instructions that add the lower bits, 32-bit pointers.
//!
//! Facts: The RISC-V Instruction Set Manual, volume I, chapters 2 (RV32I) and 16 (compressed instructions).

use super::field::{half, put_word, signed, word, Field, Form, Space};

/// How many instructions behind an AUIPC or LUI its lower bits are looked for.
const AHEAD: usize = 10;
/// All of these of 4 bytes each, and the instruction itself; a multiple of 16.
pub(super) const MARGIN: usize = 48;

pub(super) fn fields(space: &Space, bytes: &[u8], address: u32, found: &mut dyn FnMut(Field)) {
    let mut at = 0usize;
    while let Some(instruction) = word(bytes, at) {
        let here = address.wrapping_add(at as u32);
        let mut length = 2usize;
        if let Some(form) = space.word(instruction).filter(|_| at.is_multiple_of(4)) {
            found(Field { at, form, target: instruction, origin: None });
            length = 4;
        } else {
            match instruction & 0x7f {
                0x6f => {
                    let target = here.wrapping_add(jal(instruction));
                    if space.place(target).is_some() {
                        found(Field { at, form: Form::Jal, target, origin: Some(here) });
                    }
                }
                0x17 => upper(space, bytes, at, instruction, Some(here), found),
                0x37 => upper(space, bytes, at, instruction, None, found),
                _ => (),
            }
        }
        at = at.wrapping_add(length);
    }
}

/// An AUIPC (with its own address) or LUI, and the instructions behind it that add the lower bits.
fn upper(space: &Space, bytes: &[u8], at: usize, instruction: u32, here: Option<u32>, found: &mut dyn FnMut(Field)) {
    let register = destination(instruction);
    let high = (instruction & 0xffff_f000).wrapping_add(here.unwrap_or(0));
    let mut is_first = true;
    let mut next = at.wrapping_add(4);
    for _ in 0..AHEAD {
        let Some(first) = half(bytes, next) else { return };
        if first & 3 != 3 {
            if is_compressed_jump(first) || compressed_destination(first) == register {
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
        if matches!(other & 0x7f, 0x67 | 0x6f) || destination(other) == register {
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
