//! Random texts that nobody guesses.

/// `N` random bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex<const N: usize>() -> String {
    base16ct::lower::encode_string(&bytes::<N>())
}

/// `N` random bytes from the operating system.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
}
