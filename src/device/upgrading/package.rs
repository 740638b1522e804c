//! Packages: which are taken, and how one becomes the image in the other slot while it is downloaded.
//!
//! Whatever a package says of itself is checked before anything is erased. After a restart its first piece is downloaded and
//! checked once more, and it goes on where the slot says; nothing of a manifest is kept. What differs on boards with one slot is in
//! `staging.rs`.

use super::Taken;
use crate::board::Board;
use crate::device::Core;
use crate::time::Instant;
use embedded_storage::nor_flash::NorFlash;
use qth_flash::layout::Region;
use qth_flash::mutant::{self, Mutant};
use qth_package::delta::{self, Images, RestartPoint, Step};
use qth_package::{Format, Manifest, Package};
use qth_protocol::ota::Failure;
use qth_protocol::ota::Kind;

/// Bytes of the new image that are made at a time: as large as the pieces of a plain image.
const MADE_AT_A_TIME: usize = crate::device::limits::PIECE;

/// A package that was accepted and is coming in.
pub(super) struct Incoming {
    pub(super) format: Format,
    /// Where the payload begins in the file.
    pub(super) payload_at: u32,
    /// First byte of the file that is still to be used.
    pub(super) next: u32,
    /// Size of the image that the delta starts from.
    old_size: u32,
    /// Size of the new image; of an in-place package, of its file.
    pub(super) size: u32,
    /// The end of the delta was decoded; a full package has nothing to decode.
    is_decoded: bool,
    /// There is more to make of the piece at hand, from this time on.
    busy: Option<Instant>,
}

impl Incoming {
    const NONE: Self = Self { format: Format::Full, payload_at: 0, next: 0, old_size: 0, size: 0, is_decoded: false, busy: None };
}

/// The package that is coming in, and the decoder for it. Without one all zeros, which an `Option` would not be: static memory
/// for a device takes none in the firmware's image.
pub(super) struct Packages {
    /// Otherwise what comes in is a plain image.
    is_coming: bool,
    pub(super) incoming: Incoming,
    decoder: delta::Standard,
}

impl Packages {
    pub(super) const fn new() -> Self {
        Self { is_coming: false, incoming: Incoming::NONE, decoder: delta::Standard::new() }
    }

    pub(super) fn forget(&mut self) {
        self.is_coming = false;
    }

    /// There is more to make of the piece at hand, from this time on.
    pub(super) fn busy(&self) -> Option<Instant> {
        self.incoming.busy.filter(|_| self.is_coming)
    }
}

impl<B: Board> Core<B> {
    /// The file has to be looked at from its beginning, however much of its image is in the slot.
    pub(super) fn package_goes_on(&self) -> bool {
        self.wants_signatures() || self.slots.promised().is_some()
    }

    /// A piece has come, or is still in work; `None` when it is one of a plain image.
    pub(super) fn package_piece(&mut self, now: Instant, offset: u32, bytes: &[u8]) -> Result<Option<Taken>, Failure> {
        if offset == 0 && self.upgrade.packages.busy().is_none() {
            self.package_begins(bytes)?;
        }
        if !self.upgrade.packages.is_coming {
            return Ok(None);
        }
        let package = &mut self.upgrade.packages.incoming;
        package.busy = None;
        let used = package.next.saturating_sub(offset) as usize;
        let Some(unused) = bytes.get(used..) else { return Ok(Some(Taken::SkipTo(package.next))) };
        match package.format {
            Format::Full => {
                let at = package.next.saturating_sub(package.payload_at);
                package.next = package.next.saturating_add(unused.len() as u32);
                self.slots.write(self.board.flash(), &mut self.records, at, unused).map_err(|_| Failure::Flash)?;
                Ok(Some(Taken::All))
            }
            Format::Delta => self.apply(now, unused).map(Some),
            #[cfg(feature = "inplace")]
            Format::InPlace => self.stage(unused).map(Some),
        }
    }

    /// The file's first piece: refuses what must not be installed, and finds out where it goes on.
    fn package_begins(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.upgrade.packages.forget();
        if !qth_package::is_package(bytes) {
            self.check_layout(None)?;
            return if self.wants_signatures() { Err(Failure::Unsigned) } else { Ok(()) };
        }
        let package = qth_package::parse(bytes).map_err(|error| match error {
            qth_package::Error::Newer => Failure::NewerFormat,
            _ => Failure::BadPackage,
        })?;
        let manifest = &package.manifest;
        self.check_signature(&package)?;
        self.check_layout(Some(&package))?;
        self.check_target(&package)?;
        self.check_sequence(manifest)?;
        self.check_source(manifest)?;
        self.check_image(&manifest.target_sha256)?;
        // Before the slot is begun: an image is never there without what its signature brings.
        self.keep_promises(manifest)?;
        self.accept(&package).map_err(|_| Failure::Flash)
    }

