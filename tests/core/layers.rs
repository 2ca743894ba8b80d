//! Checks the layering described in `src/lib.rs`: a module imports only modules to its left, and
//! those up to `producer` have no access to I/O, clocks or randomness.

mod paths;
mod rooms;

use std::fs;
use std::path::Path;

use paths::{Use, paths};

/// From left to right. A module that is missing here fails the test.
const LAYERS: [&str; 15] = [
    "scarce", "random", "error", "config", "wire", "protocol", "record", "sasl", "cluster",
    "producer", "tls", "net", "client", "broker", "py",
];

/// The last layer without I/O.
const LAST_PURE: &str = "producer";

/// The broker's log is used by the simulator, so it must be pure and may import even less.
const LOG: [&str; 2] = ["broker", "log"];
const LOG_MAY_IMPORT: [&str; 4] = ["error", "wire", "protocol", "record"];

/// The parts of the producer's machine that own state, each with private fields. Only the machine
/// knows them: they never call each other, and plain values do not know them.
const COMPONENTS: [&str; 13] = [
    "calls",
    "counts",
    "memory",
    "nodes",
    "notices",
    "producer_ids",
    "queues",
    "results",
    "shutdown",
    "splitter",
    "tickets",
    "timers",
    "unassigned",
];

/// Paths that a pure module must not mention, and what they provide.
const OUTSIDE: [(&[&str], &str); 13] = [
    (&["tokio"], "Tokio"),
    (&["pyo3"], "Python"),
    (&["socket2"], "sockets"),
    (&["std", "net"], "sockets"),
    (&["std", "thread"], "threads"),
    (&["SystemTime", "now"], "a clock; the time is an argument"),
    (&["Instant", "now"], "a clock; the time is an argument"),
    // `Instant::elapsed` reads the clock without a call of `now`.
    (&["elapsed"], "a clock; the time is an argument"),
    (&["rand"], "randomness; the source is an argument"),
    (&["getrandom"], "randomness; the source is an argument"),
    (&["fastrand"], "randomness; the source is an argument"),
    (&["RandomState"], "randomness; the source is an argument"),
    (&["thread_rng"], "randomness; the source is an argument"),
];

#[test]
fn every_module_imports_only_leftwards() {
    let broken: Vec<String> =
        sources().iter().flat_map(|(file, source)| broken_rules(file, source)).collect();
    assert!(broken.is_empty(), "the layering is broken:\n{}", broken.join("\n"));
}

/// Returns every source file: its path from the crate's root, and its text.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    collect(&root.join("src"), &mut files);
    assert!(files.len() > 20, "only {} source files were found: is this test blind?", files.len());
    let read = |file: String| {
        let source = fs::read_to_string(root.join(&file)).expect("a source file");
        (file, source)
    };
    files.into_iter().map(read).collect()
}

/// Lists all Rust files below a folder, as paths from the crate's root with `/`.
fn collect(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry of that folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("below the root");
            let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
            files.push(names.join("/"));
        }
    }
    files.sort();
}

/// Returns a file's violations, as `file:line: reason`.
fn broken_rules(file: &str, source: &str) -> Vec<String> {
    let module = module_of(file);
    paths(source)
        .iter()
        .filter_map(|used| {
            let reason = if module.is_empty() {
                outside_the_order(used)
            } else {
                wrong_import(&module, used).or_else(|| impure(&module, used))
            };
            reason.map(|reason| format!("{file}:{}: {reason}", used.line))
        })
        .collect()
}

/// `src/record/decode.rs` is `record::decode`, `src/lib.rs` is the root.
fn module_of(file: &str) -> Vec<&str> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    path.split('/').filter(|name| !matches!(*name, "lib" | "mod")).collect()
}

/// Checks that every module declared in the crate's root is in `LAYERS`.
fn outside_the_order(used: &Use) -> Option<String> {
    let name = used.declares.as_deref()?;
    (!LAYERS.contains(&name)).then(|| format!("`{name}` has no place in the order of layers"))
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == module)
}

