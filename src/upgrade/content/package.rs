//! Packages: which are taken, and how one becomes the image in the other slot while it is downloaded.
//!
//! Whatever a package says of itself is checked before anything is erased. After a restart its first piece is downloaded and
//! checked once more, and it goes on where the slot says; nothing of a manifest is kept. What differs on boards with one slot is in
//! `staged.rs`.

use super::{trust, File, Packages, Piece, Taken};
use crate::board::Board;
use crate::time::Instant;
use crate::upgrade::{check_image, Context};
use embedded_storage::nor_flash::NorFlash;
use qth_flash::layout::Region;
use qth_flash::mutant;
use qth_package::delta::{self, Images, RestartPoint, Step};
use qth_package::{Format, Manifest, Package};
use qth_protocol::ota::{Component, Failure, Kind};

/// Bytes of the new image that are made at a time: as large as the pieces of a plain image.
const MADE_AT_A_TIME: usize = crate::device::limits::PIECE;

/// A package that was accepted and is coming in.
pub struct Incoming {
    pub format: Format,
    /// Where the payload begins in the file.
    pub payload_at: u32,
    /// First byte of the file that is still to be used.
    pub next: u32,
    /// Size of the image that the delta starts from.
    pub old_size: u32,
    /// Size of the new image; of an in-place package, of its file.
    pub size: u32,
    /// The end of the delta was decoded; a full package has nothing to decode.
    pub is_decoded: bool,
    /// There is more to make of the piece at hand, from this time on.
    pub busy: Option<Instant>,
}

impl Incoming {
    const NONE: Self = Self { format: Format::Full, payload_at: 0, next: 0, old_size: 0, size: 0, is_decoded: false, busy: None };
}

/// The package that is coming in, and the decoder for it. Without one all zeros, which an `Option` would not be: static memory
/// for a device takes none in the firmware's image.
pub struct AnyPackage {
    /// Otherwise what comes in is a plain image.
    is_coming: bool,
    pub(super) incoming: Incoming,
    decoder: delta::Standard,
}

impl Packages for AnyPackage {
    const NONE: Self = Self { is_coming: false, incoming: Incoming::NONE, decoder: delta::Standard::new() };
    const BESIDE_IMAGE: u32 = qth_package::BEFORE_PAYLOAD_MAX as u32;

    fn forget(&mut self) {
        self.is_coming = false;
    }

    fn busy(&self) -> Option<Instant> {
        self.incoming.busy.filter(|_| self.is_coming)
    }

    fn begins_anew<B: Board>(&self, cx: &Context<'_, B>) -> bool {
        trust::wants_signatures(cx.settings) || cx.slots.promised().is_some()
    }

    fn piece<B: Board>(
        &mut self,
        now: Instant,
        piece: Piece<'_>,
        file: &mut File<'_>,
        cx: &mut Context<'_, B>,
    ) -> Result<Option<Taken>, Failure> {
        if piece.offset == 0 && self.busy().is_none() {
            self.begin(piece.bytes, file, cx)?;
        }
        if !self.is_coming {
            return Ok(None);
        }
        let package = &mut self.incoming;
        package.busy = None;
        let used = package.next.saturating_sub(piece.offset) as usize;
        let Some(bytes) = piece.bytes.get(used..) else { return Ok(Some(Taken::SkipTo(package.next))) };
        match package.format {
            Format::Full => {
                let at = package.next.saturating_sub(package.payload_at);
                package.next = package.next.saturating_add(bytes.len() as u32);
                cx.slots.write(cx.board.flash(), cx.records, at, bytes).map_err(|_| Failure::Flash)?;
                Ok(Some(Taken::All))
            }
            Format::Delta => self.apply(now, bytes, cx).map(Some),
            #[cfg(feature = "inplace")]
            Format::InPlace => self.stage(bytes, file, cx).map(Some),
        }
    }

