"""Seeing: what reads, versions and conflicts say of a stream, apart from when."""

from collections.abc import Iterator
from dataclasses import dataclass

from .lies import Lie, Violation
from .operations import NEVER, Append, Operation, Read, Span, Version
from .truth import Truth

LOW, HIGH = -1, NEVER


@dataclass(frozen=True, slots=True)
class Sight:
    """
    What an operation saw of a stream's version.

    Attributes:
        span: The operation's.
        kind: "read", "version", "conflict" or "check" (an append without events).
        least: The stream had come to at least this version when the operation ended.
        most: It had not gone beyond this one at a moment after the operation began.
        exact: Both at one moment: the operation stands at one place among the appends. Else, as
            with a quorum read, an append in flight may or may not be seen.
    """

    span: Span
    kind: str
    least: int
    most: int
    exact: bool


def sight_of(operation: Operation) -> Sight | None:
    """Return what an operation saw, if anything."""
    span = operation.span
    match operation:
        case Append(end="conflict", version=version):
            return Sight(span, "conflict", version, version, True)
        case Append(end="stored", events=(), version=version):
            return Sight(span, "check", version, version, operation.expected != "any")
        case Version(end="version", version=version):
            return Sight(span, "version", version, version, False)
        case Read(end="events"):
            return _of_read(operation)
        case _:
            return None


def _of_read(read: Read) -> Sight:
    versions = [version for version, _ in read.placed]
    least, most = max(versions, default=0), HIGH
    if read.backward:
        if read.first is None or least < read.first:
            most = least
    elif not versions:
        most = max(read.first or 1, 1) - 1
    elif read.count is None or len(versions) < read.count:
        most = least
    return Sight(read.span, "read", least, most, read.serial and least == most)


def misreadings(stream: str, truth: Truth, operation: Operation) -> Iterator[Violation]:
    """Find what an operation cannot have seen, whenever it was."""
    span = operation.span
    match operation:
        case Read(end="events"):
            yield from _unlike_the_stream(stream, truth, operation)
            sight = _of_read(operation)
            if sight.exact and truth.boundary(sight.least) is None:
                yield Violation(Lie.TORN_READ, stream, f"{span} ends at {sight.least}")
        case Read(end="hole", why=why):
            yield Violation(Lie.FALSE_HOLE, stream, f"{span}: {why}")
        case Version(end="version", version=version) if truth.boundary(version) is None:
            yield Violation(Lie.TORN_READ, stream, f"{span}: version {version}")
        case Append(end="conflict", expected=expected, version=actual):
            met = actual > 0 if expected == "exists" else expected in {"any", actual}
            if met or truth.boundary(actual) is None:
                what = f"{span} expected {expected}, was told {actual}"
                yield Violation(Lie.WRONG_CONFLICT, stream, what)
        case Append(end="stored", events=(), version=version, expected=expected):
            met = version > 0 if expected == "exists" else expected in {"any", version}
            if not met or truth.boundary(version) is None:
                yield Violation(Lie.UNMET, stream, f"{span} expected {expected}, got {version}")
        case _:
            pass


def _unlike_the_stream(stream: str, truth: Truth, read: Read) -> Iterator[Violation]:
    if not read.placed:
        return
    step = -1 if read.backward else 1
    wanted = read.placed[0][0] if read.backward else max(read.first or 1, 1)
    if read.backward and read.first is not None and wanted > read.first:
        yield Violation(Lie.NOT_A_PREFIX, stream, f"{read.span} began at {wanted}")
    for version, event in read.placed:
        if version != wanted or truth.at.get(version) != event:
            what = f"{read.span} shows {event} at {version}, where {wanted} was next and "
            what += f"{truth.at.get(wanted)} stands"
            yield Violation(Lie.NOT_A_PREFIX, stream, what)
            return
        wanted += step
    if read.count is not None and len(read.placed) > read.count:
        yield Violation(Lie.NOT_A_PREFIX, stream, f"{read.span} gave more than {read.count}")
    if read.backward and wanted and (read.count is None or len(read.placed) < read.count):
        yield Violation(Lie.NOT_A_PREFIX, stream, f"{read.span} ended above {wanted}")
