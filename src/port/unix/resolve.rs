//! Names to addresses, by the system's resolver, which blocks: in a thread of its own for each name.

use crate::device::Network;
use mio::Waker;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{channel, Receiver};
use std::sync::Arc;
use std::thread;

/// Where the addresses come out, the first to try last; or whether there was a network to resolve the name in vain.
pub(super) type Addresses = Receiver<Result<Vec<SocketAddr>, Network>>;

/// Begins to resolve a name; `waker` tells of the outcome.
///
/// # Errors
/// The system has no thread for us.
pub(super) fn start(host: &str, port: u16, waker: &Arc<Waker>) -> io::Result<Addresses> {
    let (sender, receiver) = channel();
    let host = host.to_owned();
    let waker = Arc::clone(waker);
    thread::Builder::new().name("qth-resolve".into()).spawn(move || {
        let found = (host.as_str(), port).to_socket_addrs();
        let addresses = found.map(|found| {
            let mut addresses: Vec<_> = found.collect();
            addresses.reverse();
            addresses
        });
        // Nobody listens when it took too long.
        let _ = sender.send(addresses.map_err(|error| network_of(&error)));
        let _ = waker.wake();
    })?;
    Ok(receiver)
}

/// No name server has answered, or one has said that there is no such name: the standard library tells only by the C library's
/// text, glibc's or musl's.
fn network_of(error: &io::Error) -> Network {
    let text = error.to_string();
    match ["Temporary failure", "Try again"].into_iter().any(|unanswered| text.contains(unanswered)) {
        true => Network::Absent,
        false => Network::There,
    }
}
