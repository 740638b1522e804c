//! What `--status` tells.

use crate::board::{script, Board};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn status(board: &Board) -> Value {
    let output = board.switch(&["--status", "--json"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn any_version_text_is_valid_json() {
    let version = "1.0 \"β\" \\ \u{1}";
    let board = Board::new("true");
    board.switch(&["--factory-version", version]).output().unwrap();
    let status = status(&board);
    assert_eq!(status["slots"][0]["version"], version);
    assert_eq!(status["slots"][0]["running"], true);
    assert_eq!((&status["reverted"], &status["known_bad"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_firmware_that_was_given_up_is_named() {
    let board = Board::new("true");
    board.run();
    let bad = script("exit 1");
    board.put_on_trial(&bad, "1.1.0");
    assert_eq!(status(&board)["slots"][1]["boots_left"], 3);
    board.run();
    let status = status(&board);
    assert_eq!(status["reverted"], "it did not start");
    let digest = base16ct::lower::encode_string(&Sha256::digest(&bad));
    assert_eq!(status["known_bad"], digest);
}
