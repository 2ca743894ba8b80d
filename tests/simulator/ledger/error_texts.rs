//! Checks of error texts: the topic and the timeout that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dekaf::error::{Error, ErrorKind};

/// The start times of the records of each topic. Their timeouts start then.
#[derive(Debug, Default)]
pub(super) struct StartTimes {
    topics: BTreeMap<String, BTreeSet<Duration>>,
}

/// The timeout that an error names as its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// `delivery_timeout_ms`: starts with the call.
    Delivery(Duration),
    /// `metadata_timeout_ms` or `request_timeout_ms`: starts after the call.
    Later(Duration),
}

impl StartTimes {
    pub(super) fn add(&mut self, topic: &str, since: Duration) {
        self.topics.entry(topic.to_owned()).or_default().insert(since);
    }

    /// Returns whether the timeout that an error names has just passed, for a record with the start
    /// time `since`.
    ///
    /// The delivery timeout is that of the batch's first record. So some record of the topic, no
    /// younger than this one, must be exactly as old as the timeout. The other timeouts start when
    /// the record begins to wait, which is not observable. So the record must be at least as old as
    /// the timeout.
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

/// Returns the first timeout in the text. Later ones may explain why an earlier attempt failed.
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

pub(super) fn names_topic(error: &Error, topic: &str) -> bool {
    error.to_string().contains(&format!("\"{topic}\""))
}
