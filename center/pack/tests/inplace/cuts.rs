//! Power is cut at every flash operation of a rewriting, in every way, and again at every operation after that.

use crate::board::{Board, Flash};
use qth::flash::ram::Cut;

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
