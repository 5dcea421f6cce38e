"""The checker of groups finds every kind of violation in forged runs, and none in a valid one."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from event_store_async import Position
from event_store_async.moments import utc_now
from event_store_async.subscriptions import ParkedStream

from ..history import History
from ..operations import Mark, Read, Span
from .kinds import GroupKind
from .lines import FOLDER
from .verdict import GroupEnd, check_group

A = UUID(int=1, version=4)
SECOND = 1_000_000_000
Line = dict[str, Any]


class Forged:
    """
    A run with one stream of three events, which a member handled in order.

    Args:
        directory: The folder of the run.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._calls = 0
        self.lines: dict[str, list[Line]] = {}
        self.marks: list[Mark] = []
        self.end = GroupEnd(name="events")
        for version in (1, 2, 3):
            self.call(version, 10 * version, 10 * version + 1)

    def call(
        self,
        version: int,
        begun: float,
        ended: float | None,
        by: str = "one",
        *,
        generation: int = 1,
        fence: int = 1,
        succeeded: bool = True,
    ) -> None:
        """Add a call of a handler."""
        self._calls += 1
        lines = self.lines.setdefault(by, [])
        lines.append(
            {
                "at": int(begun * SECOND),
                "by": by,
                "call": self._calls,
                "generation": generation,
                "fence": fence,
                "stream": str(A),
                "version": version,
            }
        )
        if ended is not None:
            at = int(ended * SECOND)
            lines.append({"at": at, "by": by, "end": self._calls, "succeeded": succeeded})

    def drop(self, version: int) -> None:
        """Remove the calls for a version, in the hands of the first member."""
        calls = [line["call"] for line in self.lines["one"] if line.get("version") == version]
        self.lines["one"] = [
            line for line in self.lines["one"] if not {line.get("call"), line.get("end")} & {*calls}
        ]

    def found(self) -> set[GroupKind]:
        """Return the kinds of violation that are found."""
        folder = self._directory / FOLDER
        folder.mkdir()
        for by, lines in self.lines.items():
            path = folder / f"events.{by}.jsonl"
            path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"cut')
        placed = ((1, "x"), (2, "y"), (3, "z"))
        read = Read(
            Span("reader", 1, 0, 1, 1.0),
            str(A),
            None,
            None,
            final=True,
            end="events",
            placed=placed,
        )
        history = History({str(A): [read]}, self.marks)
        verdict = check_group(self._directory, history, self.end)
        return {kind for kind in verdict.kinds if isinstance(kind, GroupKind)}


def row(version: int, last_version: int) -> ParkedStream:
    position = Position(UUID(int=2, version=4), 1, 1, 1)
    return ParkedStream(
        A, version, last_version, position, position, None, "ValueError: no", 3, utc_now()
    )


def view(run: Forged, *versions: int) -> None:
    run.end = replace(run.end, view={A: list(versions)})


def skipped(run: Forged, *, recorded: bool = True, asked: bool = True) -> None:
    run.drop(2)
    run.end = replace(
        run.end,
        skipped={"why": (A, 2, 1)} if asked else {},
        records={"why": (A, 2)} if recorded else {},
    )


def parked(run: Forged, version: int, last_version: int) -> None:
    run.drop(3)
    run.end = replace(run.end, parked={A: row(version, last_version)})


def stands_still(run: Forged) -> None:
    run.call(2, 20.5, 60, "two", fence=2)
    facts = (("nanoseconds", str(35 * SECOND)),)
    run.marks.append(Mark(59 * SECOND, "stalled", "two", "once", facts))
    run.call(3, 40, 41, "three", fence=3)


def dies(run: Forged) -> None:
    run.call(3, 31.5, None, "two", fence=2)
    run.marks.append(Mark(32 * SECOND, "killed", "two"))
    run.call(3, 50, 51, "three", fence=3)


def reset(run: Forged) -> None:
    run.end = replace(run.end, resets=[1, 2])


def handled_again(run: Forged) -> None:
    for version in (1, 2, 3):
        run.call(version, 100 + version, 100.5 + version, generation=2)


def raised(run: Forged) -> None:
    run.lines["one"].append({"at": 1, "by": "one", "trouble": "ValueError()"})


Step = Callable[[Forged], object]

VALID: dict[str, tuple[Step, ...]] = {
    "nothing else": (),
    "again, after a crash": (dies,),
    "it failed at first": (lambda run: run.call(1, 5, 6, succeeded=False),),
    "one that stood still": (stands_still,),
    "a skip": (skipped,),
    "a view": (lambda run: view(run, 1, 2, 3),),
    "anew": (reset, handled_again),
}

LOST, ORDER, AT_ONCE = GroupKind.GROUP_LOST, GroupKind.GROUP_ORDER, GroupKind.GROUP_AT_ONCE
VIEW, SKIP, STUCK = GroupKind.GROUP_VIEW, GroupKind.GROUP_SKIP, GroupKind.GROUP_STUCK

WRONG: dict[str, tuple[set[GroupKind], tuple[Step, ...]]] = {
    "an event is missing": ({LOST}, (lambda run: run.drop(3),)),
    "only before the reset": ({LOST}, (reset,)),
    "the last attempt failed": (
        {LOST},
        (lambda run: run.drop(3), lambda run: run.call(3, 30, 31, succeeded=False)),
    ),
    "before its predecessor": (
        {ORDER},
        (lambda run: run.drop(2), lambda run: run.call(2, 40, 41)),
    ),
    "at once": ({AT_ONCE}, (lambda run: run.call(3, 30.5, 32, "two", fence=2),)),
    "twice at once": ({AT_ONCE}, (lambda run: run.call(3, 30.5, 32),)),
    "twice in the view": ({VIEW}, (lambda run: view(run, 1, 2, 2, 3),)),
    "in another order": ({VIEW}, (lambda run: view(run, 1, 3, 2),)),
    "missing in the view": ({VIEW, LOST}, (lambda run: view(run, 1, 3),)),
    "a skip without a record": ({SKIP}, (lambda run: skipped(run, recorded=False),)),
    "a record without a skip": (
        {SKIP, LOST, ORDER},
        (lambda run: skipped(run, asked=False),),
    ),
    "still parked": ({STUCK}, (lambda run: parked(run, 3, 3),)),
    "parked, and not counted": (
        {STUCK, LOST, GroupKind.GROUP_UNACCOUNTED},
        (lambda run: run.drop(2), lambda run: parked(run, 2, 2)),
    ),
    "parked, and in the view": (
        {STUCK, GroupKind.GROUP_WAITS},
        (lambda run: parked(run, 3, 3), lambda run: view(run, 1, 2, 3)),
    ),
    "an error": ({GroupKind.GROUP_RAISED}, (raised,)),
}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_run_has_no_violation(name: str, tmp_path: Path) -> None:
    run = Forged(tmp_path)
    for step in VALID[name]:
        step(run)
    assert run.found() == set()


@pytest.mark.parametrize("name", WRONG)
def test_every_kind_of_violation_is_found(name: str, tmp_path: Path) -> None:
    run = Forged(tmp_path)
    kinds, steps = WRONG[name]
    for step in steps:
        step(run)
    assert run.found() == kinds


def test_every_kind_is_forged() -> None:
    assert {kind for kinds, _ in WRONG.values() for kind in kinds} == {*GroupKind}
