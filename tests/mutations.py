"""`make test-mutations`: break one rule of the core at a time, in a copy.

The simulator must notice within ten thousand seeds: a rule whose loss goes unnoticed is not
tested. That nobody is told twice needs no mutation: who waits is moved, and cannot be copied.
"""

import os
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
MACHINE = "src/producer/machine"


@dataclass(frozen=True)
class Mutation:
    rule: str
    file: str
    whole: str
    broken: str
    first_seed: int = 0  # where to look for a story that is told once in hundreds of thousands


MUTATIONS = [
    Mutation(
        "the first batch of an epoch goes alone until it is acknowledged",
        f"{MACHINE}/queues.rs",
        "if idempotent && !partition.has_acked() { 1 } else { self.per_partition() }",
        "self.per_partition()",
    ),
    Mutation(
        "a batch keeps the sequence numbers it was given",
        f"{MACHINE}/numbering.rs",
        "*batch.sequence.get_or_insert(idempotence.next)",
        "*batch.sequence.insert(idempotence.next)",
    ),
    Mutation(
        "a new leader gets nothing while the old one owes an answer",
        f"{MACHINE}/queues.rs",
        "if partition.in_flight >= limit {",
        "if partition.in_flight >= limit && partition.sent_to == partition.leader {",
    ),
    Mutation(
        "brokers do not forget a batch that is to be sent again",
        f"{MACHINE}/queues.rs",
        "if partition.crowds_out(index) {",
        "if partition.crowds_out(index) && false {",
        first_seed=3_280_000,
    ),
    Mutation(
        "an epoch is bumped only when what came before is resolved",
        f"{MACHINE}/fates.rs",
        "Reaction::Renumber if index == 0 => {",
        "Reaction::Renumber => {",
    ),
    Mutation(
        "what is stored together is never cut up",
        f"{MACHINE}/fates.rs",
        " && !batch.is_whole()",
        "",
    ),
    Mutation(
        "who waits for several records is cut up with their batch",
        "src/producer/batch.rs",
        "let here = next.count.min(end - next.index);",
        "let here = next.count;",
    ),
    Mutation(
        "nobody joins a batch past those who wait for memory",
        f"{MACHINE}/joining.rs",
        "if !self.waiting.is_empty() || ",
        "if ",
    ),
    Mutation(
        "nobody joins a batch past those who wait for their topic",
        f"{MACHINE}/joining.rs",
        "if !topic.unassigned.is_empty() {",
        "if false {",
    ),
    Mutation(
        "memory is released with the batch",
        f"{MACHINE}/fates.rs",
        "        self.release(batch.charged);\n        if batch.progress",
        "        if batch.progress",
    ),
    Mutation(
        "memory is bounded",
        f"{MACHINE}/admission.rs",
        "if self.used + size > self.config.buffer_memory {",
        "if false {",
    ),
    Mutation(
        "nothing overtakes a record that waits for memory",
        f"{MACHINE}.rs",
        "if !self.waiting.is_empty() || self.used + size",
        "if self.used + size",
    ),
    Mutation(
        "nothing overtakes a record that is not placed",
        f"{MACHINE}/admission.rs",
        "if known && topic.unassigned.is_empty() && self.is_placed(&target) {",
        "if known && self.is_placed(&target) {",
    ),
    Mutation(
        "answers do not change the order of records",
        f"{MACHINE}/placing.rs",
        "if self.waits_for_caller(ticket) {\n            return None;",
        "if self.waits_for_caller(ticket) {\n"
        "            self.topics[topic].unassigned.rotate_left(1);\n            return None;",
    ),
    Mutation(
        "everybody who waits is told",
        f"{MACHINE}/fates.rs",
        "        self.settle(place, batch, Err(error.clone()));\n",
        "        self.release(batch.charged);\n        self.forget(batch.ticket);\n",
    ),
    Mutation(
        "a batch that was given up stays failed in the numbers",
        f"{MACHINE}/fates.rs",
        "        if !batch.is_given_up() {\n            self.count_acknowledged",
        "        if true {\n            self.count_acknowledged",
    ),
    Mutation(
        "a batch that may be stored is not cut up",
        f"{MACHINE}/fates.rs",
        "batch.count() > 1 && !batch.maybe_written",
        "batch.count() > 1",
    ),
    Mutation(
        "a leader that stored a batch and stepped down leaves its fate open",
        f"{MACHINE}.rs",
        "if answer.base_offset >= 0 {",
        "if false {",
    ),
    Mutation(
        "a flush waits for records whose topic was unknown",
        f"{MACHINE}/admission.rs",
        "let ticket = ticket.unwrap_or_else(|| self.ticket());\n            let serial",
        "ticket.into_iter().for_each(|ticket| self.forget(ticket));\n"
        "            let ticket = self.ticket();\n            let serial",
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


def simulate(seeds: int, first: int = 0) -> subprocess.CompletedProcess[str]:
    command = ["cargo", "test", "--quiet", "--locked", "--no-default-features"]
    variables = os.environ | {
        "CARGO_TARGET_DIR": str(COPY / "target"),
        "DEKAF_SEEDS": str(seeds),
        "DEKAF_FIRST_SEED": str(first),
        "RUST_BACKTRACE": "0",
    }
    return subprocess.run(
        [*command, "--test", "simulator", "no_seed_violates_anything", "--", "--nocapture"],
        cwd=COPY,
        env=variables,
        text=True,
        capture_output=True,
        check=False,
    )


def is_noticed(mutation: Mutation) -> bool:
    file = COPY / mutation.file
    whole = file.read_text()
    if whole.count(mutation.whole) != 1:
        sys.exit(f"{mutation.file} has changed: it must hold once\n{mutation.whole}")
    began = time.monotonic()
    file.write_text(whole.replace(mutation.whole, mutation.broken))
    try:
        done = simulate(SEEDS, mutation.first_seed)
    finally:
        file.write_text(whole)
    if "could not compile" in done.stderr:
        sys.exit(f"broken in a way that does not compile: {mutation.rule}\n{done.stderr}")
    noticed = done.returncode != 0
    story = next((line for line in done.stderr.splitlines() if line.startswith("seed ")), "")
    if noticed and not story:
        sys.exit(f"failed without a story: {mutation.rule}\n{done.stdout}\n{done.stderr}")
    result = f"noticed: {story.split(',')[0]}" if noticed else "NOT NOTICED"
    print(f"{mutation.rule}: {result} ({time.monotonic() - began:.0f} s)", flush=True)
    return noticed


def main() -> None:
    wanted = sys.argv[1:]
    copy_of_the_project()
    unbroken = simulate(100)
    if unbroken.returncode:
        sys.exit(f"the simulator fails on the unbroken core:\n{unbroken.stdout}{unbroken.stderr}")
    chosen = [m for m in MUTATIONS if not wanted or any(word in m.rule for word in wanted)]
    missed = [mutation.rule for mutation in chosen if not is_noticed(mutation)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} noticed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
