//! Names to addresses, by the system's resolver, which blocks: in a thread of its own for each name.

use mio::Waker;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{channel, Receiver};
use std::sync::Arc;
use std::thread;

/// Where the addresses come out, the first to try last. Closed without any: the name was not resolved.
pub(super) type Addresses = Receiver<Vec<SocketAddr>>;

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
        if let Ok(found) = found {
            let mut addresses: Vec<_> = found.collect();
            addresses.reverse();
            // Nobody listens when it took too long.
            let _ = sender.send(addresses);
        }
        drop(sender);
        let _ = waker.wake();
    })?;
    Ok(receiver)
}
