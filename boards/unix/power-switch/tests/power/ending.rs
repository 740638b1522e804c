//! What starts the firmware again, what ends the run, and with which exit status.

use crate::board::{said, script, Board};
use rustix::process::{kill_process, Pid, Signal};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

fn start(board: &Board) -> (Child, BufReader<ChildStdout>) {
    let mut switch = board.switch(&[]).stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(switch.stdout.take().unwrap());
    (switch, output)
}

fn line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}

#[test]
fn a_reset_starts_the_firmware_again() {
    let board = Board::new("echo start >> starts; [ $(wc -l < starts) -lt 3 ] && exit 250; exit 7");
    assert_eq!(board.run().status.code(), Some(7));
    assert_eq!(board.lines("starts"), 3);
}

#[test]
fn a_firmware_that_crashes_again_and_again_ends_the_run_with_1() {
    let board = Board::new("echo start >> starts; kill -SEGV $$");
    let output = board.run();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(board.lines("starts"), 6);
}

#[test]
fn a_factory_image_that_cannot_be_run_is_an_error() {
    let board = Board::new("");
    std::fs::write(board.path("factory"), b"\x7fELF for another machine").unwrap();
    let output = board.run();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("slot A: the firmware can't be run"), "{}", said(&output));
}

#[test]
fn a_signal_switches_the_board_off() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let board = Board::new("echo runs; exec sleep 600");
        let (mut switch, mut output) = start(&board);
        assert_eq!(line(&mut output), "runs");
        send(switch.id(), signal);
        assert_eq!(switch.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn a_signal_switches_off_a_firmware_that_resets_on_it() {
    let board = Board::new("trap 'exit 250' TERM; echo runs; while :; do sleep 0.02; done");
    let (mut switch, mut output) = start(&board);
    assert_eq!(line(&mut output), "runs");
    send(switch.id(), Signal::TERM);
    assert_eq!(switch.wait().unwrap().code(), Some(143));
}

#[test]
fn a_signal_between_two_starts_is_not_lost() {
    // Each firmware sends the signal as its last act: it mostly comes when none runs.
    for _ in 0..20 {
        let board = Board::new("kill -TERM $QTH_BOARD; exit 250");
        assert_eq!(board.run().status.code(), Some(143));
    }
}

#[test]
fn a_firmware_that_someone_ends_is_not_started_again() {
    let board = Board::new("echo start >> starts; kill -TERM $$");
    assert_eq!(board.run().status.code(), Some(143));
    assert_eq!(board.lines("starts"), 1);
}

#[test]
fn a_crash_after_a_handled_ctrl_c_is_a_crash() {
    let crash = "trap 'echo handled' INT; echo start >> starts; kill -INT $QTH_BOARD $$; sleep 0.2; kill -SEGV $$";
    let board = Board::new(crash);
    assert_eq!(board.run().status.code(), Some(1));
    assert_eq!(board.lines("starts"), 6);
}

#[test]
fn ctrl_c_that_ends_a_firmware_on_trial_switches_off() {
    let board = Board::new("true");
    board.run();
    board
        .put_on_trial(&script("trap 'exit 1' INT; echo start >> starts; kill -INT $QTH_BOARD; sleep 0.2; kill -INT $$"), "1.1.0");
    assert_eq!(board.run().status.code(), Some(130));
    assert_eq!(board.lines("starts"), 1);
    assert!(board.slots().is_trial());
}
