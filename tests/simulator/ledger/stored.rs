//! Comparison of the stored records with the reported results.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::record_errors::Blamed;
use super::{Ledger, Outcome, PartitionChoice, TrackedRecord};
use crate::cluster::{Cluster, StoredLog};
use crate::rules::Rule;
use crate::scenario::Scenario;

impl Ledger {
    /// Returns all violations after comparing results with stored records.
    pub(crate) fn check(mut self, scenario: &Scenario, cluster: &Cluster) -> Vec<String> {
        if !self.admissions.is_empty() {
            let left = std::mem::take(&mut self.admissions);
            self.violation(Rule::Admission, &format!("nobody was told of admissions {left:?}"));
        }
        if self.calls > 0 {
            let what = format!("{} flushes or closes were never settled", self.calls);
            self.violation(Rule::Settled, &what);
        }
        let mut stored: BTreeMap<u64, Vec<Place>> = BTreeMap::new();
        for log in cluster.all_committed() {
            let mut last = None;
            let mut seen = BTreeSet::new();
            for (offset, record) in log.records() {
                let id = record.value.as_ref().and_then(id_of);
                let Some(id) = id else { continue };
                // Without idempotence a batch may be stored twice, as a whole.
                let repeated = !seen.insert(id) && !scenario.exactly_once();
                if repeated {
                    stored.entry(id).or_default().push(Place::new(&log, offset));
                    continue;
                }
                // Records whose partition no longer exists may have moved behind others.
                let is_old = self.shrunk.get(&log.topic).is_some_and(|first| id < *first);
                if scenario.ordered() && !is_old && last.is_some_and(|last| id < last) {
                    let (topic, partition) = (&log.topic, log.partition);
                    let what =
                        format!("{topic}/{partition}: record {id} at {offset} is behind {last:?}");
                    self.violations.add(Rule::Log, &what);
                }
                last = Some(id);
                stored.entry(id).or_default().push(Place::new(&log, offset));
            }
        }
        self.check_blamed(scenario, &Blamed::by(cluster));
        self.check_wholes(&stored);
        let records = std::mem::take(&mut self.records);
        for (id, tracked) in records {
            let places = stored.remove(&id).unwrap_or_default();
            self.check_one(scenario, id, &tracked, &places);
        }
        for id in stored.keys() {
            let what = format!("record {id} is stored and was never handed over");
            self.violations.add(Rule::Stored, &what);
        }
        self.into_violations()
    }

    fn check_blamed(&mut self, scenario: &Scenario, blamed: &Blamed) {
        let together: BTreeSet<u64> = self.wholes.iter().flatten().copied().collect();
        for (id, tracked) in &self.records {
            let Some(Outcome::Failed { code: Some(code), maybe_written, text }) = &tracked.outcome
            else {
                continue;
            };
            let is_one = together.contains(id) || scenario.config.gapless || *maybe_written;
            if let Some(what) = blamed.contradict(*id, *code, text, is_one) {
                self.violations.add(Rule::Mates, &format!("record {id} {what}: {text}"));
            }
        }
    }

    fn check_wholes(&mut self, stored: &BTreeMap<u64, Vec<Place>>) {
        for ids in std::mem::take(&mut self.wholes) {
            let first = |id: &u64| stored.get(id).and_then(|places| places.first());
            let places: Vec<_> = ids.iter().map(first).collect();
            let is_one = match places[0] {
                None => places.iter().all(Option::is_none),
                Some(start) => (start.offset..).zip(&places).all(|(offset, place)| {
                    place.is_some_and(|place| {
                        place.partition == start.partition && place.offset == offset
                    })
                }),
            };
            if !is_one {
                let what = format!("records {ids:?} are one, and stored at {places:?}");
                self.violation(Rule::Whole, &what);
            }
        }
    }

    fn check_one(
        &mut self,
        scenario: &Scenario,
        id: u64,
        tracked: &TrackedRecord,
        places: &[Place],
    ) {
        let mut wrong = |rule, what: &str| {
            let what = format!(
                "record {id} {what}: it ended as {:?} and is stored at {places:?}",
                tracked.outcome
            );
            self.violations.add(rule, &what);
        };
        if places.iter().any(|place| place.topic != tracked.topic) {
            wrong(Rule::Place, "is in another topic");
        }
        let asks = self.asks;
        let elsewhere = |partition| match tracked.placed {
            PartitionChoice::None => asks,
            wanted => wanted != PartitionChoice::In(partition),
        };
        if places.iter().any(|place| elsewhere(place.partition)) {
            wrong(Rule::Place, "is not where the caller wants it");
        }
        if let Some(Outcome::Stored { partition, .. }) = tracked.outcome
            && elsewhere(partition)
        {
            wrong(Rule::Place, "is said to be where the caller does not want it");
        }
        let incarnations: BTreeSet<_> = places.iter().map(|place| place.incarnation).collect();
        if scenario.exactly_once() && places.len() > incarnations.len() {
            wrong(Rule::Twice, "is stored more than once");
        }
        match &tracked.outcome {
            None => wrong(Rule::Settled, "was never settled"),
            Some(Outcome::Withdrawn) if !places.is_empty() => wrong(Rule::Stored, "was taken back"),
            Some(Outcome::NotTaken) if !places.is_empty() => {
                wrong(Rule::Stored, "was not taken in");
            }
            Some(Outcome::Failed { maybe_written: false, .. }) if !places.is_empty() => {
                wrong(Rule::Stored, "was said not to be written");
            }
            Some(Outcome::Stored { partition, offset }) if scenario.durable() => {
                let right = |place: &Place| {
                    place.partition == *partition && (*offset < 0 || place.offset == *offset)
                };
                if !places.iter().any(right) {
                    wrong(Rule::Lost, "is not where it was said to be");
                }
            }
            _ => {}
        }
    }
}

/// Returns the id of the record with this value.
pub(super) fn id_of(value: &Bytes) -> Option<u64> {
    value.first_chunk().copied().map(u64::from_be_bytes)
}

/// The position of a stored record.
#[derive(Debug)]
struct Place {
    topic: String,
    incarnation: u128,
    partition: i32,
    offset: i64,
}

impl Place {
    fn new(log: &StoredLog, offset: i64) -> Self {
        Self {
            topic: log.topic.clone(),
            incarnation: log.topic_id,
            partition: log.partition,
            offset,
        }
    }
}
