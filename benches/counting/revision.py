"""A revision of the past, checked out beside the present one to be built again."""

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from benches.counting.core import BENCH, BuildError, build
from benches.peers.null_broker import ROOT

AGAINST = ROOT / "target/against"
TARGET = AGAINST / "build"

BENCH_FILES = ("benches/instructions.rs", "benches/workload")

# What Cargo.toml lacks of a revision that has no such bench.
ENTRY = f'\n[[bench]]\nname = "{BENCH}"\nharness = false\n'


def resolve(revision: str) -> str:
    """Return the commit that a revision names."""
    named = git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if named.returncode:
        raise ValueError(f"{revision!r} is neither a wheel nor a revision that git knows here")
    return named.stdout.decode().strip()


def old_bench(commit: str) -> Path:
    """Build today's bench on the core of a commit, or that commit's own if its API was another."""
    try:
        return build(with_bench_of_today(commit), TARGET)
    except BuildError as reason:
        tree = checkout(commit, "own")
        if not (tree / BENCH_FILES[0]).exists():
            raise BuildError(
                f"{reason}\n{commit} has no {BENCH_FILES[0]} of its own either: "
                "name the first later revision that has one"
            ) from None
        print(
            f"today's {BENCH_FILES[0]} does not compile on {commit[:12]}: "
            "that revision's own is counted instead",
            file=sys.stderr,
        )
        return build(tree, TARGET)


def old_wheel(commit: str) -> Path:
    """Build the release wheel of a commit."""
    directory = AGAINST / commit[:12] / "dist"
    shutil.rmtree(directory, ignore_errors=True)
    command = [str(Path(sys.executable).with_name("maturin")), "build", "--quiet", "--release"]
    command += ["--locked", "--out", str(directory), "--target-dir", str(TARGET)]
    built = subprocess.run(
        command, cwd=checkout(commit, "own"), capture_output=True, text=True, check=False
    )
    if built.returncode:
        raise BuildError(f"the wheel of {commit} cannot be built:\n{built.stderr}")
    return next(directory.glob("*.whl"))


def with_bench_of_today(commit: str) -> Path:
    """Check a commit out, with the bench of this tree in place of its own."""
    tree = checkout(commit, "today")
    for name in BENCH_FILES:
        for file in sorted([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).iterdir()):
            copy = tree / file.relative_to(ROOT)
            copy.parent.mkdir(exist_ok=True)
            # Cargo builds again what is newer than the program, so only what differs is written.
            if not copy.exists() or copy.read_bytes() != file.read_bytes():
                shutil.copyfile(file, copy)
    manifest = tree / "Cargo.toml"
    if f'name = "{BENCH}"' not in manifest.read_text():
        manifest.write_text(manifest.read_text() + ENTRY)
    return tree


def checkout(commit: str, name: str) -> Path:
    """Put the files of a commit into a directory, unless they are there."""
    tree = AGAINST / commit[:12] / name
    if not tree.exists():
        half = tree.with_name(f"{name}.half")
        shutil.rmtree(half, ignore_errors=True)
        archive = git("archive", "--format=tar", commit)
        archive.check_returncode()
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(half, filter="data")
        half.rename(tree)
    return tree


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
