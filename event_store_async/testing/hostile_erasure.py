"""Hostile erasure: the part of a hostile store that truncates, deletes and closes streams."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from ..checks import check_expected_version
from ..errors import ConcurrentModification, ErasureOutcomeUnknown, StoreUnavailable
from ..ports import EventReaderWriter, StreamEraser
from ..ports.erasure import eraser
from ..results import Closed, DeleteResult, TruncateResult
from ..versions import ANY, ExpectedVersion
from .injections import ERASURES, Choice, Injection

_T = TypeVar("_T")


class HostileErasure(StreamEraser):
    """
    Passes erasures to the wrapped store and injects faults; see `Injection`.

    Arguments are checked before a fault is injected: the wrapped store gets a call that erases
    nothing.
    """

    _store: EventReaderWriter

    async def truncate_stream(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, before: int, timeout: float | None = None
    ) -> TruncateResult:
        store = eraser(self._store)

        async def check() -> None:
            if not isinstance(before, int) or before < 1:
                await store.truncate_stream(stream_id, before=before, timeout=timeout)
            await store.truncate_stream(stream_id, before=1, timeout=timeout)

        return await self._erase(
            stream_id,
            check,
            lambda: store.truncate_stream(stream_id, before=before, timeout=timeout),
            lambda: ErasureOutcomeUnknown(stream_id, before),
        )

    async def delete_stream(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> DeleteResult:
        store = eraser(self._store)

        async def check() -> None:
            await store.truncate_stream(stream_id, before=1, timeout=timeout)
            check_expected_version(expected_version, 0)

        return await self._erase(
            stream_id,
            check,
            lambda: store.delete_stream(stream_id, expected_version, timeout=timeout),
            lambda: ErasureOutcomeUnknown(stream_id, 1),
        )

    async def close_stream(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, timeout: float | None = None
    ) -> Closed:
        store = eraser(self._store)

        async def check() -> None:
            await store.truncate_stream(stream_id, before=1, timeout=timeout)

        return await self._erase(
            stream_id,
            check,
            lambda: store.close_stream(stream_id, timeout=timeout),
            lambda: ErasureOutcomeUnknown(stream_id, 1, True),
        )

    async def _erase(
        self,
        stream_id: UUID,
        check: Callable[[], Awaitable[object]],
        erase: Callable[[], Awaitable[_T]],
        unknown: Callable[[], ErasureOutcomeUnknown],
    ) -> _T:
        injection = (await self._choose(stream_id, ERASURES)).injection
        if injection in {Injection.NONE, Injection.DELAY}:
            return await erase()
        await check()
        if injection is not Injection.UNKNOWN_STORED:
            self._record(injection, stream_id)
            if injection is Injection.UNAVAILABLE:
                raise StoreUnavailable(f"injected: nothing of stream {stream_id} is erased")
            raise unknown()
        result = await erase()
        if isinstance(result, ConcurrentModification):
            return result
        self._record(injection, stream_id)
        raise unknown()

    async def _choose(self, stream_id: UUID | None, possible: frozenset[Injection]) -> Choice:
        raise NotImplementedError

    def _record(self, injection: Injection, stream_id: UUID | None) -> None:
        raise NotImplementedError
