//! Checks the imports within a folder: the order of a folder's files, and import cycles between
//! siblings. Imports of tests are ignored.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::paths;
use super::{module_of, sources};

/// The files of some folders from left to right. Each imports only files to its left, and directly
/// from the file, not through re-exports of the folder's module.
const ROOMS: [(&str, &[&str]); 10] = [
    (
        "producer",
        &[
            // Values.
            "haste",
            "notice",
            "sequence",
            "ticket",
            "owned",
            "metrics",
            "partitioner",
            "settled",
            "question",
            "request",
            "response",
            "histogram",
            "delayed",
            "outbox",
            "spares",
            "partition",
            // Components, which do not know each other.
            "calls",
            "counts",
            "splitter",
            "shutdown",
            "memory",
            "nodes",
            "notices",
            "producer_ids",
            "unassigned",
            "queues",
            "tickets",
            "timers",
            "results",
            "machine",
            "turn",
        ],
    ),
    (
        "net",
        &[
            "signals",
            "descriptors",
            "race",
            "versions",
            "transport",
            "opening",
            "connect",
            "pipeline",
            "program",
            "password",
            "conversion",
            "tokens",
            "security_counts",
            "expiries",
            "security",
            "lease",
            "encryption",
            "authentication",
            "handshake",
            "keeper",
            "link",
        ],
    ),
    (
        "client",
        &[
            "sync",
            "mailbox",
            "unclaimed",
            "room_deadline",
            "shared_machine",
            "turn_signal",
            "sealer",
            "sink",
            "brokers",
            "driver",
            "core",
            "handle",
        ],
    ),
    ("py", &["base", "input", "waiters", "delivery", "lifecycle", "api"]),
    (
        "py::base",
        &[
            "clock",
            "generation",
            "interpreter_end",
            "hang",
            "calls",
            "interrupts",
            "objects",
            "seed",
            "slice",
            "upcalls",
            "context",
            "errors",
            "running_loop",
        ],
    ),
    (
        "py::input",
        &[
            "fields",
            "message",
            "metadata",
            "outgoing",
            "partitioner",
            "parts",
            "payload",
            "headers",
            "providers",
            "security",
            "serializers",
            "settings",
            "borrowed",
            "ready",
            "template",
            "items",
        ],
    ),
    (
        "py::waiters",
        &["answer", "outcomes", "group", "signal", "turn", "wakeups", "port", "waiter"],
    ),
    (
        "py::delivery",
        &[
            "callbacks",
            "provide",
            "ship",
            "unsend",
            "futures",
            "user_code",
            "callback_run",
            "wait",
            "dispatcher",
            "loops",
            "on_delivery",
            "promises",
            "complete",
            "work",
            "route",
            "outlet",
        ],
    ),
    ("py::lifecycle", &["started", "process", "c_exit", "forked_thread", "fork"]),
    (
        "py::api",
        &[
            "atomic_set",
            "broker",
            "cluster",
            "metrics",
            "results",
            "room",
            "producer",
            "aio",
            "aio_calls",
            "blocking",
            "blocking_calls",
            "inspect",
            "topic",
            "batch",
        ],
    ),
];

#[derive(Debug, Default)]
struct Folder {
    /// The siblings that each module and its submodules import.
    imports: BTreeMap<String, BTreeSet<String>>,
    /// The names that each module imports from the folder's own module.
    of_parent: BTreeMap<String, BTreeSet<String>>,
}

impl Folder {
    fn has(&self, module: &str) -> bool {
        self.imports.contains_key(module)
    }

    fn reached_from<'a>(&'a self, module: &'a str) -> BTreeSet<&'a str> {
        let (mut reached, mut next) = (BTreeSet::new(), vec![module]);
        while let Some(module) = next.pop() {
            let more = self.imports[module].iter().map(String::as_str);
            next.extend(more.filter(|to| reached.insert(*to)));
        }
        reached
    }

    /// Returns the sets of modules that reach each other.
    fn cycles(&self) -> BTreeSet<BTreeSet<&str>> {
        let modules = self.imports.keys().map(String::as_str);
        let reach: BTreeMap<_, _> = modules.map(|from| (from, self.reached_from(from))).collect();
        let mut cycles = BTreeSet::new();
        for (from, reached) in &reach {
            let circle: BTreeSet<_> =
                reached.iter().filter(|to| reach[*to].contains(from)).copied().collect();
            if !circle.is_empty() {
                cycles.insert(circle);
            }
        }
        cycles
    }
}