    fn finish<B: Board>(&mut self, cx: &mut Context<'_, B>) -> Option<Result<(), Failure>> {
        if !core::mem::take(&mut self.is_coming) {
            return None;
        }
        #[cfg(feature = "inplace")]
        if self.incoming.format == Format::InPlace {
            // Then its file is compared with what the Center has said, as a plain image is.
            return self.check_staged(cx).err().map(Err);
        }
        Some(self.check_made(cx))
    }

    fn fulfil<B: Board>(component: &str, cx: &mut Context<'_, B>) -> Result<(), Failure> {
        trust::fulfil(component, cx)
    }

    fn is_refusal(failure: Failure) -> bool {
        use Failure::{NewerFormat, NextKey, OldPackage, OtherDelta, OtherSource, OtherTarget, Signature, TooLarge, Unsigned};
        #[cfg(feature = "inplace")]
        if matches!(failure, Failure::OtherLayout | Failure::StagingTooSmall) {
            return true;
        }
        matches!(
            failure,
            Unsigned | Signature | NextKey | NewerFormat | OtherTarget | OtherSource | OldPackage | OtherDelta | TooLarge
        )
    }

    fn is_damage(failure: Failure) -> bool {
        failure == Failure::BadPackage
    }
}

impl AnyPackage {
    /// The file's first piece: refuses what must not be installed, and finds out where it goes on.
    #[inline(never)]
    fn begin<B: Board>(&mut self, bytes: &[u8], file: &mut File<'_>, cx: &mut Context<'_, B>) -> Result<(), Failure> {
        self.is_coming = false;
        if !qth_package::is_package(bytes) {
            #[cfg(feature = "inplace")]
            super::staged::check_layout(None, file, cx)?;
            return match trust::wants_signatures(cx.settings) {
                true => Err(Failure::Unsigned),
                false if file.size > cx.slots.capacity() => Err(Failure::TooLarge),
                false => Ok(()),
            };
        }
        trust::check_signature(bytes, cx)?;
        self.begin_package(bytes, file, cx)
    }

    /// A package's first piece, whose signature was checked.
    #[inline(never)]
    fn begin_package<B: Board>(&mut self, bytes: &[u8], file: &mut File<'_>, cx: &mut Context<'_, B>) -> Result<(), Failure> {
        let package = trust::parse(bytes)?;
        let manifest = &package.manifest;
        #[cfg(feature = "inplace")]
        super::staged::check_layout(Some(&package), file, cx)?;
        check_target(&package, &file.component, file.size, cx)?;
        trust::check_sequence(manifest, cx)?;
        check_source(manifest, cx)?;
        check_image(&manifest.target_sha256, cx.slots)?;
        // Before the slot is begun: an image is never there without what its signature brings.
        trust::keep_promises(manifest, cx)?;
        self.accept(&package, file, cx).map_err(|_| Failure::Flash)
    }

