//! What a programmer puts on a board: its first image, and a file that comes as a whole.

use super::layout::Layout;
use super::records::Records;
use super::slot::{write_padded, Slots};
use super::Error;
use embedded_storage::nor_flash::NorFlash;
use sha2::{Digest, Sha256};

impl Slots {
    /// Programs a board whose records and slot A are blank: writes its first image into slot A, and records that.
    ///
    /// # Errors
    /// The image does not fit, or flash can't be written.
    pub fn program<F: NorFlash>(flash: &mut F, layout: Layout, image: &[u8], version: &str) -> Result<(Records, Self), Error> {
        let [region, _] = layout.slots;
        if image.len() > region.len as usize {
            return Err(Error::Full);
        }
        write_padded(flash, region.start, image)?;
        let mut records = Records::open(flash, layout);
        let mut slots = Self::load(flash, layout, &records)?;
        slots.factory(flash, &mut records, image.len() as u32, Sha256::digest(image).into(), version)?;
        Ok((records, slots))
    }

    /// Writes a whole file to where downloads go, and has it ready, as after a download.
    ///
    /// # Errors
    /// The file does not fit, or flash can't be written.
    pub fn put<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, file: &[u8], version: &str) -> Result<(), Error> {
        self.begin(flash, records, file.len() as u32, [0; 32], version)?;
        self.write(flash, records, 0, file)?;
        self.ready(flash, records, Sha256::digest(file).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::{decide, Decision};
    use crate::layout::Region;
    use crate::ram::{RamFlash, ERASE};
    use crate::slot::State;

    const BLOCK: u32 = ERASE as u32;
    const LAYOUT: Layout = Layout {
        records: Region { start: 0, len: 2 * BLOCK },
        bank: BLOCK,
        slots: [Region { start: 2 * BLOCK, len: 2 * BLOCK }, Region { start: 4 * BLOCK, len: 2 * BLOCK }],
    };

    fn blank() -> RamFlash {
        RamFlash::new(LAYOUT.size())
    }

    #[test]
    fn a_board_starts_its_first_image_and_then_a_file_that_was_put_and_armed() {
        let mut flash = blank();
        let (mut records, mut slots) = Slots::program(&mut flash, LAYOUT, &[7; 5001], "1.0.0").unwrap();
        let Ok(Decision::Start(boot)) = decide(&mut flash, LAYOUT) else { panic!("there is nothing to start") };
        assert_eq!((boot.slot, boot.size, boot.trial), (0, 5001, None));
        slots.put(&mut flash, &mut records, &[8; 4000], "1.1.0").unwrap();
        assert_eq!(slots.info(1).map(|slot| slot.state), Some(State::Ready));
        slots.arm(&mut flash, &mut records, 3).unwrap();
        let Ok(Decision::Start(boot)) = decide(&mut flash, LAYOUT) else { panic!("there is nothing to start") };
        assert_eq!((boot.slot, boot.size, boot.trial), (1, 4000, Some(2)));
    }

    #[test]
    fn an_image_that_does_not_fit_the_slot_is_refused() {
        let image = [7; 2 * ERASE + 1];
        assert_eq!(Slots::program(&mut blank(), LAYOUT, &image, "1.0.0").err(), Some(Error::Full));
        assert!(Slots::program(&mut blank(), LAYOUT, &image[1..], "1.0.0").is_ok());
    }
}
