//! Counts of a broker.

use crate::producer::histogram::Histogram;
use crate::producer::metrics::{Errors, RequestMetrics, ThrottleTime};

#[derive(Debug, Default)]
pub(super) struct NodeCounts {
    pub(super) requests: u64,
    pub(super) lost: u64,
    pub(super) connect_failures: u64,
    pub(super) disconnects: u64,
    pub(super) throttle_time: ThrottleTime,
    pub(super) latencies: Histogram,
    pub(super) errors: Errors,
}

impl NodeCounts {
    /// Adds the request counts of another broker.
    pub(super) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.lost += other.lost;
        self.throttle_time += other.throttle_time;
        self.latencies.add(&other.latencies);
    }

    pub(super) fn requests(&self, in_flight: usize) -> RequestMetrics {
        RequestMetrics {
            sent: self.requests,
            lost: self.lost,
            in_flight,
            latency: self.latencies.latency(),
            throttle_time: self.throttle_time,
        }
    }
}
