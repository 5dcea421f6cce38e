"""Verdict on a group of a real run: all checks together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from event_store_async.subscriptions import ParkedStream

from ..final_state import last_read
from ..history import History
from ..recorder import now
from ..violations import Verdict, Violation
from .check import Place, judge, judge_end, judge_view
from .kinds import kind_of
from .lines import load_story


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEnd:
    """
    What is known of a group at the end, from elsewhere than its members.

    Attributes:
        name: The group.
        resets: The generations that began with a reset; the first one is among them.
        skipped: What operators skipped, each with the generation.
        records: What the store has on record of that.
        parked: What is still parked.
        view: The versions that the view has of each stream, in order; None without a view.
    """

    name: str
    resets: Sequence[int] = (1,)
    skipped: Mapping[str, tuple[UUID, int, int]] = field(default_factory=dict)
    records: Mapping[str, Place] = field(default_factory=dict)
    parked: Mapping[UUID, ParkedStream] = field(default_factory=dict)
    view: Mapping[UUID, list[int]] | None = None


def check_group(directory: Path, history: History, end: GroupEnd) -> Verdict:
    """
    Return the verdict on a group.

    Args:
        directory: The folder of the run.
        history: The history of the run, with the last reads of its streams.
        end: What is known of the group at the end.
    """
    story, troubles = load_story(directory, end.name, history)
    story.resets = list(end.resets)
    story.skipped = list(end.skipped.values())
    for stream, operations in history.streams.items():
        read = last_read(operations)
        if read is not None and read.placed:
            story.heads[UUID(stream)] = len(read.placed)
    findings = [f"RAISED: {each}" for each in troubles]
    findings += judge(story, now() / 1e9, has_view=end.view is not None)
    findings += judge_end(story, end.parked, end.view)
    findings += [f"STUCK: {stream_id}" for stream_id in end.parked]
    findings += [
        f"SKIPPED UNASKED: {place}"
        for reason, place in end.records.items()
        if reason not in end.skipped
    ]
    findings += [
        f"SKIP LOST: {place}"
        for reason, place in end.skipped.items()
        if end.records.get(reason) != place[:2]
    ]
    if end.view is not None:
        findings += judge_view(story, end.view)
    verdict = Verdict()
    verdict.violations += [Violation(kind_of(each), end.name, each) for each in findings]
    verdict.counts[f"{end.name}: calls of handlers"] = len(story.calls)
    verdict.counts[f"{end.name}: calls that did not succeed"] = sum(
        not call.succeeded for call in story.calls
    )
    verdict.counts[f"{end.name}: members"] = len({call.process.number for call in story.calls})
    verdict.counts[f"{end.name}: resets"] = len(story.resets) - 1
    verdict.counts[f"{end.name}: generations"] = len({call.generation for call in story.calls})
    verdict.counts[f"{end.name}: skipped"] = len(story.skipped)
    return verdict
