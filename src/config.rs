//! Settings, parsed and validated once. The rest of the core trusts them.

mod compression;
mod secret;
mod security;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

pub use compression::{Codec, Compression};
pub use secret::Secret;
pub use security::{
    BearerLogin, Identity, Mechanism, Password, PasswordLogin, Pem, Sasl, Security, Tls,
    TlsVersion, Trust, Verification,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Addresses for the first connection; one that answers is enough.
    pub bootstrap_servers: Vec<Address>,
    pub security: Security,
    /// The name in the brokers' logs and quotas.
    pub client_id: String,
    /// Maximum time that a batch waits for more records.
    pub linger: Duration,
    /// The size in bytes at which a batch is full.
    pub batch_size: usize,
    /// Maximum size of a record, and of a request, before compression.
    pub max_request_size: usize,
    /// Maximum time from the call to the acknowledgement, retries included.
    pub delivery_timeout: Duration,
    /// Time after which an unused connection is closed. Brokers close theirs after ten minutes, and
    /// load balancers earlier. A request sent while the other side closes may or may not be
    /// written, so this side closes first.
    pub idle_timeout: Duration,
    /// Maximum time that a broker takes to answer.
    pub request_timeout: Duration,
    /// Maximum time that a message waits for an unknown topic or an unreachable cluster.
    pub metadata_timeout: Duration,
    /// Maximum age of cached metadata before it is refreshed.
    pub metadata_max_age: Duration,
    /// Time after which an unused topic is forgotten.
    pub metadata_max_idle: Duration,
    /// Pause before the first retry; it doubles with each further one.
    pub retry_backoff: Duration,
    pub retry_backoff_max: Duration,
    pub compression: Compression,
    pub acks: Acks,
    /// Whether brokers recognize retries, so that these neither duplicate nor reorder records.
    pub idempotence: bool,
    /// Maximum number of unanswered requests: per broker, and per partition.
    pub max_in_flight: usize,
    /// Whether `max_in_flight` applies without idempotence too. A batch that is retried is then
    /// overtaken by those behind it.
    pub allow_reordering: bool,
    /// Maximum bytes of records held until they are acknowledged.
    pub buffer_memory: usize,
    /// Maximum number of records in the memory queue.
    pub max_waiting: usize,
    pub partitioner: Partitioner,
    /// Whether a partition stops after the first record that fails permanently.
    pub gapless: bool,
    /// Sequence number of a partition's first record. Values other than 0 are for tests of the
    /// wrap-around, which takes 2³¹ records otherwise.
    pub first_sequence: i32,
    /// Maximum number of topics in one metadata request. Callers wait for the machine while it
    /// processes a response, so this bounds that time. Other values are for tests.
    pub metadata_page: usize,
}

impl Config {
    /// Maximum number of batches in flight for a partition without sequence numbers: brokers do not
    /// see their order.
    pub fn in_flight_without_numbers(&self) -> usize {
        if self.allow_reordering { self.max_in_flight } else { 1 }
    }
}

/// The replicas that must store a record before it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// All in-sync replicas.
    All,
    /// The partition's leader.
    Leader,
    /// None: a record counts as delivered when it is written to the socket.
    None,
}

impl Acks {
    /// Returns the value in a request.
    pub fn code(self) -> i16 {
        match self {
            Self::All => -1,
            Self::Leader => 1,
            Self::None => 0,
        }
    }

    pub fn from_code(code: i16) -> Result<Self> {
        [Self::All, Self::Leader, Self::None]
            .into_iter()
            .find(|acks| acks.code() == code)
            .ok_or_else(|| invalid(format!("acks: {code} is not allowed; use -1, 1 or 0")))
    }
}

/// How a partition is chosen for records that do not name one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitioner {
    /// As in the Java client: by the key's murmur2; without a key, a batch's worth to one partition
    /// at a time.
    Java,
    /// As in librdkafka by default: by the key's CRC-32; at random without a key or with an empty
    /// one.
    Crc32,
    /// Each record to the next partition, whatever its key.
    RoundRobin,
    /// Each record to a random partition, whatever its key.
    Random,
    /// The caller chooses for each record: see `docs/design/placing-records.md`.
    Caller,
}

impl FromStr for Partitioner {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "murmur2" => Ok(Self::Java),
            "crc32" => Ok(Self::Crc32),
            "round_robin" => Ok(Self::RoundRobin),
            "random" => Ok(Self::Random),
            _ => Err(invalid(format!(
                "partitioner: \"{name}\" is not a partitioner; use \"murmur2\", \"crc32\", \
                 \"round_robin\", \"random\", or a function"
            ))),
        }
    }
}

