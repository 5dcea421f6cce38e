"""How waiting for a feed ends without success, and what makes a feed invalid."""

from uuid import UUID

from .base import EventStoreError


class FeedError(EventStoreError):
    """Something is wrong with a feed."""


class AlreadyPublished(FeedError):
    """
    A stream cannot get a category any more: its events are in the feed without one.

    The feed of the category would lack them, since the feed never changes. Nothing was changed.

    Attributes:
        stream_id: The stream.
        category: The category that it was to get.
    """

    def __init__(self, stream_id: UUID, category: str) -> None:
        super().__init__(
            f"stream {stream_id} cannot get the category {category!r}: its events are in the feed "
            "without a category, and the feed never changes",
            hint="categorise streams before the feed of their table is enabled",
        )
        self.stream_id = stream_id
        self.category = category


class NotPublished(FeedError):
    """
    An event was not in the feed in time. It may not exist.

    This says nothing of its append: that an append was acknowledged stays true.

    Attributes:
        stream_id: The stream of the event.
        version: Its version.
    """

    def __init__(self, stream_id: UUID, version: int, seconds: float) -> None:
        super().__init__(
            f"version {version} of stream {stream_id} was not in the feed after {seconds:g} s",
            hint="the event may not exist, or no sequencer works: see `event-store feed status`",
        )
        self.stream_id = stream_id
        self.version = version


class FeedInconsistent(FeedError):
    """
    The tables of a feed contradict each other: rows were deleted by hand, expired or lost.

    Publishing stops, so that no event is skipped or published twice. Appends go on.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = "stop all processes, and build the feed again as after restoring a "
        "backup: see docs/guides/operating.md",
    ) -> None:
        super().__init__(message, hint=hint)
