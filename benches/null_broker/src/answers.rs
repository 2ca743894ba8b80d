//! Responses to the requests of producers: ApiVersions, Metadata, InitProducerId and Produce. Uses
//! no sockets and no threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::partition::Partition;
use crate::tally::{Tally, add};
use crate::wire::{Read, Reader, Writer};

const PRODUCE: i16 = 0;
const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
const INIT_PRODUCER_ID: i16 = 22;

/// API keys with their first and last version. Fetch (1), ListOffsets (2) and FindCoordinator (10)
/// are listed but not served: librdkafka derives the features of a broker from them.
const APIS: [(i16, i16, i16); 7] = [
    (PRODUCE, 0, 11),
    (1, 0, 12),
    (2, 0, 7),
    (METADATA, 0, 12),
    (10, 0, 4),
    (API_VERSIONS, 0, 4),
    (INIT_PRODUCER_ID, 0, 4),
];

const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const UNSUPPORTED_VERSION: i16 = 35;

const NODE: i32 = 1;

/// The state shared by all connections.
pub struct Broker {
    pub host: String,
    pub port: u16,
    /// The partition count of topics whose name does not contain one.
    pub partitions: usize,
    pub checks_crc: bool,
    pub tally: Tally,
    pub next_producer_id: AtomicI64,
}

/// The topics that were produced to over one connection.
pub type Topics = HashMap<Vec<u8>, Vec<Partition>>;

impl Broker {
    /// Appends the response to `out`. Returns whether the client wants one.
    pub fn answer(
        &self,
        request: &[u8],
        topics: &mut Topics,
        out: &mut Writer,
    ) -> Result<bool, String> {
        add(&self.tally.requests, 1);
        let mut request = Reader::new(request);
        let (key, version, correlation) = (request.i16()?, request.i16()?, request.i32()?);
        request.text()?; // the client id, which is never compact
        out.is_flexible = match key {
            PRODUCE | METADATA => version >= 9,
            API_VERSIONS => (3..=4).contains(&version),
            _ => version >= 2,
        };
        request.is_flexible = out.is_flexible;
        request.tags()?;
        out.i32(correlation);
        match key {
            API_VERSIONS => api_versions(version, out),
            METADATA if version <= 12 => self.metadata(version, &mut request, out)?,
            INIT_PRODUCER_ID if version <= 4 => self.init_producer_id(out),
            PRODUCE if (3..=11).contains(&version) => {
                return Ok(self.produce(version, &mut request, topics, out)?);
            }
            _ => return Err(format!("version {version} of API {key} is not served")),
        }
        Ok(true)
    }

    fn partitions_of(&self, topic: &[u8]) -> usize {
        let name = std::str::from_utf8(topic).ok();
        let count = name.and_then(|name| name.rsplit_once("-p")).map(|(_, count)| count);
        let count = count.and_then(|count| count.parse().ok());
        count.filter(|count| (1..=100_000).contains(count)).unwrap_or(self.partitions)
    }

    fn metadata(&self, version: i16, request: &mut Reader<'_>, out: &mut Writer) -> Read<()> {
        let mut names = Vec::new();
        for _ in 0..request.length()? {
            if version >= 10 {
                request.take(16)?; // the topic's id
            }
            names.push(request.text()?.unwrap_or_default());
            request.tags()?;
        }
        out.tags();
        if version >= 3 {
            out.i32(0); // no throttling
        }
        out.length(1);
        out.i32(NODE);
        out.text(Some(self.host.as_bytes()));
        out.i32(i32::from(self.port));
        if version >= 1 {
            out.text(None); // no rack
        }
        out.tags();
        if version >= 2 {
            out.text(Some(b"null-broker"));
        }
        if version >= 1 {
            out.i32(NODE); // the controller
        }
        out.length(names.len());
        for name in names {
            self.topic(version, name, out);
        }
        if (8..=10).contains(&version) {
            out.i32(i32::MIN); // cluster operations were not requested
        }
        out.tags();
        Ok(())
    }

