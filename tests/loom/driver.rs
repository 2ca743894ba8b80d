//! The driver of a real machine, which sleeps as `client::driver` does: it looks, does what it
//! is asked to, looks again if that brought news, and sleeps until it is told otherwise. Time
//! stands still, so whatever needs a wake-up and gets none is never done.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use dekaf::config::{Compression, Config};
use dekaf::producer::{Content, Haste, Machine, MetadataWanted, Outgoing, RequestId, Settled};
use dekaf::protocol::{
    MetadataBroker, MetadataPartition, MetadataResponse, MetadataTopic, PartitionProduced,
    ProduceResponse, TopicProduced,
};
use dekaf::record::{Compressor, Record};
use loom::sync::Arc;
use loom::thread;

use crate::sync::{Condvar, Mutex};
use crate::turned::Turned;

const NODE: i32 = 1;
const MS: Duration = Duration::from_millis(1);

/// Who waits, each for one thing.
type Who = usize;

/// What happened outside.
enum Event {
    Described(MetadataWanted),
    Connected,
    Identified,
    Produced(RequestId, ProduceResponse),
}

struct World {
    turned: Turned<Who>,
    settled: Mutex<Vec<Who>>,
    more: Condvar,
    now: Instant,
}

impl World {
    fn new(change: impl FnOnce(&mut Config)) -> Arc<Self> {
        let mut config = Config::new("localhost:9092").expect("an address");
        config.linger = Duration::ZERO;
        change(&mut config);
        Arc::new(Self {
            turned: Turned::new(Machine::new(config, 1)),
            settled: Mutex::new(Vec::new()),
            more: Condvar::new(),
            now: Instant::now(),
        })
    }

    fn produce(&self, who: Who) {
        let record = Record { timestamp: 0, key: None, value: Some(&[0; 100]), headers: &[] };
        let taken =
            self.turned.produce(|| self.now, "t", Some(0), &record, Some(who), Haste::AtOnce);
        taken.expect("it is open, and the line is short");
    }

    fn wait_for(&self, who: Who) {
        let mut settled = self.settled.lock().expect("nobody panicked");
        while !settled.contains(&who) {
            settled = self.more.wait(settled).expect("nobody panicked");
        }
        assert_eq!(settled.iter().filter(|settled| **settled == who).count(), 1);
    }

    /// See `client::driver::drive`.
    fn drive(&self) {
        let now = self.now;
        loop {
            let mut settled = Vec::new();
            let mut events = Vec::new();
            let (requests, timeout) = {
                let mut machine = self.turned.machine();
                machine.handle_timeout(now);
                settled.extend(std::iter::from_fn(|| machine.poll_settled()));
                let finished = machine.is_finished();
                if finished {
                    drop(machine);
                    self.settle(settled);
                    return;
                }
                while machine.poll_unpinned().is_some() {}
                while let Some(node) = machine.poll_connect() {
                    assert_eq!(node, NODE);
                    events.push(Event::Connected);
                }
                events.extend(machine.poll_identity(now).then_some(Event::Identified));
                let requests: Vec<_> = std::iter::from_fn(|| machine.poll_request(now)).collect();
                events.extend(machine.poll_metadata(now).map(Event::Described));
                (requests, machine.poll_timeout())
            };
            self.settle(settled);
            events.extend(requests.into_iter().map(|request| self.send(request)));
            if !events.is_empty() {
                let mut machine = self.turned.machine();
                for event in events {
                    take_in(&mut machine, now, event);
                }
            } else if timeout.is_none_or(|at| at > now) {
                sleep(self.turned.woken());
            }
        }
    }

    fn send(&self, request: Outgoing) -> Event {
        let mut topic = TopicProduced { name: "t".to_owned(), ..TopicProduced::default() };
        let mut sealed = Vec::new();
        for part in request.parts {
            topic.topic_id = part.topic_id;
            topic
                .partition_responses
                .push(PartitionProduced { index: part.partition, ..PartitionProduced::default() });
            sealed.push(match part.content {
                Content::Open(open) => open.seal(Compression::NONE, &mut Compressor::new()),
                Content::Sealed(sealed) => sealed,
            });
        }
        self.turned.machine().handle_sealed(self.now, request.id, sealed);
        let response = ProduceResponse { responses: vec![topic], ..ProduceResponse::default() };
        Event::Produced(request.id, response)
    }

    fn settle(&self, settled: Vec<Settled<Who>>) {
        if settled.is_empty() {
            return;
        }
        let mut all = self.settled.lock().expect("nobody panicked");
        for settled in settled {
            match settled {
                Settled::Call { waiter, result } => {
                    assert!(result.is_ok(), "{result:?}");
                    all.push(waiter);
                }
                Settled::Batch(batch) => {
                    assert!(batch.outcome.is_ok(), "{:?}", batch.outcome);
                    all.extend(batch.waiting.iter().map(|waiting| waiting.waiter));
                }
            }
        }
        self.more.notify_all();
    }
}

