//! A new firmware's trial, and what ends it.

use crate::board::{said, script, Board, BOOTS};
use qth_flash::file::FileFlash;
use qth_flash::layout::Layout;
use qth_flash::slot::{Reason, State};

/// Firmware that dies of a signal.
const CRASH: &str = "echo start >> trial; kill -SEGV $$";

/// A board that was switched on once.
fn used_board() -> Board {
    let board = Board::new("echo start >> factory-starts; echo $QTH_SLOT");
    board.run();
    board
}

fn assert_reverted(board: &Board, reason: Reason) {
    let output = board.run();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(output.stdout, b"a\n", "{}", said(&output));
    let slots = board.slots();
    assert_eq!(slots.info(1).unwrap().state, State::Bad(reason));
    assert_eq!((slots.running(), slots.reverted()), (Some(0), Some(reason)));
}

#[test]
fn a_firmware_on_trial_that_crashes_is_given_up_after_three_starts() {
    let board = used_board();
    board.put_on_trial(&script(CRASH), "1.1.0");
    assert_reverted(&board, Reason::DidNotStart);
    assert_eq!(board.lines("trial"), usize::from(BOOTS));
}

#[test]
fn a_firmware_on_trial_that_ends_is_given_up_after_three_starts() {
    let board = used_board();
    board.put_on_trial(&script("echo start >> trial; exit 0"), "1.1.0");
    assert_reverted(&board, Reason::DidNotStart);
    assert_eq!(board.lines("trial"), usize::from(BOOTS));
}

#[test]
fn an_image_that_cannot_be_run_is_given_up() {
    let board = used_board();
    board.put_on_trial(b"\x7fELF for another machine", "1.1.0");
    assert_reverted(&board, Reason::DidNotStart);
}

#[test]
fn a_damaged_image_is_never_started() {
    let board = used_board();
    board.put_on_trial(&script(CRASH), "1.1.0");
    let mut flash = FileFlash::open(&board.path("flash.bin"), Layout::UNIX.size()).unwrap();
    embedded_storage::nor_flash::NorFlash::write(&mut flash, Layout::UNIX.slots[1].start + 8, &[0; 4]).unwrap();
    drop(flash);
    assert_reverted(&board, Reason::Digest);
    assert_eq!(board.lines("trial"), 0);
}
