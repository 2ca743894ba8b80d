//! Sockets and threads: one for each connection, one that listens, one that tells what was counted.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::answers::{Broker, Topics};
use crate::frames::Frames;
use crate::options::Options;
use crate::tally::{Tally, add};
use crate::wire::Writer;

pub const OPTIONS: [&str; 7] =
    ["host", "port", "stats-port", "partitions", "delay-ms", "crc", "attended"];

pub fn run(options: &Options) -> Result<(), String> {
    let host = options.text("host").unwrap_or("127.0.0.1").to_owned();
    let (listener, port) = listen(&host, options.number("port", 0)?)?;
    let (stats, stats_port) = listen(&host, options.number("stats-port", 0)?)?;
    let delay = Duration::from_millis(options.number("delay-ms", 0)?);
    let broker = Arc::new(Broker {
        host,
        port,
        partitions: options.number("partitions", 12)?,
        checks_crc: options.is_on("crc"),
        tally: Tally::default(),
        next_producer_id: 1000.into(),
    });
    println!("{{\"port\":{port},\"stats_port\":{stats_port}}}");
    if options.is_on("attended") {
        thread::spawn(end_with_standard_input);
    }
    let told = Arc::clone(&broker);
    thread::spawn(move || {
        for mut socket in stats.incoming().flatten() {
            // Who asks and does not listen misses it.
            let _ = socket.write_all(told.tally.line().as_bytes());
        }
    });
    for socket in listener.incoming().flatten() {
        let broker = Arc::clone(&broker);
        thread::spawn(move || {
            add(&broker.tally.connections, 1);
            if let Err(error) = converse(&broker, socket, delay) {
                add(&broker.tally.refused, 1);
                eprintln!("a connection was closed: {error}");
            }
        });
    }
    Ok(())
}

fn listen(host: &str, port: u16) -> Result<(TcpListener, u16), String> {
    let listener = TcpListener::bind((host, port))
        .map_err(|error| format!("{host}:{port} cannot be listened on: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, address.port()))
}

/// Whoever started this process holds the other end, and may be killed without a word.
fn end_with_standard_input() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    std::process::exit(0);
}

/// Answers everything that comes over a socket, in order.
fn converse(broker: &Broker, mut socket: TcpStream, delay: Duration) -> Result<(), String> {
    socket.set_nodelay(true).map_err(|error| error.to_string())?;
    let late = if delay.is_zero() { None } else { Some(late_writer(&socket)?) };
    let mut frames = Frames::new();
    let mut topics = Topics::new();
    let mut out = Writer::default();
    while read(&mut frames, &mut socket, broker)? {
        while let Some(request) = frames.next()? {
            let begin = out.bytes.len();
            let is_wanted = out.sized(|out| broker.answer(request, &mut topics, out))?;
            if !is_wanted {
                out.bytes.truncate(begin);
            }
        }
        if let Some(late) = &late {
            let answers = std::mem::take(&mut out.bytes);
            late.send((Instant::now() + delay, answers)).map_err(|error| error.to_string())?;
        } else {
            socket.write_all(&out.bytes).map_err(|error| error.to_string())?;
            out.bytes.clear();
        }
    }
    Ok(())
}

/// Says whether there was anything to read.
fn read(frames: &mut Frames, socket: &mut impl Read, broker: &Broker) -> Result<bool, String> {
    loop {
        match frames.fill(socket) {
            Ok(count) => {
                add(&broker.tally.bytes_in, count);
                return Ok(count > 0);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A client that is killed says no more.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
            Err(error) => return Err(error.to_string()),
        }
    }
}

type Late = mpsc::Sender<(Instant, Vec<u8>)>;

/// Writes answers when they are due, while more requests are read: as a broker far away does.
fn late_writer(socket: &TcpStream) -> Result<Late, String> {
    let mut socket = socket.try_clone().map_err(|error| error.to_string())?;
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        for (due, answers) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if socket.write_all(&answers).is_err() {
                return;
            }
        }
    });
    Ok(sender)
}
