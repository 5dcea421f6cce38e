"""A long append: an input in several steps, each of which is stored as a whole or not at all."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final
from uuid import UUID

import anyio
import typer

from ..counts import counted
from ..errors import AppendOutcomeUnknown, ConcurrentModification
from ..events import NewEvent
from ..maintenance import Progress
from ..ports import EventReaderWriter
from ..versions import ExpectedVersion
from .documents import Input
from .exit_codes import ExitCode
from .outcome import after_conflict, conflict_words, outcome_json, stored_words, write_stored
from .output import note, say_error, write_json
from .resumption import Resumption
from .steps import AppendStep

WHEN_REPEATED: Final = "the same command goes on after it, and stores nothing twice"
"""What is true after whatever ended a long append."""


class LongAppend:
    """
    Appends step after step, each at the version that the one before led to.

    What an earlier run of the same command stored is found by its ids, and passed over.

    Args:
        store: The store.
        stream: The stream to append to.
        source: The input, for the progress.
        expected: Where the stream must be for the first step.
        timeout: Seconds in which the outcome of a step must be known; None for the default.
        as_json: Whether to print JSON.
    """

    def __init__(
        self,
        store: EventReaderWriter,
        stream: UUID,
        source: Input,
        expected: ExpectedVersion,
        *,
        timeout: float | None,
        as_json: bool,
    ) -> None:
        self._store = store
        self._stream = stream
        self._source = source
        self._expected = expected
        self._timeout = timeout
        self._as_json = as_json
        after = expected if isinstance(expected, int) else 0
        self._resumption: Resumption | None = Resumption(store, stream, after)
        self._earlier = 0
        self._stored = 0
        self._resumed_at = 0.0

    async def run(
        self,
        first: AppendStep,
        others: AsyncIterator[AppendStep],
        on_progress: Callable[[Progress], None],
    ) -> None:
        """
        Append all steps, and print the version of each event.

        Raises:
            typer.Exit: with `ExitCode.CONFLICT` or `ExitCode.UNKNOWN_OUTCOME`, after a message.
            CommandFailed: the input is wrong, or has changed since an earlier run.
            EventStoreError: see `EventWriter.persist_events`.
            BrokenPipeError, OutputLost: the versions cannot be printed.
        """
        try:
            await self._take(first)
            on_progress(self._progress())
            async for step in others:
                await self._take(step)
                on_progress(self._progress())
        except typer.Exit:
            raise
        except Exception:
            if self._stored:
                note(f"{stored_words(self._stored)}; {WHEN_REPEATED}")
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await self._found_all()
        if self._earlier == self._stored:
            note("these events were stored earlier; nothing was added")

    async def _take(self, step: AppendStep) -> None:
        events: Sequence[NewEvent] = step.events
        if self._resumption is not None:
            events = await self._not_found(self._resumption, step)
        if events:
            await self._append(events)

    async def _not_found(self, resumption: Resumption, step: AppendStep) -> Sequence[NewEvent]:
        """Print which events are stored already; return the others."""
        found = []
        for number, event in enumerate(step.events, step.first):
            stored = await resumption.find(event, number)
            if stored is None:
                break
            found.append(stored)
        if found:
            self._earlier += len(found)
            self._stored += len(found)
            self._resumed_at = self._source.fraction
            await write_stored(
                self._stream,
                found,
                found[-1].version,
                stored_earlier=True,
                as_json=self._as_json,
            )
        if len(found) < len(step.events):
            if self._earlier:
                self._expected = resumption.version
                note(f"{counted(self._earlier, 'event')} stored earlier; going on after that")
            await self._found_all()
        return step.events[len(found) :]

    async def _found_all(self) -> None:
        if self._resumption is not None:
            resumption, self._resumption = self._resumption, None
            await resumption.close()

    async def _append(self, events: Sequence[NewEvent]) -> None:
        try:
            result = await self._store.try_persist_events(
                self._stream, events, self._expected, timeout=self._timeout
            )
        except AppendOutcomeUnknown as unknown:
            say_error(
                f"no quorum answered in time: {stored_words(self._stored)}; it is unknown whether "
                f"the next {counted(len(events), 'event')} of it "
                f"{'is' if len(events) == 1 else 'are'}",
                f"repeat the command: {WHEN_REPEATED}",
            )
            if self._as_json:
                ids = unknown.event_ids
                await write_json([outcome_json("unknown", self._stream, event_ids=ids)])
            raise typer.Exit(ExitCode.UNKNOWN_OUTCOME) from None
        if isinstance(result, ConcurrentModification):
            await self._refuse(result)
        else:
            self._expected = result.version
            self._stored += len(events)
            await write_stored(
                self._stream,
                result.events,
                result.version,
                stored_earlier=result.stored_earlier,
                as_json=self._as_json,
            )

    async def _refuse(self, conflict: ConcurrentModification) -> None:
        actual = conflict.actual_version
        hint = after_conflict(self._stream, self._expected, actual)
        if conflict.found and actual == self._expected:
            event_id, version = next(iter(conflict.found.items()))
            hint = f"the event id {event_id} is taken, at version {version}: use each id once"
        elif self._stored and isinstance(self._expected, int):
            hint = (
                "another program appended meanwhile: see `event-store read "
                f"{self._stream} --from {self._expected + 1}`; to append the rest after its "
                f"events, repeat the command: {WHEN_REPEATED}"
            )
        say_error(conflict_words(self._stream, self._expected, actual, self._stored), hint)
        if self._as_json:
            line = outcome_json(
                "conflict", self._stream, actual_version=actual, stored=self._stored
            )
            await write_json([line])
        raise typer.Exit(ExitCode.CONFLICT)

    def _progress(self) -> Progress:
        return Progress(self._source.fraction, 0, self._stored, self._resumed_at)
