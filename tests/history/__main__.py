"""Checks a recorded run: ``python -m tests.history FILE_OR_DIRECTORY…``."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .check import check
from .feed.check import check_feed
from .feed.readings import load_readings
from .history import load
from .violations import Verdict

_SHOWN = 50


def report(verdict: Verdict) -> str:
    """Return a verdict as text."""
    lines = [f"{count:>9,}  {name}" for name, count in sorted(verdict.counts.items())]
    lines += [f"{count:>9,}  {kind.name}: {kind.value}" for kind, count in verdict.kinds.items()]
    lines += [str(violation) for violation in verdict.violations[:_SHOWN]]
    lines.append("no violations" if verdict.valid else "VIOLATIONS FOUND")
    return "\n".join(lines)


def _files(arguments: Iterable[str]) -> Iterator[Path]:
    for path in map(Path, arguments):
        yield from sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def main(arguments: list[str]) -> int:
    """Check the files together; return 1 if a violation was found."""
    history = load(*_files(arguments))
    verdict = check(history)
    for path in map(Path, arguments):
        if (readings := load_readings(path)) is not None:
            of_feed = check_feed(history, readings)
            verdict.violations += of_feed.violations
            verdict.counts |= of_feed.counts
    sys.stdout.write(report(verdict) + "\n")
    return 0 if verdict.valid else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
