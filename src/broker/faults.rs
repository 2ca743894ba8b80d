//! Injected faults: decides what happens to each request. The server carries it out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::error::ErrorCode;
use crate::protocol::ApiKey;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The broker answers with this error and does not process the request.
    Fail(ErrorCode),
    /// The broker answers this much later.
    Delay(Duration),
    /// The broker processes the request, then closes the connection without an answer.
    DropAnswer,
    /// The broker closes the connection without processing the request.
    DropRequest,
    /// The broker answers immediately with this throttle time, and reads nothing from the
    /// connection for as long. Only `Produce` responses carry the throttle time.
    Throttle(Duration),
}

/// A fault that was requested for future requests.
#[derive(Debug)]
struct InjectedFault {
    /// `None` for every API.
    api: Option<ApiKey>,
    fault: Fault,
    /// How many more times the fault happens; `None` for always.
    left: Option<u32>,
}

/// All faults of one request; by default none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestFaults {
    /// Answer with this error, without processing the request.
    pub error: Option<ErrorCode>,
    /// Wait this long before answering.
    pub delay: Duration,
    /// Close the connection instead of answering.
    pub drop_answer: bool,
    /// Close the connection without processing the request.
    pub drop_request: bool,
    /// The throttle time to report; read nothing from the connection for as long.
    pub throttle: Duration,
}

/// All injected faults, the oldest first, the denied topics, and the users that cannot log in.
#[derive(Debug, Default)]
pub struct Faults {
    injected: Vec<InjectedFault>,
    denied: Denied,
    locked_out: BTreeSet<String>,
}

/// The topics that APIs may not access; `None` means every API.
#[derive(Debug, Default)]
pub struct Denied {
    rules: BTreeMap<String, BTreeSet<Option<ApiKey>>>,
}

impl Denied {
    /// Returns the error of an API for a topic that is denied to it.
    pub fn denied_error(&self, api: ApiKey, topic: &str) -> Option<ErrorCode> {
        let apis = self.rules.get(topic)?;
        let is_denied = apis.contains(&None) || apis.contains(&Some(api));
        is_denied.then_some(ErrorCode::TOPIC_AUTHORIZATION_FAILED)
    }
}

impl Faults {
    /// Injects a fault into the next `times` requests of `api`, or of any API if it is `None`.
    /// Without `times` the fault is permanent.
    pub fn order(&mut self, api: Option<ApiKey>, fault: Fault, times: Option<u32>) {
        if times != Some(0) {
            self.injected.push(InjectedFault { api, fault, left: times });
        }
    }

    pub fn deny(&mut self, topic: String, api: Option<ApiKey>) {
        self.denied.rules.entry(topic).or_default().insert(api);
    }

    /// Allows a topic again, to every API.
    pub fn allow(&mut self, topic: &str) {
        self.denied.rules.remove(topic);
    }

    pub fn denied(&self) -> &Denied {
        &self.denied
    }

    /// Refuses every new login of a user. Existing connections stay logged in.
    pub fn lock_out(&mut self, user: String) {
        self.locked_out.insert(user);
    }

    pub fn let_in(&mut self, user: &str) {
        self.locked_out.remove(user);
    }

    pub fn locked_out(&self) -> &BTreeSet<String> {
        &self.locked_out
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the faults of a request. For each kind of fault only the oldest matching one
    /// applies, so that faults take effect one after another. `Fail`, `DropAnswer` and
    /// `DropRequest` are one kind.
    pub fn faults_for(&mut self, api: ApiKey) -> RequestFaults {
        let mut faults = RequestFaults::default();
        let mut ended = false;
        for fault in &mut self.injected {
            if fault.api.is_some_and(|meant| meant != api) {
                continue;
            }
            let is_first = match fault.fault {
                Fault::Fail(code) if faults.error.is_none() && !ended => {
                    faults.error = Some(code);
                    ended = true;
                    true
                }
                Fault::DropAnswer if !ended => {
                    faults.drop_answer = true;
                    ended = true;
                    true
                }
                Fault::DropRequest if !ended => {
                    faults.drop_request = true;
                    ended = true;
                    true
                }
                Fault::Delay(delay) if faults.delay.is_zero() => {
                    faults.delay = delay;
                    true
                }
                Fault::Throttle(time) if faults.throttle.is_zero() => {
                    faults.throttle = time;
                    true
                }
                _ => false,
            };
            if is_first && let Some(left) = &mut fault.left {
                *left -= 1;
            }
        }
        self.injected.retain(|fault| fault.left != Some(0));
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: ErrorCode = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    const LATER: ErrorCode = ErrorCode::LEADER_NOT_AVAILABLE;

    #[test]
    fn no_fault_happens_unless_injected() {
        assert_eq!(Faults::default().faults_for(ApiKey::Produce), RequestFaults::default());
    }

    #[test]
    fn faults_apply_in_order_and_only_to_their_api() {
        let mut faults = Faults::default();
        faults.order(Some(ApiKey::Produce), Fault::Fail(REFUSED), Some(2));
        faults.order(Some(ApiKey::Produce), Fault::Fail(LATER), Some(1));
        faults.order(None, Fault::Fail(LATER), Some(0));
        assert_eq!(faults.faults_for(ApiKey::Metadata), RequestFaults::default());
        let errors: Vec<_> = (0..4).map(|_| faults.faults_for(ApiKey::Produce).error).collect();
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
            apis.map(|api| faults.denied().denied_error(api, topic).is_some())
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
    fn a_request_can_be_delayed_and_fail() {
        let mut faults = Faults::default();
        let second = Duration::from_secs(1);
        faults.order(None, Fault::Delay(second), None);
        faults.order(Some(ApiKey::Produce), Fault::DropAnswer, Some(1));
        faults.order(Some(ApiKey::Produce), Fault::Throttle(second), Some(1));
        let all = RequestFaults {
            delay: second,
            drop_answer: true,
            throttle: second,
            ..Default::default()
        };
        assert_eq!(faults.faults_for(ApiKey::Produce), all);
        let late = RequestFaults { delay: second, ..RequestFaults::default() };
        assert_eq!(faults.faults_for(ApiKey::Produce), late);
        faults.clear();
        assert_eq!(faults.faults_for(ApiKey::Produce), RequestFaults::default());
    }
}
