"""The kinds of violation of a group."""

from enum import Enum


class GroupKind(Enum):
    """A kind of violation of what a consumer group promises; its value describes it."""

    GROUP_LOST = "an event was not handled, nor does it wait, nor was it skipped"
    GROUP_UNACCOUNTED = "a parked stream does not count all events that wait"
    GROUP_WAITS = "an event waits that the view has"
    GROUP_ORDER = "an event was handled before an earlier one of its stream had succeeded"
    GROUP_AT_ONCE = "two members handled a stream at once while both ran"
    GROUP_VIEW = "the view does not have each event once, in the order of its stream"
    GROUP_SKIP = "a skip is not on record, or was not asked for"
    GROUP_STUCK = "a stream is still parked long after nothing fails any more"
    GROUP_RAISED = "a runner raised what it must not raise"


_WORDS = {
    "LOST": GroupKind.GROUP_LOST,
    "UNACCOUNTED": GroupKind.GROUP_UNACCOUNTED,
    "WAITS": GroupKind.GROUP_WAITS,
    "ORDER": GroupKind.GROUP_ORDER,
    "AT ONCE": GroupKind.GROUP_AT_ONCE,
    "TWICE AT ONCE": GroupKind.GROUP_AT_ONCE,
    "TWICE": GroupKind.GROUP_VIEW,
    "VIEW": GroupKind.GROUP_VIEW,
    "MISSING": GroupKind.GROUP_VIEW,
    "SKIPPED UNASKED": GroupKind.GROUP_SKIP,
    "SKIP LOST": GroupKind.GROUP_SKIP,
    "STUCK": GroupKind.GROUP_STUCK,
    "RAISED": GroupKind.GROUP_RAISED,
}


def kind_of(finding: str) -> GroupKind:
    """Return the kind of a finding: what `check` finds begins with a word for it."""
    return _WORDS[finding.partition(":")[0]]
