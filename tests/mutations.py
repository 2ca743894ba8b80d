"""`make test-mutations`: break one rule of the core at a time, in a copy.

The simulator must notice, and with the rule that is meant to: each mutation names the tags of the
rules (`tests/simulator/rules.rs`) of which one must be violated. Other violations and panics do
not count. It is looked for in ten thousand seeds, or in a thousand of a story
(`tests/simulator/stories.rs`) where something rare happens often.

That no waiter is told twice needs no mutation: a waiter is moved, and cannot be copied.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / "target" / "mutations"
TESTS = ("tests/core", "tests/loom", "tests/probes", "tests/simulator")  # the manifest names them
SEEDS = 10_000
STORY_SEEDS = 1_000
MACHINE = "src/producer/machine"
PARTITION = "src/producer/partition"


@dataclass(frozen=True)
class Mutation:
    rule: str
    file: str
    whole: str
    broken: str
    noticed_by: tuple[str, ...]
    story: str | None = None  # where to look for what is too rare among all seeds


MUTATIONS = [
    Mutation(
        "the first batch of an epoch goes alone until it is acknowledged",
        f"{PARTITION}/sending.rs",
        "if max.is_idempotent && !self.has_acked(leader) { 1 } else { max.batches }",
        "max.batches",
        noticed_by=("log", "twice"),
        story="a stored batch comes back again and again",
    ),
    Mutation(
        "a batch keeps the sequence numbers it was given",
        f"{PARTITION}/numbering.rs",
        "*batch.sequence.get_or_insert(idempotence.next)",
        "*batch.sequence.insert(idempotence.next)",
        noticed_by=("twice", "log"),
        story="a stored batch comes back again and again",
    ),
    Mutation(
        "a new leader gets nothing while the old one owes an answer",
        f"{PARTITION}/sending.rs",
        "if self.in_flight >= limit {",
        "if self.in_flight >= limit && self.sent_to == leader.node {",
        noticed_by=("log", "twice"),
        story="leaders move at once",
    ),
    Mutation(
        "brokers do not forget a batch that is to be sent again",
        f"{PARTITION}/sending.rs",
        "if self.exceeds_broker_window(index) {",
        "if self.exceeds_broker_window(index) && false {",
        noticed_by=("twice", "log"),
        story="a stored batch comes back again and again",
    ),
    Mutation(
        "an epoch is bumped only when what came before is resolved",
        f"{PARTITION}/verdict.rs",
        "RefusalAction::Renumber if *index == 0 => {",
        "RefusalAction::Renumber => {",
        noticed_by=("twice", "log"),
        story="a stored batch comes back again and again",
    ),
    Mutation(
        "what is stored together is never cut up",
        f"{PARTITION}/verdict.rs",
        "let may_be_cut = !batch.maybe_written && !batch.is_whole();",
        "let may_be_cut = !batch.maybe_written;",
        noticed_by=("whole",),
        story="the largest batch of a topic changes",
    ),
    Mutation(
        "a waiter for several records is cut up with their batch",
        f"{PARTITION}/parts.rs",
        "let waiter = rest(&next.waiter, here);",
        "let waiter = rest(&next.waiter, 0);",
        noticed_by=("settled",),
        story="the largest batch of a topic changes",
    ),
    Mutation(
        "nobody joins a batch past those who wait for memory",
        f"{MACHINE}/joining.rs",
        "self.memory.has_room(size)",
        "self.memory.used() + size <= self.config.buffer_memory",
        noticed_by=("log",),
    ),
    Mutation(
        "nobody joins a batch past those who wait for their topic",
        f"{MACHINE}/joining.rs",
        "if topic.has_unassigned() {",
        "if false {",
        noticed_by=("log",),
    ),
    Mutation(
        "memory is released with the batch",
        f"{MACHINE}/ends.rs",
        "        self.memory.release(charged);\n        if let Some(completion)",
        "        if let Some(completion)",
        noticed_by=("memory",),
    ),
    Mutation(
        "memory is bounded",
        "src/producer/memory.rs",
        "if self.fits(first.record.size()) { self.pop() } else { None }",
        "self.pop()",
        noticed_by=("memory",),
    ),
    Mutation(
        "nothing overtakes a record that waits for memory",
        f"{MACHINE}/callers.rs",
        "if !self.memory.has_room(size) {",
        "if self.memory.used() + size > self.config.buffer_memory {",
        noticed_by=("log",),
    ),
    Mutation(
        "nothing overtakes a record that is not placed",
        f"{MACHINE}/admission.rs",
        "is_known && is_first && self.is_placed(target)",
        "is_known && self.is_placed(target)",
        noticed_by=("log",),
    ),
    Mutation(
        "answers do not change the order of records",
        f"{MACHINE}/placing.rs",
        "if self.waits_for_caller(ticket) {\n            return None;",
        "if self.waits_for_caller(ticket) {\n"
        "            let _ = self.queues.pop_unassigned(topic);\n"
        "            self.queues.add_unassigned(topic, ticket);\n            return None;",
        noticed_by=("log",),
    ),
    Mutation(
        "everybody who waits is told",
        f"{MACHINE}/ends.rs",
        "        self.finish_batch(now, place, removed);\n        if self.config.gapless",
        "        self.memory.release(removed.charged);\n"
        "        removed.completion.iter().for_each(|it| self.tickets.forget(it.ticket));\n"
        "        if self.config.gapless",
        noticed_by=("settled",),
    ),
    Mutation(
        "a batch that was given up stays failed in the numbers",
        f"{PARTITION}/ends.rs",
        "let own = if batch.is_given_up() { None } else { Some(batch.end(outcome)) };",
        "let own = Some(batch.end(outcome));",
        noticed_by=("counts",),
    ),
    Mutation(
        "a batch that may be stored is not cut up",
        f"{PARTITION}/verdict.rs",
        "let may_be_cut = !batch.maybe_written && ",
        "let may_be_cut = ",
        noticed_by=("twice", "log"),
        story="the largest batch of a topic changes",
    ),
    Mutation(
        "a leader that stored a batch and stepped down leaves its fate open",
        f"{MACHINE}/events.rs",
        "if answer.base_offset >= 0 {",
        "if false {",
        noticed_by=("stored",),
        story="leaders move while replicas copy",
    ),
    Mutation(
        "a flush waits for records whose topic was unknown",
        f"{MACHINE}/admission.rs",
        "let ticket = ticket.unwrap_or_else(|| self.tickets.issue());\n                let serial",
        "ticket.into_iter().for_each(|ticket| self.tickets.forget(ticket));\n"
        "                let ticket = self.tickets.issue();\n                let serial",
        noticed_by=("flush",),
    ),
    Mutation(
        "the cluster may create those topics alone that records wait for",
        "src/cluster/pages.rs",
        "        self.pages.begin();\n        self.pages.matters(matter, calls, self.pages.size)\n",
        "        self.pages.begin();\n        self.indices().collect()\n",
        noticed_by=("created",),
    ),
    Mutation(
        "waiters are told in the order of their partition",
        f"{PARTITION}/ends.rs",
        "Some(older) if completion.deadline > now => {",
        "Some(older) if completion.deadline > now && completion.count < 0 => {",
        noticed_by=("order",),
        story="a stored batch comes back again and again",
    ),
    Mutation(
        "a purge tells records in batches first",
        f"{MACHINE}/delayed.rs",
        "        let Some(partition) = named.filter(|index| *index < partitions) else {",
        "        let Some(partition) = named.filter(|_| partitions == usize::MAX) else {",
        noticed_by=("order",),
        story="everything is purged now and then",
    ),
    Mutation(
        "a whole batch ends when its own time is over",
        f"{PARTITION}.rs",
        "if is_early || !self.early.is_empty() {",
        "if is_early && self.queue.is_empty() {",
        noticed_by=("late",),
        story="a whole has waited for room",
    ),
    Mutation(
        "a whole batch that is stored is told when its own time is over",
        f"{PARTITION}/ends.rs",
        "extract_if(.., |held| held.deadline <= now)",
        "extract_if(.., |held| held.deadline <= now && held.count < 0)",
        noticed_by=("late",),
        story="a whole is stored while older records are not",
    ),
    Mutation(
        "only what ends the producer is fatal",
        f"{MACHINE}/events.rs",
        "        let error = error.ends_producer();\n",
        "",
        noticed_by=("fatal",),
        story="a producer id is refused for good",
    ),
    Mutation(
        "an error names the limit that ended the wait",
        f"{MACHINE}/delayed.rs",
        "let limit = if first.until == deadline {",
        "let limit = if false {",
        noticed_by=("deadline",),
        story="the delivery timeout is the shortest limit",
    ),
    Mutation(
        "an error names the topic",
        "src/error.rs",
        "if topic.len() <= LONGEST_SHOWN_TOPIC && ",
        "if topic.len() > LONGEST_SHOWN_TOPIC && ",
        noticed_by=("topic",),
        story="everything is purged now and then",
    ),
    Mutation(
        "records for a topic that is gone wait as for any other that does not exist",
        "src/cluster/topic.rs",
        "                self.count = 0;\n",
        "",
        noticed_by=("unknown",),
        story="a topic is deleted for good",
    ),
    Mutation(
        "a topic that is created anew may be smaller",
        "src/cluster/topic.rs",
        "let is_anew = self.id != id;",
        "let is_anew = self.id != id && !is_smaller;",
        noticed_by=("size",),
        story="a topic comes back with other partitions",
    ),
    Mutation(
        "the cluster is asked about an unknown partition",
        f"{MACHINE}/admission.rs",
        "let is_known = topic.is_known() && topic.has(target.partition);",
        "let is_known = topic.is_known();",
        noticed_by=("partition",),
        story="records name partitions that are added",
    ),
    Mutation(
        "a topic that was forgotten comes back in a fresh epoch",
        f"{MACHINE}/forgetting.rs",
        "            self.producer_ids.retire(partition.producer());\n",
        "            let _ = partition.producer();\n",
        noticed_by=("lost", "log"),
        story="unused topics are forgotten and come back",
    ),
    Mutation(
        "the cluster is not asked again at once after an answer",
        "src/cluster/refresh.rs",
        "            self.not_before = Some(now + self.backoff.initial);\n",
        "            self.not_before = None;\n",
        noticed_by=("pause",),
    ),
    Mutation(
        "the cluster is not asked again at once after a failure",
        "src/cluster/refresh.rs",
        "        self.not_before = Some(now + backoff.after(self.failures, random));\n",
        "        let _ = (now, backoff.after(self.failures, random));\n",
        noticed_by=("pause",),
    ),
    Mutation(
        "records fail at once if the first login is refused",
        f"{MACHINE}/refusals.rs",
        "if !error.refuses_connection() || self.cluster.was_reached() {",
        "if true {",
        noticed_by=("refused",),
        story="logins are refused",
    ),
    Mutation(
        "no record fails for a later login that the cluster refuses",
        f"{MACHINE}/refusals.rs",
        "if !error.refuses_connection() || self.cluster.was_reached() {",
        "if !error.refuses_connection() {",
        noticed_by=("refused",),
        story="logins are refused",
    ),
    Mutation(
        "no record fails for a later login that its broker refuses",
        f"{MACHINE}/refusals.rs",
        "if !error.refuses_connection() || self.nodes.were_connected() {",
        "if !error.refuses_connection() {",
        noticed_by=("refused",),
        story="logins are refused",
    ),
    Mutation(
        "a refused login is not tried again at once",
        f"{MACHINE}/refusals.rs",
        "if error.refuses_connection() { PAUSES } else { Backoff::of(&self.config) }",
        "if false { PAUSES } else { Backoff::of(&self.config) }",
        noticed_by=("refused",),
        story="logins are refused",
    ),
    Mutation(
        "pages come to an end",
        "src/cluster/pages.rs",
        "        self.is_more = self.progress.left > 0;\n",
        "        self.is_more = true;\n",
        noticed_by=("pause",),
        story="topics are asked about in pages",
    ),
    Mutation(
        "a refused record fails alone",
        f"{PARTITION}/verdict.rs",
        "_ if may_be_cut && !is_gapless && blames_some",
        "_ if may_be_cut && is_gapless && blames_some",
        noticed_by=("mates",),
        story="records without a key are refused",
    ),
    Mutation(
        "records go to partitions that exist",
        f"{MACHINE}/admission.rs",
        "        let count = topic.count as i32;\n        let partition = match asked_for {",
        "        let count = topic.partitions.len() as i32;\n"
        "        let partition = match asked_for {",
        noticed_by=("ghost",),
        story="a topic comes back with other partitions",
    ),
]


def copy_of_the_project() -> None:
    """Lay the sources out anew, but for what did not change: Cargo looks at times."""
    for name in ("Cargo.toml", "Cargo.lock", "src", "benches", *TESTS):
        source, target = ROOT / name, COPY / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        elif source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
    # What was built last is the last mutation, and younger than all that was copied.
    (COPY / "src/lib.rs").touch()


def simulate(test: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["cargo", "test", "--quiet", "--locked", "--no-default-features"]
    cargo = {"CARGO_TARGET_DIR": str(COPY / "target"), "RUST_BACKTRACE": "0"}
    return subprocess.run(
        [*command, "--test", "simulator", test, "--", "--nocapture"],
        cwd=COPY,
        env=os.environ | cargo | variables,
        text=True,
        capture_output=True,
        check=False,
    )


def look_for(mutation: Mutation) -> subprocess.CompletedProcess[str]:
    rules = ",".join(mutation.noticed_by)
    if mutation.story is None:
        return simulate("no_seed_violates", DEKAF_SEEDS=str(SEEDS), DEKAF_RULES=rules)
    return simulate(
        "no_story_violates",
        DEKAF_SEEDS=str(STORY_SEEDS),
        DEKAF_RULES=rules,
        DEKAF_STORY=mutation.story,
    )


def is_noticed(mutation: Mutation) -> bool:
    file = COPY / mutation.file
    whole = file.read_text()
    if whole.count(mutation.whole) != 1:
        sys.exit(f"{mutation.file} has changed: it must hold once\n{mutation.whole}")
    began = time.monotonic()
    file.write_text(whole.replace(mutation.whole, mutation.broken))
    try:
        done = look_for(mutation)
    finally:
        file.write_text(whole)
    if "could not compile" in done.stderr:
        sys.exit(f"broken in a way that does not compile: {mutation.rule}\n{done.stderr}")
    told = done.stdout + done.stderr
    noticed_by = [rule for rule in mutation.noticed_by if f'"[{rule}] ' in told]
    seed = re.search(r"seed (\d+), after", told)
    if done.returncode and not (noticed_by and seed):
        sys.exit(f"failed without a violation: {mutation.rule}\n{told}")
    result = "NOT NOTICED"
    if noticed_by and seed:
        where = f' of "{mutation.story}"' if mutation.story else ""
        result = f"noticed by {', '.join(noticed_by)}, seed {seed[1]}{where}"
    print(f"{mutation.rule}: {result} ({time.monotonic() - began:.0f} s)", flush=True)
    return bool(noticed_by)


def main() -> None:
    wanted = sys.argv[1:]
    copy_of_the_project()
    # Whatever is violated without a mutation would be noticed with any.
    unbroken = simulate("violates_anything")
    if unbroken.returncode:
        sys.exit(f"the simulator fails on the unbroken core:\n{unbroken.stdout}{unbroken.stderr}")
    chosen = [m for m in MUTATIONS if not wanted or any(word in m.rule for word in wanted)]
    missed = [mutation.rule for mutation in chosen if not is_noticed(mutation)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} noticed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
