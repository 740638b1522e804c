//! Packages that can't be applied: given up before anything is erased, or not given up once it was.

use crate::board::{Board, Flash, BLOCK};
use qth_flash::boot::{self, Decision};
use qth_flash::ram::Cut;
use qth_flash::slot::{Reason, State};
use qth_package::inplace::Error;
use qth_packer::container::sha256;

impl Board {
    /// A bit of what is staged rots, this far into the file.
    fn rot(&mut self, at: usize) {
        let staged = self.layout.slots[1].start as usize;
        self.flash.bytes_mut()[staged + at] ^= 4;
    }

    fn erased_since(&self, before: &Flash) -> bool {
        let slot = self.layout.slots[0].start as usize / BLOCK;
        self.flash.erases[slot..] != before.erases[slot..]
    }

    /// The old image goes on, and why is to be reported.
    fn is_refused(&mut self, before: &Flash) {
        assert_eq!(self.rewrite(), Ok(()));
        assert!(!self.erased_since(before));
        let slots = self.slots();
        assert_eq!(slots.info(1).unwrap().state, State::Bad(Reason::NotApplied));
        assert_eq!(slots.reverted(), Some(Reason::NotApplied));
        assert!(!slots.is_known_bad(&sha256(&self.new)), "it may come again, undamaged");
        let Ok(Decision::Start(boot)) = boot::decide(&mut self.flash, self.layout) else { panic!("it is started") };
        assert_eq!((boot.sha256, boot.trial), (sha256(&self.old), None));
    }
}

#[test]
fn a_package_that_has_rotted_is_given_up_before_anything_is_erased() {
    let board = Board::armed(18);
    let size = board.with_flash(board.flash.clone()).slots().info(1).unwrap().size as usize;
    for at in (0..size).step_by(7) {
        let mut rotten = board.with_flash(board.flash.clone());
        rotten.rot(at);
        rotten.is_refused(&board.flash);
    }
}

#[test]
fn a_package_for_another_image_than_the_one_in_the_slot_is_given_up_before_anything_is_erased() {
    let mut board = Board::armed(18);
    let slot = board.layout.slots[0].start as usize;
    // The record still says what it was.
    board.old[100] ^= 1;
    board.flash.bytes_mut()[slot + 100] ^= 1;
    let before = board.flash.clone();
    assert_eq!(board.rewrite(), Ok(()));
    assert!(!board.erased_since(&before));
    assert_eq!(board.slots().info(1).unwrap().state, State::Bad(Reason::NotApplied));
}

#[test]
fn a_package_that_rots_while_the_slot_is_half_rewritten_is_not_given_up() {
    let mut board = Board::armed(18);
    let operations = board.operations().len();
    assert!(board.cut(operations / 2, Cut::Before));
    let before = board.flash.clone();
    board.rot(0);
    assert_eq!(board.rewrite(), Err(Error::Damaged), "there is nothing to start now");
    assert!(!board.erased_since(&before));
    board.rot(0);
    assert_eq!(board.rewrite(), Ok(()), "but if it can be read again, it goes on");
    board.is_there();
}

#[test]
fn without_a_way_back_the_new_image_stays() {
    let mut board = Board::failed(18);
    let before = board.flash.clone();
    board.rot(300);
    assert_eq!(board.rewrite(), Ok(()));
    assert!(!board.erased_since(&before));
    let slots = board.slots();
    assert_eq!(slots.info(0).unwrap().state, State::Confirmed);
    assert!(board.image(board.new.len()) == board.new);
    let Ok(Decision::Start(boot)) = boot::decide(&mut board.flash, board.layout) else { panic!("it is started") };
    assert_eq!(boot.sha256, sha256(&board.new));
}
