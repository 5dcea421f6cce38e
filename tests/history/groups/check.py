"""Checker of a group: judges what was handled, by whom, when and in which order."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from event_store_async.subscriptions import ParkedStream

Place = tuple[UUID, int]


class Process(Protocol):
    """A process in which members run."""

    @property
    def number(self) -> int:
        """Which one it is."""

    @property
    def is_dead(self) -> bool:
        """Whether it was killed."""

    def was_frozen(self, begun: float, ended: float) -> bool:
        """Return whether it stood still between two moments, or just before."""


@dataclass
class Handled:
    """
    One call of a handler for one event.

    Attributes:
        process: Who called it.
        generation: The generation of its lease.
        fence: The fence of its lease.
        stream_id: The stream.
        version: The version.
        begun: When it began.
        ended: When it ended, if it has.
        succeeded: Whether it succeeded.
    """

    process: Process
    generation: int
    fence: int
    stream_id: UUID
    version: int
    begun: float
    ended: float | None = None
    succeeded: bool = False


@dataclass
class Story:
    """
    What happened.

    Attributes:
        calls: The calls of handlers, in the order in which they began.
        skipped: What operators skipped, each with the generation.
        resets: The generations that began with a reset; the first one is among them.
        heads: The version of each stream.
    """

    calls: list[Handled] = field(default_factory=list)
    skipped: list[tuple[UUID, int, int]] = field(default_factory=list)
    resets: list[int] = field(default_factory=lambda: [1])
    heads: dict[UUID, int] = field(default_factory=dict)

    def epoch(self, generation: int) -> int:
        """Return the generation of the last reset at or before one."""
        return max(reset for reset in self.resets if reset <= generation)


def judge(story: Story, now: float, *, has_view: bool) -> list[str]:
    """
    Return what is wrong with the order, and with who handled what when.

    Args:
        story: What happened.
        now: The time.
        has_view: Whether a view shows what was handled, and in which order: it is judged instead.
    """
    return [*([] if has_view else _order(story)), *_overlaps(story, now)]


def judge_end(
    story: Story, parked: Mapping[UUID, ParkedStream], view: Mapping[UUID, list[int]] | None
) -> list[str]:
    """
    Return what was left out, when everything has had time to be handled or parked.

    Args:
        story: What happened.
        parked: What is parked.
        view: What the view shows of each stream, if there is one.
    """
    last = max(story.resets)
    if view is None:
        done = {
            (call.stream_id, call.version)
            for call in story.calls
            if call.succeeded and story.epoch(call.generation) == last
        }
    else:
        done = {(stream_id, version) for stream_id, got in view.items() for version in got}
    done |= _skipped(story, last)
    wrong = []
    for stream_id, head in story.heads.items():
        row = parked.get(stream_id)
        waiting = set() if row is None else set(range(row.version, row.last_version + 1))
        for version in range(1, head + 1):
            if (stream_id, version) not in done and version not in waiting:
                wrong.append(f"LOST: {stream_id} {version}")
        if row is not None and row.waits and row.last_version != head:
            wrong.append(f"UNACCOUNTED: {stream_id} waits up to {row.last_version} of {head}")
        # Without a view, an event may be handled, delivered again after a crash, and then wait.
        if view is not None and waiting and (stream_id, min(waiting)) in done:
            wrong.append(f"WAITS: {stream_id} {min(waiting)} is handled, and waits")
    return wrong


def judge_view(story: Story, view: Mapping[UUID, list[int]]) -> list[str]:
    """
    Return what is wrong with a view: it holds each event once, in order, but for what was skipped.

    Args:
        story: What happened.
        view: The versions that it has of each stream, in the order in which they were applied.
    """
    skipped = {(stream_id, version) for stream_id, version, _ in story.skipped}
    wrong = []
    for stream_id, head in story.heads.items():
        got = view.get(stream_id, [])
        wrong += [f"TWICE: {stream_id} {each}" for each in set(got) if got.count(each) > 1]
        if got != sorted(got):
            wrong.append(f"VIEW: {stream_id} {got}")
        wrong += [
            f"MISSING: {stream_id} {version}"
            for version in set(range(1, head + 1)) - set(got)
            if (stream_id, version) not in skipped
        ]
    return wrong


def _skipped(story: Story, epoch: int) -> set[Place]:
    return {
        (stream_id, version)
        for stream_id, version, generation in story.skipped
        if story.epoch(generation) == epoch
    }


def _order(story: Story) -> list[str]:
    """No event begins for the first time before all earlier ones of its stream have succeeded."""
    wrong = []
    for epoch in story.resets:
        skipped = _skipped(story, epoch)
        begun: dict[UUID, int] = defaultdict(int)
        ended: dict[Place, float] = {}
        for call in story.calls:
            if call.succeeded and story.epoch(call.generation) == epoch and call.ended is not None:
                place = (call.stream_id, call.version)
                ended[place] = min(ended.get(place, call.ended), call.ended)
        for call in story.calls:
            if story.epoch(call.generation) != epoch or call.version <= begun[call.stream_id]:
                continue
            for version in range(begun[call.stream_id] + 1, call.version):
                place = (call.stream_id, version)
                if place not in skipped and ended.get(place, call.begun + 1) > call.begun:
                    wrong.append(f"ORDER: {call.stream_id} {call.version} before {version}")
            earlier = (call.stream_id, call.version - 1)
            if (
                call.version > 1
                and earlier not in skipped
                and ended.get(earlier, call.begun + 1) > call.begun
            ):
                wrong.append(f"ORDER: {call.stream_id} {call.version} before its predecessor")
            begun[call.stream_id] = call.version
    return wrong


def _overlaps(story: Story, now: float) -> list[str]:
    """Two members handle one stream at once only if one of them stood still."""
    wrong = []
    by_stream: dict[UUID, list[Handled]] = defaultdict(list)
    for call in story.calls:
        by_stream[call.stream_id].append(call)
    for calls in by_stream.values():
        for at, one in enumerate(calls):
            end = one.ended if one.ended is not None else now
            for other in calls[at + 1 :]:
                if other.begun >= end:
                    continue
                owner = (one.process, one.generation, one.fence)
                if owner == (other.process, other.generation, other.fence):
                    wrong.append(f"TWICE AT ONCE: {other.stream_id} {other.version}")
                    continue
                other_end = other.ended if other.ended is not None else now
                excused = (
                    one.process.was_frozen(one.begun, end)
                    or other.process.was_frozen(other.begun, other_end)
                    or (one.process.is_dead and one.ended is None)
                )
                if not excused:
                    wrong.append(
                        f"AT ONCE: {one.stream_id} {one.version} in process {one.process.number} "
                        f"and {other.version} in process {other.process.number}, at {other.begun}"
                    )
    return wrong
