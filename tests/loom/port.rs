//! An event loop and its port. The core pushes and signals; the loop sleeps until it is signaled,
//! fetches some items each turn, and may close at any time.

use loom::sync::Arc;
use loom::thread;

use crate::mailbox::Mailbox;
use crate::sync::{Condvar, Mutex};

/// A socket pair reduced to its byte count: readable while there are any.
struct Inbox {
    bytes: Mutex<usize>,
    readable: Condvar,
}

impl Inbox {
    fn write(&self) {
        *self.bytes.lock().expect("nobody panicked") += 1;
        self.readable.notify_one();
    }

    fn wait(&self) {
        let mut bytes = self.bytes.lock().expect("nobody panicked");
        while *bytes == 0 {
            bytes = self.readable.wait(bytes).expect("nobody panicked");
        }
    }

    fn empty(&self) {
        *self.bytes.lock().expect("nobody panicked") = 0;
    }
}

struct Port {
    mailbox: Mailbox<usize>,
    inbox: Inbox,
}

impl Port {
    fn new() -> Arc<Self> {
        let inbox = Inbox { bytes: Mutex::new(0), readable: Condvar::new() };
        Arc::new(Self { mailbox: Mailbox::default(), inbox })
    }

    fn push(&self, items: Vec<usize>) {
        if self.mailbox.push(items) {
            self.inbox.write();
        }
    }

    /// One turn of the event loop.
    fn fetch(&self, at_most: usize) -> Vec<usize> {
        let mut fetched = Vec::new();
        while fetched.len() < at_most {
            let quiet = || {
                self.inbox.empty();
                Ok::<_, ()>(())
            };
            let Some(item) = self.mailbox.take(quiet).expect("a socket") else { break };
            fetched.push(item);
        }
        fetched
    }
}

/// Checks that the loop fetches all of `count` items, whatever their order. A lost item is a
/// deadlock.
fn everything_is_fetched(pushes: fn() -> Vec<Vec<Vec<usize>>>, count: usize, at_most: usize) {
    loom::model(move || {
        let port = Port::new();
        for core in pushes() {
            let port = Arc::clone(&port);
            thread::spawn(move || core.into_iter().for_each(|items| port.push(items)));
        }
        let mut fetched = Vec::new();
        while fetched.len() < count {
            port.inbox.wait();
            fetched.extend(port.fetch(at_most));
        }
        fetched.sort_unstable();
        assert!(fetched.into_iter().eq(0..count), "something was lost, or came twice");
    });
}

#[test]
fn a_loop_is_woken_for_whatever_is_pushed() {
    everything_is_fetched(|| vec![vec![vec![0], vec![1], vec![2]]], 3, usize::MAX);
}

#[test]
fn a_loop_that_takes_one_item_per_turn_drains_the_mailbox() {
    everything_is_fetched(|| vec![vec![vec![0, 1], vec![2]]], 3, 1);
}

#[test]
fn two_cores_may_push_to_one_loop() {
    everything_is_fetched(|| vec![vec![vec![0]], vec![vec![1]]], 2, usize::MAX);
}

#[test]
fn items_of_a_closing_loop_are_orphaned_once() {
    loom::model(|| {
        let port = Port::new();
        let core = {
            let port = Arc::clone(&port);
            thread::spawn(move || {
                port.push(vec![0]);
                port.push(vec![1, 2]);
            })
        };
        let mut seen = port.fetch(1);
        seen.extend(port.mailbox.close());
        assert!(port.mailbox.is_closed());
        // Another thread with the interpreter drains the mailbox, now and after the core has
        // finished.
        seen.extend(port.mailbox.drain());
        core.join().expect("nobody panicked");
        seen.extend(port.mailbox.drain());
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
    });
}

#[test]
fn a_closed_loop_is_not_signalled() {
    loom::model(|| {
        let port = Port::new();
        let orphans = port.mailbox.close();
        assert!(orphans.is_empty());
        port.push(vec![0]);
        assert_eq!(*port.inbox.bytes.lock().expect("nobody panicked"), 0);
    });
}