fn wrong_import(module: &[&str], used: &Use) -> Option<String> {
    let target = used.target(module)?;
    let (from, to) = (module[0], target.first()?.as_str());
    if module.starts_with(&LOG) {
        let allowed = LOG_MAY_IMPORT.contains(&to) || target.iter().zip(LOG).all(|(a, b)| a == b);
        return (!allowed).then(|| format!("`broker::log` must not import `{to}`"));
    }
    if module.starts_with(&["producer"]) && to == "producer" {
        return between_components(module, &target);
    }
    if from == to {
        return None;
    }
    let Some(to_rank) = rank(to) else {
        return Some(format!("`{to}` has no place in the order of layers"));
    };
    if from == "net" && to == "producer" {
        return Some("`net` knows nothing of producing: it must not import `producer`".to_owned());
    }
    (rank(from)? < to_rank).then(|| format!("`{from}` must not import `{to}`, which is above it"))
}

/// Checks an import within `producer`.
fn between_components(module: &[&str], target: &[String]) -> Option<String> {
    let (from, to) = (module.get(1)?, target.get(1)?);
    let is_known = from == to || *from == "machine" || !COMPONENTS.contains(&to.as_str());
    (!is_known).then(|| format!("`producer::{from}` must not know `{to}`: the machine alone does"))
}

fn impure(module: &[&str], used: &Use) -> Option<String> {
    let pure = rank(module[0]) <= rank(LAST_PURE) || module.starts_with(&LOG);
    let (words, what) = OUTSIDE.iter().find(|(words, _)| used.mentions(words))?;
    // Tests pass the time in, and can only get a first `Instant` from the clock.
    let starts_a_clock = *words == ["Instant", "now"] && used.is_in(module, "tests");
    (pure && !starts_a_clock)
        .then(|| format!("`{}` must not know {what} (`{}`)", module.join("::"), words.join("::")))
}

/// Returns the lines on which a snippet violates the rules, as if it were in `file`.
fn broken_lines(file: &str, source: &str) -> Vec<usize> {
    broken_rules(file, source)
        .iter()
        .map(|message| {
            let line = message.split(':').nth(1).expect("file:line: reason");
            line.parse().expect("a line")
        })
        .collect()
}

#[test]
fn the_check_finds_what_is_forbidden() {
    let forbidden = [
        ("src/wire/reader.rs", "use crate::protocol::Field;"),
        ("src/wire.rs", "fn f() -> crate::record::Record { todo!() }"),
        ("src/error.rs", "use crate::config::Config;"),
        ("src/protocol/api.rs", "use crate::{error::ErrorCode, record::Record};"),
        ("src/protocol/schema.rs", "macro_rules! m { () => { $crate::producer::Machine } }"),
        ("src/producer/machine/answers.rs", "use super::super::super::net::Link;"),
        ("src/wire.rs", "use super::client;"),
        ("src/wire.rs", "mod tests { use super::super::client; }"),
        ("src/net/link.rs", "use crate::producer::Machine;"),
        ("src/net.rs", "use crate::client::Client;"),
        ("src/client.rs", "use crate::py::port;"),
        ("src/client.rs", "use crate::helpers::join;"),
        ("src/wire.rs", "use crate::*;"),
        ("src/broker/log.rs", "use crate::producer::Machine;"),
        ("src/broker/log/window.rs", "use crate::broker::plan::Fault;"),
        ("src/broker/log.rs", "use tokio::time::sleep;"),
        ("src/lib.rs", "pub mod helpers;"),
        ("src/producer/machine.rs", "use tokio::sync::Notify;"),
        ("src/producer.rs", "fn f() { ::tokio::spawn(async {}); }"),
        ("src/record.rs", "use std::{net::TcpStream, sync::Arc};"),
        ("src/config.rs", "fn f() { let t = std::time::Instant::now(); }"),
        ("src/config.rs", "fn f() { let t = SystemTime::now(); }"),
        ("src/producer/owned.rs", "fn f(t: Instant) { t.elapsed(); }"),
        ("src/producer/owned.rs", "mod tests { } fn f() { Instant::now(); }"),
        ("src/producer/batch/tests.rs", "fn f() { SystemTime::now(); }"),
        ("src/producer/owned.rs", "use std::{sync::Arc, thread::{self, JoinHandle}};"),
        ("src/error.rs", "impl From<pyo3::PyErr> for Error {}"),
        ("src/random.rs", "use rand::Rng;"),
        ("src/producer/memory.rs", "use super::tickets::Tickets;"),
        ("src/producer/owned.rs", "use crate::producer::{notice::Notice, notices::Notices};"),
        ("src/random.rs", "use std::hash::{BuildHasher, RandomState};"),
    ];
    for (file, source) in forbidden {
        let lines = broken_lines(file, &format!("//! A module.\n\n{source}\n"));
        assert!(!lines.is_empty() && lines.iter().all(|line| *line == 3), "{file}: {source}");
    }
}

