//! The power switch of the unix board.

fn main() {}
