"""Reasons: how a subscription is, and why it is behind, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from ..counts import counted
from ..subscriptions import Registration, SliceLag, SubscriptionStatus

Kind = Literal["good", "warn", "bad", "idle"]
"""How good something is; a class of the style sheet."""

SILENT_SECONDS: Final = 15.0
"""Seconds after which others take over the slices of a member that says nothing."""

_BEHIND_SECONDS: Final = 10.0
"""Seconds behind from which a subscription is said to be behind."""

_MOST: Final = 20


@dataclass(frozen=True)
class Reason:
    """
    Why a subscription does not get on.

    Attributes:
        kind: How bad it is.
        text: What it is.
        step: What to do about it.
    """

    kind: Kind
    text: str
    step: str


def state_of(known: Registration) -> str:
    """Return what a subscription is about, in words."""
    if known.paused:
        return "paused"
    if known.next_slices is not None:
        return f"going over to {counted(known.next_slices, 'slice')}"
    return "ready" if known.ready else "preparing"


def standing(status: SubscriptionStatus) -> tuple[Kind, str]:  # noqa: PLR0911 - one for each state
    """Return how a subscription is, in a word or two, for a list of them."""
    known, lag = status.registration, status.lag
    if known.paused:
        return "idle", "paused"
    if known.next_slices is not None or not known.ready:
        return "warn", state_of(known)
    if any(each.holding for each in lag.slices):
        return "bad", "stands still"
    if lag.events and any(each.holder is None and each.events for each in lag.slices):
        return "bad", "nobody works on it"
    if lag.parked:
        return "warn", "events are parked"
    if lag.seconds > _BEHIND_SECONDS:
        return "warn", "behind"
    return "good", "up to date" if not lag.events else "works"


def reasons(
    status: SubscriptionStatus, rate: float | None, silent: Mapping[UUID, float]
) -> list[Reason]:
    """
    Return why a subscription is behind, the most important reason first; none if it is not.

    Args:
        status: The subscription.
        rate: By how many events a second its distance to the end of the feed grows, if known.
        silent: For how many seconds each member has not said that it lives, as far as is known.
    """
    known, lag = status.registration, status.lag
    found: list[Reason] = []
    if known.paused:
        found.append(
            Reason("idle", "An operator has paused it.", "Resume it once the reason is gone.")
        )
    if known.next_slices is not None:
        found.append(
            Reason(
                "warn",
                f"It is going over to {counted(known.next_slices, 'slice')}: its members finish "
                "the events in hand, and begin anew.",
                "Wait; if it takes more than a minute, look whether the members live.",
            )
        )
    elif not known.ready:
        found.append(
            Reason(
                "warn",
                "Its view is being cleared, and it has not begun yet.",
                "Wait; if nobody works on it, start a process with it.",
            )
        )
    found += _standing_still(lag.slices)
    dead = {member: span for member, span in silent.items() if span > SILENT_SECONDS}
    found += _held_by_dead(lag.slices, dead)
    idle = [each for each in lag.slices if each.holder is None and each.events]
    if idle and not known.paused:
        found.append(_without_member(idle, lag.slices, len(status.members)))
    if lag.parked:
        found.append(
            Reason(
                "warn",
                f"{counted(lag.parked, 'stream is', 'streams are')} parked: an event of each "
                "failed, and its later events wait. Other streams go on.",
                "Look at the errors of the parked streams, and replay them once the cause is gone.",
            )
        )
    working = [
        each
        for each in lag.slices
        if each.holder and each.holder not in dead and each.events and not each.holding
    ]
    if working and lag.seconds > _BEHIND_SECONDS:
        found.append(_slow(lag.events, rate))
    return found


def _standing_still(slices: Sequence[SliceLag]) -> list[Reason]:
    numbers: dict[str, list[int]] = {}
    for each in slices:
        if each.holding:
            numbers.setdefault(each.holding, []).append(each.slice)
    return [
        Reason(
            "bad",
            f"{_slices(held)} {'stays where it is' if len(held) == 1 else 'stay where they are'}: "
            f"{holding}",
            "Mend the cause: it is tried again by itself. `event-store subscription park` parks a "
            "stream, so that the others go on.",
        )
        for holding, held in numbers.items()
    ][:_MOST]


def _held_by_dead(slices: Sequence[SliceLag], dead: Mapping[UUID, float]) -> list[Reason]:
    held: dict[UUID, list[int]] = {}
    for each in slices:
        if each.holder is not None and each.holder in dead and each.events:
            held.setdefault(each.holder, []).append(each.slice)
    return [
        Reason(
            "bad",
            f"{_slices(numbers)} {'is' if len(numbers) == 1 else 'are'} held by member {member}, "
            f"which has said nothing for {_span(dead[member])}: its process was killed, or hangs.",
            "Look at its log, and start it again. Another member would have taken its slices over.",
        )
        for member, numbers in held.items()
    ][:_MOST]


def _slices(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST])) + (" …" if len(numbers) > _MOST else "")
    return f"{'Slice' if len(numbers) == 1 else 'Slices'} {shown}"


def _without_member(idle: Sequence[SliceLag], slices: Sequence[SliceLag], members: int) -> Reason:
    is_all = len(idle) == len(slices)
    which = "any slice" if is_all else _slices([each.slice for each in idle]).lower()
    if not members:
        return Reason(
            "bad",
            "No process works on it.",
            "Start a process that runs this subscription, or find out why it ended.",
        )
    return Reason(
        "bad",
        f"No member works on {which}, although there {'is' if members == 1 else 'are'} "
        f"{counted(members, 'member')}.",
        "Wait a minute: the slices of a member that died are taken over. Then look at the logs of "
        "the members.",
    )


def _slow(events: int, rate: float | None) -> Reason:
    if rate is None:
        return Reason(
            "warn", "It is behind, and works.", "Wait a few seconds for a second measurement."
        )
    if rate < -0.05:
        left = events / -rate
        return Reason(
            "warn",
            f"It catches up by {-rate:,.1f} events a second: about {_span(left)} are left.",
            "Nothing, if that is soon enough; otherwise start more members.",
        )
    if rate > 0.05:
        return Reason(
            "bad",
            f"It works, but falls back by {rate:,.1f} events a second: more come in than it "
            "handles.",
            "Start more members, up to one for each slice; or make the handler faster.",
        )
    return Reason(
        "warn",
        "It works, but does not catch up.",
        "An event may take long, or be tried again and again: look at the log of its member.",
    )


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.0f} seconds"
    return f"{seconds / 60:,.0f} minutes" if seconds < 7200 else f"{seconds / 3600:,.0f} hours"
