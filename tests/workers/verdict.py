"""The verdict of a run, from the journal, the server's log, and the stored records."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

# dekaf logs this line at exit if it could not deliver every message.
_REPORTED = re.compile(r"dekaf: (\d+) messages? (?:was|were) not delivered")

_CRASHES = re.compile(
    r".*(?:segmentation fault|segfault|SIGSEGV|SIGABRT|SIGKILL|core dumped|Fatal Python error"
    r"|panicked at|signal 6\b|signal 9\b|signal 11\b|Aborted|WORKER TIMEOUT|WorkerLostError"
    r"|still did not exit).*",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The journal, the log and the stored messages of one run."""

    journal: str
    log: str
    stored: Counter[str]

    def _noted(self, what: str) -> Counter[str]:
        lines = (line.split(" ", 1) for line in self.journal.splitlines())
        return Counter(message for word, message in lines if word == what)

    @cached_property
    def accepted(self) -> Counter[str]:
        return self._noted("accepted")

    @property
    def reported(self) -> int:
        return sum(int(count) for count in _REPORTED.findall(self.log))

    @property
    def missing(self) -> list[str]:
        return list((self.accepted - self.stored).elements())

    def losses(self) -> list[str]:
        """Describe unreported losses: messages, and callbacks that never ran."""
        found: list[str] = []
        silent = len(self.missing) - self.reported
        if silent > 0:
            found.append(f"{silent} lost silently, such as {', '.join(self.missing[:3])}")
        called = self._noted("called") + self._noted("failed")
        uncalled = list((self._noted("callback") - called).elements())
        if len(uncalled) > self.reported:
            found.append(f"{len(uncalled)} callbacks not called, such as {', '.join(uncalled[:3])}")
        return found

    def faults(self) -> list[str]:
        """Describe duplicates and crashes."""
        found: list[str] = []
        # The process may end between sending a message and recording it.
        repeated = [m for m, n in self.stored.items() if n > max(1, self.accepted[m])]
        if repeated:
            found.append(f"{len(repeated)} stored twice, such as {', '.join(repeated[:3])}")
        found += [f"crash: {line.strip()}" for line in _CRASHES.findall(self.log)[:1]]
        return found
