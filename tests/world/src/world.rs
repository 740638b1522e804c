//! A device, a Center, a file server, the networks between them, the power supply.

use crate::board::{SimBoardOf, LAYOUT};
use crate::bootloader;
use crate::center::{Center, Verdict, PK, PS};
use crate::files::{Answer, Files};
use crate::mcu::Mcu;
use crate::random::Random;
use base16ct::lower::encode_string as hex;
use qth::data::event::Event;
use qth::device::{Action, Closed, Device, Link, Network};
use qth::time::Instant;
use qth_flash::boot::{self, Decision};
use qth_flash::layout::Layout;
use qth_flash::ram::{Cut, RamFlash, ERASE, WRITE};
use qth_flash::records::{Key, Records};
use qth_flash::slot::{self, Sha256Digest, Slots, State};
use sha2::{Digest, Sha256};

/// What goes wrong. A rate of n means once in n steps; 0: never.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// An open connection is lost.
    pub lost_connection: u64,
    /// A connection is not opened: once in so many attempts.
    pub refused_connection: u64,
    /// Power is cut between two steps.
    pub power_cut: u64,
    /// The application stops the device and starts it again.
    pub stops: u64,
    /// The script resets the board, in an orderly way.
    pub resets: u64,
    /// There is no network to open a connection to the Center: once in so many attempts.
    pub no_network: u64,
    /// The file server answers in an odd way: once in so many requests.
    pub odd_answer: u64,
    /// The Center sends messages twice.
    pub duplicates: bool,
    /// Time passes beyond what the device waits for.
    pub slow: bool,
    /// The file server answers requests for ranges with all of the file.
    pub ignores_ranges: bool,
    /// The file is not what its digests say.
    pub damaged_file: bool,
    /// Power is cut at this flash operation.
    pub cut: Option<(usize, Cut)>,
    /// When power is back it is cut again, at one of the next flash operations.
    pub cut_again: u64,
    /// Faults end after this many steps, so that every run comes to an end.
    pub steps: u64,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        lost_connection: 0,
        refused_connection: 0,
        power_cut: 0,
        stops: 0,
        resets: 0,
        no_network: 0,
        odd_answer: 0,
        duplicates: false,
        slow: false,
        ignores_ranges: false,
        damaged_file: false,
        cut: None,
        cut_again: 0,
        steps: 0,
    };

    /// Returns faults of every kind, by chance.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0xFA17);
        let mut rate = |rates: [u64; 4]| rates[random.below(4) as usize];
        let cut = rate([0, 1, 2, 3]);
        Self {
            lost_connection: rate([0, 20, 60, 200]),
            refused_connection: rate([0, 2, 3, 8]),
            power_cut: rate([0, 0, 100, 300]),
            stops: rate([0, 0, 0, 100]),
            duplicates: rate([0, 0, 1, 1]) == 1,
            slow: rate([0, 0, 0, 1]) == 1,
            ignores_ranges: rate([0, 0, 0, 1]) == 1,
            damaged_file: false,
            cut: match cut {
                0 => None,
                1 => Some((seed as usize % 60, Cut::Before)),
                2 => {
                    Some((seed as usize % 60, [Cut::Within(1), Cut::Torn(0), Cut::Torn(1), Cut::Torn(2)][seed as usize / 60 % 4]))
                }
                _ => Some((seed as usize % 60, Cut::After)),
            },
            cut_again: [0, 2, 3, 6][seed as usize / 7 % 4],
            steps: 600,
            resets: rate([0, 0, 0, 80]),
            no_network: rate([0, 0, 2, 6]),
            odd_answer: rate([0, 0, 3, 8]),
        }
    }
}

/// What the new firmware is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// Works.
    Good,
    /// Resets itself as soon as it is started.
    Crashes,
    /// Never starts to connect.
    Mute,
    /// Reports another version than the plan's target.
    Mislabelled,
    /// It is an MCU's.
    OfMcu,
}

/// Makes the file that is handed out of the old and the new image.
pub type File = fn(&[u8], &[u8]) -> Vec<u8>;