    /// Goes on with the image in the slot if it is this one; begins it otherwise.
    #[cfg_attr(not(feature = "inplace"), allow(unused_variables, reason = "only staged packages are digested as files"))]
    #[inline(never)]
    fn accept<B: Board>(
        &mut self,
        package: &Package<'_>,
        file: &mut File<'_>,
        cx: &mut Context<'_, B>,
    ) -> Result<(), qth_flash::Error> {
        let Manifest { format, target_sha256, target_version, source, .. } = package.manifest;
        // What is written beside the image that runs, and what that is to be.
        let (size, sha256) = match format {
            #[cfg(feature = "inplace")]
            Format::InPlace => (file.size, package.manifest.payload_sha256),
            _ => (package.manifest.target_size, target_sha256),
        };
        let reached = match cx.slots.promised() == Some(&sha256) {
            true => cx.slots.resume(cx.board.flash(), cx.records),
            false => None,
        };
        let reached = match reached {
            Some(reached) => reached,
            None => {
                cx.slots.begin(cx.board.flash(), cx.records, size, sha256, target_version)?;
                0
            }
        };
        let payload_at = package.payload_at() as u32;
        let next = match format {
            #[cfg(feature = "inplace")]
            Format::InPlace => {
                super::staged::go_on(reached, file, cx)?;
                reached
            }
            Format::Full => payload_at.saturating_add(reached),
            Format::Delta => {
                let point = RestartPoint::from_bytes(&cx.slots.restart_point(cx.board.flash(), cx.records));
                self.decoder.begin(point);
                payload_at
            }
        };
        self.is_coming = true;
        self.incoming = Incoming {
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

    /// Decodes `bytes` of the delta, stopping after a page or more of the new image.
    #[inline(never)]
    fn apply<B: Board>(&mut self, now: Instant, mut bytes: &[u8], cx: &mut Context<'_, B>) -> Result<Taken, Failure> {
        let (old, new) = cx.slots.regions().ok_or(Failure::Flash)?;
        let Self { incoming: package, decoder, .. } = self;
        let old = Region { len: package.old_size, ..old };
        let mut made = 0usize;
        while made < MADE_AT_A_TIME {
            let flash = cx.board.flash();
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
                    cx.slots.write_unnoted(flash, cx.records, offset, bytes).map_err(|_| Failure::Flash)?;
                    made = made.saturating_add(bytes.len());
                }
                Step::Point(point) => cx.slots.note(flash, cx.records, &point.to_bytes()).map_err(|_| Failure::Flash)?,
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

    #[inline(never)]
    fn check_made<B: Board>(&mut self, cx: &mut Context<'_, B>) -> Result<(), Failure> {
        let package = &self.incoming;
        if !package.is_decoded {
            return Err(Failure::BadPackage);
        }
        let sha256 = cx.slots.digest(cx.board.flash(), package.size).map_err(|_| Failure::Flash)?;
        mutant!(NotReadBack, return cx.slots.ready(cx.board.flash(), cx.records, sha256).map_err(|_| Failure::Flash));
        if cx.slots.promised() != Some(&sha256) {
            return Err(Failure::Sha256);
        }
        cx.slots.ready(cx.board.flash(), cx.records, sha256).map_err(|_| Failure::Flash)
    }
}

/// It is for this product, for what the plan says, complete, and fits.
#[inline(never)]
fn check_target<B: Board>(
    package: &Package<'_>,
    planned: &Component<'_>,
    file_size: u32,
    cx: &Context<'_, B>,
) -> Result<(), Failure> {
    let manifest = &package.manifest;
    let is_product = manifest.product.is_empty() || manifest.product == cx.settings.product.pk;
    let is_component = manifest.component == planned.name && manifest.kind == planned.kind;
    if !is_product || !is_component || manifest.target_version != planned.target {
        return Err(Failure::OtherTarget);
    }
    let is_aligned = manifest.format != Format::Full || package.payload_at().checked_rem(qth_package::ALIGN) == Some(0);
    let is_whole = manifest.format != Format::Full || manifest.payload_size == manifest.target_size;
    let size = manifest.payload_size.checked_add(package.payload_at() as u32);
    if size != Some(file_size) || !is_aligned || !is_whole || manifest.target_size == 0 {
        return Err(Failure::BadPackage);
    }
    let room = match manifest.format {
        #[cfg(feature = "inplace")]
        Format::InPlace => cx.slots.region(0).map_or(0, |slot| slot.len),
        _ => cx.slots.capacity(),
    };
    if manifest.target_size > room {
        return Err(Failure::TooLarge);
    }
    Ok(())
}

/// A delta starts from the image that runs, as flash gives that back.
#[inline(never)]
fn check_source<B: Board>(manifest: &Manifest<'_>, cx: &mut Context<'_, B>) -> Result<(), Failure> {
    let Some(source) = &manifest.source else { return Ok(()) };
    let running = cx.slots.digest_running(cx.board.flash(), source.size);
    if manifest.kind == Kind::Module && running == Ok(source.sha256) {
        Ok(())
    } else {
        Err(Failure::OtherSource)
    }
}

fn of_delta(error: delta::Error) -> Failure {
    match error {
        delta::Error::Format | delta::Error::Memory => Failure::OtherDelta,
        delta::Error::Source => Failure::OtherSource,
        delta::Error::Data | delta::Error::Point => Failure::BadPackage,
        delta::Error::Unreadable => Failure::Flash,
    }
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
