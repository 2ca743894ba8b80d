//! The machine's log lines. A broker that cannot be reached is a warning at once, and again while
//! that lasts. Other events are lines for debugging.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::notice::{Notice, Severity};
use crate::cluster::NodeId;
use crate::error::Error;

/// The time between two warnings about the same peer.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);

/// The period of the budget for debug lines, and the number of lines in it.
const BUDGET_FOR: Duration = Duration::from_secs(1);
const BUDGET: u32 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    /// Any broker, for metadata.
    Cluster,
    Broker(NodeId),
}

/// A peer that cannot be reached.
#[derive(Debug)]
struct Trouble {
    since: Instant,
    warned_at: Instant,
    last: Error,
}

#[derive(Debug, Default)]
pub(super) struct Notices {
    queue: VecDeque<Notice>,
    trouble: BTreeMap<Peer, Trouble>,
    verbose: bool,
    budget: Option<Budget>,
}

#[derive(Debug)]
struct Budget {
    since: Instant,
    spent: u32,
}

impl Notices {
    pub(super) fn set_verbose(&mut self, verbose: bool) {
        self.verbose = verbose;
    }

    pub(super) fn pop(&mut self) -> Option<Notice> {
        self.queue.pop_front()
    }

    fn push(&mut self, severity: Severity, text: String) {
        self.queue.push_back(Notice { severity, text });
    }

    pub(super) fn is_warning_due(&self, now: Instant, who: Peer) -> bool {
        let trouble = self.trouble.get(&who);
        trouble.is_none_or(|trouble| now >= trouble.warned_at + BETWEEN_WARNINGS)
    }

    /// Reports a failed connection or question to a peer, while `waiting` records wait.
    pub(super) fn failed(&mut self, now: Instant, who: Peer, error: &Error, waiting: usize) {
        let warns = self.is_warning_due(now, who);
        let mut trouble = self.trouble.get_mut(&who);
        if let Some(trouble) = &mut trouble {
            trouble.last.clone_from(error);
        }
        let lasts = match trouble {
            Some(_) if !warns => {
                return self.debug(now, || format!("{} cannot be reached: {error}", named(who)));
            }
            Some(trouble) => {
                trouble.warned_at = now;
                format!(" for {}", seconds(now - trouble.since))
            }
            None => {
                self.trouble
                    .insert(who, Trouble { since: now, warned_at: now, last: error.clone() });
                String::new()
            }
        };
        let waiting = match waiting {
            0 => String::new(),
            1 => "; 1 message waits".to_owned(),
            count => format!("; {count} messages wait"),
        };
        let who = named(who);
        let text = format!("{who} cannot be reached{lasts}: {error}{waiting}; trying again");
        self.push(Severity::Warning, text);
    }

    /// Returns which peer cannot be reached, and why.
    pub(super) fn trouble(&self) -> Option<String> {
        let (who, trouble) = self.trouble.first_key_value()?;
        Some(format!("{} cannot be reached: {}", named(*who), trouble.last))
    }

    /// Reports that a peer was reached, which is logged if it could not be reached before.
    pub(super) fn reached(&mut self, who: Peer) {
        if self.trouble.remove(&who).is_some() {
            self.push(Severity::Info, format!("{} is reached again", named(who)));
        } else if self.verbose && matches!(who, Peer::Broker(_)) {
            self.push(Severity::Debug, format!("connected to {}", named(who)));
        }
    }

    /// Forgets the failures of brokers that the cluster does not list any more.
    pub(super) fn listed(&mut self, is_listed: impl Fn(NodeId) -> bool) {
        self.trouble.retain(|who, _| match who {
            Peer::Cluster => true,
            Peer::Broker(node) => is_listed(*node),
        });
    }

    /// Logs another event, within the budget.
    pub(super) fn debug(&mut self, now: Instant, what: impl FnOnce() -> String) {
        if !self.verbose {
            return;
        }
        let is_over = |budget: &Budget| now >= budget.since + BUDGET_FOR;
        let over = self.budget.take_if(|budget| is_over(budget));
        if let Some(left_out) = over.and_then(|budget| budget.spent.checked_sub(BUDGET + 1)) {
            let what = if left_out == 0 { "line was" } else { "lines were" };
            let text = format!("{} {what} left out", left_out + 1);
            self.push(Severity::Debug, text);
        }
        let budget = self.budget.get_or_insert(Budget { since: now, spent: 0 });
        budget.spent += 1;
        if budget.spent <= BUDGET {
            self.push(Severity::Debug, what());
        }
    }
}

fn named(who: Peer) -> String {
    match who {
        Peer::Cluster => "the cluster".to_owned(),
        Peer::Broker(node) => format!("broker {node}"),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
