"""Observations: what reads, versions and conflicts show of a stream, regardless of when."""

from collections.abc import Iterator
from dataclasses import dataclass

from event_store_async.versions import MAX_VERSION

from .erasures import Erasures
from .final_state import FinalState
from .operations import NEVER, Append, Erase, Operation, Read, Span, Version
from .violations import Kind, Violation

LOW, HIGH = -1, NEVER


@dataclass(frozen=True, slots=True)
class Observation:
    """
    What an operation shows of a stream's version.

    Attributes:
        span: The operation's.
        kind: "read", "version", "conflict", "check" (an append without events) or "erasure".
        least: The stream had reached at least this version when the operation ended.
        most: The stream had not passed this version at some moment after the operation began.
        exact: Both hold at the same moment, so the operation has one place among the appends.
            Otherwise, as for a quorum read, an append in flight may or may not be seen.
    """

    span: Span
    kind: str
    least: int
    most: int
    exact: bool


def observation_of(operation: Operation, erasures: Erasures) -> Observation | None:
    """Return what an operation shows, if anything."""
    span = operation.span
    match operation:
        case Append(end="conflict", version=version) | Erase(end="conflict", version=version):
            return Observation(span, "conflict", version, version, True)
        case Append(end="stored", events=(), version=version):
            return Observation(span, "check", version, version, operation.expected != "any")
        case Version(end="version", version=version) if version != MAX_VERSION:
            return Observation(span, "version", version, version, False)
        case Erase(end="erased", what="truncate" | "delete", version=version):
            return Observation(span, "erasure", version, HIGH, False)
        case Read(end="events"):
            return _of_read(operation, erasures)
        case _:
            return None


def _of_read(read: Read, erasures: Erasures) -> Observation:
    versions = [version for version, _ in read.placed]
    least, most = max(versions, default=0), HIGH
    if not versions:
        # Where the stream may have begun: what is before that says nothing of what comes after it.
        begins = erasures.latest_beginning(read.span.ended)
        if not read.backward:
            most = max(read.first or 1, begins) - 1
        elif read.first is None or begins <= read.first:
            most = begins - 1
    elif read.backward:
        if read.first is None or least < read.first:
            most = least
    elif read.count is None or len(versions) < read.count:
        most = least
    return Observation(read.span, "read", least, most, read.serial and least == most)


def observation_violations(
    stream: str, state: FinalState, operation: Operation, erasures: Erasures
) -> Iterator[Violation]:
    """Find what an operation cannot have seen at any moment."""
    span = operation.span
    match operation:
        case Read(end="events"):
            yield from _differences(stream, state, operation, erasures)
            observation = _of_read(operation, erasures)
            if observation.exact and state.boundary(observation.least) is None:
                yield Violation(Kind.TORN_READ, stream, f"{span} ends at {observation.least}")
        case Read(end="hole", why=why):
            yield Violation(Kind.FALSE_HOLE, stream, f"{span}: {why}")
        case Version(end="version", version=version) if version == MAX_VERSION:
            pass  # it is closed: see erasures
        case Version(end="version", version=version) if state.boundary(version) is None:
            yield Violation(Kind.TORN_READ, stream, f"{span}: version {version}")
        case Append(end="conflict", expected=expected, version=actual):
            met = actual > 0 if expected == "exists" else expected in {"any", actual}
            if met or state.boundary(actual) is None:
                what = f"{span} expected {expected}, got {actual}"
                yield Violation(Kind.WRONG_CONFLICT, stream, what)
        case Append(end="stored", events=(), version=version, expected=expected):
            met = version > 0 if expected == "exists" else expected in {"any", version}
            if not met or state.boundary(version) is None:
                yield Violation(Kind.UNMET, stream, f"{span} expected {expected}, got {version}")
        case _:
            pass


def _differences(
    stream: str, state: FinalState, read: Read, erasures: Erasures
) -> Iterator[Violation]:
    if not read.placed:
        return
    step = -1 if read.backward else 1
    began = read.placed[0][0]
    wanted = began if read.backward else max(read.first or 1, 1)
    if began > wanted and erasures.may_begin(began, read.span.ended):
        wanted = began
    if read.backward and read.first is not None and wanted > read.first:
        yield Violation(Kind.NOT_A_PREFIX, stream, f"{read.span} began at {wanted}")
    for version, event in read.placed:
        if version != wanted or state.at.get(version) != event:
            what = f"{read.span} shows {event} at {version}; next was {wanted}, "
            what += f"which is {state.at.get(wanted)}"
            yield Violation(Kind.NOT_A_PREFIX, stream, what)
            return
        wanted += step
    if read.count is not None and len(read.placed) > read.count:
        yield Violation(Kind.NOT_A_PREFIX, stream, f"{read.span} returned more than {read.count}")
    is_whole = read.count is None or len(read.placed) < read.count
    ends_early = read.backward and wanted and is_whole
    if ends_early and not erasures.may_begin(wanted + 1, read.span.ended):
        yield Violation(Kind.NOT_A_PREFIX, stream, f"{read.span} ended above {wanted}")
