//! The deterministic simulator: the producing machine, a cluster of brokers and the network
//! between them, on a clock that only the test moves, with faults from a seed, and what must
//! hold whatever they were.

mod cluster;
mod counts;
mod digest;
mod driver;
mod extra;
mod faults;
mod ledger;
mod lifetimes;
mod logins;
mod network;
mod pauses;
mod placing;
mod rules;
mod run;
mod scenario;
mod seeds;
mod stories;
mod topics;
mod traces;
mod work;
