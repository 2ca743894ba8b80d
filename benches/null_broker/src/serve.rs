//! Sockets and threads: one thread for each connection, one that accepts, one that serves
//! statistics.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::ServerConfig;

use crate::answers::{Broker, Topics};
use crate::frames::Frames;
use crate::options::Options;
use crate::tally::{Tally, add};
use crate::tls::{self, Encrypted};
use crate::wire::Writer;

pub const OPTIONS: [&str; 8] =
    ["host", "port", "stats-port", "partitions", "delay-ms", "crc", "attended", "tls-ca"];

pub fn run(options: &Options) -> Result<(), String> {
    let host = options.text("host").unwrap_or("127.0.0.1").to_owned();
    let (listener, port) = listen(&host, options.number("port", 0)?)?;
    let (stats, stats_port) = listen(&host, options.number("stats-port", 0)?)?;
    let delay = Duration::from_millis(options.number("delay-ms", 0)?);
    let tls = options.path("tls-ca")?.map(|ca| tls::config(&host, ca)).transpose()?;
    if tls.is_some() && !delay.is_zero() {
        return Err("--delay-ms is for plain connections: leave out --tls-ca".to_owned());
    }
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
            // A client that does not read misses the statistics.
            let _ = socket.write_all(told.tally.line().as_bytes());
        }
    });
    for socket in listener.incoming().flatten() {
        let (broker, tls) = (Arc::clone(&broker), tls.clone());
        thread::spawn(move || {
            add(&broker.tally.connections, 1);
            if let Err(error) = welcome(&broker, socket, delay, tls) {
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

/// The parent process holds the other end, and may be killed without notice.
fn end_with_standard_input() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    std::process::exit(0);
}

fn welcome(
    broker: &Broker,
    socket: TcpStream,
    delay: Duration,
    tls: Option<Arc<ServerConfig>>,
) -> Result<(), String> {
    socket.set_nodelay(true).map_err(|error| error.to_string())?;
    if let Some(config) = tls {
        return converse(broker, Encrypted::new(socket, config)?, None);
    }
    let late = if delay.is_zero() { None } else { Some(late_writer(&socket, delay)?) };
    converse(broker, socket, late)
}

/// Answers all requests of a connection, in order.
fn converse(
    broker: &Broker,
    mut socket: impl Read + Write,
    late: Option<Late>,
) -> Result<(), String> {
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
            late.send((Instant::now(), answers)).map_err(|error| error.to_string())?;
        } else {
            socket.write_all(&out.bytes).map_err(|error| error.to_string())?;
            out.bytes.clear();
        }
    }
    Ok(())
}

/// Returns false at the end of the stream.
fn read(frames: &mut Frames, socket: &mut impl Read, broker: &Broker) -> Result<bool, String> {
    loop {
        match frames.fill(socket) {
            Ok(count) => {
                add(&broker.tally.bytes_in, count);
                return Ok(count > 0);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A client that is killed resets the connection.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
            Err(error) => return Err(error.to_string()),
        }
    }
}

type Late = mpsc::Sender<(Instant, Vec<u8>)>;

/// Writes each answer `delay` after its request, and reads further requests meanwhile, like a
/// distant broker.
fn late_writer(socket: &TcpStream, delay: Duration) -> Result<Late, String> {
    let mut socket = socket.try_clone().map_err(|error| error.to_string())?;
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        for (read, answers) in receiver {
            thread::sleep(delay.saturating_sub(read.elapsed()));
            if socket.write_all(&answers).is_err() {
                return;
            }
        }
    });
    Ok(sender)
}
