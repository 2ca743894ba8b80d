//! A driver for a real machine, with the sleep and wake-up logic of `client::driver`: it takes a
//! turn, repeats that after any event, and otherwise sleeps until it is woken up. Time never
//! advances, so a missing wake-up is a deadlock.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use dekaf::config::{Compression, Config};
use dekaf::producer::{
    Answer, Environment, Event, Haste, Machine, Notice, Outgoing, Part, Question, RequestId,
    SealedRequest, Settled, Subject, Turns,
};
use dekaf::protocol::{
    MetadataBroker, MetadataPartition, MetadataResponse, MetadataTopic, PartitionProduced,
    ProduceResponse, TopicProduced,
};
use dekaf::record::{Compressor, Record, SealedBatch};
use loom::sync::Arc;
use loom::thread;

use crate::shared_machine::SharedMachine;
use crate::sync::{Condvar, Mutex};

const NODE: i32 = 1;
const MS: Duration = Duration::from_millis(1);

/// A waiter, of one record or call.
type Who = usize;

struct World {
    shared: SharedMachine<Who>,
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
            shared: SharedMachine::new(Machine::new(config, 1)),
            settled: Mutex::new(Vec::new()),
            more: Condvar::new(),
            now: Instant::now(),
        })
    }

    fn produce(&self, who: Who) {
        let record = Record { timestamp: 0, key: None, value: Some(&[0; 100]), headers: &[] };
        let taken =
            self.shared.produce(|| self.now, "t", Some(0), &record, Some(who), Haste::AtOnce);
        taken.expect("it is open, and the line is short");
    }

    fn wait_for(&self, who: Who) {
        let mut settled = self.settled.lock().expect("nobody panicked");
        while !settled.contains(&who) {
            settled = self.more.wait(settled).expect("nobody panicked");
        }
        assert_eq!(settled.iter().filter(|settled| **settled == who).count(), 1);
    }

    /// Like `client::driver::drive`.
    fn drive(&self) {
        let now = self.now;
        let mut turns = Turns::default();
        loop {
            let turn = turns.look(&mut self.shared.driven(), now);
            let Some(turn) = turn else {
                let mut machine = self.shared.driven();
                let last = std::iter::from_fn(|| machine.poll_settled()).collect();
                drop(machine);
                return self.settle(last);
            };
            let timeout = turn.timeout();
            let mut environment = Cluster { world: self, events: Vec::new() };
            turns.act(turn, &mut environment);
            let events = environment.events;
            if !events.is_empty() {
                let mut machine = self.shared.driven();
                for event in events {
                    turns.take_in(&mut machine, now, event);
                }
            } else if timeout.is_none_or(|at| at > now) {
                sleep(self.shared.woken());
            }
        }
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

/// A cluster of one broker, which answers immediately.
struct Cluster<'a> {
    world: &'a World,
    events: Vec<Event>,
}

impl Environment<Who> for Cluster<'_> {
    fn settle(&mut self, settled: Vec<Settled<Who>>) {
        self.world.settle(settled);
    }

    fn note(&mut self, notice: Notice) {
        unreachable!("the cluster is well: {notice:?}");
    }

    fn ask_where(&mut self) {
        unreachable!("every record names its partition");
    }

    fn disconnect(&mut self, node: i32) {
        unreachable!("broker {node} owes no answer");
    }

    fn connect(&mut self, node: i32) {
        assert_eq!(node, NODE);
        self.events.push(Event::Connected(node));
    }

    fn ask(&mut self, question: Question) {
        let answer = match question.what {
            Subject::Metadata(wanted) => Answer::Metadata(wanted, Ok(described())),
            Subject::ProducerId => Answer::ProducerId(Ok((7, 0))),
        };
        self.events.push(Event::Answered(answer));
    }

    fn seal(&mut self, request: Outgoing) -> Option<SealedRequest> {
        let Outgoing { id, node, parts } = request;
        let seal = |part: Part| part.seal(Compression::NONE, &mut Compressor::new());
        Some(SealedRequest { id, node, batches: parts.into_iter().map(seal).collect() })
    }

    fn hand_back(&mut self, id: RequestId, batches: Vec<SealedBatch>) {
        self.world.shared.driven().handle_sealed(self.world.now, id, batches);
    }

    fn send(&mut self, request: SealedRequest) {
        let mut topic = TopicProduced { name: "t".to_owned(), ..TopicProduced::default() };
        for part in request.batches {
            topic.topic_id = part.topic_id;
            topic
                .partition_responses
                .push(PartitionProduced { index: part.partition, ..PartitionProduced::default() });
        }
        let response = ProduceResponse { responses: vec![topic], ..ProduceResponse::default() };
        self.events.push(Event::Produced(request.id, response));
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

/// Runs a driver in parallel with `callers`, each of which ends when its waiter is completed; then
/// closes.
fn check_no_deadlock(change: fn(&mut Config), callers: &[fn(&World)]) {
    let mut model = loom::model::Builder::new();
    // As many preemptions in one execution as complete in seconds. Races between two threads show
    // with one or two.
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
        assert_eq!(world.shared.submit((), closes), None);
        driver.join().expect("nobody panicked");
    });
}

fn produces_and_waits<const WHO: Who>(world: &World) {
    world.produce(WHO);
    world.wait_for(WHO);
}

#[test]
fn a_record_is_delivered_whenever_it_comes() {
    check_no_deadlock(|_| {}, &[produces_and_waits::<0>]);
}

#[test]
fn a_record_is_delivered_with_concurrent_producers() {
    check_no_deadlock(|_| {}, &[produces_and_waits::<0>, produces_and_waits::<1>]);
}

#[test]
fn a_record_is_delivered_whether_or_not_it_joins_the_open_batch() {
    let produces_twice: fn(&World) = |world| {
        world.produce(0);
        world.produce(1);
        world.wait_for(1);
        world.wait_for(0);
    };
    check_no_deadlock(|_| {}, &[produces_twice]);
    check_no_deadlock(|config| config.idempotence = false, &[produces_twice]);
}

#[test]
fn records_that_are_handed_over_together_are_delivered() {
    let produces_many: fn(&World) = |world| {
        let record = Record { timestamp: 0, key: None, value: Some(&[0; 100]), headers: &[] };
        let many = [("t", Some(0), record, Some(0)), ("t", Some(0), record, Some(1))];
        let many = world.shared.produce_many(world.now, many.into_iter());
        assert!(many.refused.is_empty());
        if world.shared.machine().ship(world.now) {
            world.shared.wake();
        }
        world.wait_for(1);
        world.wait_for(0);
    };
    check_no_deadlock(|_| {}, &[produces_many]);
    let one_fits: fn(&mut Config) = |config| config.buffer_memory = 250;
    check_no_deadlock(one_fits, &[produces_many]);
}

#[test]
fn a_record_that_waits_for_memory_gets_it() {
    let one_fits: fn(&mut Config) = |config| config.buffer_memory = 250;
    check_no_deadlock(one_fits, &[produces_and_waits::<0>, produces_and_waits::<1>]);
}

#[test]
fn calls_are_answered() {
    let connects: fn(&World) = |world| {
        assert_eq!(world.shared.submit(0, |machine, who| machine.ping(world.now, None, who)), None);
        world.wait_for(0);
    };
    let flushes: fn(&World) = |world| {
        world.produce(1);
        assert_eq!(
            world.shared.submit(2, |machine, who| {
                let _before = machine.flush(world.now, who);
            }),
            None
        );
        world.wait_for(2);
        world.wait_for(1);
    };
    check_no_deadlock(|_| {}, &[connects, flushes]);
}
