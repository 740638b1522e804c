//! Every delta is applied by the device's own decoder.

mod device;
mod firmware;

use device::{apply, Applied};
use fastrand::Rng;
use firmware::{Program, BASE, RAM};
use qth_package::delta::field::InstructionSet::{self, Plain, Riscv32, Thumb, X86_64};
use qth_package::delta::field::{Space, WINDOW};
use qth_package::delta::{Error, Header, Method, RestartPoint, Slices, Standard, Tiny};
use qth_packer::{make, Delta, Memory, Options};

const METHODS: [Method; 3] = [Method::Lzma, Method::LzmaLonger, Method::Bsdiff];

fn options(instructions: InstructionSet, methods: &[Method]) -> Options {
    Options {
        instructions: Some(instructions),
        base: BASE,
        ram: RAM..RAM + 0x10000,
        interval: Some(1024),
        methods: methods.to_vec(),
        ..Options::default()
    }
}

fn delta(old: &[u8], new: &[u8], options: &Options) -> Delta {
    make(old, new, options, &mut |_| ()).unwrap()
}

fn applied(old: &[u8], delta: &[u8], random: &mut Rng) -> Result<Applied, Error> {
    apply(&mut Standard::new(), old, delta, RestartPoint::START, Vec::new(), random)
}

/// Old and new images: nothing changed, a fix, features, something else altogether; images of a few bytes or none.
fn pairs(instructions: InstructionSet) -> Vec<(Vec<u8>, Vec<u8>)> {
    let program = Program::new(60, 1);
    let image = program.link(instructions);
    let mut pairs = vec![
        (image.clone(), image.clone()),
        (image.clone(), program.clone().with_fix(5).link(instructions)),
        (image.clone(), program.clone().with_features(9, 7).link(instructions)),
        (program.clone().with_features(9, 7).link(instructions), image.clone()),
        (image.clone(), Program::new(20, 3).link(instructions)),
        (image.clone(), vec![0; 5000]),
        (image.clone(), Vec::new()),
    ];
    if instructions != X86_64 {
        pairs.extend([(Vec::new(), image.clone()), (vec![7], vec![7, 7]), (image[..65].to_vec(), image[3..200].to_vec())]);
    }
    pairs
}

#[test]
fn every_delta_restores_the_new_image_in_pieces_of_any_size() {
    let mut random = Rng::with_seed(11);
    for instructions in [Plain, Thumb, Riscv32, X86_64] {
        for (old, new) in pairs(instructions) {
            for method in METHODS {
                let delta = delta(&old, &new, &options(instructions, &[method]));
                let image = applied(&old, &delta.bytes, &mut random).unwrap().image;
                assert!(image == new, "{instructions:?} {method:?} {} to {} bytes", old.len(), new.len());
            }
        }
    }
}

#[test]
fn a_segment_may_begin_with_a_move_and_be_a_copy_from_there_on() {
    let mut random = Rng::with_seed(17);
    let bytes: Vec<u8> = (0..8192).map(|_| random.u8(..)).collect();
    let swapped = [&bytes[4096..], &bytes[..4096]].concat();
    let pairs = [(&bytes[..32], &bytes[16..32]), (&bytes, &bytes[100..]), (&bytes, &swapped)];
    for (old, new) in pairs {
        for interval in [None, Some(1024), Some(4096), Some(32 * 1024)] {
            let options = Options { interval, ..options(Plain, &[Method::Bsdiff]) };
            let image = applied(old, &delta(old, new, &options).bytes, &mut random).unwrap().image;
            assert!(image == new, "{} to {} bytes, {interval:?}", old.len(), new.len());
        }
    }
}

#[test]
fn where_code_is_makes_a_difference_exactly_for_the_instruction_sets_that_say_so() {
    for instructions in [Plain, Thumb, Riscv32, X86_64] {
        let image = Program::new(60, 1).link(instructions);
        let header = Header::read(&delta(&image, &image, &options(instructions, &[Method::Bsdiff])).bytes).unwrap();
        let moved = |code_end| {
            let mut images = Slices { old: &image, new: &[] };
            let space = Space::of(&Header { code: 0, code_end, ..header }, &mut images).unwrap();
            let window = |at: usize| {
                let mut window = [0; WINDOW];
                space
                    .corrected(&mut images, image.len() as u32, at as u32, &|_, place| (place / 64) as i32, &mut window)
                    .unwrap();
                window
            };
            (0..image.len()).step_by(WINDOW).map(window).collect::<Vec<_>>()
        };
        assert_eq!(moved(u32::MAX) != moved(0), instructions.reads_code(), "{instructions:?}");
    }
}

#[test]
fn an_interrupted_update_goes_on_at_each_restart_point() {
    let mut random = Rng::with_seed(12);
    for instructions in [Plain, Thumb, Riscv32, X86_64] {
        let program = Program::new(60, 1);
        let (old, new) = (program.link(instructions), program.with_features(9, 7).link(instructions));
        for method in METHODS {
            let delta = delta(&old, &new, &options(instructions, &[method]));
            let points = applied(&old, &delta.bytes, &mut random).unwrap().points;
            assert_eq!(points.len(), (new.len() - 1) / 1024, "one behind each full interval but the last");
            for point in points {
                let kept = RestartPoint::from_bytes(&point.to_bytes());
                let written = new[..point.output as usize].to_vec();
                let rest = apply(&mut Standard::new(), &old, &delta.bytes, kept, written, &mut random).unwrap();
                assert!(rest.image == new, "{instructions:?} {method:?} from {point:?}");
            }
        }
    }
}

