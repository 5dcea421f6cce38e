"""
Ordering: whether every answer can have been right at some moment within its own call.

The stream itself fixes the order of its appends, and an operation that saw a version belongs
between two of them. So a history has a valid order exactly if no operation ended before one began
that comes earlier in that order. One pass over the operations, sorted by place, decides it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from .final_state import FinalState
from .observations import HIGH, LOW, Observation
from .operations import NEVER
from .violations import Kind, Violation


@dataclass(frozen=True, slots=True)
class _Item:
    place: int  # 2k for the k-th append, 2k + 1 for what was seen between it and the next
    began: int
    ended: int
    kind: str
    name: str


def order_violations(
    stream: str, state: FinalState, observations: Sequence[Observation]
) -> Iterator[Violation]:
    """Find operations that cannot have happened in the order of the stream."""
    items = list(_appends(state))
    for observation in observations:
        items += _seen(state, observation)
    yield from _inversions(stream, items)
    yield from _stale(stream, state, observations)


def _appends(state: FinalState) -> Iterator[_Item]:
    for count, append in enumerate(state.appends, start=1):
        intent = append.intent
        yield _Item(2 * count, intent.began, intent.acknowledged, "append", str(intent))


def _seen(state: FinalState, observation: Observation) -> Iterator[_Item]:
    span = observation.span
    if observation.exact:
        place = state.boundary(observation.least)
        if place is not None:
            yield _Item(2 * place + 1, span.began, span.ended, observation.kind, str(span))
        return
    if observation.least > 0:
        # A read that shows any part of an append proves that the append was decided.
        decided = state.whole(observation.least - 1) + 1
        yield _Item(2 * decided + 1, LOW, span.ended, observation.kind, str(span))


def _inversions(stream: str, items: list[_Item]) -> Iterator[Violation]:
    items.sort(key=lambda item: item.place)
    latest: _Item | None = None  # of all earlier places, the one that began last
    for _, group in groupby(items, key=lambda item: item.place):
        members = list(group)
        if latest is not None:
            for item in members:
                if item.ended < latest.began:
                    yield _violation(stream, latest, item)
        for item in members:
            if latest is None or item.began > latest.began:
                latest = item


def _violation(stream: str, earlier: _Item, later: _Item) -> Violation:
    what = (
        f"{later.kind} {later.name} ended before {earlier.kind} {earlier.name} began, "
        "but comes after it"
    )
    kinds = {earlier.kind, later.kind}
    if kinds == {"append"}:
        kind = Kind.ORDER
    elif "conflict" in kinds:
        kind = Kind.WRONG_CONFLICT
    elif later.kind == "append" or earlier.kind != "append":
        kind = Kind.STALE_READ
    else:
        kind = Kind.FUTURE_READ
    return Violation(kind, stream, what)


def _stale(
    stream: str, state: FinalState, observations: Iterable[Observation]
) -> Iterator[Violation]:
    """Find quorum reads that miss acknowledged appends; exact reads have been checked already."""
    acknowledged = [NEVER] * (len(state.appends) + 1)  # from each append on, the earliest
    for index in range(len(state.appends) - 1, -1, -1):
        acknowledged[index] = min(acknowledged[index + 1], state.appends[index].intent.acknowledged)
    for observation in observations:
        if observation.exact or observation.most == HIGH:
            continue
        if acknowledged[state.whole(observation.most)] < observation.span.began:
            what = f"{observation.kind} {observation.span} saw version {observation.most} at most"
            yield Violation(Kind.STALE_READ, stream, what)