/// What the Center hands out for the new image, and what the script does about it.
#[derive(Clone)]
pub struct Delivery<const E: usize = ERASE, const W: usize = WRITE> {
    /// None: the new image itself.
    pub file: Option<File>,
    /// The key that the script sets.
    pub key: Option<String>,
    /// The new image is the old one with a few changes.
    pub is_alike: bool,
    /// The flash that an earlier run has left; none: a new board.
    pub flash: Option<RamFlash<E, W>>,
    /// Where records and slots lie.
    pub layout: Layout,
    /// Sizes of the old and the new image; none: by chance.
    pub sizes: Option<(usize, usize)>,
    /// New images that are not made by chance, of version 1.1.0: the first, and the one of the `other` file.
    pub new_images: Option<[Vec<u8>; 2]>,
    /// Power is cut at these flash operations, each counted from the start that comes after the one before.
    pub cuts: Vec<(usize, Cut)>,
    /// The device's second start finds another file in the place of this one.
    pub other: Option<File>,
    /// While power is off for the first time, a bit of what was written of the new image rots.
    pub rots: bool,
    /// What chance has it that torn bits read as.
    pub chance: u64,
}

impl<const E: usize, const W: usize> Default for Delivery<E, W> {
    fn default() -> Self {
        Self {
            file: None,
            key: None,
            is_alike: false,
            flash: None,
            layout: LAYOUT,
            sizes: None,
            new_images: None,
            cuts: Vec::new(),
            other: None,
            rots: false,
            chance: 0,
        }
    }
}

/// How a run ended.
pub struct End<const E: usize = ERASE, const W: usize = WRITE> {
    /// The flash as the run has left it.
    pub flash: RamFlash<E, W>,
    /// What the Center believes.
    pub verdict: Verdict,
    /// The version that runs.
    pub version: String,
    /// How often the device was restarted.
    pub restarts: usize,
    /// Status codes that the Center got, repetitions left out.
    pub statuses: Vec<u8>,
    /// Parts of each flash operation, from power on.
    pub operations: Vec<usize>,
    /// How many operations there had been at each cut.
    pub cut_at: Vec<usize>,
}

/// A world whose board has the usual flash.
pub type World = WorldOf<ERASE, WRITE>;

/// A device, its Center, a file server and what is between them; the flash has erase blocks and write units of these sizes.
pub struct WorldOf<const E: usize, const W: usize> {
    seed: u64,
    random: Random,
    faults: Faults,
    firmware: Firmware,
    now: Instant,
    step: u64,
    device: Option<Device<SimBoardOf<E, W>>>,
    center: Center,
    files: Files,
    /// Which links are open.
    open: [bool; 2],
    /// The new image, and the one that came in its place.
    new_images: Vec<Vec<u8>>,
    /// The version that each image reports.
    versions: Vec<(Sha256Digest, String)>,
    restarts: usize,
    results: Vec<bool>,
    mcu: Mcu,
    key: Option<String>,
    /// The slot that held the old image.
    old_slot: usize,
    old_sha256: Sha256Digest,
    layout: Layout,
    /// The cuts to come, the next one last.
    cuts: Vec<(usize, Cut)>,
    cut_at: Vec<usize>,
    /// What a second start finds in the place of the file.
    other: Option<Offer>,
    rots: bool,
}

/// An image, the file that it is handed out in, and what the Center says of that.
struct Offer {
    image: Vec<u8>,
    file: Vec<u8>,
    center: Center,
}

const LINKS: [Link; 2] = [Link::Center, Link::Package];
/// What is kept of an upgrade.
const KEYS: [Key; 6] = [Key::Boot, Key::Progress, Key::Secret, Key::Plan, Key::File, Key::Upgrade];
/// More starts than any run needs.
const RESTARTS: usize = 1_000;

impl<const E: usize, const W: usize> WorldOf<E, W> {
    /// Returns a world in which the Center hands out the new image itself.
    #[must_use]
    pub fn new(seed: u64, faults: Faults, firmware: Firmware) -> Self {
        Self::with(seed, faults, firmware, Delivery::default())
    }

