"""The checker's one pass agrees with trying every order, on small random histories."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from .builder import HistoryBuilder
from .check import check
from .history import of_operations
from .operations import Append, Operation, Read
from .violations import Kind

# Each moment is used at most once, so that no two are equal.
_SECONDS = 14
_ORDER = {Kind.ORDER, Kind.WRONG_CONFLICT, Kind.STALE_READ, Kind.FUTURE_READ}


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Draw up to three appends, and conflicts and serial reads that saw one of their versions."""
    builder = HistoryBuilder()
    moments = draw(st.permutations(range(_SECONDS)))
    sizes = draw(st.lists(st.integers(1, 2), min_size=1, max_size=3))
    ids = iter("abcdef")
    ends, all_ids = [0], ""
    for size in sizes:
        began, ended = sorted((moments.pop(), moments.pop()))
        events = "".join(next(ids) for _ in range(size))
        unknown = draw(st.booleans())
        builder.append(
            began,
            ended,
            " ".join(events),
            end="unknown" if unknown else "stored",
            first=None if unknown else ends[-1] + 1,
            within=99,
        )
        all_ids += events
        ends.append(ends[-1] + size)
    for _ in range(draw(st.integers(0, 3))):
        began, ended = sorted((moments.pop(), moments.pop()))
        seen = draw(st.sampled_from(ends))
        if draw(st.booleans()):
            builder.append(began, ended, "x", 99, end="conflict", version=seen, within=99)
        else:
            builder.read(began, ended, " ".join(all_ids[:seen]), serial=True)
    builder.read(90, 91, " ".join(all_ids), final=True)
    return builder.operations


def explained(operations: list[Operation]) -> bool:
    """Return whether some order of the operations respects time and explains every answer."""
    return any(_respects_time(order) and _makes_sense(order) for order in permutations(operations))


def _ended(operation: Operation) -> float:
    return float("inf") if operation.end == "unknown" else operation.span.ended


def _respects_time(order: tuple[Operation, ...]) -> bool:
    return not any(
        _ended(later) < earlier.span.began
        for index, earlier in enumerate(order)
        for later in order[index + 1 :]
    )


def _makes_sense(order: tuple[Operation, ...]) -> bool:
    stream: list[str] = []
    for operation in order:
        match operation:
            case Append(end="conflict", version=actual):
                if actual != len(stream):
                    return False
            case Append(end="stored", placed=placed):
                if placed[0][0] != len(stream) + 1:
                    return False
                stream += operation.events
            case Append():
                stream += operation.events
            case Read(placed=placed):
                if [event for _, event in placed] != stream:
                    return False
    return True


@settings(max_examples=400, deadline=None)
@given(histories())
def test_agrees_with_trying_every_order(operations: list[Operation]) -> None:
    kinds = set(check(of_operations(operations)).kinds) - {Kind.UNSETTLED, Kind.OVERDUE}

    assert kinds <= _ORDER
    assert (not kinds) is explained(operations)
