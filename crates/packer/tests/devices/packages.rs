//! Packages: full and delta, signed and not, with power cut and connections lost at any point of them.

use qth_flash::ram::{Cut, ERASE};
use qth_package::delta::field::InstructionSet;
use qth_package::{Format, Manifest, PublicKey, Scheme, Source};
use qth_packer::container::{self, sha256};
use qth_packer::sign::{generate, sign};
use qth_packer::Options;
use qth_protocol::ota::Kind;
use qth_world::board::LAYOUT;
use qth_world::center::{Verdict, PK};
use qth_world::world::{Delivery, End, Faults, File, Firmware, World};
use std::sync::OnceLock;

/// Two pairs of keys of each curve: private, public.
fn keys(scheme: Scheme) -> &'static [(String, String); 2] {
    static P256: OnceLock<[(String, String); 2]> = OnceLock::new();
    static P384: OnceLock<[(String, String); 2]> = OnceLock::new();
    let pairs = if scheme == Scheme::P384 { &P384 } else { &P256 };
    pairs.get_or_init(|| [generate(scheme).unwrap(), generate(scheme).unwrap()])
}

fn manifest<'a>(new: &[u8], payload: &[u8]) -> Manifest<'a> {
    let known = container::manifest(new, payload).unwrap();
    Manifest { product: PK, component: "EC600N", target_version: "1.1.0", sequence: 5, ..known }
}

fn full(_: &[u8], new: &[u8]) -> Vec<u8> {
    container::unsigned(&manifest(new, new), new).unwrap()
}

fn delta(old: &[u8], new: &[u8]) -> Vec<u8> {
    let options = Options { instructions: Some(InstructionSet::Plain), interval: Some(ERASE as u32), ..Options::default() };
    let payload = qth_packer::make(old, new, &options, &mut |_| ()).unwrap().bytes;
    let source = Source { version: "1.0.0", size: old.len() as u32, sha256: sha256(old) };
    let manifest = Manifest { format: Format::Delta, source: Some(source), ..manifest(new, &payload) };
    container::unsigned(&manifest, &payload).unwrap()
}

fn signed(package: &[u8], scheme: Scheme) -> Vec<u8> {
    sign(package, &keys(scheme)[0].0).unwrap()
}

fn signed_delta(old: &[u8], new: &[u8]) -> Vec<u8> {
    signed(&delta(old, new), Scheme::P384)
}

