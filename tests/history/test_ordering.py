"""The checker's one pass agrees with trying every order, on small histories of any kind."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from .check import check
from .forging import Forger
from .history import of_operations
from .lies import Lie
from .operations import Append, Operation, Read

# Each moment is used once at most, so that no two of them are equal.
_SECONDS = 14
_ORDER = {Lie.ORDER, Lie.WRONG_CONFLICT, Lie.STALE_READ, Lie.FUTURE_READ}


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Draw up to three appends, and conflicts and serial reads that saw some version of theirs."""
    forger = Forger()
    moments = draw(st.permutations(range(_SECONDS)))
    sizes = draw(st.lists(st.integers(1, 2), min_size=1, max_size=3))
    ids = iter("abcdef")
    ends, all_ids = [0], ""
    for size in sizes:
        began, ended = sorted((moments.pop(), moments.pop()))
        events = "".join(next(ids) for _ in range(size))
        unknown = draw(st.booleans())
        forger.append(
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
            forger.append(began, ended, "x", 99, end="conflict", version=seen, within=99)
        else:
            forger.read(began, ended, " ".join(all_ids[:seen]), serial=True)
    forger.read(90, 91, " ".join(all_ids), final=True)
    return forger.operations


def explained(operations: list[Operation]) -> bool:
    """Say whether some order of the operations respects time and makes every answer so."""
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
    lies = set(check(of_operations(operations)).lies) - {Lie.UNSETTLED, Lie.OVERDUE}

    assert lies <= _ORDER
    assert (not lies) is explained(operations)
