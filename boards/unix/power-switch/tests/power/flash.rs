//! What the power switch does to a flash that is new, foreign or half programmed.

use crate::board::{said, Board};
use qth_flash::layout::Layout;
use qth_flash::slot::State;
use std::fs;

#[test]
fn a_new_flash_gets_the_factory_image_and_starts_it() {
    let board = Board::new("echo $QTH_SLOT");
    let output = board.run();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(output.stdout, b"a\n");
    let slots = board.slots();
    let info = slots.info(0).unwrap();
    assert_eq!((info.state, info.version.as_str()), (State::Confirmed, "1.0.0"));
}

#[test]
fn a_foreign_file_is_refused_and_stays_as_it_is() {
    let size = Layout::UNIX.size() as usize;
    let mut text_in_blank = vec![0xFF; size];
    text_in_blank[Layout::UNIX.records.start as usize + 100] = b'x';
    let mut slot_in_blank = vec![0xFF; size];
    slot_in_blank[Layout::UNIX.slots[0].end() as usize - 1] = 0;
    for foreign in [b"a letter".to_vec(), vec![0; size], text_in_blank, slot_in_blank, vec![0xFF; size + 1]] {
        let board = Board::new("true");
        fs::write(board.path("flash.bin"), &foreign).unwrap();
        let output = board.run();
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("flash flash.bin: it "), "{}", said(&output));
        assert!(fs::read(board.path("flash.bin")).unwrap() == foreign, "the file was changed");
    }
}

#[test]
fn a_programming_that_was_cut_off_is_done_again() {
    let board = Board::new("echo $QTH_SLOT");
    board.run();
    let whole = fs::read(board.path("flash.bin")).unwrap();
    let programmed: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] != 0xFF).collect();
    // Slot A first, then the record, then the header of its bank: each may be there in part.
    let slot = Layout::UNIX.slots[0].start as usize;
    let in_slot = programmed.iter().position(|&at| at >= slot).unwrap();
    for kept in [&programmed[in_slot..in_slot + 5], &programmed[in_slot..], &programmed[16..]] {
        let mut cut_off = vec![0xFF; whole.len()];
        kept.iter().for_each(|&at| cut_off[at] = whole[at]);
        fs::write(board.path("flash.bin"), cut_off).unwrap();
        assert_eq!(board.run().stdout, b"a\n");
    }
}

#[test]
fn a_flash_with_one_slot_tells_so_itself() {
    let board = Board::new("echo $QTH_SLOT");
    assert_eq!(board.switch(&["--layout", "inplace"]).output().unwrap().stdout, b"a\n");
    let made = fs::read(board.path("flash.bin")).unwrap();
    assert_eq!(made.len(), Layout::UNIX_INPLACE.size() as usize);
    assert_eq!(board.run().stdout, b"a\n", "it need not be said again");
    let output = board.switch(&["--layout", "slots"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("flash flash.bin: it has one slot; leave --layout out"), "{}", said(&output));
    assert!(fs::read(board.path("flash.bin")).unwrap() == made, "the file was changed");
}