    /// Returns a world in which the Center hands out what `delivery` says.
    ///
    /// # Panics
    /// The flash that is delivered is none of a board of that layout.
    #[must_use]
    pub fn with(seed: u64, faults: Faults, firmware: Firmware, delivery: Delivery<E, W>) -> Self {
        let layout = delivery.layout;
        let mut random = Random::new(seed);
        let (old_size, new_size) = delivery.sizes.unwrap_or((9_000, 8_000 + random.below(14_000) as usize));
        let old_image = image(&mut random, "1.0.0", old_size);
        let mut flash = delivery.flash.unwrap_or_else(|| new_board(layout, &old_image));
        let records = Records::open(&mut flash, layout);
        let slots = Slots::load(&mut flash, layout, &records).unwrap();
        let old_slot = slots.running().unwrap();
        let old = slots.info(old_slot).unwrap();
        let old_sha256 = old.sha256;
        let mut versions = vec![(old_sha256, old.version.as_str().to_owned())];
        let start = layout.slots[old_slot].start as usize;
        let old_image = flash.bytes_mut()[start..][..old.size as usize].to_vec();
        let version = if firmware == Firmware::Mislabelled { "1.0.9" } else { "1.1.0" };
        let is_for_mcu = firmware == Firmware::OfMcu;
        let mut new_images = delivery.new_images.into_iter().flatten();
        let mut offer = |file: Option<File>| {
            let image = new_images.next().unwrap_or_else(|| {
                let image = image(&mut random, version, new_size);
                if !delivery.is_alike {
                    return image;
                }
                let unchanged = old_image.len() / 6..old_image.len();
                [&image[..new_size / 8], &old_image[unchanged], &image[..new_size / 6], &old_image[5..old_image.len() / 3]]
                    .concat()
            });
            versions.push((Sha256::digest(&image).into(), version.to_owned()));
            let mut content = file.map_or_else(|| image.clone(), |make| make(&old_image, &image));
            let (mut md5, mut crc) = (hex(&md5(&content)), crc32(&content));
            if faults.damaged_file {
                let at = content.len() / 2;
                content[at] ^= 1;
                if file.is_some() {
                    (md5, crc) = (hex(&self::md5(&content)), crc32(&content));
                }
            }
            let center = Center::new(is_for_mcu, content.len() as u32, &md5, &hex(&crc.to_be_bytes()));
            Offer { image, file: content, center }
        };
        let first = offer(delivery.file);
        let other = delivery.other.map(|make| offer(Some(make)));
        let mut files = Files::new(first.file);
        files.ignores_ranges = faults.ignores_ranges;
        flash.history = Some(Vec::new());
        flash.chance = delivery.chance;
        let cuts = faults.cut.into_iter().chain(delivery.cuts).rev().collect();
        let mut world = Self {
            seed,
            random,
            faults,
            firmware,
            now: Instant::from_millis(1),
            step: 0,
            device: None,
            center: first.center,
            files,
            open: [false; 2],
            new_images: vec![first.image],
            versions,
            restarts: 0,
            results: Vec::new(),
            mcu: Mcu::default(),
            key: delivery.key,
            old_slot,
            old_sha256,
            layout,
            cuts,
            cut_at: Vec::new(),
            other,
            rots: delivery.rots,
        };
        world.plan_cut(&mut flash);
        world.power_on(flash);
        world
    }

    /// Runs until the upgrade is over and reported, and checks that the report is true.
    #[must_use]
    pub fn run(mut self) -> End<E, W> {
        while !self.is_over() {
            self.step += 1;
            assert!(self.step < 200_000, "seed {}: no end, {:?}", self.seed, self.center.statuses);
            self.one_step();
        }
        self.check()
    }

    fn one_step(&mut self) {
        let faulty = self.step < self.faults.steps;
        let lost_power = self.device_mut().board_mut().flash.lost_power();
        if lost_power || faulty && self.random.one_in(self.faults.power_cut) {
            return self.cut_power();
        }
        if faulty && self.random.one_in(self.faults.lost_connection) {
            let link = LINKS[self.random.below(2) as usize];
            self.lose(link);
        }
        if faulty && self.random.one_in(self.faults.stops) && self.stop_and_start() {
            return self.restart();
        }
        if faulty && self.random.one_in(self.faults.resets) {
            let now = self.now;
            self.device.as_mut().unwrap().before_reset(now);
            return self.restart();
        }
        let moved = self.move_bytes();
        if self.run_device() {
            return self.restart();
        }
        let is_busy = self.take_events();
        if !moved && !is_busy && !self.has_bytes_to_move() {
            self.let_time_pass();
        }
    }

    /// The application stops the device, now and then long enough for the goodbye to leave, and starts it again.
    /// True when the device asks for a restart meanwhile.
    fn stop_and_start(&mut self) -> bool {
        let now = self.now;
        self.device.as_mut().unwrap().stop(now);
        if self.random.one_in(2) {
            if self.run_device() {
                return true;
            }
            self.move_bytes();
        }
        if !self.is_mute() {
            assert!(self.device.as_mut().unwrap().start(now));
        }
        false
    }

