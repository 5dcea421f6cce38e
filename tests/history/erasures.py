"""Erasures: which events of a stream may be gone, and which must be."""

from collections.abc import Iterator, Mapping, Sequence

from event_store_async.versions import MAX_VERSION

from .final_state import FinalState
from .operations import NEVER, Erase, Operation, Placed, Read, Span, Version
from .violations import Kind, Violation


class Erasures:
    """
    What was erased of a stream, or may have been.

    Whoever erases reads the events first, at the serial level, so the history has them.

    Args:
        operations: The operations on the stream.

    Attributes:
        gone: The events that are erased, as far as they were ever seen.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._calls = [
            op
            for op in operations
            if isinstance(op, Erase) and op.end not in {"refused", "conflict"}
        ]
        self._seen: dict[int, str] = {}
        if self._calls:
            for op in operations:
                if isinstance(op, Read) and op.serial and op.end == "events":
                    for version, event in op.placed:
                        self._seen.setdefault(version, event)
        begins = self.latest_beginning(NEVER)
        self.gone = frozenset(event for at, event in self._seen.items() if at < begins)

    @property
    def seen(self) -> Mapping[int, str]:
        """The events that serial reads saw, by version; empty if nothing was erased."""
        return self._seen

    def latest_beginning(self, until: int) -> int:
        """Return the highest version at which the stream may have begun by a moment."""
        begun = [max(op.before, op.kept) for op in self._calls if op.span.began < until]
        if self.may_be_closed(until):
            begun.append(max(self._seen, default=0) + 1)
        return max(begun, default=1)

    def earliest_beginning(self, since: int) -> int:
        """Return the lowest version at which the stream may have begun after a moment."""
        acknowledged = (op for op in self._calls if op.end == "erased")
        return max((op.kept for op in acknowledged if op.span.ended < since), default=1)

    def may_begin(self, version: int, until: int) -> bool:
        """Return whether the stream may have begun with this version by a moment."""
        return any(version in {op.before, op.kept} for op in self._calls if op.span.began < until)

    def may_be_closed(self, until: int) -> bool:
        """Return whether the stream may have been closed by a moment."""
        return any(op.what == "close" and op.span.began < until for op in self._calls)

    def is_closed(self, since: int) -> bool:
        """Return whether the stream was closed before a moment."""
        return any(
            op.what == "close" and op.end == "erased" and op.span.ended < since
            for op in self._calls
        )

    def overlap(self, span: Span) -> bool:
        """Return whether something may have been erased during a call."""
        return any(
            op.span.began < span.ended and (op.span.ended > span.began or op.end != "erased")
            for op in self._calls
        )

    def beginning(self, final: Read) -> int:
        """Return where the stream begins, as its last read shows."""
        return final.placed[0][0] if final.placed else self.latest_beginning(NEVER)

    def completed(self, final: Read) -> Placed:
        """Return the last read of the stream, with the events that are gone before it."""
        if not self._calls:
            return final.placed
        begins = self.beginning(final)
        before = sorted((at, event) for at, event in self._seen.items() if at < begins)
        return (*before, *final.placed)


def erasure_violations(
    stream: str,
    state: FinalState,
    erasures: Erasures,
    final: Read,
    operations: Sequence[Operation],
) -> Iterator[Violation]:
    """Find events that are gone without a reason, and such that are there although erased."""
    begins = erasures.beginning(final)
    if final.placed and begins > 1 and not erasures.may_begin(begins, NEVER):
        yield Violation(Kind.OVER_ERASED, stream, f"it begins with version {begins}")
    for op in operations:
        match op:
            case Read():
                yield from _of_read(stream, erasures, op)
            case Version(end="version", version=version):
                if version == MAX_VERSION and not erasures.may_be_closed(op.span.ended):
                    yield Violation(Kind.OVER_ERASED, stream, f"{op.span}: nobody closed it")
                if version != MAX_VERSION and erasures.is_closed(op.span.began):
                    yield Violation(Kind.RESURRECTED, stream, f"{op.span}: version {version}")
            case Erase():
                yield from _of_erasure(stream, state, op)
            case _:
                pass


def _of_read(stream: str, erasures: Erasures, read: Read) -> Iterator[Violation]:
    if read.end == "truncated" and not erasures.overlap(read.span):
        yield Violation(Kind.FALSE_HOLE, stream, f"{read.span}: {read.why}")
    if read.end == "events" and read.placed:
        lowest = min(version for version, _ in read.placed)
        wanted = erasures.earliest_beginning(read.span.began)
        if lowest < wanted:
            what = f"{read.span} shows version {lowest}, and {wanted} was the first kept"
            yield Violation(Kind.RESURRECTED, stream, what)


def _of_erasure(stream: str, state: FinalState, erase: Erase) -> Iterator[Violation]:
    span, before, version = erase.span, erase.before, erase.version
    if erase.end == "erased":
        if erase.kept < before:
            yield Violation(Kind.RESURRECTED, stream, f"{span} kept version {erase.kept}")
        if erase.what == "delete" and version != before - 1:
            yield Violation(Kind.UNMET, stream, f"{span} expected {before - 1}, got {version}")
        # What came last into a stream that is closed is perhaps seen by nobody.
        elif erase.what != "close" and state.boundary(version) is None:
            yield Violation(Kind.TORN_READ, stream, f"{span}: version {version}")
    elif erase.end == "conflict":
        met = version >= before - 1 if erase.what == "truncate" else version == before - 1
        if met or state.boundary(version) is None:
            what = f"{span} wanted {before - 1}, got {version}"
            yield Violation(Kind.WRONG_CONFLICT, stream, what)
