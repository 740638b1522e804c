//! Deltas between random images and what random edits make of them: the generator and the device's decoder together.
//!
//! The cases are the same each time. `PROPTEST_RNG_SEED` takes others, `PROPTEST_CASES` more of them.

#[path = "../deltas/device.rs"]
mod device;
#[path = "../deltas/firmware.rs"]
mod firmware;
mod script;

use device::{apply, Applied};
use fastrand::Rng;
use firmware::{BASE, RAM};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use qth_package::delta::decoder::RestartPoint;
use qth_package::delta::field::InstructionSet::{self, Plain, Riscv32, Thumb, X86_64};
use qth_package::delta::{Error, Method, Standard, Tiny};
use qth_packer::inplace::{self, Layout};
use qth_packer::{make, Memory, Options};
use script::{bytes, edited, edits, linked};

fn config(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let rng_seed = if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { asked.rng_seed };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { cases };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..asked }
}

/// Each method by itself, so that none hides behind a smaller one, for each decoder that has it; and what `make` chooses.
fn ways() -> impl Strategy<Value = (Memory, Vec<Method>)> {
    let all = Options::default().methods;
    prop::sample::select(vec![
        (Memory::Standard, vec![Method::Lzma]),
        (Memory::Standard, vec![Method::LzmaLonger]),
        (Memory::Standard, vec![Method::Bsdiff]),
        (Memory::Standard, all.clone()),
        (Memory::Tiny, all),
    ])
}

fn options(instructions: InstructionSet) -> impl Strategy<Value = Options> {
    let intervals = prop::sample::select(vec![None, Some(1 << 10), Some(1 << 11), Some(1 << 12), Some(1 << 15)]);
    (ways(), intervals).prop_map(move |((memory, methods), interval)| Options {
        instructions: Some(instructions),
        base: BASE,
        ram: RAM..RAM + 0x10000,
        interval,
        memory,
        methods,
    })
}

/// Applies a delta on the device that it was made for, from a restart point on.
fn applied(
    memory: Memory,
    old: &[u8],
    delta: &[u8],
    point: RestartPoint,
    written: &[u8],
    random: &mut Rng,
) -> Result<Applied, Error> {
    match memory {
        Memory::Standard => apply(&mut Standard::new(), old, delta, point, written.to_vec(), random),
        Memory::Tiny => apply(&mut Tiny::new(), old, delta, point, written.to_vec(), random),
    }
}

/// The delta leads to the new image, in pieces of any size, and from each of its restart points on.
fn leads_there(old: &[u8], new: &[u8], options: &Options) -> Result<(), TestCaseError> {
    let delta = make(old, new, options, &mut |_| ()).map_err(|error| TestCaseError::fail(error.to_string()))?.bytes;
    let mut random = Rng::with_seed(18);
    let mut applied = |point: RestartPoint| {
        let written = &new[..point.output as usize];
        applied(options.memory, old, &delta, point, written, &mut random)
            .map_err(|error| TestCaseError::fail(format!("{error:?} from {point:?}")))
    };
    let whole = applied(RestartPoint::START)?;
    prop_assert!(whole.image == new, "{} to {} bytes", old.len(), new.len());
    let expected = options.interval.map_or(0, |interval| new.len().saturating_sub(1) / interval as usize);
    prop_assert_eq!(whole.points.len(), expected);
    for point in whole.points {
        let rest = applied(point)?;
        prop_assert!(rest.image == new, "{} to {} bytes from {point:?}", old.len(), new.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn whatever_is_done_to_bytes_a_delta_does_it(old in bytes(), edits in edits(), options in options(Plain)) {
        leads_there(&old, &edited(&old, &edits), &options)?;
    }

    #[test]
    fn a_delta_leads_from_any_image_to_any_other(old in bytes(), new in bytes(), options in options(Plain)) {
        leads_there(&old, &new, &options)?;
    }
}

proptest! {
    #![proptest_config(config(50))]

    #[test]
    fn whatever_is_done_to_thumb_code_a_delta_does_it((old, new) in linked(Thumb), edits in edits(), options in options(Thumb)) {
        leads_there(&old, &edited(&new, &edits), &options)?;
    }

    #[test]
    fn whatever_is_done_to_riscv_code_a_delta_does_it((old, new) in linked(Riscv32), edits in edits(), options in options(Riscv32)) {
        leads_there(&old, &edited(&new, &edits), &options)?;
    }

    #[test]
    fn whatever_is_done_to_an_elf_file_a_delta_does_it((old, new) in linked(X86_64), edits in edits(), options in options(X86_64)) {
        leads_there(&old, &edited(&new, &edits), &options)?;
    }
}

proptest! {
    #![proptest_config(config(30))]

    #[test]
    fn whatever_is_done_to_an_image_a_slot_is_rewritten_there_and_back(
        (instructions, (old, new)) in prop_oneof![
            bytes().prop_map(|old| (Plain, (old.clone(), old))),
            linked(Thumb).prop_map(|images| (Thumb, images)),
            linked(Riscv32).prop_map(|images| (Riscv32, images)),
        ],
        edits in edits(),
        block in prop::sample::select(vec![1 << 10, 1 << 12]),
    ) {
        let options = Options { instructions: Some(instructions), base: BASE, ram: RAM..RAM + 0x10000, ..Options::default() };
        let layout = Layout { slot: 1 << 16, staging: 1 << 16, block };
        // Both ways are tried before it is handed out.
        let made = inplace::make(&old, &edited(&new, &edits), &options, &layout, &mut |_| ());
        prop_assert!(made.is_ok(), "{:?}", made.err());
    }
}
