//! In-place packages are installed by the device's own code.

mod board;
mod cuts;
#[path = "../deltas/firmware.rs"]
mod firmware;
mod refused;

use firmware::{Program, BASE, RAM};
use qth_package::delta::field::InstructionSet::{self, Plain, Riscv32, Thumb, X86_64};
use qth_package::{Manifest, Source};
use qth_packer::container::{self, sha256};
use qth_packer::inplace::{make, Layout};
use qth_packer::Options;

const LAYOUT: Layout = Layout { slot: 1 << 18, staging: 1 << 16, block: 1024 };

fn options(instructions: InstructionSet) -> Options {
    Options { instructions: Some(instructions), base: BASE, ram: RAM..RAM + 0x10000, ..Options::default() }
}

fn package(old: &[u8], new: &[u8], instructions: InstructionSet, layout: &Layout) -> Vec<u8> {
    let payload = make(old, new, &options(instructions), layout, &mut |_| ()).unwrap().bytes;
    let source = Source { version: "1", size: old.len() as u32, sha256: sha256(old) };
    let known = container::in_place_manifest(new, source, &payload).unwrap();
    container::unsigned(&Manifest { target_version: "2", component: "c", ..known }, &payload).unwrap()
}

#[test]
fn every_package_leads_to_the_new_image_and_back() {
    for instructions in [Plain, Thumb, Riscv32, X86_64] {
        let program = Program::new(60, 1);
        let image = program.link(instructions);
        let others = [
            image.clone(),
            program.clone().with_fix(5).link(instructions),
            program.clone().with_features(9, 7).link(instructions),
            Program::new(20, 3).link(instructions),
            Program::new(100, 4).link(instructions),
        ];
        for other in &others {
            for (old, new) in [(&image, other), (other, &image)] {
                let package = package(old, new, instructions, &LAYOUT);
                // Brought back as well, and compared.
                let image = container::image(&container::open(&package).unwrap(), Some(old));
                assert!(image.as_ref() == Ok(new), "{instructions:?} {} to {} bytes: {:?}", old.len(), new.len(), image.err());
            }
        }
    }
}