fn changed(new: &[u8], change: impl FnOnce(&mut Manifest<'_>)) -> Vec<u8> {
    let mut manifest = manifest(new, new);
    change(&mut manifest);
    signed(&container::unsigned(&manifest, new).unwrap(), Scheme::P256)
}

fn with_key(scheme: Scheme, file: File) -> Delivery {
    Delivery { file: Some(file), key: Some(keys(scheme)[0].1.clone()), is_alike: true, ..Delivery::default() }
}

fn run(seed: u64, delivery: Delivery) -> End {
    World::with(seed, Faults::NONE, Firmware::Good, delivery).run()
}

fn upgraded(end: &End) {
    assert_eq!(end.verdict, Verdict::Upgraded);
    assert_eq!(end.version, "1.1.0");
    assert_eq!(end.statuses, [1, 2, 4, 5, 8, 9, 11]);
}

/// Nothing of the slot that does not run was touched.
fn refused(delivery: Delivery, why: &str) {
    let end = run(1, delivery);
    assert_eq!(end.verdict, Verdict::Failed(format!("UPDATEERROR: {why}")));
    assert_eq!(end.version, "1.0.0");
    let slot = LAYOUT.slots[1];
    let blocks = slot.start as usize / ERASE..slot.end() as usize / ERASE;
    assert_eq!(end.flash.erases[blocks].iter().sum::<usize>(), 0, "{why}: nothing was erased");
}

#[test]
fn a_package_is_installed_like_the_image_that_is_in_it() {
    for file in [full as File, delta] {
        upgraded(&run(1, Delivery { file: Some(file), is_alike: true, ..Delivery::default() }));
    }
    for scheme in [Scheme::P256, Scheme::P384] {
        let file: File = match scheme {
            Scheme::P384 => |old, new| signed(&full(old, new), Scheme::P384),
            _ => |old, new| signed(&full(old, new), Scheme::P256),
        };
        upgraded(&run(2, with_key(scheme, file)));
    }
    upgraded(&run(3, with_key(Scheme::P384, signed_delta)));
}

#[test]
fn with_a_key_set_whatever_is_not_signed_by_it_is_refused_before_anything_is_erased() {
    let key = |file: Option<File>| Delivery { file, ..with_key(Scheme::P256, full) };
    refused(key(None), "package is not signed");
    refused(key(Some(full)), "package is not signed");
    refused(key(Some(delta)), "package is not signed");
    refused(
        key(Some(|old, new| sign(&full(old, new), &keys(Scheme::P256)[1].0).unwrap())),
        "package is not signed by this device's key",
    );
    refused(key(Some(signed_delta)), "package is not signed by this device's key");
    refused(
        key(Some(|_, new| {
            let mut package = changed(new, |_| ());
            let at = package.windows(5).position(|five| five == b"1.1.0").unwrap();
            package[at + 4] = b'1';
            package
        })),
        "package is not signed by this device's key",
    );
}

#[test]
fn a_package_for_something_else_is_refused_before_anything_is_erased() {
    let key = |file: File| with_key(Scheme::P256, file);
    let other = "package is for another product, component or version";
    refused(key(|_, new| changed(new, |manifest| manifest.product = "p222xt")), other);
    refused(key(|_, new| changed(new, |manifest| manifest.component = "EC200U")), other);
    refused(key(|_, new| changed(new, |manifest| manifest.kind = Kind::Mcu)), other);
    refused(key(|_, new| changed(new, |manifest| manifest.target_version = "1.2.0")), other);
    refused(key(|old, new| changed(new, |manifest| manifest.target_sha256 = sha256(old))), "this image runs already");
    refused(key(|_, new| changed(new, |manifest| manifest.target_size = 1 << 20)), "package is damaged");
    refused(
        key(|old, new| {
            let package = delta(old, new);
            let opened = container::open(&package).unwrap();
            let manifest = Manifest { target_size: LAYOUT.slots[1].len + 1, ..opened.manifest };
            signed(&container::unsigned(&manifest, opened.payload).unwrap(), Scheme::P256)
        }),
        "image is larger than the slot",
    );
    refused(
        key(|old, new| {
            let other: Vec<u8> = old.iter().map(|byte| byte ^ 1).collect();
            signed(&delta(&other, new), Scheme::P256)
        }),
        "package is a delta from another image",
    );
    refused(
        key(|old, new| {
            let mut package = full(old, new);
            package[7] = 2;
            package
        }),
        "package needs a newer firmware",
    );
}

#[test]
fn an_mcu_is_given_what_is_in_its_package_once_the_signature_holds() {
    let of_mcu = |file| World::with(4, Faults::NONE, Firmware::OfMcu, with_key(Scheme::P256, file)).run();
    let end = of_mcu(|_, new| {
        changed(new, |manifest| {
            manifest.component = "MCU1";
            manifest.kind = Kind::Mcu;
        })
    });
    assert_eq!(end.verdict, Verdict::Upgraded);
    let end = of_mcu(full);
    assert_eq!(end.verdict, Verdict::Failed("UPDATEERROR: package is not signed".into()));
}

#[test]
fn a_package_of_any_product_is_taken() {
    upgraded(&run(1, with_key(Scheme::P256, |_, new| changed(new, |manifest| manifest.product = ""))));
}

#[test]
fn an_old_package_is_not_installed_again_however_well_it_is_signed() {
    let key = |file: File| with_key(Scheme::P256, file);
    let first = run(1, key(|_, new| changed(new, |_| ())));
    upgraded(&first);
    for file in [(|_, new| changed(new, |_| ())) as File, |_, new| changed(new, |manifest| manifest.sequence = 4)] {
        let again = run(2, Delivery { flash: Some(first.flash.clone()), ..key(file) });
        assert_eq!(again.verdict, Verdict::Failed("UPDATEERROR: package is older than the one installed".into()));
    }
    let newer: File = |_, new| changed(new, |manifest| manifest.sequence = 6);
    upgraded(&run(2, Delivery { flash: Some(first.flash.clone()), ..key(newer) }));
}

#[test]
fn a_number_that_nobody_has_signed_keeps_no_package_out() {
    let unsigned: File = |_, new| container::unsigned(&Manifest { sequence: u32::MAX, ..manifest(new, new) }, new).unwrap();
    let first = run(1, Delivery { file: Some(unsigned), ..Delivery::default() });
    upgraded(&first);
    let signed: File = |_, new| changed(new, |_| ());
    upgraded(&run(2, Delivery { flash: Some(first.flash), ..with_key(Scheme::P256, signed) }));
}

#[test]
fn a_package_can_bring_the_key_of_the_next() {
    let bring: File = |_, new| {
        let next = PublicKey::from_pem(&keys(Scheme::P384)[0].1).unwrap();
        let mut manifest = manifest(new, new);
        manifest.next_key = Some(next.point());
        let package = container::unsigned(&manifest, new).unwrap();
        signed(&package, Scheme::P256)
    };
    let first = run(1, with_key(Scheme::P256, bring));
    upgraded(&first);
    // The script goes on setting the first key.
    let key = |file: File| Delivery { flash: Some(first.flash.clone()), ..with_key(Scheme::P256, file) };
    let by_first: File = |_, new| changed(new, |manifest| manifest.sequence = 6);
    let again = run(2, key(by_first));
    assert_eq!(again.verdict, Verdict::Failed("UPDATEERROR: package is not signed by this device's key".into()));
    let by_second: File = |_, new| {
        let package = container::unsigned(&Manifest { sequence: 6, ..manifest(new, new) }, new).unwrap();
        signed(&package, Scheme::P384)
    };
    upgraded(&run(2, key(by_second)));
}

#[test]
fn a_key_that_this_device_has_no_code_for_is_refused_at_once() {
    // As long as a point of P-521, and one that is not on its curve.
    let files: [File; 2] = [
        |_, new| changed(new, |manifest| manifest.next_key = Some(&[4; 133])),
        |_, new| changed(new, |manifest| manifest.next_key = Some(&[4; 65])),
    ];
    for file in files {
        let delivery = with_key(Scheme::P256, file);
        assert_eq!(run(1, delivery.clone()).statuses, [1, 2, 4, 12], "tried once");
        refused(delivery, "package brings a key that this firmware can't use");
    }
}

#[test]
fn a_delta_that_this_device_has_no_code_for_is_refused() {
    let file: File = |old, new| {
        let mut package = delta(old, new);
        let payload = package.len() - container::open(&package).unwrap().payload.len();
        // The instruction set.
        package[payload + 2] = 9;
        let (opened, bytes) = (qth_package::parse(&package).unwrap(), package[payload..].to_vec());
        container::unsigned(&Manifest { payload_sha256: sha256(&bytes), ..opened.manifest }, &bytes).unwrap()
    };
    let delivery = Delivery { file: Some(file), is_alike: true, ..Delivery::default() };
    refused(delivery, "package is a delta that this firmware can't apply");
}

#[test]
fn damage_on_the_way_is_found_and_begun_anew() {
    for file in [full as File, delta] {
        let delivery = Delivery { file: Some(file), is_alike: true, ..Delivery::default() };
        let end = World::with(5, Faults { damaged_file: true, ..Faults::NONE }, Firmware::Good, delivery).run();
        let Verdict::Failed(why) = &end.verdict else { panic!("{:?}", end.verdict) };
        assert!(why == "UPDATEERROR: SHA-256 differs" || why == "UPDATEERROR: package is damaged", "{why}");
        assert_eq!(end.statuses.iter().filter(|status| **status == 4).count(), 4);
        assert_eq!(end.version, "1.0.0");
    }
}

#[test]
fn power_may_be_cut_at_every_flash_operation_of_a_package() {
    static DELTA: OnceLock<Vec<u8>> = OnceLock::new();
    let files: [(File, usize); 2] = [(full, 5), (|old, new| DELTA.get_or_init(|| delta(old, new)).clone(), 1)];
    for (file, blocks) in files {
        let delivery = Delivery { file: Some(file), is_alike: true, ..Delivery::default() };
        let world = |cut| World::with(6, Faults { cut, ..Faults::NONE }, Firmware::Good, delivery.clone());
        let operations = world(None).run().operations;
        let mut begun_anew = Vec::new();
        for (operation, parts) in operations.iter().enumerate() {
            for cut in Cut::some(*parts) {
                let end = world(Some((operation, cut))).run();
                assert_eq!(end.verdict, Verdict::Upgraded, "operation {operation} {cut:?}");
                assert_eq!(end.version, "1.1.0", "operation {operation} {cut:?}");
                let slot = &end.flash.erases[LAYOUT.slots[1].start as usize / ERASE..];
                assert!(slot.iter().all(|erases| *erases <= 2), "operation {operation} {cut:?}: {slot:?}");
                if slot.iter().filter(|erases| **erases > 1).count() > blocks && !begun_anew.contains(&operation) {
                    begun_anew.push(operation);
                }
            }
        }
        // What was written before the last note of the progress is not written again: at every block of a delta and every fourth
        // of an image. But once it is complete, the slot says so some operations before the upgrade does.
        assert!(begun_anew.len() <= 3, "of {} operations at {begun_anew:?}", operations.len());
    }
}

#[test]
fn any_faults_end_in_the_new_or_the_old_firmware_with_a_true_report() {
    let mut upgraded = 0;
    for seed in 0..200 {
        let file: File = match seed % 2 {
            0 => signed_delta,
            _ => |old, new| signed(&full(old, new), Scheme::P384),
        };
        let firmware = match seed % 5 {
            0 => Firmware::Crashes,
            1 => Firmware::Mute,
            _ => Firmware::Good,
        };
        let end = World::with(seed, Faults::random(seed), firmware, with_key(Scheme::P384, file)).run();
        if end.verdict == Verdict::Upgraded {
            assert_eq!(firmware, Firmware::Good, "seed {seed}");
            upgraded += 1;
        }
    }
    assert!(upgraded > 50, "{upgraded}");
}