    /// It is for this product, for what the plan says, complete, and fits.
    fn check_target(&self, package: &Package<'_>) -> Result<(), Failure> {
        let manifest = &package.manifest;
        let planned = self.upgrade.state.component().ok_or(Failure::NotAsPlanned)?;
        let is_product = manifest.product.is_empty() || manifest.product == self.config.product.pk;
        let is_component = manifest.component == planned.name && manifest.kind == planned.kind as u8;
        if !is_product || !is_component || manifest.target_version != planned.target {
            return Err(Failure::OtherTarget);
        }
        let is_aligned = manifest.format != Format::Full || package.payload_at().checked_rem(qth_package::ALIGN) == Some(0);
        let is_whole = manifest.format != Format::Full || manifest.payload_size == manifest.target_size;
        let size = manifest.payload_size.checked_add(package.payload_at() as u32);
        if size != Some(self.upgrade.size) || !is_aligned || !is_whole || manifest.target_size == 0 {
            return Err(Failure::BadPackage);
        }
        if manifest.target_size > self.room_for(manifest.format) {
            return Err(Failure::TooLarge);
        }
        Ok(())
    }

    /// Largest image that a package of this format can lead to.
    fn room_for(&self, format: Format) -> u32 {
        match format {
            #[cfg(feature = "inplace")]
            Format::InPlace => self.slots.region(0).map_or(0, |slot| slot.len),
            _ => self.slots.capacity(),
        }
    }

    /// A delta starts from the image that runs, as flash gives that back.
    fn check_source(&mut self, manifest: &Manifest<'_>) -> Result<(), Failure> {
        let Some(source) = &manifest.source else { return Ok(()) };
        let running = self.slots.digest_running(self.board.flash(), source.size);
        if manifest.kind == Kind::Module as u8 && running == Ok(source.sha256) {
            Ok(())
        } else {
            Err(Failure::OtherSource)
        }
    }

    /// Goes on with the image in the slot if it is this one; begins it otherwise.
    fn accept(&mut self, package: &Package<'_>) -> Result<(), qth_flash::Error> {
        let Manifest { format, target_sha256, target_version, source, .. } = package.manifest;
        // What is written beside the image that runs, and what that is to be.
        let (size, sha256) = match format {
            #[cfg(feature = "inplace")]
            Format::InPlace => (self.upgrade.size, package.manifest.payload_sha256),
            _ => (package.manifest.target_size, target_sha256),
        };
        let flash = self.board.flash();
        let reached = match self.slots.promised() == Some(&sha256) {
            true => self.slots.resume(flash, &self.records),
            false => None,
        };
        let reached = match reached {
            Some(reached) => reached,
            None => {
                self.slots.begin(flash, &mut self.records, size, sha256, target_version)?;
                0
            }
        };
        let payload_at = package.payload_at() as u32;
        let next = match format {
            #[cfg(feature = "inplace")]
            Format::InPlace => {
                self.stage_again(reached)?;
                reached
            }
            Format::Full => payload_at.saturating_add(reached),
            Format::Delta => {
                let point = RestartPoint::from_bytes(&self.slots.restart_point(flash, &self.records));
                self.upgrade.packages.decoder.begin(point);
                payload_at
            }
        };
        self.upgrade.packages.is_coming = true;
        self.upgrade.packages.incoming = Incoming {
            format,
            payload_at,
            next,
            old_size: source.map_or(0, |source| source.size),
            size,
            is_decoded: format != Format::Delta,
            busy: None,
        };
        Ok(())
    }

