//! Logins that expire on open connections. The client renews a login after its sent requests and
//! before the next ones, or closes the connection once its requests are answered. If it is too
//! late, the broker closes the connection at the next request.

use std::time::Duration;

use super::network::{Hold, LinkId};
use super::run::{Event, Run};
use super::scenario::Scenario;

impl Run<'_> {
    /// Schedules the next renewal of a login.
    pub(super) fn begin_login(&mut self, link: LinkId) {
        let Some(lasts) = self.scenario.extra.logins_last else { return };
        let due = self.now + lasts.sample(&mut self.extra);
        self.plan(due, Event::LoginDue(link));
    }

    pub(super) fn login_due(&mut self, id: LinkId) {
        let Some(link) = self.network.link_mut(id).filter(|link| link.alive) else { return };
        match self.extra.below(8) {
            0 => link.is_expired = true,
            1 => link.hold = Some(Hold::Unanswered),
            2 | 3 => link.hold = Some(Hold::Refused),
            _ => link.hold = Some(Hold::Renewed),
        }
        self.go_on_with_login(id);
    }

    /// Returns how long a request may be held back by a login: until the earlier answers, and one
    /// more.
    pub(super) fn longest_hold(&self) -> Duration {
        let Scenario { config, network, extra, .. } = self.scenario;
        extra.logins_last.map_or(Duration::ZERO, |_| config.request_timeout + network.most)
    }

    /// Starts the renewal once the broker has processed all earlier requests.
    pub(super) fn go_on_with_login(&mut self, id: LinkId) {
        let Some(link) = self.network.link_mut(id).filter(|link| link.alive) else { return };
        let is_next = link.is_drained() && !link.is_login_sent;
        let Some(hold) = link.hold.filter(|_| is_next) else { return };
        link.is_login_sent = true;
        let pause = match hold {
            Hold::Unanswered => self.scenario.config.request_timeout,
            _ => self.scenario.network.sample(&mut self.extra),
        };
        self.plan(self.now + pause, Event::LoginAnswered(id));
    }

    pub(super) fn login_answered(&mut self, id: LinkId) {
        let Some(link) = self.network.link_mut(id).filter(|link| link.alive) else { return };
        if link.hold != Some(Hold::Renewed) {
            return self.cut(id);
        }
        let (node, waiting) = (link.node, link.release());
        for (request, content) in waiting {
            self.send_to(node, request, content);
        }
        self.begin_login(id);
    }
}
