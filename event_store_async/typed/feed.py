"""Feed: a feed whose payloads are of an application's own types."""

from functools import partial
from typing import Any, Literal, TypeVar, overload

from ..checks import check_choice, check_instance
from ..errors import InvalidArgument
from ..feeds import BrokenEvent, Feed, FeedEvent, FeedPage, FeedReader, Position, Selection
from ..feeds.page import late_page
from ..feeds.wrapped_reader import ConvertedEvents, WrappedFeedReader, converted
from .payload import own_metadata, typed_payload
from .types import EventTypes, UnknownEvent

E = TypeVar("E")


@overload
def typed_feed(
    feed: Feed[Any], types: EventTypes[E], *, unknown: Literal["leave out"] | None = None
) -> Feed[E]: ...


@overload
def typed_feed(
    feed: Feed[Any], types: EventTypes[E], *, unknown: Literal["raw"]
) -> Feed[E | UnknownEvent]: ...


def typed_feed(
    feed: Feed[Any],
    types: EventTypes[E],
    *,
    unknown: Literal["raw", "leave out"] | None = None,
) -> Feed[Any]:
    """
    Return a feed whose payloads are events of one union of types.

    They are converted as a `TypedEventStore` does it, upcasters included. An event that does not
    fit its type, and one of a later revision than the registered one, is a `BrokenEvent` whatever
    *unknown* is: a newer program wrote it, and this one must not skip it.

    Args:
        feed: The feed of a store whose events a `TypedEventStore` appended. Its selection is kept.
        types: The types, by their stored names.
        unknown: What to do with an event that has no type, or whose type is not registered. With
            None it is a `BrokenEvent`, whose error is an `UnknownEventType`; ``"raw"`` delivers an
            `UnknownEvent` as its payload; ``"leave out"`` selects the registered types alone, so
            that other events are not even fetched.

    Raises:
        InvalidArgument: *unknown* is none of these, an argument is of another class, or no type
            that the feed selects is registered.
    """
    check_instance("feed", feed, Feed, "a Feed")
    check_instance("types", types, EventTypes, "an EventTypes")
    check_choice("unknown", unknown, "raw", "leave out", optional=True)
    selection = feed.selection
    if unknown == "leave out":
        selection = _narrowed(selection, types)
    reader = TypedFeedReader(feed.reader, types, raw=unknown == "raw")
    return Feed(reader, selection, outages=feed.outages)


class TypedFeedReader(WrappedFeedReader):
    """
    Reads a feed whose payloads are of one union of types; see `typed_feed`.

    Args:
        reader: The other feed's.
        types: The types, by their stored names.
        raw: Whether an event of a type that is not registered is delivered all the same.
    """

    def __init__(self, reader: FeedReader[Any], types: EventTypes[Any], *, raw: bool) -> None:
        super().__init__(reader)
        self._types = types
        self._raw = raw

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[Any]:
        """Return the next events that are selected; see `FeedReader.read_page`."""
        page = await self._reader.read_page(after, max_count, selection)
        return late_page(ConvertedEvents(page, self._typed), page.position, page.head)

    def _typed(self, event: FeedEvent[Any] | BrokenEvent) -> FeedEvent[Any] | BrokenEvent:
        if isinstance(event, BrokenEvent):
            return event
        raw = self._raw and not self._types.revision(event.type)
        typed = partial(typed_payload, self._types, event, raw=raw)
        return converted(event, typed, own_metadata(event.metadata))


def _narrowed(selection: Selection, types: EventTypes[Any]) -> Selection:
    names = types.names & selection.types if selection.types else types.names
    if not names:  # a selection without types would select them all
        raise InvalidArgument("no type of event that the feed selects is registered")
    return Selection(selection.categories, names, selection.slice, selection.slices)
