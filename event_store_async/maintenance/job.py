"""Resuming: the state of a work over all streams that only counts, kept in a checkpoint."""

from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import anyio

from ..cassandra import EventStore
from ..errors import InvalidArchive
from ..stored import StreamSummary
from .checkpoint import Checkpoint
from .progress import Progress, Totals
from .walk import Walk

_STREAMS_A_CHECKPOINT: Final = 1000


class Extra(Protocol):
    """What a work counts besides its totals."""

    def to_json(self) -> Any:
        """Return it for a checkpoint."""

    def load(self, data: Any) -> None:
        """Become what a checkpoint holds; raises KeyError, TypeError, ValueError."""


E = TypeVar("E", bound=Extra)


class Job(Generic[E]):
    """
    How far a work has come. Made by `open_job`.

    Attributes:
        ring: The ranges, and how far they have been gone through.
        totals: What was counted.
        extra: What was counted besides.
        resumed: Whether another run began it.
        under_way: Events read of streams that are not done: shown, and not counted yet.
    """

    def __init__(self, checkpoint: Checkpoint | None, ring: Walk, extra: E) -> None:
        self.ring = ring
        self.totals = Totals()
        self.extra = extra
        self.resumed = False
        self.under_way = 0
        self._checkpoint = checkpoint
        self._resumed_at = 0.0
        self._unsaved = 0
        self._lock = anyio.Lock()
        self._saved = False

    async def load(self) -> None:
        """Go on with what another run saved, if it did; raises `InvalidArchive`."""
        if self._checkpoint is None or (found := await self._checkpoint.load()) is None:
            return
        try:
            self.ring = Walk.from_json(found["ring"])
            self.totals = Totals.from_json(found["totals"])
            self.extra.load(found["extra"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidArchive(
                self._checkpoint.path, None, f"it is damaged: {error!r}"
            ) from error
        self.resumed = True
        self._resumed_at = self.ring.fraction

    async def passed(self, index: int, summary: StreamSummary) -> None:
        """Note that a stream is done and counted; without a pause between the two, see `save`."""
        self.ring.spans[index].position = summary.position
        self._unsaved += 1
        if self._unsaved >= _STREAMS_A_CHECKPOINT:
            await self.save()

    async def save(self) -> None:
        """
        Write a checkpoint of this very moment.

        Counts and positions are changed together, between two awaits: so what is written fits.
        """
        if self._checkpoint is not None:
            self._unsaved = 0
            async with self._lock:
                await self._checkpoint.save(
                    {
                        "ring": self.ring.to_json(),
                        "totals": self.totals.to_json(),
                        "extra": self.extra.to_json(),
                    }
                )
            self._saved = True

    async def end(self) -> None:
        """Remove the checkpoint."""
        if self._checkpoint is not None:
            await self._checkpoint.remove()

    def progress(self) -> Progress:
        """Return how far it is."""
        saved, self._saved = self._saved, False
        events = self.totals.events + self.under_way
        return Progress(self.ring.fraction, self.totals.streams, events, self._resumed_at, saved)


async def open_job(
    store: EventStore, work: str, path: Path | None, ranges: int, extra: E
) -> Job[E]:
    """
    Begin a work, or go on with it where its checkpoint is.

    Raises:
        InvalidCheckpoint: the checkpoint is none, or of other work.
        SchemaError, StoreUnavailable
    """
    table = await store.schema_state()
    table.check_usable()
    checkpoint = None
    if path is not None:
        subject = {"table": table.table, "table_id": str(table.table_id)}
        checkpoint = Checkpoint(path, work, subject)
    found = Job(checkpoint, Walk.begin(ranges), extra)
    await found.load()
    return found
