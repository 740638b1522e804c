//! The driver's thread: sleeps until a socket, a deadline or the application has something for the device.

use super::transport::Transport;
use super::{Hooks, Started};
use crate::device::{Action, Link};
use crate::time::Instant;
use mio::{Events, Poll};
use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the interpreter is told of events that it has not taken, in milliseconds. A system call that began just
/// after it was told would keep them waiting.
const REMIND_MILLIS: u64 = 10;
/// Rounds of exchange before the application may have the device, so that a fast download can't keep it.
const ROUNDS: u32 = 16;
/// How long a restart waits for the farewell to the Center to leave, in milliseconds.
const FAREWELL_MILLIS: u64 = 1500;
/// A pause when the system's poll fails, so that it can't become a busy loop.
const RECOVERY: Duration = Duration::from_millis(100);

/// What a turn has left to do.
struct Turn {
    restart: bool,
    events_wait: bool,
    next: Option<Instant>,
}

pub(super) fn run(port: &Started, mut poll: Poll, hooks: Hooks) {
    let mut links = [Transport::new(Link::Center), Transport::new(Link::Package)];
    let mut ready = Events::with_capacity(4);
    let mut restart_by = None;
    loop {
        let turn = turn(port, &poll, &mut links);
        if turn.restart {
            restart_by = Some(port.now().after_millis(FAREWELL_MILLIS));
        }
        if restart_by.is_some_and(|by| !port.has_link() || port.now() >= by) {
            return (hooks.restart)();
        }
        if turn.events_wait {
            (hooks.events_wait)();
        }
        let timeout =
            Instant::earliest(&[turn.next, restart_by]).map(|next| Duration::from_millis(next.millis_since(port.now())));
        match poll.poll(&mut ready, timeout) {
            Ok(()) => ready.iter().for_each(|event| links.iter_mut().for_each(|link| link.is_ready(event))),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => std::thread::sleep(RECOVERY),
        }
    }
}

/// Moves bytes between the device and the sockets.
fn turn(port: &Started, poll: &Poll, links: &mut [Transport]) -> Turn {
    let mut device = port.lock_for_driver();
    let now = port.now();
    device.timeout(now);
    let mut restart = false;
    let mut is_quiet = false;
    for _ in 0..ROUNDS {
        is_quiet = true;
        while let Some(action) = device.poll(now) {
            is_quiet = false;
            match action {
                Action::Open(link) => {
                    let peer = device.peer(link);
                    links.iter_mut().filter(|transport| transport.is_of(link)).for_each(|transport| {
                        transport.open(now, peer.as_ref(), poll.registry(), &port.waker);
                    });
                }
                Action::Close(link) => {
                    links.iter_mut().filter(|transport| transport.is_of(link)).for_each(|transport| transport.close(now));
                }
                Action::Restart => restart = true,
            }
        }
        for transport in links.iter_mut() {
            is_quiet &= !transport.exchange(now, &mut device, poll.registry());
        }
        if is_quiet || restart {
            break;
        }
    }
    port.has_link.store(links.iter().any(Transport::is_used), Ordering::Release);
    let events_wait = device.event().is_some() || port.is_interrupted.load(Ordering::Acquire);
    let due = device.poll_at();
    drop(device);
    let next = [due, events_wait.then(|| now.after_millis(REMIND_MILLIS)), (!is_quiet).then_some(now)];
    let next = next.into_iter().chain(links.iter().map(Transport::deadline)).flatten().min();
    Turn { restart, events_wait, next }
}