    /// The firmware that runs never connects.
    fn is_mute(&mut self) -> bool {
        self.firmware == Firmware::Mute && !self.slots().is_running(&self.old_sha256)
    }

    /// Moves some bytes in each direction of each open link.
    fn move_bytes(&mut self) -> bool {
        let mut moved = false;
        for (index, link) in LINKS.into_iter().enumerate() {
            if !self.open[index] {
                continue;
            }
            let most = if self.random.one_in(3) { 1 + self.random.below(40) as usize } else { 5_000 };
            let now = self.now;
            let device = self.device.as_mut().unwrap();
            let out = device.transmit(link);
            let out = out[..out.len().min(most)].to_vec();
            if !out.is_empty() {
                moved = true;
                device.transmitted(now, link, out.len());
                match link {
                    Link::Center => {
                        if !self.center.received(&out, &mut self.random, self.faults.duplicates) {
                            self.send_to_device(link, 5_000);
                            self.lose(link);
                            continue;
                        }
                    }
                    Link::Package => {
                        if self.step < self.faults.steps && self.random.one_in(self.faults.odd_answer) {
                            self.files.answer = Answer::ODD[self.random.below(Answer::ODD.len() as u64) as usize];
                        }
                        self.files.received(&out);
                    }
                }
            }
            moved |= self.send_to_device(link, most);
        }
        moved
    }

    fn has_bytes_to_move(&self) -> bool {
        let device = self.device.as_ref().unwrap();
        LINKS.into_iter().any(|link| self.open[link as usize] && !device.transmit(link).is_empty())
    }

    fn send_to_device(&mut self, link: Link, most: usize) -> bool {
        let output = match link {
            Link::Center => &mut self.center.output,
            Link::Package => &mut self.files.output,
        };
        let count = output.len().min(most);
        let taken = self.device.as_mut().unwrap().received(self.now, link, &output[..count]);
        output.drain(..taken);
        taken > 0
    }

    /// Carries out what the device asks for; returns whether it asks for a restart.
    fn run_device(&mut self) -> bool {
        let faulty = self.step < self.faults.steps;
        while let Some(action) = self.device_mut().poll_now() {
            match action {
                Action::Restart => {
                    assert!(self.device_mut().device.is_started(), "a process that is about to restart would end instead");
                    return true;
                }
                Action::Close(link) => self.close(link),
                Action::Open(link) => {
                    self.close(link);
                    let now = self.now;
                    if faulty && self.random.one_in(self.faults.refused_connection) {
                        self.device_mut().device.closed(now, link, Closed::NotOpened(Network::There));
                    } else if faulty && link == Link::Center && self.random.one_in(self.faults.no_network) {
                        self.device_mut().device.closed(now, link, Closed::NotOpened(Network::Absent));
                    } else {
                        self.open[link as usize] = true;
                        self.device_mut().device.connected(now, link);
                    }
                }
            }
        }
        false
    }

    /// The script; false when it had nothing to do.
    fn take_events(&mut self) -> bool {
        let now = self.now;
        let device = self.device.as_mut().unwrap();
        while let Some(event) = device.event() {
            let is_plan = event == Event::Plan;
            if let Event::Result(success, name) | Event::McuResult(success, name) = event {
                assert_eq!(name, if self.firmware == Firmware::OfMcu { b"MCU1".as_slice() } else { b"EC600N" });
                self.results.push(success);
            }
            let info = match event {
                Event::McuInfo(bytes) => bytes.to_vec(),
                _ => Vec::new(),
            };
            device.event_taken();
            if is_plan {
                device.ota_action(now, 1);
            }
            if !info.is_empty() {
                self.mcu.event(device, now, Event::McuInfo(&info));
            }
        }
        self.mcu.step(device, now, &self.new_images[0])
    }

    fn let_time_pass(&mut self) {
        let due = self.device_mut().device.poll_at();
        let next = match due {
            Some(due) if due > self.now => due,
            Some(_) => self.now.after_millis(1),
            None => self.now.after_secs(1),
        };
        self.now = if self.faults.slow { next.after_millis(self.random.below(3_000)) } else { next };
        let now = self.now;
        self.device_mut().device.timeout(now);
    }