#[test]
fn a_decoder_can_be_used_again_after_anything() {
    let mut random = Rng::with_seed(13);
    let mut decoder = Standard::new();
    let program = Program::new(30, 1);
    let (old, new) = (program.link(Thumb), program.with_fix(3).link(Thumb));
    let delta = delta(&old, &new, &options(Thumb, &METHODS)).bytes;
    for length in 0..delta.len() {
        assert!(apply(&mut decoder, &old, &delta[..length], RestartPoint::START, Vec::new(), &mut random).is_err());
        let again = apply(&mut decoder, &old, &delta, RestartPoint::START, Vec::new(), &mut random).unwrap();
        assert!(again.image == new, "after {length} bytes");
    }
}

#[test]
fn damage_gives_an_error_or_another_image_but_always_an_end() {
    let mut random = Rng::with_seed(14);
    for instructions in [Thumb, Riscv32, X86_64] {
        let program = Program::new(60, 1);
        let (old, new) = (program.link(instructions), program.with_features(3, 7).link(instructions));
        for method in METHODS {
            let delta = delta(&old, &new, &options(instructions, &[method])).bytes;
            for _ in 0..300 {
                let mut damaged = delta.clone();
                for _ in 0..random.u8(1..=3) {
                    // The begin is where most goes wrong.
                    let begin = 1 << random.u8(2..14);
                    let at = random.usize(..delta.len().min(begin));
                    damaged[at] ^= 1 << random.u8(..8);
                }
                _ = applied(&old, &damaged, &mut random);
            }
        }
    }
}

#[test]
fn the_tiny_decoder_applies_what_was_made_for_it_and_refuses_the_rest() {
    let mut random = Rng::with_seed(15);
    let program = Program::new(60, 1);
    let (old, new) = (program.link(Thumb), program.with_features(9, 7).link(Thumb));
    let tiny = delta(&old, &new, &Options { memory: Memory::Tiny, ..options(Thumb, &METHODS) });
    assert_eq!(tiny.chosen.method, Method::Bsdiff);
    let mut decoder = Tiny::new();
    let image = apply(&mut decoder, &old, &tiny.bytes, RestartPoint::START, Vec::new(), &mut random).unwrap().image;
    assert!(image == new);
    let standard = delta(&old, &new, &options(Thumb, &[Method::LzmaLonger])).bytes;
    let refused = apply(&mut decoder, &old, &standard, RestartPoint::START, Vec::new(), &mut random);
    assert_eq!(refused.err(), Some(Error::Memory));
}

#[test]
fn moved_code_costs_a_fraction_of_what_it_costs_without_correction() {
    for instructions in [Thumb, Riscv32, X86_64] {
        let program = Program::new(400, 1);
        let (old, new) = (program.link(instructions), program.with_fix(5).link(instructions));
        let size = |instructions| {
            let options = Options { interval: None, ..options(instructions, &METHODS) };
            delta(&old, &new, &options).bytes.len()
        };
        assert!(size(instructions) * 10 < size(Plain), "{instructions:?}: {} and {}", size(instructions), size(Plain));
    }
}

#[test]
fn the_same_images_give_the_same_bytes() {
    let program = Program::new(60, 1);
    let (old, new) = (program.link(Riscv32), program.with_features(9, 7).link(Riscv32));
    let once = delta(&old, &new, &options(Riscv32, &METHODS));
    assert_eq!(once, delta(&old, &new, &options(Riscv32, &METHODS)));
    assert_eq!(once.tried.iter().map(|candidate| candidate.size).min(), Some(once.bytes.len()));
}

#[test]
fn what_can_not_be_made_is_refused_by_name() {
    let refused = |old: &[u8], options: Options| make(old, b"new", &options, &mut |_| ()).unwrap_err();
    assert_eq!(refused(b"no ELF", Options::default()), qth_packer::Error::Instructions);
    assert_eq!(refused(b"no ELF", options(X86_64, &METHODS)), qth_packer::Error::NotElf);
    assert_eq!(refused(&vec![0; 1 << 24], options(Plain, &METHODS)), qth_packer::Error::TooLarge);
    let odd = Options { interval: Some(3000), ..options(Plain, &METHODS) };
    assert_eq!(refused(b"old", odd), qth_packer::Error::Interval);
}

#[test]
fn another_format_another_source_and_foreign_points_are_refused() {
    let mut random = Rng::with_seed(16);
    let program = Program::new(60, 1);
    let (old, new) = (program.link(X86_64), program.with_fix(5).link(X86_64));
    let delta = delta(&old, &new, &options(X86_64, &[Method::LzmaLonger])).bytes;
    let mut error = |old: &[u8], place: usize, value: u8| {
        let mut other = delta.clone();
        other[place] = value;
        applied(old, &other, &mut random).err()
    };
    assert_eq!(error(&old, 0, 2), Some(Error::Format));
    assert_eq!(error(&old, 1, 3), Some(Error::Format));
    assert_eq!(error(&old, 2, 4), Some(Error::Format));
    assert_eq!(error(&old, 3, 9), Some(Error::Data));
    assert_eq!(error(&old[1..], 0, 1), Some(Error::Source));
    assert_eq!(error(&[], 0, 1), Some(Error::Unreadable));
    for (output, input, distance) in [(100, 900, 0), (1 << 20, 900, 0), (1024, 1, 0), (1024, 900, u32::MAX)] {
        let point = RestartPoint { output, input, distance };
        let refused = apply(&mut Standard::new(), &old, &delta, point, Vec::new(), &mut random);
        assert_eq!(refused.err(), Some(Error::Point), "{point:?}");
    }
}
