//! Logins that brokers refuse for a while. Before the first success a refusal is a configuration
//! error, and records fail immediately. Afterwards it may be temporary, and records wait.

use std::collections::BTreeMap;
use std::time::Duration;

use dekaf::error::{Error, ErrorKind};
use dekaf::producer::{Answer, Event};

use super::cluster::NodeId;
use super::rules::Rule;
use super::run::Run;

/// Minimum pause after a refusal.
const PAUSE: Duration = Duration::from_millis(800);

#[derive(Debug, Default)]
pub(super) struct Logins {
    /// The end of the time in which logins are refused.
    pub(super) refused_until: Duration,
    /// When the machine learned of each broker's last refusal. `None` is any broker that it asked
    /// for metadata.
    refusals: BTreeMap<Option<NodeId>, Duration>,
    /// Whether the machine has received metadata.
    is_reached: bool,
    /// When the machine learned of the first successful login.
    let_in: Option<Duration>,
    /// Records before this one must fail because of a refusal that the machine has just received.
    doomed: Option<u64>,
}

impl Logins {
    pub(super) fn new(refused_for: Duration) -> Self {
        Self { refused_until: refused_for, ..Self::default() }
    }
}

impl Run<'_> {
    /// Returns the error for a broker that cannot be reached now.
    pub(super) fn unreachable(&self) -> Error {
        if self.are_logins_refused() {
            Error::new(ErrorKind::Authentication, "simulated:9092 (SASL: the password is wrong)")
        } else {
            Error::new(ErrorKind::Unreachable, "simulated:9092 (TCP: Connection refused)")
        }
    }

    pub(super) fn are_logins_refused(&self) -> bool {
        self.now < self.logins.refused_until
    }

    /// Tracks events that report a refused or successful login.
    pub(super) fn track_login_events(&mut self, event: &Event) {
        let logins = &mut self.logins;
        match event {
            Event::Answered(Answer::Metadata(_, Err(error))) if error.refuses_connection() => {
                logins.refusals.insert(None, self.now);
                if !logins.is_reached {
                    logins.doomed = Some(self.handed_over);
                }
            }
            Event::Answered(Answer::Metadata(_, answer)) => {
                logins.refusals.remove(&None);
                logins.is_reached |= answer.is_ok();
            }
            Event::ConnectFailed(node, error) if error.refuses_connection() => {
                logins.refusals.insert(Some(*node), self.now);
            }
            Event::Connected(node) => {
                logins.refusals.remove(&Some(*node));
                logins.let_in.get_or_insert(self.now);
            }
            _ => {}
        }
    }

    /// Checks the pause before the machine connects to a broker, or requests metadata.
    pub(super) fn check_login(&mut self, node: Option<NodeId>) {
        let Some(refused) = self.logins.refusals.get(&node) else { return };
        if self.now < *refused + PAUSE {
            let what = format!("the login that {node:?} refused at {refused:?} is tried again");
            self.ledger.violation(Rule::Refused, &what);
        }
    }

    /// Checks that doomed records have failed once the machine has finished its work.
    pub(super) fn check_doomed(&mut self) {
        let Some(before) = self.logins.doomed.take() else { return };
        if let Some(open) = self.ledger.first_open().filter(|open| *open < before) {
            let what = format!("record {open} waits, and the first login was refused");
            self.ledger.violation(Rule::Refused, &what);
        }
    }

    /// Checks that a record does not fail because of a refusal that may be temporary.
    pub(super) fn check_refusal(&mut self, error: &Error) {
        // The machine may receive a refusal and a success at the same time.
        let was_let_in = self.logins.let_in.is_some_and(|at| at < self.now);
        if error.refuses_connection() && was_let_in {
            let what = format!("records fail for a refusal that may pass: {error}");
            self.ledger.violation(Rule::Refused, &what);
        }
    }
}
