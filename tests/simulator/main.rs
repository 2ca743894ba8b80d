//! The deterministic simulator: the producer's machine, a cluster of brokers and the network
//! between them. The test moves the clock, a seed determines the faults, and rules check every run.

mod cluster;
mod counts;
mod digest;
mod driver;
mod extra;
mod faults;
mod ledger;
mod login_expiry;
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