/// Returns the folders by module path; the crate's root is "".
fn folders(sources: &[(String, String)]) -> BTreeMap<String, Folder> {
    let mut folders = BTreeMap::<String, Folder>::new();
    for (file, _) in sources {
        if let [folder @ .., name] = &module_of(file)[..] {
            folders
                .entry(folder.join("::"))
                .or_default()
                .imports
                .entry((*name).into())
                .or_default();
        }
    }
    for (file, source) in sources {
        let module = module_of(file);
        let shipped = paths(source).into_iter().filter(|used| !used.is_in(&module, "tests"));
        for target in shipped.filter_map(|used| used.target(&module)) {
            let shared = module.iter().zip(&target).take_while(|(own, to)| own == to).count();
            let (Some(from), Some(to)) = (module.get(shared), target.get(shared)) else { continue };
            let Some(folder) = folders.get_mut(&module[..shared].join("::")) else { continue };
            let imports = if folder.has(to) { &mut folder.imports } else { &mut folder.of_parent };
            imports.entry((*from).into()).or_default().insert(to.clone());
        }
    }
    folders
}

fn out_of_order(
    sources: &[(String, String)],
    rooms: &[(&'static str, &'static [&'static str])],
) -> Vec<String> {
    let mut folders = folders(sources);
    let mut broken = Vec::new();
    for (room, order) in rooms {
        let folder = folders.remove(*room).unwrap_or_default();
        let place = |module: &str| order.iter().position(|name| *name == module);
        let gone = order.iter().filter(|name| !folder.has(name));
        broken.extend(gone.map(|name| format!("`{room}` has no file `{name}`")));
        for (from, imports) in &folder.imports {
            let Some(at) = place(from) else {
                broken.push(format!("`{room}::{from}` has no place in the order of its room"));
                continue;
            };
            let right = imports.iter().filter(|to| place(to).is_some_and(|to| to >= at));
            broken.extend(right.map(|to| {
                format!("`{room}::{from}` must not import `{to}`, which stands right of it")
            }));
            let parent = folder.of_parent.get(from).into_iter().flatten();
            broken.extend(parent.map(|name| {
                format!("`{room}::{from}` must import `{name}` from its file, not from `{room}`")
            }));
        }
    }
    broken
}

fn cycles(sources: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, folder) in &folders(sources) {
        let cycles = folder.cycles();
        found.extend(cycles.iter().map(|cycle| format!("in `{name}`: {cycle:?}")));
    }
    found
}

#[test]
fn every_room_is_in_order() {
    let broken = out_of_order(&sources(), &ROOMS);
    assert!(broken.is_empty(), "the order of a room is broken:\n{}", broken.join("\n"));
}

#[test]
fn no_siblings_import_each_other_in_a_cycle() {
    let found = cycles(&sources());
    assert!(found.is_empty(), "siblings import each other:\n{}", found.join("\n"));
}

/// Builds a crate of a few files, each with its text.
fn files(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(file, source)| (format!("src/{file}"), (*source).to_owned())).collect()
}

const ORDER: [(&str, &[&str]); 1] = [("net", &["race", "link"])];

#[test]
fn the_check_of_rooms_finds_what_is_forbidden() {
    let forbidden = [
        files(&[("net/race.rs", "use super::link::Link;"), ("net/link.rs", "")]),
        files(&[
            ("net/race/slow.rs", "use crate::net::link;"),
            ("net/race.rs", ""),
            ("net/link.rs", ""),
        ]),
        files(&[("net/race.rs", "fn f() { super::link::f() }"), ("net/link.rs", "")]),
        files(&[("net/race.rs", "use super::Link;"), ("net/link.rs", "")]),
        files(&[("net/race.rs", ""), ("net/link.rs", ""), ("net/helpers.rs", "")]),
        files(&[("net/race.rs", "")]),
    ];
    for sources in forbidden {
        assert_eq!(out_of_order(&sources, &ORDER).len(), 1, "{sources:?}");
    }
    let test = "use super::race::f; mod tests { use super::super::link; }";
    let sources =
        files(&[("net.rs", "use link::Link;"), ("net/race.rs", ""), ("net/link.rs", test)]);
    assert_eq!(out_of_order(&sources, &ORDER), [""; 0]);
}

#[test]
fn the_check_of_cycles_finds_what_is_forbidden() {
    let (a, b, c) = ("use super::b::B;", "use crate::a::c;", "use super::a::A;");
    let pair = files(&[("a/a.rs", a), ("a/b.rs", "use super::a::A;"), ("a/c.rs", "")]);
    let triple = files(&[("a/a.rs", a), ("a/b/d.rs", b), ("a/b.rs", ""), ("a/c.rs", c)]);
    let none = files(&[("a/a.rs", a), ("a/b/d.rs", b), ("a/b.rs", ""), ("a/c.rs", "")]);
    assert_eq!(cycles(&pair).len(), 1);
    assert_eq!(cycles(&triple).len(), 1);
    assert_eq!(cycles(&none), [""; 0]);
}
