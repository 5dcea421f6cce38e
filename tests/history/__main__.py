"""Judges a recorded run: ``python -m tests.history FILE_OR_DIRECTORY…``."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .check import check
from .history import load
from .lies import Verdict

_SHOWN = 50


def report(verdict: Verdict) -> str:
    """Return a verdict in words."""
    lines = [f"{count:>9,}  {name}" for name, count in sorted(verdict.counts.items())]
    lines += [f"{count:>9,}  {lie.name}: {lie.value}" for lie, count in verdict.lies.items()]
    lines += [str(violation) for violation in verdict.violations[:_SHOWN]]
    lines.append("every answer was true" if verdict.true else "LIES WERE TOLD")
    return "\n".join(lines)


def _files(arguments: Iterable[str]) -> Iterator[Path]:
    for path in map(Path, arguments):
        yield from sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def main(arguments: list[str]) -> int:
    """Judge the files together; return 1 if a lie was found."""
    verdict = check(load(*_files(arguments)))
    sys.stdout.write(report(verdict) + "\n")
    return 0 if verdict.true else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
