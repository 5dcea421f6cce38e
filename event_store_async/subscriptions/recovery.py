"""Recovery and pace: what is done about failures, and how often things happen."""

import math
from dataclasses import dataclass, field
from typing import Final, Literal

from ..checks import check_choice, check_instance, check_int, check_not_negative, check_positive
from ..errors import (
    AppendOutcomeUnknown,
    InvalidArgument,
    StoreOverloaded,
    StoreUnavailable,
)
from ..excerpt import excerpt
from ..retry import Backoff

_TRANSIENT: Final = (ConnectionError, StoreUnavailable, StoreOverloaded, AppendOutcomeUnknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """
    What is done if an event cannot be handled.

    An event is tried again in place; the slice waits meanwhile, others go on. If it still fails,
    its stream is parked, or the slice holds. Nothing is ever skipped. An event that cannot be read
    is not tried again: it is parked, or held, at once.

    Attributes:
        attempts: How often one event is tried.
        backoff: The pauses between attempts.
        timeout: The most seconds that one call of a handler may take. Then it is cancelled, and the
            attempt has failed with `HandlerTimedOut`.
        then: ``"park"`` parks the stream of an event that still fails: its later events wait behind
            it, and other streams go on. ``"hold"`` lets the whole slice wait: the event is tried
            again for ever, every 60 seconds at last.
        transient: What is never the event's fault: an outage. No attempt is counted, nothing is
            parked, and the event is tried again until it is over. `OSError` and `TimeoutError` are
            not among them by default: a missing file and a slow report are the event's fault.
        max_parked: How many streams of one slice may be parked. Beyond that, the slice holds.

    Raises:
        InvalidArgument: a field is not valid.
    """

    attempts: int = 5
    backoff: Backoff = field(default_factory=lambda: Backoff(initial=0.1, maximum=5.0))
    timeout: float = 60.0
    then: Literal["park", "hold"] = "park"
    transient: tuple[type[Exception], ...] = _TRANSIENT
    max_parked: int = 100

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_int("attempts", self.attempts, at_least=1)
        check_instance("backoff", self.backoff, Backoff, "a Backoff")
        check_positive("timeout", self.timeout)
        check_choice("then", self.then, "park", "hold")
        check_instance("transient", self.transient, tuple, "a tuple of classes of exceptions")
        for each in self.transient:
            if not (isinstance(each, type) and issubclass(each, Exception)):
                raise InvalidArgument(
                    f"each of transient must be a class of exceptions, not {excerpt(each)}"
                )
            if each is Exception:
                raise InvalidArgument("transient must not be all exceptions: nothing would fail")
        check_int("max_parked", self.max_parked, at_least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """
    How often a member reads, commits and beats.

    Attributes:
        page: The most events that are read at once.
        commit_seconds: How many seconds the stored checkpoint of a `Subscription` may be behind
            what is handled; 0 commits after each event. It is never more than a page behind.
        beat: Every how many seconds a member says that it lives.
        lease: After how many seconds without a new beat others take over its slices. A member that
            cannot say that it lives stops one beat earlier.
        drain: How many seconds the events in hand may take when a member stops.

    Raises:
        InvalidArgument: a field is not valid, or the lease is shorter than three beats.
    """

    page: int = 500
    commit_seconds: float = 1.0
    beat: float = 3.0
    lease: float = 15.0
    drain: float = 10.0

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_int("page", self.page, at_least=1, at_most=10_000)
        check_not_negative("commit_seconds", self.commit_seconds)
        check_positive("beat", self.beat, finite=True)
        check_positive("lease", self.lease, finite=True)
        least = 3 * self.beat
        if self.lease < least and not math.isclose(self.lease, least):  # 3 * 0.1 is above 0.3
            raise InvalidArgument(
                f"lease must be three beats of {self.beat:g} s or more, not {self.lease:g} s"
            )
        check_not_negative("drain", self.drain)