fn take_in(machine: &mut Machine<Who>, now: Instant, event: Event) {
    match event {
        Event::Described(asked) => machine.handle_metadata(now, &asked, &described()),
        Event::Connected => machine.handle_connected(NODE),
        Event::Identified => machine.handle_identity(now, 7, 0),
        Event::Produced(id, response) => machine.handle_produced(now, id, &response),
    }
}

fn described() -> MetadataResponse {
    let partition = MetadataPartition { leader_id: NODE, ..MetadataPartition::default() };
    MetadataResponse {
        brokers: vec![MetadataBroker { node_id: NODE, ..MetadataBroker::default() }],
        topics: vec![MetadataTopic {
            name: Some("t".to_owned()),
            partitions: vec![partition],
            ..MetadataTopic::default()
        }],
        ..MetadataResponse::default()
    }
}

fn sleep(woken: impl Future<Output = ()>) {
    let polled = pin!(woken).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(()), "loom's threads sleep inside");
}

/// Runs a driver beside `callers`, each of which ends when it has what it waits for; then closes.
fn nobody_waits_for_ever(change: fn(&mut Config), callers: &[fn(&World)]) {
    let mut model = loom::model::Builder::new();
    // As many interruptions in one execution as are done with in seconds. What two threads can
    // do to each other shows with one or two.
    model.preemption_bound = Some(if callers.len() == 1 { 3 } else { 2 });
    let callers = callers.to_vec();
    model.check(move || {
        let world = World::new(change);
        let start = |work: fn(&World)| {
            let world = Arc::clone(&world);
            thread::spawn(move || work(&world))
        };
        let driver = start(World::drive);
        let callers: Vec<_> = callers.iter().map(|caller| start(*caller)).collect();
        for caller in callers {
            caller.join().expect("nobody panicked");
        }
        let closes =
            |machine: &mut Machine<Who>, ()| machine.close(world.now, world.now + 1000 * MS, None);
        assert_eq!(world.turned.tell((), closes), None);
        driver.join().expect("nobody panicked");
    });
}

fn produces_and_waits<const WHO: Who>(world: &World) {
    world.produce(WHO);
    world.wait_for(WHO);
}

#[test]
fn a_record_is_delivered_whenever_it_comes() {
    nobody_waits_for_ever(|_| {}, &[produces_and_waits::<0>]);
}

#[test]
fn a_record_is_delivered_whoever_else_produces() {
    nobody_waits_for_ever(|_| {}, &[produces_and_waits::<0>, produces_and_waits::<1>]);
}

#[test]
fn a_record_that_joins_a_batch_or_misses_it_is_delivered() {
    let produces_twice: fn(&World) = |world| {
        world.produce(0);
        world.produce(1);
        world.wait_for(1);
        world.wait_for(0);
    };
    nobody_waits_for_ever(|_| {}, &[produces_twice]);
    nobody_waits_for_ever(|config| config.idempotence = false, &[produces_twice]);
}

#[test]
fn records_that_are_handed_over_together_are_delivered() {
    let produces_many: fn(&World) = |world| {
        let record = Record { timestamp: 0, key: None, value: Some(&[0; 100]), headers: &[] };
        let many = [("t", Some(0), record, Some(0)), ("t", Some(0), record, Some(1))];
        let many = world.turned.produce_many(world.now, many.into_iter());
        assert!(many.refused.is_empty());
        if world.turned.machine().ship(world.now) {
            world.turned.wake();
        }
        world.wait_for(1);
        world.wait_for(0);
    };
    nobody_waits_for_ever(|_| {}, &[produces_many]);
    let one_fits: fn(&mut Config) = |config| config.buffer_memory = 250;
    nobody_waits_for_ever(one_fits, &[produces_many]);
}

#[test]
fn a_record_that_waits_for_memory_gets_it() {
    let one_fits: fn(&mut Config) = |config| config.buffer_memory = 250;
    nobody_waits_for_ever(one_fits, &[produces_and_waits::<0>, produces_and_waits::<1>]);
}

#[test]
fn calls_are_answered() {
    let connects: fn(&World) = |world| {
        assert_eq!(world.turned.tell(0, |machine, who| machine.start(world.now, who)), None);
        world.wait_for(0);
    };
    let flushes: fn(&World) = |world| {
        world.produce(1);
        assert_eq!(
            world.turned.tell(2, |machine, who| {
                let _before = machine.flush(world.now, who);
            }),
            None
        );
        world.wait_for(2);
        world.wait_for(1);
    };
    nobody_waits_for_ever(|_| {}, &[connects, flushes]);
}
