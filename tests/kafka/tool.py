"""Kafka's own command-line tools, run to their end: witnesses that share no code with dekaf."""

import os
import subprocess

from tests.kafka.jvm import JVM_FLAGS, command, with_class_data
from tests.kafka.release import Release

# What a tool prints is UTF-8, whatever the machine's locale.
_UTF8 = ("-Dfile.encoding=UTF-8", "-Dsun.stdout.encoding=UTF-8", "-Dstdout.encoding=UTF-8")


class ToolError(RuntimeError):
    """A tool of Kafka's ended with an error; the message has what it printed."""


def run_tool(
    release: Release,
    main: str,
    *arguments: object,
    given: str | None = None,
    timeout: float = 60.0,
) -> str:
    """Run a class of Kafka's, say org.apache.kafka.tools.GetOffsetShell; return what it prints.

    It reads what is `given` from its standard input.
    """
    flags = (*JVM_FLAGS, *_UTF8, *with_class_data(release))
    line = command(release, main, *map(str, arguments), flags=flags, log_level="error")
    done = subprocess.run(
        line,
        input=None if given is None else given.encode(),
        capture_output=True,
        timeout=timeout,
        check=False,
        env=_locale(),
    )
    printed = done.stdout.decode(errors="replace")
    if done.returncode:
        errors = done.stderr.decode(errors="replace")
        raise ToolError(
            f"{main} ended with {done.returncode}:\n{printed[-3000:]}\n{errors[-3000:]}"
        )
    return printed


def _locale() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8"}  # file names given as arguments
