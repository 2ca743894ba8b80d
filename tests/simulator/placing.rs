//! A caller that places records: immediately if possible, otherwise when woken up, later, or never.
//! Its choices are mostly valid.

use dekaf::config::Partitioner;
use dekaf::producer::Ticket;

use super::cluster::Spread;
use super::ledger::Waiter;
use super::rules::Rule;
use super::run::{Event, Run};

/// The caller's choice for a record.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    ticket: Ticket,
    id: u64,
    said: Result<i32, String>,
}

impl Run<'_> {
    pub(super) fn caller_places(&self) -> bool {
        self.scenario.config.partitioner == Partitioner::Caller
    }

    /// Returns the partition of a record that will be handed over next, if the caller can choose
    /// it.
    pub(super) fn place_at_once(&mut self, topic: &str, key: Option<&[u8]>) -> Option<i32> {
        if !self.caller_places() {
            return None;
        }
        if self.random.below(4) == 0 {
            // A caller that runs the partitioner may also place the waiting records.
            self.place_waiting();
        }
        let partitions = self.machine.partitions(topic)?;
        // The caller need not choose.
        if self.random.below(8) == 0 { None } else { self.choose(key, partitions).ok() }
    }

    /// Schedules a wake-up of the caller if records wait to be placed.
    pub(super) fn wake_caller(&mut self) {
        if !self.caller_is_woken && self.machine.peek_placing().is_some() {
            self.caller_is_woken = true;
            self.plan_after(Spread::millis(0, 20), Event::CallerWoken);
        }
    }

    /// Runs the partitioner for all records that wait for it.
    pub(super) fn place_waiting(&mut self) {
        self.caller_is_woken = false;
        while let Some(placing) = self.machine.poll_placing() {
            let Some(Waiter::Record(id)) = placing.waiter.copied() else {
                unreachable!("somebody waits for each record");
            };
            let (ticket, topic, partitions) =
                (placing.ticket, placing.topic.to_string(), placing.partitions);
            let key = placing.key.map(<[u8]>::to_vec);
            self.digest.name("to place").number(ticket).name(&topic).number(partitions);
            self.ledger.asked(id, &topic);
            let answer = Answer { ticket, id, said: self.choose(key.as_deref(), partitions) };
            match self.random.below(100) {
                0 => self.note(|| format!("nobody places record {id}")),
                1..=10 => {
                    self.plan_after(Spread::millis(0, 5_000), Event::Placed(answer));
                }
                11..=30 => self.plan_after(Spread::millis(0, 20), Event::Placed(answer)),
                _ => self.place(answer),
            }
        }
    }

    pub(super) fn place(&mut self, answer: Answer) {
        let Answer { ticket, id, said } = answer;
        self.note(|| format!("record {id} is placed: {said:?}"));
        let now = self.instant();
        let waited = self.machine.place(now, ticket, said.clone());
        self.digest.name("placed").number(ticket).number(waited);
        if waited {
            self.ledger.placed(id, said.ok());
        }
        if self.random.below(20) == 0 && self.machine.place(now, ticket, Ok(0)) {
            self.ledger.violation(Rule::Placing, &format!("record {id} was placed twice"));
        }
    }

    fn choose(&mut self, key: Option<&[u8]>, partitions: i32) -> Result<i32, String> {
        match (self.random.below(40), key) {
            (0, _) => Err("it is not in the mood".to_owned()),
            (1, _) => Ok([-1, partitions, i32::MAX][self.random.below(3) as usize]),
            (_, Some([.., last])) => Ok(i32::from(*last) % partitions),
            _ => Ok(self.random.below(partitions as u64) as i32),
        }
    }
}
