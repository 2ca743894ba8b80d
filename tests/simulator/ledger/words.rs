//! What errors say of records: which topic, and which limit ended them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dekaf::error::{Error, ErrorKind};

/// When the records of each topic were wanted: their time counts from there.
#[derive(Debug, Default)]
pub(super) struct Beginnings {
    topics: BTreeMap<String, BTreeSet<Duration>>,
}

/// A limit that an error names as its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// `delivery_timeout_ms`: counts from the call.
    Delivery(Duration),
    /// `metadata_timeout_ms` or `request_timeout_ms`: counts from some time after the call.
    Later(Duration),
}

impl Beginnings {
    pub(super) fn add(&mut self, topic: &str, since: Duration) {
        self.topics.entry(topic.to_owned()).or_default().insert(since);
    }

    /// Whether the limit that an error names is the one that has passed now, for a record that was
    /// wanted at `since`.
    ///
    /// The delivery timeout is that of the batch's first record: some record of the topic, wanted
    /// no later than this one, is exactly as old as the limit. The other limits count from when
    /// the record began to wait, which does not show from outside: no record is younger than they
    /// are.
    pub(super) fn agree(&self, now: Duration, topic: &str, since: Duration, error: &Error) -> bool {
        match limit_of(error) {
            None => true,
            Some(Limit::Delivery(limit)) => now.checked_sub(limit).is_some_and(|began| {
                began <= since && self.topics.get(topic).is_some_and(|all| all.contains(&began))
            }),
            Some(Limit::Later(limit)) => now >= since + limit,
        }
    }
}

/// The first limit in the text: what follows may be why an earlier try failed.
fn limit_of(error: &Error) -> Option<Limit> {
    if error.kind() == ErrorKind::Gapless {
        // Its text is about another record.
        return None;
    }
    let text = error.to_string();
    let (before, after) = text.split_once("_timeout_ms=")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    let limit = Duration::from_millis(digits.parse().expect("a limit is a number"));
    Some(if before.ends_with("delivery") { Limit::Delivery(limit) } else { Limit::Later(limit) })
}

/// Whether an error's text names the record's topic.
pub(super) fn names_topic(error: &Error, topic: &str) -> bool {
    error.to_string().contains(&format!("\"{topic}\""))
}
