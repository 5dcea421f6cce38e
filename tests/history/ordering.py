"""
Ordering: whether all that was said can have been so, each at a moment within its own call.

The stream itself tells the order of its appends, and an operation that saw a version has its
place between two of them. So a history can be explained just if nothing ended before something
began that stands earlier in that order: one pass over the operations, sorted by place, decides it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from .lies import Lie, Violation
from .operations import NEVER
from .seeing import HIGH, LOW, Sight
from .truth import Truth


@dataclass(frozen=True, slots=True)
class _Item:
    place: int  # 2k for the k-th append, 2k + 1 for what was seen between it and the next
    began: int
    ended: int
    kind: str
    name: str


def disorder(stream: str, truth: Truth, sights: Sequence[Sight]) -> Iterator[Violation]:
    """Find operations that cannot stand where they stand."""
    items = list(_appends(truth))
    for sight in sights:
        items += _seen(truth, sight)
    yield from _inversions(stream, items)
    yield from _stale(stream, truth, sights)


def _appends(truth: Truth) -> Iterator[_Item]:
    for count, standing in enumerate(truth.standing, start=1):
        intent = standing.intent
        yield _Item(2 * count, intent.began, intent.acknowledged, "append", str(intent))


def _seen(truth: Truth, sight: Sight) -> Iterator[_Item]:
    span = sight.span
    if sight.exact:
        place = truth.boundary(sight.least)
        if place is not None:
            yield _Item(2 * place + 1, span.began, span.ended, sight.kind, str(span))
        return
    if sight.least > 0:
        # Whatever shows the beginning of an append shows that it is decided.
        decided = truth.whole(sight.least - 1) + 1
        yield _Item(2 * decided + 1, LOW, span.ended, sight.kind, str(span))


def _inversions(stream: str, items: list[_Item]) -> Iterator[Violation]:
    items.sort(key=lambda item: item.place)
    latest: _Item | None = None  # of all that stands earlier, the one that began last
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
        "but stands behind it"
    )
    kinds = {earlier.kind, later.kind}
    if kinds == {"append"}:
        lie = Lie.ORDER
    elif "conflict" in kinds:
        lie = Lie.WRONG_CONFLICT
    elif later.kind == "append" or earlier.kind != "append":
        lie = Lie.STALE_READ
    else:
        lie = Lie.FUTURE_READ
    return Violation(lie, stream, what)


def _stale(stream: str, truth: Truth, sights: Iterable[Sight]) -> Iterator[Violation]:
    """Find quorum reads that miss what was acknowledged; exact ones have been judged already."""
    acknowledged = [NEVER] * (len(truth.standing) + 1)  # the earliest from each append on
    for index in range(len(truth.standing) - 1, -1, -1):
        acknowledged[index] = min(
            acknowledged[index + 1], truth.standing[index].intent.acknowledged
        )
    for sight in sights:
        if sight.exact or sight.most == HIGH:
            continue
        if acknowledged[truth.whole(sight.most)] < sight.span.began:
            what = f"{sight.kind} {sight.span} saw version {sight.most} at most"
            yield Violation(Lie.STALE_READ, stream, what)
