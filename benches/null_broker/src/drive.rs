//! A minimal producer: one thread, one connection, one batch for each request, no idempotence.
//! Sending the same batches repeatedly measures the transport's limit. With `--encode`, each record
//! is encoded and each batch checksummed again, the best case of a single-threaded client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::batch;
use crate::cpu;
use crate::options::Options;
use crate::wire::{Reader, Writer, zigzag_size};

pub const OPTIONS: [&str; 8] =
    ["bootstrap", "topic", "partitions", "size", "n", "batch-bytes", "in-flight", "encode"];

/// The number of different values, as in all other clients.
const VALUES: usize = 1024;

pub fn run(options: &Options) -> Result<(), String> {
    let bootstrap = options.text("bootstrap").ok_or("--bootstrap is missing")?;
    let topic = options.text("topic").unwrap_or("drive-p12");
    let partitions: i32 = options.number("partitions", 12)?;
    let wanted: usize = options.number("n", 1_000_000)?;
    let batch_bytes = options.number("batch-bytes", 65_536)?;
    let in_flight: usize = options.number("in-flight", 5)?;
    let mut values = Values::new(options.number("size", 100)?);
    let mut broker = Connection::open(bootstrap).map_err(|error| error.to_string())?;

    let mut request = |partition, most| values.request(topic, partition, batch_bytes, most);
    let made: Vec<_> = (0..partitions).map(|partition| request(partition, usize::MAX)).collect();
    for (bytes, _) in &made {
        broker.send(bytes, 1)?; // warm up
    }
    broker.finish()?;

    let (began, cpu) = (Instant::now(), cpu::seconds());
    let mut sent = 0;
    for (partition, (bytes, count)) in (0..partitions).zip(&made).cycle() {
        if sent >= wanted {
            break;
        }
        if options.is_on("encode") {
            let (bytes, count) = request(partition, wanted - sent);
            broker.send(&bytes, in_flight)?;
            sent += count;
        } else {
            broker.send(bytes, in_flight)?;
            sent += count;
        }
    }
    broker.finish()?;
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu::seconds() - cpu);
    println!(
        "{{\"n\":{sent},\"wall_s\":{wall:.4},\"cpu_s\":{cpu:.4},\"errors\":{}}}",
        broker.errors
    );
    Ok(())
}

/// Values of one size, used in rotation.
pub struct Values {
    values: Vec<Vec<u8>>,
    next: usize,
}

impl Values {
    pub fn new(size: usize) -> Self {
        let mut state = 0x9e37_79b9_u32;
        let mut letter = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            b'a' + (state % 26) as u8
        };
        let values = (0..VALUES).map(|_| (0..size).map(|_| letter()).collect()).collect();
        Self { values, next: 0 }
    }

    /// Appends a batch of at most `most` records that fit. Returns their number.
    pub fn batch(&mut self, out: &mut Writer, batch_bytes: usize, most: usize) -> usize {
        let begin = out.bytes.len();
        out.bytes.resize(begin + batch::HEADER, 0);
        let mut count = 0;
        while count < most {
            let value = &self.values[self.next];
            let (delta, length) = (count as i64, value.len() as i64);
            // Attributes, timestamp, offset, no key, the value, no headers.
            let size = 2 + zigzag_size(delta) + 1 + zigzag_size(length) + value.len() + 1;
            let room = batch_bytes.saturating_sub(out.bytes.len() - begin);
            if count > 0 && zigzag_size(size as i64) + size > room {
                break;
            }
            out.zigzag(size as i64);
            out.i8(0);
            out.zigzag(0);
            out.zigzag(delta);
            out.zigzag(-1);
            out.zigzag(length);
            out.raw(value);
            out.zigzag(0);
            count += 1;
            self.next = (self.next + 1) % VALUES;
        }
        write_header(&mut out.bytes[begin..], count as i32);
        count
    }

    /// Returns a request with one batch for `partition`, and the number of its records.
    fn request(
        &mut self,
        topic: &str,
        partition: i32,
        batch_bytes: usize,
        most: usize,
    ) -> (Vec<u8>, usize) {
        let mut out = Writer { bytes: Vec::with_capacity(batch_bytes + 100), is_flexible: false };
        let count = out.sized(|out| {
            out.i16(0); // Produce,
            out.i16(8); // the last version that is not flexible
            out.i32(1);
            out.text(Some(b"drive"));
            out.text(None); // no transaction
            out.i16(-1); // all replicas acknowledge,
            out.i32(30_000); // within this time
            out.length(1);
            out.text(Some(topic.as_bytes()));
            out.length(1);
            out.i32(partition);
            out.sized(|out| self.batch(out, batch_bytes, most))
        });
        (out.bytes, count)
    }
}

fn write_header(batch: &mut [u8], count: i32) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = (since.as_millis() as i64).to_be_bytes();
    let length = (batch.len() - batch::BEFORE_LENGTH) as i32;
    batch[batch::LENGTH].copy_from_slice(&length.to_be_bytes());
    batch[batch::MAGIC] = 2;
    batch[batch::LAST_OFFSET_DELTA].copy_from_slice(&(count - 1).to_be_bytes());
    batch[batch::FIRST_TIMESTAMP].copy_from_slice(&now);
    batch[batch::LAST_TIMESTAMP].copy_from_slice(&now);
    // No producer id, epoch and sequence: all -1.
    batch[batch::PRODUCER_ID.start..batch::SEQUENCE.end].fill(0xff);
    batch[batch::COUNT].copy_from_slice(&count.to_be_bytes());
    let crc = crc32c::crc32c(&batch[batch::CHECKED..]);
    batch[batch::CRC].copy_from_slice(&crc.to_be_bytes());
}

struct Connection {
    socket: TcpStream,
    owed: usize,
    errors: usize,
    answer: Vec<u8>,
}

impl Connection {
    fn open(bootstrap: &str) -> std::io::Result<Self> {
        let socket = TcpStream::connect(bootstrap)?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, owed: 0, errors: 0, answer: Vec::new() })
    }

    fn send(&mut self, request: &[u8], in_flight: usize) -> Result<(), String> {
        self.socket.write_all(request).map_err(|error| error.to_string())?;
        self.owed += 1;
        if self.owed == in_flight { self.read_answer() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), String> {
        while self.owed > 0 {
            self.read_answer()?;
        }
        Ok(())
    }

    fn read_answer(&mut self) -> Result<(), String> {
        let mut size = [0; 4];
        self.socket.read_exact(&mut size).map_err(|error| error.to_string())?;
        self.answer.resize(u32::from_be_bytes(size) as usize, 0);
        self.socket.read_exact(&mut self.answer).map_err(|error| error.to_string())?;
        let mut answer = Reader::new(&self.answer);
        answer.i32()?; // correlation id: answers are in order
        answer.length()?;
        answer.text()?;
        answer.length()?;
        answer.i32()?; // the partition
        self.errors += usize::from(answer.i16()? != 0);
        self.owed -= 1;
        Ok(())
    }
}