    fn lose(&mut self, link: Link) {
        if self.open[link as usize] {
            self.close(link);
            let now = self.now;
            self.device_mut().device.closed(now, link, Closed::Lost);
        }
    }

    fn close(&mut self, link: Link) {
        self.open[link as usize] = false;
        match link {
            Link::Center => self.center.disconnected(),
            Link::Package => self.files.disconnected(),
        }
    }

    fn cut_power(&mut self) {
        self.restart();
    }

    fn restart(&mut self) {
        for link in LINKS {
            self.close(link);
        }
        let mut device = self.device.take().unwrap();
        let mut flash = std::mem::replace(&mut device.board_mut().flash, RamFlash::new(0));
        if flash.lost_power() {
            self.power_returns(&mut flash);
        }
        if self.step < self.faults.steps && self.random.one_in(self.faults.cut_again) {
            let done = self.random.below(3) as usize;
            let cut = [Cut::Before, Cut::Within(done), Cut::Torn(done), Cut::After][self.random.below(4) as usize];
            flash.cut_power_at(self.random.below(40) as usize, cut);
        }
        self.restarts += 1;
        self.now = self.now.after_secs(1);
        self.power_on(flash);
    }

    /// Power is back after a cut, until the next one.
    fn power_returns(&mut self, flash: &mut RamFlash<E, W>) {
        self.cut_at.push(flash.operations);
        flash.restore_power();
        if std::mem::take(&mut self.rots) && self.is_writing(flash) {
            let spare = self.layout.slots[1 - self.old_slot];
            let slot = &mut flash.bytes_mut()[spare.start as usize..spare.end() as usize];
            if let Some(byte) = slot.iter_mut().find(|byte| **byte != 0xFF && **byte != 0) {
                *byte &= *byte - 1;
            }
        }
        if let Some(other) = self.other.take() {
            if self.center.verdict == Verdict::Open {
                self.center = other.center;
                self.files = Files::new(other.file);
                self.new_images.push(other.image);
            }
        }
        self.plan_cut(flash);
    }

    /// What the decision was made by, and all that the firmware will go by, is read the same again.
    fn check_settled(&self, flash: &RamFlash<E, W>) {
        if !flash.has_torn() {
            return;
        }
        let values = |chance| {
            let mut flash = flash.clone();
            flash.chance ^= chance;
            let records = Records::open(&mut flash, self.layout);
            KEYS.map(|key| {
                let mut value = vec![0; 2_048];
                let length = records.get(&mut flash, key, &mut value).unwrap();
                value.truncate(length.unwrap_or(0));
                value
            })
        };
        let first = values(0);
        assert!((1..5).all(|chance| values(chance) == first), "seed {}: records read differently each time", self.seed);
    }

    fn is_writing(&self, flash: &RamFlash<E, W>) -> bool {
        let mut flash = flash.clone();
        let records = Records::open(&mut flash, self.layout);
        let slots = Slots::load(&mut flash, self.layout, &records);
        slots.is_ok_and(|slots| slots.info(1 - self.old_slot).is_some_and(|slot| slot.state == State::Writing))
    }

    fn plan_cut(&mut self, flash: &mut RamFlash<E, W>) {
        if let Some((operation, cut)) = self.cuts.pop() {
            flash.cut_power_at(operation, cut);
        }
    }

    /// The bootloader's part: starts the image that the decision names.
    fn power_on(&mut self, mut flash: RamFlash<E, W>) {
        loop {
            assert!(self.restarts < RESTARTS, "seed {}: one start after the other", self.seed);
            let decision = match boot::decide(&mut flash, self.layout) {
                Ok(Decision::Start(boot)) => boot,
                Ok(Decision::Rewrite) => {
                    if !bootloader::rewrite(&mut flash, self.layout) {
                        self.power_returns(&mut flash);
                    }
                    continue;
                }
                Ok(Decision::Nothing) => panic!("something can always be started"),
                Err(_) => {
                    assert!(flash.lost_power(), "seed {}: flash fails", self.seed);
                    self.power_returns(&mut flash);
                    continue;
                }
            };
            self.check_settled(&flash);
            let region = self.layout.slots[decision.slot];
            assert_eq!(
                slot::digest(&mut flash, region, decision.size).unwrap(),
                decision.sha256,
                "seed {}: an image that was not verified is started",
                self.seed
            );
            let version = self.version_of(&decision.sha256);
            let is_new = decision.sha256 != self.old_sha256;
            if is_new && self.firmware == Firmware::Crashes {
                self.restarts += 1;
                continue;
            }
            let board = SimBoardOf { flash, layout: self.layout, version, random: self.random.clone() };
            self.random.below(2);
            let mut device = Device::new(self.now, board);
            device.set_product(PK, PS);
            if let Some(key) = &self.key {
                assert!(device.set_ota_key(key));
            }
            if self.firmware == Firmware::OfMcu {
                self.mcu.script_started(&mut device, self.now);
            }
            if !(is_new && self.firmware == Firmware::Mute) {
                assert!(device.start(self.now));
            }
            self.device = Some(device);
            return;
        }
    }

