//! Faults that somebody ordered: what the next requests of an API come to. Decides, and does
//! nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::error::ErrorCode;
use crate::protocol::ApiKey;

/// What is done to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this error, and nothing is done.
    Fail(ErrorCode),
    /// It is answered that much later.
    Delay(Duration),
    /// It is done, and its connection ends without an answer.
    DropAnswer,
    /// Its connection ends, and nothing is done.
    DropRequest,
    /// It is answered at once, and the answer asks for that much silence. The connection is not
    /// read for as long. Answers to `Produce` alone can ask.
    Throttle(Duration),
}

/// An order: a fault for some requests to come.
#[derive(Debug)]
struct Order {
    /// `None` for every API.
    api: Option<ApiKey>,
    fault: Fault,
    /// How often it still happens; `None` for always.
    left: Option<u32>,
}

/// What a request comes to; nothing special by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Answer with this, and do nothing.
    pub error: Option<ErrorCode>,
    /// Wait before answering.
    pub delay: Duration,
    /// Do not answer, and end the connection.
    pub drop_answer: bool,
    /// End the connection, and do nothing.
    pub drop_request: bool,
    /// Ask for silence, and read nothing for as long.
    pub throttle: Duration,
}

/// All orders, the oldest first, the topics that are denied, and the users that are not let in.
#[derive(Debug, Default)]
pub struct Faults {
    orders: Vec<Order>,
    denied: Denied,
    locked_out: BTreeSet<String>,
}

/// Which APIs may not touch which topics; `None` is every API.
#[derive(Debug, Default)]
pub struct Denied {
    rules: BTreeMap<String, BTreeSet<Option<ApiKey>>>,
}

impl Denied {
    /// What an API answers for a topic that it may not touch.
    pub fn judge(&self, api: ApiKey, topic: &str) -> Option<ErrorCode> {
        let apis = self.rules.get(topic)?;
        let is_denied = apis.contains(&None) || apis.contains(&Some(api));
        is_denied.then_some(ErrorCode::TOPIC_AUTHORIZATION_FAILED)
    }
}

impl Faults {
    /// Orders a fault for the next `times` requests of an API, or of any; for all of them
    /// without a number.
    pub fn order(&mut self, api: Option<ApiKey>, fault: Fault, times: Option<u32>) {
        if times != Some(0) {
            self.orders.push(Order { api, fault, left: times });
        }
    }

    /// Denies a topic to an API, or to all of them.
    pub fn deny(&mut self, topic: String, api: Option<ApiKey>) {
        self.denied.rules.entry(topic).or_default().insert(api);
    }

    /// Allows a topic again, to every API.
    pub fn allow(&mut self, topic: &str) {
        self.denied.rules.remove(topic);
    }

    /// The topics that are denied.
    pub fn denied(&self) -> &Denied {
        &self.denied
    }

    /// Refuses every login of a user from now on. Those that hold go on.
    pub fn lock_out(&mut self, user: String) {
        self.locked_out.insert(user);
    }

    /// Lets a user in again.
    pub fn let_in(&mut self, user: &str) {
        self.locked_out.remove(user);
    }

    /// The users that are not let in.
    pub fn locked_out(&self) -> &BTreeSet<String> {
        &self.locked_out
    }

    /// Takes back every order, allows every topic, and lets every user in.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What happens to a request. Of each kind of fault the oldest order counts, so that orders
    /// follow one another.
    pub fn judge(&mut self, api: ApiKey) -> Verdict {
        let mut verdict = Verdict::default();
        let mut ended = false;
        for order in &mut self.orders {
            if order.api.is_some_and(|meant| meant != api) {
                continue;
            }
            let is_first = match order.fault {
                Fault::Fail(code) if verdict.error.is_none() && !ended => {
                    verdict.error = Some(code);
                    ended = true;
                    true
                }
                Fault::DropAnswer if !ended => {
                    verdict.drop_answer = true;
                    ended = true;
                    true
                }
                Fault::DropRequest if !ended => {
                    verdict.drop_request = true;
                    ended = true;
                    true
                }
                Fault::Delay(delay) if verdict.delay.is_zero() => {
                    verdict.delay = delay;
                    true
                }
                Fault::Throttle(time) if verdict.throttle.is_zero() => {
                    verdict.throttle = time;
                    true
                }
                _ => false,
            };
            if is_first && let Some(left) = &mut order.left {
                *left -= 1;
            }
        }
        self.orders.retain(|order| order.left != Some(0));
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: ErrorCode = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    const LATER: ErrorCode = ErrorCode::LEADER_NOT_AVAILABLE;

    #[test]
    fn nothing_happens_unless_it_was_ordered() {
        assert_eq!(Faults::default().judge(ApiKey::Produce), Verdict::default());
    }

    #[test]
    fn orders_follow_one_another_and_concern_one_api() {
        let mut faults = Faults::default();
        faults.order(Some(ApiKey::Produce), Fault::Fail(REFUSED), Some(2));
        faults.order(Some(ApiKey::Produce), Fault::Fail(LATER), Some(1));
        faults.order(None, Fault::Fail(LATER), Some(0));
        assert_eq!(faults.judge(ApiKey::Metadata), Verdict::default());
        let errors: Vec<_> = (0..4).map(|_| faults.judge(ApiKey::Produce).error).collect();
        assert_eq!(errors, [Some(REFUSED), Some(REFUSED), Some(LATER), None]);
    }

    #[test]
    fn a_topic_is_denied_to_one_api_or_to_all() {
        let mut faults = Faults::default();
        faults.deny("t".into(), Some(ApiKey::Produce));
        faults.deny("u".into(), None);
        faults.deny("u".into(), Some(ApiKey::Fetch));
        let denied = |faults: &Faults, topic| {
            let apis = [ApiKey::Produce, ApiKey::Fetch, ApiKey::Metadata];
            apis.map(|api| faults.denied().judge(api, topic).is_some())
        };
        assert_eq!(denied(&faults, "t"), [true, false, false]);
        assert_eq!(denied(&faults, "u"), [true; 3]);
        assert_eq!(denied(&faults, "v"), [false; 3]);
        faults.allow("u");
        faults.allow("v");
        assert_eq!(denied(&faults, "u"), [false; 3]);
        faults.clear();
        assert_eq!(denied(&faults, "t"), [false; 3]);
    }

    #[test]
    fn a_request_is_late_and_fails() {
        let mut faults = Faults::default();
        let second = Duration::from_secs(1);
        faults.order(None, Fault::Delay(second), None);
        faults.order(Some(ApiKey::Produce), Fault::DropAnswer, Some(1));
        faults.order(Some(ApiKey::Produce), Fault::Throttle(second), Some(1));
        let all =
            Verdict { delay: second, drop_answer: true, throttle: second, ..Default::default() };
        assert_eq!(faults.judge(ApiKey::Produce), all);
        let late = Verdict { delay: second, ..Verdict::default() };
        assert_eq!(faults.judge(ApiKey::Produce), late);
        faults.clear();
        assert_eq!(faults.judge(ApiKey::Produce), Verdict::default());
    }
}