impl Config {
    /// Returns the defaults, for a cluster given as `"host:port,host:port"`.
    pub fn new(bootstrap_servers: &str) -> Result<Self> {
        Ok(Self {
            bootstrap_servers: parse_addresses(bootstrap_servers)?,
            security: Security::default(),
            client_id: "dekaf".into(),
            linger: Duration::from_millis(5),
            batch_size: 65_536,
            max_request_size: 1_048_576,
            delivery_timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(180),
            request_timeout: Duration::from_secs(30),
            metadata_timeout: Duration::from_secs(10),
            metadata_max_age: Duration::from_secs(300),
            metadata_max_idle: Duration::from_secs(3_600),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            compression: Compression::NONE,
            acks: Acks::All,
            idempotence: true,
            max_in_flight: 5,
            allow_reordering: false,
            buffer_memory: 64 * 1024 * 1024,
            max_waiting: usize::MAX,
            partitioner: Partitioner::Java,
            gapless: false,
            first_sequence: 0,
            metadata_page: 1_000,
        })
    }
}

/// A host, by name or IP address, and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// A name to resolve, or an IP address without brackets.
    pub host: String,
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn parse_addresses(list: &str) -> Result<Vec<Address>> {
    let addresses = list
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(parse_address)
        .collect::<Result<Vec<_>>>()?;
    if addresses.is_empty() {
        return Err(invalid("bootstrap_servers is empty; write \"host:port\"".into()));
    }
    Ok(addresses)
}

fn parse_address(entry: &str) -> Result<Address> {
    let wrong =
        |what: &str| invalid(format!("bootstrap_servers: \"{entry}\" {what}; write \"host:port\""));
    if entry.contains("://") {
        return Err(wrong("is a URL"));
    }
    let (host, port) = match entry.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").ok_or_else(|| wrong("has no port after \"]\""))?,
        None => entry.rsplit_once(':').ok_or_else(|| wrong("has no port"))?,
    };
    if host.is_empty() {
        return Err(wrong("has no host"));
    }
    if host.contains(':') && !entry.starts_with('[') {
        return Err(wrong("is an IPv6 address without brackets, as in \"[::1]:9092\""));
    }
    if host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
        return Err(wrong("has a host that is no host's name"));
    }
    match port.parse() {
        Ok(port) if port > 0 => Ok(Address { host: host.to_owned(), port }),
        _ => Err(wrong("has a port that is not a number from 1 to 65535")),
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &str) -> Vec<String> {
        parse_addresses(list).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn addresses_are_lists_of_hosts_and_ports() {
        assert_eq!(addresses("localhost:9092"), ["localhost:9092"]);
        assert_eq!(addresses(" a:1 , b:2,"), ["a:1", "b:2"]);
        assert_eq!(addresses("[::1]:9092"), ["[::1]:9092"]);
    }

    #[test]
    fn acks_are_found_by_their_code() {
        for acks in [Acks::All, Acks::Leader, Acks::None] {
            assert_eq!(Acks::from_code(acks.code()).unwrap(), acks);
        }
        let error = Acks::from_code(2).expect_err("Kafka has no such acks");
        assert!(error.to_string().contains("acks: 2 is not allowed"), "{error}");
    }

    #[test]
    fn partitioners_are_found_by_their_names() {
        let cases = [
            ("murmur2", Partitioner::Java),
            ("crc32", Partitioner::Crc32),
            ("round_robin", Partitioner::RoundRobin),
            ("random", Partitioner::Random),
        ];
        for (name, partitioner) in cases {
            assert_eq!(name.parse::<Partitioner>().unwrap(), partitioner);
        }
        let error = "sticky".parse::<Partitioner>().expect_err("it has no such name");
        assert!(error.to_string().contains("\"sticky\" is not a partitioner"), "{error}");
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        let cases = [
            "",
            " , ",
            "localhost",
            "localhost:",
            "localhost:http",
            ":9092",
            "::1:9092",
            "[::1]",
            "a:0",
            "a:65536",
            "a:-1",
            "kafka://a:9092",
            "a b:9092",
            "user@a:9092",
        ];
        for case in cases {
            let error = parse_addresses(case).expect_err(case);
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("bootstrap_servers"), "{error}");
            assert!(error.to_string().contains("host:port"), "{error}");
        }
    }
}
