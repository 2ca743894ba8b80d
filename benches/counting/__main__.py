"""The command line: `python -m benches.counting WHEEL [--against REVISION-OR-WHEEL]`."""

import argparse
import sys
from pathlib import Path

from benches.counting import revision
from benches.counting.comparison import TOLERANCE, Counts, beyond, compared, table
from benches.counting.core import BuildError, build, count_core
from benches.counting.sends import count_sends
from benches.peers.null_broker import ROOT
from benches.wheels import install


def main() -> None:
    options = parsed()
    try:
        before, now = counted(options.wheel, options.against)
    except (BuildError, OSError, ValueError) as error:
        sys.exit(f"bench-instructions: {error}")
    if before is None:
        print(table(now))
        return
    print(compared(before, now))
    if names := beyond(before, now):
        sys.exit(f"more than {TOLERANCE:.0%} above what it was: {'; '.join(names)}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.counting", description=__doc__)
    parser.add_argument("wheel", type=Path, help="built from this tree")
    parser.add_argument(
        "--against",
        default="",
        help="a git revision, or a wheel, which only has `send` to be compared",
    )
    return parser.parse_args()


def counted(wheel: Path, against: str) -> tuple[Counts | None, Counts]:
    """Return the counts of what this tree is compared with, and its own."""
    if against.endswith(".whl"):
        return sends(Path(against), "old"), sends(wheel, "new")
    # A revision that does not exist or does not compile ends this before anything is counted.
    old = revision.resolve(against) if against else ""
    old_program = revision.old_bench(old) if old else None
    old_wheel = revision.old_wheel(old) if old else None
    now = core(build(ROOT, ROOT / "target")) | sends(wheel, "new")
    if not old_program or not old_wheel:
        return None, now
    return core(old_program) | sends(old_wheel, "old"), now


def core(program: Path) -> Counts:
    print(f"counting the core's parts in {program.relative_to(ROOT)}", file=sys.stderr)
    return count_core(program)


def sends(wheel: Path, name: str) -> Counts:
    print(f"counting send of {wheel}", file=sys.stderr)
    return count_sends(install(wheel, f"counting-{name}"))


if __name__ == "__main__":
    main()