    /// Makes as much of the new image as these bytes of the delta give, and not too much at a time.
    fn apply(&mut self, now: Instant, mut bytes: &[u8]) -> Result<Taken, Failure> {
        let (old, new) = self.slots.regions().ok_or(Failure::Flash)?;
        let Self { board, slots, records, upgrade, .. } = self;
        let Packages { incoming: package, decoder, .. } = &mut upgrade.packages;
        let old = Region { len: package.old_size, ..old };
        let mut made = 0usize;
        while made < MADE_AT_A_TIME {
            let flash = board.flash();
            match decoder.poll(&mut InFlash { flash, old, new }).map_err(of_delta)? {
                Step::Input if bytes.is_empty() => return Ok(Taken::All),
                Step::Input => {
                    let count = decoder.push(bytes);
                    package.next = package.next.saturating_add(count as u32);
                    bytes = bytes.get(count..).unwrap_or_default();
                }
                Step::Skip { offset } => {
                    let to = package.payload_at.saturating_add(offset);
                    let ahead = to.checked_sub(package.next).ok_or(Failure::BadPackage)?;
                    package.next = to;
                    match bytes.get(ahead as usize..) {
                        Some(rest) => bytes = rest,
                        None => return Ok(Taken::SkipTo(to)),
                    }
                }
                Step::Page { offset, bytes } => {
                    if offset.saturating_add(bytes.len() as u32) > package.size {
                        return Err(Failure::BadPackage);
                    }
                    slots.write_unnoted(flash, records, offset, bytes).map_err(|_| Failure::Flash)?;
                    made = made.saturating_add(bytes.len());
                }
                Step::Point(point) => slots.note(flash, records, &point.to_bytes()).map_err(|_| Failure::Flash)?,
                Step::Done => {
                    package.is_decoded = true;
                    package.next = package.next.saturating_add(bytes.len() as u32);
                    return Ok(Taken::All);
                }
            }
        }
        package.busy = Some(now);
        Ok(Taken::Part)
    }

    /// All of the file has come: the image in the slot has to be what the manifest says. `None` where what came is to be compared
    /// with the file information.
    pub(super) fn package_finished(&mut self) -> Option<Result<(), Failure>> {
        let is_coming = core::mem::take(&mut self.upgrade.packages.is_coming);
        if !is_coming {
            return None;
        }
        #[cfg(feature = "inplace")]
        if self.upgrade.packages.incoming.format == Format::InPlace {
            // Then its file is compared with what the Center has said, as a plain image is.
            return self.check_staged().err().map(Err);
        }
        Some(self.check_made())
    }

    fn check_made(&mut self) -> Result<(), Failure> {
        let package = &self.upgrade.packages.incoming;
        if !package.is_decoded {
            return Err(Failure::BadPackage);
        }
        let flash = self.board.flash();
        let sha256 = self.slots.digest(flash, package.size).map_err(|_| Failure::Flash)?;
        if self.slots.promised() != Some(&sha256) && !mutant::is(Mutant::NotReadBack) {
            return Err(Failure::Sha256);
        }
        self.slots.ready(flash, &mut self.records, sha256).map_err(|_| Failure::Flash)
    }
}

/// The package is none for this device, and comes no better another time.
pub(super) fn is_refusal(failure: Failure) -> bool {
    #[cfg(feature = "inplace")]
    if matches!(failure, Failure::OtherLayout | Failure::StagingTooSmall) {
        return true;
    }
    use Failure::{NewerFormat, NextKey, OldPackage, OtherDelta, OtherSource, OtherTarget, Signature, TooLarge, Unsigned};
    matches!(
        failure,
        Unsigned | Signature | NextKey | NewerFormat | OtherTarget | OtherSource | OldPackage | OtherDelta | TooLarge
    )
}

fn of_delta(error: delta::Error) -> Failure {
    match error {
        delta::Error::Format | delta::Error::Memory => Failure::OtherDelta,
        delta::Error::Source => Failure::OtherSource,
        delta::Error::Data | delta::Error::Point => Failure::BadPackage,
        delta::Error::Unreadable => Failure::Flash,
    }
}

/// What came of the package is of no use.
pub(super) fn is_damage(failure: Failure) -> bool {
    failure == Failure::BadPackage
}

/// The image that runs and the one being written, in flash.
struct InFlash<'a, F> {
    flash: &'a mut F,
    old: Region,
    new: Region,
}

impl<F: NorFlash> InFlash<'_, F> {
    fn read(&mut self, region: Region, offset: u32, bytes: &mut [u8]) -> Result<(), delta::Error> {
        if offset.saturating_add(bytes.len() as u32) > region.len {
            return Err(delta::Error::Data);
        }
        self.flash.read(region.start.saturating_add(offset), bytes).map_err(|_| delta::Error::Unreadable)
    }
}

impl<F: NorFlash> Images for InFlash<'_, F> {
    fn read_old(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), delta::Error> {
        self.read(self.old, offset, bytes)
    }

    fn read_new(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), delta::Error> {
        self.read(self.new, offset, bytes)
    }
}
