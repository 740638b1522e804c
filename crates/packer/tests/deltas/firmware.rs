//! Small firmware images made up for tests: functions that call each other and point to each other and to RAM, linked like real ones.

use fastrand::Rng;
use qth_package::delta::field::InstructionSet;

#[derive(Clone, Copy)]
enum Item {
    /// Code that knows no address.
    Plain(u16),
    Call(usize),
    /// A word in a literal pool or, for x86-64, an operand: the address of a function.
    Pointer(usize),
    /// The address of a variable.
    Variable(u32),
    /// Address of a function in two instructions.
    Load(usize),
}

/// A program before it is linked.
#[derive(Clone)]
pub struct Program {
    functions: Vec<Vec<Item>>,
    /// Where variables start, counted from the start of RAM.
    variables: u32,
}

pub const BASE: u32 = 0x0801_0000;
pub const RAM: u32 = 0x2000_0000;

impl Program {
    /// So many random functions.
    pub fn new(functions: usize, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let functions = (0..functions).map(|_| function(&mut random, functions)).collect();
        Self { functions, variables: 64 }
    }

    /// A line more in one function.
    pub fn with_fix(mut self, at: usize) -> Self {
        self.functions[at].splice(1..1, [Item::Plain(0x3001), Item::Plain(0x4408)]);
        self
    }

    /// New functions in the middle, and a new variable before all.
    pub fn with_features(mut self, count: usize, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let at = self.functions.len() / 2;
        let known = self.functions.len();
        // References go by number: those behind move along.
        for item in self.functions.iter_mut().flatten() {
            if let Item::Call(to) | Item::Pointer(to) | Item::Load(to) = item {
                *to += if *to >= at { count } else { 0 };
            }
        }
        let new: Vec<_> = (0..count).map(|_| function(&mut random, known)).collect();
        self.functions.splice(at..at, new);
        self.variables += 8;
        self
    }

    /// The image.
    pub fn link(&self, instructions: InstructionSet) -> Vec<u8> {
        match instructions {
            InstructionSet::X86_64 => self.link_elf(),
            _ => self.link_plain(instructions),
        }
    }

    fn link_plain(&self, instructions: InstructionSet) -> Vec<u8> {
        let length = |item: &Item| match item {
            Item::Plain(_) => 2,
            Item::Call(_) | Item::Pointer(_) | Item::Variable(_) => 4,
            Item::Load(_) => 8,
        };
        // Words are aligned.
        let place = |at: u32, item: &Item| match item {
            Item::Pointer(_) | Item::Variable(_) => at.next_multiple_of(4),
            _ => at,
        };
        let mut starts = Vec::new();
        let mut at = BASE;
        for function in &self.functions {
            starts.push(at);
            at = function.iter().fold(at, |at, item| place(at, item) + length(item)).next_multiple_of(4);
        }
        let mut image = Vec::new();
        for function in &self.functions {
            for item in function {
                let here = place(BASE + image.len() as u32, item);
                image.resize((here - BASE) as usize, 0);
                match *item {
                    Item::Plain(code) => image.extend(code.to_le_bytes()),
                    Item::Pointer(to) => image.extend(starts[to].to_le_bytes()),
                    Item::Variable(offset) => image.extend((RAM + self.variables + offset).to_le_bytes()),
                    Item::Call(to) => image.extend(call(instructions, starts[to].wrapping_sub(here))),
                    Item::Load(to) => image.extend(load(instructions, starts[to], starts[to].wrapping_sub(here))),
                }
            }
            image.resize(image.len().next_multiple_of(4), 0);
        }
        image
    }

    /// One segment of code behind the headers, and one of pointers.
    fn link_elf(&self) -> Vec<u8> {
        const CODE: u32 = 0x1000;
        let size = |item: &Item| match item {
            Item::Plain(_) => 2,
            Item::Call(_) => 5,
            Item::Pointer(_) | Item::Variable(_) | Item::Load(_) => 7,
        };
        let mut starts = Vec::new();
        let mut at = CODE;
        for function in &self.functions {
            starts.push(at);
            at += function.iter().map(size).sum::<u32>();
        }
        let end = at;
        let data = end.next_multiple_of(0x1000);
        let mut code = Vec::new();
        let mut pointers = Vec::new();
        for item in self.functions.iter().flatten() {
            let here = CODE + code.len() as u32;
            let mut relative = |opcode: &[u8], to: u32| {
                code.extend_from_slice(opcode);
                code.extend(to.wrapping_sub(here + opcode.len() as u32 + 4).to_le_bytes());
            };
            match *item {
                Item::Plain(value) => code.extend(value.to_le_bytes()),
                Item::Call(to) => relative(&[0xe8], starts[to]),
                Item::Variable(offset) => relative(&[0x48, 0x8b, 0x05], data + offset),
                Item::Load(to) => relative(&[0x48, 0x8d, 0x05], starts[to]),
                Item::Pointer(to) => {
                    relative(&[0x48, 0x8d, 0x05], starts[to]);
                    pointers.extend(u64::from(starts[to]).to_le_bytes());
                }
            }
        }
        let mut image = elf_header(&[(CODE, end - CODE, 5), (data, pointers.len() as u32, 6)]);
        image.resize(CODE as usize, 0);
        image.extend(code);
        image.resize(data as usize, 0);
        image.extend(pointers);
        image
    }
}

fn function(random: &mut Rng, others: usize) -> Vec<Item> {
    (0..16 + random.usize(..60))
        .map(|_| match random.u8(..8) {
            0 => Item::Call(random.usize(..others)),
            1 => Item::Pointer(random.usize(..others)),
            2 => Item::Variable(4 * random.u32(..200)),
            3 => Item::Load(random.usize(..others)),
            _ => Item::Plain(0x2000 | random.u16(..) & 0x0f7f),
        })
        .collect()
}

fn call(instructions: InstructionSet, distance: u32) -> [u8; 4] {
    let instruction = match instructions {
        InstructionSet::Thumb => {
            let halves = distance.wrapping_sub(4) >> 1;
            0xf800_f000 | halves >> 11 & 0x7ff | (halves & 0x7ff) << 16
        }
        _ => {
            0xef | (distance >> 20 & 1) << 31
                | (distance >> 1 & 0x3ff) << 21
                | (distance >> 11 & 1) << 20
                | (distance >> 12 & 0xff) << 12
        }
    };
    instruction.to_le_bytes()
}

fn load(instructions: InstructionSet, address: u32, distance: u32) -> Vec<u8> {
    let pair = match instructions {
        InstructionSet::Thumb => [(0x0000_f240u32, address & 0xffff), (0x0000_f2c0, address >> 16)]
            .map(|(code, part)| code | part >> 12 | (part >> 11 & 1) << 10 | (part >> 8 & 7) << 28 | (part & 0xff) << 16),
        // auipc a0, upper; addi a0, a0, lower
        _ => [0x517 | distance.wrapping_add(0x800) & 0xffff_f000, 0x0005_0513 | distance << 20],
    };
    pair.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// File header and program headers; segments of (address and place, size, flags).
fn elf_header(segments: &[(u32, u32, u32)]) -> Vec<u8> {
    let mut image = b"\x7fELF\x02\x01\x01".to_vec();
    image.resize(64, 0);
    image[18] = 62;
    image[32] = 64;
    image[54] = 56;
    image[56] = segments.len() as u8;
    for (at, size, flags) in segments {
        for half in [1, *flags] {
            image.extend(half.to_le_bytes());
        }
        for number in [*at, *at, *at, *size, *size, 0x1000] {
            image.extend(u64::from(number).to_le_bytes());
        }
    }
    image
}
