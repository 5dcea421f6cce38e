"""Lines: the calls of handlers as JSON lines, one file for each process and group."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from event_store_async import FeedEvent
from event_store_async.subscriptions import Lease

from ..history import History
from ..recorder import now
from .check import Handled, Story

FOLDER: Final = "groups"
"""The folder, in that of a run, for what members of groups did."""

_SECOND: Final = 1e9


class GroupRecorder:
    """
    Appends the calls of one process's handlers to a file; see `NotedDelivery`.

    A call is written before it is made, so that nothing that a killed process did is missing.

    Args:
        path: The file; its folder must exist.
        by: The name of the process.

    Attributes:
        handled: How many calls succeeded.
    """

    def __init__(self, path: Path, by: str) -> None:
        self._file = path.open("ab", buffering=0)
        self._by = by
        self._next = 0
        self._lock = threading.Lock()
        self.handled = 0

    def begin(self, lease: Lease, event: FeedEvent[Any]) -> int:
        """Note that a call begins now."""
        self._next += 1
        self._write(
            {
                "at": now(),
                "by": self._by,
                "call": self._next,
                "generation": lease.key.generation,
                "fence": lease.fence,
                "stream": str(event.stream_id),
                "version": event.version,
            }
        )
        return self._next

    def end(self, call: int, *, succeeded: bool) -> None:
        """Note that a call ends now."""
        self.handled += succeeded
        self._write({"at": now(), "by": self._by, "end": call, "succeeded": succeeded})

    def trouble(self, error: BaseException) -> None:
        """Note an error that a runner must not raise."""
        self._write({"at": now(), "by": self._by, "trouble": repr(error)[:500]})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._file.write(data)


class RealProcess:
    """
    A process of a run, as its history tells.

    Args:
        number: Which one it is.
        name: Its name.
        history: The history of the run.
    """

    def __init__(self, number: int, name: str, history: History) -> None:
        self.number = number
        self.is_dead = name in history.killed
        self._frozen = [
            (begun / _SECOND, ended / _SECOND) for begun, ended in history.stalls.get(name, ())
        ]

    def was_frozen(self, begun: float, ended: float) -> bool:
        """Return whether it stood still between two moments, or just before."""
        return any(end >= begun - 0.5 and start <= ended for start, end in self._frozen)


def load_story(directory: Path, name: str, history: History) -> tuple[Story, list[str]]:
    """
    Read what the members of a group did; return it, and the errors that runners raised.

    Args:
        directory: The folder of the run.
        name: The name of the group.
        history: The history of the run, with its marks.
    """
    story, troubles = Story(), list[str]()
    processes: dict[str, RealProcess] = {}
    calls: dict[tuple[str, int], Handled] = {}
    for line in _lines(directory / FOLDER, name):
        by = line["by"]
        if "trouble" in line:
            troubles.append(f"{by}: {line['trouble']}")
        elif "end" in line:
            call = calls[by, line["end"]]
            call.ended, call.succeeded = line["at"] / _SECOND, line["succeeded"]
        else:
            process = processes.setdefault(by, RealProcess(len(processes) + 1, by, history))
            calls[by, line["call"]] = Handled(
                process,
                line["generation"],
                line["fence"],
                UUID(line["stream"]),
                line["version"],
                line["at"] / _SECOND,
            )
    story.calls = sorted(calls.values(), key=lambda call: call.begun)
    return story, troubles


def _lines(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob(f"{name}.*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):  # otherwise its process was killed while writing
                    yield json.loads(line)