    fn topic(&self, version: i16, name: &[u8], out: &mut Writer) {
        out.i16(0);
        out.text(Some(name));
        if version >= 10 {
            out.raw(&made_up_id(name));
        }
        if version >= 1 {
            out.i8(0); // not internal
        }
        let partitions = self.partitions_of(name);
        out.length(partitions);
        for partition in 0..partitions {
            out.i16(0);
            out.i32(partition as i32);
            out.i32(NODE);
            if version >= 7 {
                out.i32(0); // the leader's epoch
            }
            for _replicas_and_those_in_sync in 0..2 {
                out.length(1);
                out.i32(NODE);
            }
            if version >= 5 {
                out.length(0); // no replica is offline
            }
            out.tags();
        }
        if version >= 8 {
            out.i32(i32::MIN); // topic operations were not requested
        }
        out.tags();
    }

    fn init_producer_id(&self, out: &mut Writer) {
        out.tags();
        out.i32(0);
        out.i16(0);
        out.i64(self.next_producer_id.fetch_add(1, Relaxed));
        out.i16(0); // its epoch
        out.tags();
    }

    /// Returns whether the client wants an acknowledgement.
    fn produce(
        &self,
        version: i16,
        request: &mut Reader<'_>,
        topics: &mut Topics,
        out: &mut Writer,
    ) -> Read<bool> {
        add(&self.tally.produce_requests, 1);
        request.text()?; // transactional id
        let acks = request.i16()?;
        request.i32()?; // timeout
        out.tags();
        let count = length(request)?;
        out.length(count);
        for _ in 0..count {
            let name = request.text()?.unwrap_or_default();
            if !topics.contains_key(name) {
                topics.insert(name.to_vec(), vec![Partition::default(); self.partitions_of(name)]);
            }
            let partitions = topics.get_mut(name).ok_or("a topic was forgotten")?;
            out.text(Some(name));
            let count = length(request)?;
            out.length(count);
            for _ in 0..count {
                self.append(version, request, partitions, out)?;
            }
            request.tags()?;
            out.tags();
        }
        out.i32(0); // no throttling
        out.tags();
        Ok(acks != 0)
    }

    fn append(
        &self,
        version: i16,
        request: &mut Reader<'_>,
        partitions: &mut [Partition],
        out: &mut Writer,
    ) -> Read<()> {
        let index = request.i32()?;
        let records = request.bytes()?;
        request.tags()?;
        let partition = usize::try_from(index).ok().and_then(|index| partitions.get_mut(index));
        let (base, done) = match partition {
            None => (-1, Err(UNKNOWN_TOPIC_OR_PARTITION)),
            Some(partition) => {
                (partition.end, partition.append(records, self.checks_crc, &self.tally))
            }
        };
        out.i32(index);
        out.i16(done.err().unwrap_or(0));
        out.i64(base);
        out.i64(-1); // no append time: the topic uses CreateTime
        if version >= 5 {
            out.i64(0); // log start offset
        }
        if version >= 8 {
            out.length(0); // no record errors,
            out.text(None); // and no error message
        }
        out.tags();
        Ok(())
    }
}

fn length(request: &mut Reader<'_>) -> Read<usize> {
    usize::try_from(request.length()?).map_err(|_| "a list is null")
}

fn api_versions(version: i16, out: &mut Writer) {
    // A request in an unsupported version is answered in version 0.
    out.i16(if version > 4 { UNSUPPORTED_VERSION } else { 0 });
    out.length(APIS.len());
    for (key, first, last) in APIS {
        out.i16(key);
        out.i16(first);
        out.i16(last);
        out.tags();
    }
    if (1..=4).contains(&version) {
        out.i32(0); // no throttling
    }
    out.tags();
}

/// Returns a topic id that only depends on the name.
fn made_up_id(name: &[u8]) -> [u8; 16] {
    let mut id = [1; 16];
    id[..4].copy_from_slice(&crc32c::crc32c(name).to_be_bytes());
    id[4..8].copy_from_slice(&crc32c::crc32c_append(1, name).to_be_bytes());
    id
}