    /// The upgrade is over for both sides.
    fn is_over(&mut self) -> bool {
        let device = self.device.as_mut().unwrap();
        self.center.verdict != Verdict::Open
            && device.is_online()
            && device.plan().is_empty()
            && !device.board_mut().flash.lost_power()
            && self.step > self.faults.steps
            && !self.slots().is_trial()
    }

    fn slots(&mut self) -> Slots {
        let flash = &mut self.device.as_mut().unwrap().board_mut().flash;
        let records = Records::open(flash, self.layout);
        Slots::load(flash, self.layout, &records).unwrap()
    }

    fn check(mut self) -> End<E, W> {
        let seed = self.seed;
        let slots = self.slots();
        let running = slots.running().unwrap();
        assert_eq!(slots.info(running).unwrap().state, State::Confirmed);
        let digest = slots.info(running).unwrap().sha256;
        let version = self.version_of(&digest);
        let flash = &mut self.device.as_mut().unwrap().board_mut().flash;
        let operations = flash.history.take().unwrap_or_default();
        let is_new = match self.firmware {
            Firmware::OfMcu => self.mcu.version() == "1.1.0",
            _ => self.new_images.iter().any(|image| digest == <[u8; 32]>::from(Sha256::digest(image))),
        };
        assert_eq!(
            self.center.verdict == Verdict::Upgraded,
            is_new,
            "seed {seed}: the report is not true: {:?} {:?}",
            self.center.verdict,
            self.center.statuses
        );
        // The application hears of the outcome at least once; the last word is the true one.
        assert_eq!(self.results.last(), Some(&is_new), "seed {seed}");
        let flash = flash.clone();
        End {
            flash,
            verdict: self.center.verdict,
            version,
            restarts: self.restarts,
            statuses: self.center.statuses,
            operations,
            cut_at: self.cut_at,
        }
    }

    /// What the firmware of this digest says that it is.
    fn version_of(&self, digest: &Sha256Digest) -> String {
        let known = self.versions.iter().find(|(known, _)| known == digest);
        known.map(|(_, version)| version.clone()).expect("no image was made up on the way")
    }

    fn device_mut(&mut self) -> Timed<'_, E, W> {
        Timed { now: self.now, device: self.device.as_mut().unwrap() }
    }
}

/// The device with the present time.
struct Timed<'a, const E: usize, const W: usize> {
    now: Instant,
    device: &'a mut Device<SimBoardOf<E, W>>,
}

impl<const E: usize, const W: usize> Timed<'_, E, W> {
    fn poll_now(&mut self) -> Option<Action> {
        self.device.poll(self.now)
    }

    fn board_mut(&mut self) -> &mut SimBoardOf<E, W> {
        self.device.board_mut()
    }
}

/// Bytes that begin with a version and stand for a firmware.
fn image(random: &mut Random, version: &str, size: usize) -> Vec<u8> {
    let mut image = vec![0; size];
    image.fill_with(|| random.below(256) as u8);
    image[..5].copy_from_slice(version.as_bytes());
    image
}

/// A flash as the factory programs it.
#[must_use]
pub fn new_board<const E: usize, const W: usize>(layout: Layout, image: &[u8]) -> RamFlash<E, W> {
    let mut flash = RamFlash::new(layout.size());
    Slots::program(&mut flash, layout, image, "1.0.0").unwrap();
    flash
}

fn md5(bytes: &[u8]) -> [u8; 16] {
    md5::Md5::digest(bytes).into()
}

fn crc32(bytes: &[u8]) -> u32 {
    crc::Crc::<u32>::new(&crc::CRC_32_MPEG_2).checksum(bytes)
}
