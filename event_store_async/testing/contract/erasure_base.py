"""What the tests of erasure share: capabilities, and a stream of ten events."""

from typing import Any, ClassVar, Final
from uuid import UUID

from .base import ContractBase

LETTERS: Final = "abcdefghij"
"""The payloads of a stream of ten events."""


class ErasureBase(ContractBase):
    """Capabilities of the store; see `ErasureContract`."""

    has_categories: ClassVar[bool] = True
    has_snapshots: ClassVar[bool] = True
    has_feed: ClassVar[bool] = False


async def fill(store: Any, stream_id: UUID) -> UUID:
    """Append ten events, and return the stream."""
    await store.persist_events(stream_id, list(LETTERS))
    return stream_id
