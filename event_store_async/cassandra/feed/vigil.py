"""Vigil: whether anybody sequences the feed, as one store sees it."""

from dataclasses import dataclass
from typing import Final

from .runner import Runner
from .tables import FeedTables

SILENT: Final = 10.0
"""Seconds without a beat after which nobody sequences: more than twice what others wait for."""


@dataclass(frozen=True, slots=True)
class Vigil:
    """
    What a store has seen of the sequencers of its feed.

    Attributes:
        sequenced: Whether a sequencer works; None if the beat was not watched for long enough.
        warnings: What is wrong, for people to read.
    """

    sequenced: bool | None
    warnings: tuple[str, ...]


async def keep_vigil(tables: FeedTables, runner: Runner) -> Vigil:
    """
    Look at the beat of the sequencer that works, and at the store's own sequencer.

    The beat is compared with what the store saw before, in an earlier call or while its own
    sequencer watched, by its own monotonic clock. So the first call of a store that does not
    sequence cannot tell.

    Args:
        tables: The feed's tables.
        runner: The store's sequencer.

    Raises:
        FeedDisabled: the table has no feed.
        EventStoreError: as a read of the feed does.
    """
    row = await tables.feed()
    silence = runner.look(row)
    sequenced: bool | None = None
    warnings = []
    if silence > SILENT:
        sequenced = False
        warnings.append(
            "nobody sequences the feed: the beat of a sequencer was not seen to change for "
            f"{silence:.0f} s, so nothing is published"
        )
    elif runner.heartbeat.has_moved and row.leader is not None:
        sequenced = True
    if runner.has_died:
        warnings.append(
            "the store's own sequencer has ended, and does not begin again: open another store"
        )
    elif runner.error is not None:
        kind = type(runner.error).__name__
        warnings.append(f"the store's own sequencer fails: {kind}: {runner.error}")
    return Vigil(sequenced, tuple(warnings))