#[test]
fn the_check_lets_pass_what_is_allowed() {
    let allowed = [
        ("src/client.rs", "use crate::{net::Link, producer::Machine, error::Error};"),
        ("src/net/link.rs", "use crate::record::Record; use tokio::net::TcpStream;"),
        ("src/producer/machine/answers.rs", "use super::super::partition::Batch;"),
        ("src/producer/machine/answers.rs", "use crate::producer::partition::Batch;"),
        ("src/wire.rs", "mod tests { use super::*; use super::client; }"),
        ("src/wire.rs", "//! See [`crate::net`] and `tokio`."),
        ("src/wire.rs", "/// As [`Link`](crate::net::Link) does.\nstruct S;"),
        ("src/wire.rs", "/* crate::net /* tokio */ crate::client */ struct S;"),
        ("src/wire.rs", "const S: &str = \"a \\\" crate::net\"; const T: char = '\"';"),
        ("src/wire.rs", "const S: &str = r#\"a \" crate::net\"#; fn f<'rand>(_: &'rand u8) {}"),
        ("src/wire.rs", "pub(crate) fn f() {} pub(super) fn g() {}"),
        ("src/producer/owned.rs", "use super::haste::Haste; use std::time::Instant;"),
        ("src/producer/memory.rs", "use super::ticket::Ticket; use super::memory::Memory;"),
        ("src/producer/machine/answers.rs", "use crate::producer::nodes::Nodes;"),
        ("src/producer/owned.rs", "mod tests { fn f() { Instant::now(); } }"),
        ("src/producer/batch/tests.rs", "fn f() { Instant::now(); }"),
        ("src/broker/log.rs", "use crate::record::Record; use crate::broker::log::window::W;"),
        ("src/broker/plan.rs", "use crate::client::Client; use super::log::Log;"),
        ("src/py/port.rs", "use crate::client::Client; use pyo3::prelude::*;"),
        ("src/lib.rs", "//! The map.\npub mod wire;\npub mod producer;\nmod py;"),
    ];
    for (file, source) in allowed {
        assert_eq!(broken_rules(file, source), [""; 0], "{file}: {source}");
    }
}

#[test]
fn the_check_names_the_line_of_each_path() {
    let source = "use std::sync::Arc;\nuse crate::{\n    error::Error, // crate::py\n    net::{\n\
                  \x20       Link,\n        Answer,\n    },\n};\nuse crate::client::Client;\n";
    assert_eq!(broken_lines("src/record.rs", source), [5, 6, 9]);
    let reasons = broken_rules("src/record.rs", source);
    assert_eq!(reasons[2], "src/record.rs:9: `record` must not import `client`, which is above it");
}
