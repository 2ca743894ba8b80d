//! The null broker: receives, counts and acknowledges records, and stores nothing. Benchmarks
//! against it measure the cost of clients only. `drive` is a minimal producer, which shows the
//! upper limit of the machine.

mod answers;
mod batch;
mod cpu;
mod drive;
mod frames;
mod options;
mod partition;
mod serve;
mod tally;
mod tls;
mod wire;

use std::process::ExitCode;

use options::Options;

const USAGE: &str = "usage:
  null-broker serve [--host 127.0.0.1] [--port 0] [--stats-port 0] [--partitions 12]
                    [--delay-ms 0] [--crc] [--attended] [--tls-ca FILE]
      The first line it prints has its ports; port 0 is any that is free. Whoever connects to the
      port of statistics is told what was counted. A topic named <x>-p<N> has N partitions, any
      other has --partitions. --delay-ms acknowledges late, --crc checks every batch's checksum,
      --attended ends when standard input does. --tls-ca serves TLS 1.3 with AES-256-GCM alone: it
      makes a certificate for --host, and writes the authority that signed it to FILE, as PEM.
  null-broker drive --bootstrap HOST:PORT [--topic drive-p12] [--partitions 12] [--size 100]
                    [--n 1000000] [--batch-bytes 65536] [--in-flight 5] [--encode]
      Sends the same batches again and again; with --encode each is made anew.";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some("serve") => Options::parse(arguments, &serve::OPTIONS).and_then(|o| serve::run(&o)),
        Some("drive") => Options::parse(arguments, &drive::OPTIONS).and_then(|o| drive::run(&o)),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
