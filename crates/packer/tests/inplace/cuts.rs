//! Power is cut at every flash operation of a rewriting, in every way, and again at every operation after that.

use crate::board::{Board, Flash, BLOCK};
use qth_flash::ram::Cut;
use qth_package::inplace::Error;

/// Cuts at every operation in every way; `deep` times one after the other.
fn cut_everywhere(board: &Board, before: &Flash, cuts: usize, deep: usize, is_right: fn(&mut Board)) -> usize {
    let mut cases = 0;
    for (operation, parts) in board.operations().into_iter().enumerate() {
        for cut in Cut::some(parts) {
            let mut cut_off = board.with_flash(board.flash.clone());
            assert!(cut_off.cut(operation, cut));
            cases += 1;
            if deep > 1 {
                cases += cut_everywhere(&cut_off, before, cuts + 1, deep - 1, is_right);
            }
            cut_off.rewrite().unwrap();
            cut_off.is_spared(before, cuts + 1);
            is_right(&mut cut_off);
        }
    }
    cases
}

#[test]
fn power_may_be_cut_twice_at_any_operation_on_the_way_to_the_new_image() {
    let board = Board::armed(18);
    assert!(board.image_blocks() > 2, "{} and {} bytes", board.old.len(), board.new.len());
    let cases = cut_everywhere(&board, &board.flash.clone(), 0, 2, Board::is_there);
    assert!(cases > 1_000, "{cases}");
}

#[test]
fn power_may_be_cut_twice_at_any_operation_on_the_way_back() {
    let board = Board::failed(18);
    let cases = cut_everywhere(&board, &board.flash.clone(), 0, 2, Board::is_back);
    assert!(cases > 1_000, "{cases}");
}

#[test]
fn a_scratch_block_that_is_worn_is_passed_over_wherever_power_is_cut() {
    for (mut board, is_right) in [(Board::armed(18), Board::is_there as fn(&mut Board)), (Board::failed(18), Board::is_back)] {
        let end = board.layout.slots[1].end();
        for worn in [end - BLOCK as u32..end, end - 2 * BLOCK as u32..end - BLOCK as u32] {
            board.flash.worn = worn;
            cut_everywhere(&board, &board.flash.clone(), 0, 1, is_right);
        }
    }
}

#[test]
fn without_a_scratch_block_the_slot_waits_until_one_can_be_written() {
    let mut board = Board::armed(18);
    let operations = board.operations().len();
    assert!(board.cut(operations / 2, Cut::Before));
    let end = board.layout.slots[1].end();
    board.flash.worn = end - 2 * BLOCK as u32..end;
    assert_eq!(board.rewrite(), Err(Error::Flash));
    board.flash.worn = 0..0;
    assert_eq!(board.rewrite(), Ok(()));
    board.is_there();
}

#[test]
fn power_may_be_cut_again_and_again() {
    for board in [Board::armed(150), Board::failed(150)] {
        let is_armed = board.slots_are_armed();
        for seed in 0..40 {
            let mut cut_off = board.with_flash(board.flash.clone());
            let mut cuts = 0;
            // Each time it gets a few blocks on.
            while cut_off
                .cut(20 + (seed * 7 + cuts * 5) % 23, [Cut::Before, Cut::Within(1), Cut::Torn(1), Cut::After][(seed + cuts) % 4])
            {
                cuts += 1;
                assert!(cuts < 200);
            }
            assert!(cuts > 3, "{cuts}");
            if is_armed {
                cut_off.is_there();
            } else {
                cut_off.is_back();
            }
        }
    }
}
