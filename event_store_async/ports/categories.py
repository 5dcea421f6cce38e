"""The ports of categories: `CategorisedStore`, and `CategoryStore`, its view of one category."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from ..checks import check_callable, check_category, check_methods
from ..errors import InvalidArgument
from ..events import NewEvent, RecordedEvent
from ..excerpt import excerpt
from ..feeds import Feed, Selection
from ..health import Health
from ..results import AppendResult
from ..versions import ANY, ExpectedVersion
from .events import EventReaderWriter, StreamFollower
from .feeds import FeedStore, feeder
from .monitoring import HealthCheck, prober
from .snapshots import reads_personal

AppendInCategory: TypeAlias = Callable[
    [UUID, Iterable[Any], ExpectedVersion, float | None, str], Awaitable[AppendResult]
]
"""
Appends like `EventWriter.try_persist_events`, to a stream of a category.

Called with the stream, the events, the expected version, the timeout and the category.
"""


class CategoryStore(FeedStore, StreamFollower, HealthCheck):
    """
    A view of a store: what is appended through it is of one category.

    `CategorisedStore.category` returns one. It is used wherever a store is: in a `TypedEventStore`,
    a `Repository`, a `CommandHandler`. It keeps the promises of the ports, and these:

    - A stream gets its category with its first event, and keeps it for ever. A stream whose first
      event was appended through the store itself has none.
    - An append through the view to a stream with events of another category, or of none, raises
      `WrongCategory`, whatever its expected version and its event ids; it stores nothing. So does
      an append without events.
    - The category is a condition of the append itself, so it costs no further request.

    A stream of any category can be read through it, and appended to through the store itself. The
    store is its owner's to close. Two views of one store are equal if their names are.

    Args:
        store: The store, for everything but appends.
        name: The name of the category: 1 to 64 ASCII letters, digits, ``-``, ``_`` and ``.``.
        append: Appends to the store.

    Attributes:
        name: The name of the category.

    Raises:
        InvalidArgument: *name* is not the name of a category, *store* is not a store, or *append*
            is not callable.
    """

    def __init__(self, store: EventReaderWriter, name: str, append: AppendInCategory) -> None:
        check_methods("store", store, "a store", "read_events", "current_version")
        check_callable("append", append)
        self.name = check_category(name)
        self._store = store
        self._append = append

    @property
    def reads_personal(self) -> bool:
        """Whether what is read may hold personal values that the store decrypts."""
        return reads_personal(self._store)

    def category(self, name: str) -> "CategoryStore":
        """
        Return this view: code that is given a view for a store may ask for its category.

        Raises:
            InvalidArgument: it is not the name of this view's category.
        """
        if check_category(name) != self.name:
            raise InvalidArgument(
                f"{self!r} is no view of category {excerpt(name)}",
                hint="ask the store itself for it",
            )
        return self

    async def try_persist_events(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult:
        return await self._append(stream_id, events, expected_version, timeout, self.name)

    def read_events(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent, None]:
        return self._store.read_events(
            stream_id,
            from_version,
            max_count,
            backward=backward,
            page_size=page_size,
            serial=serial,
            timeout=timeout,
        )

    async def current_version(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, serial: bool = False, timeout: float | None = None
    ) -> int:
        return await self._store.current_version(stream_id, serial=serial, timeout=timeout)

    def feed(self, *, categories: Collection[str] = (), types: Collection[str] = ()) -> Feed[Any]:
        """
        Return the feed of the streams of this category.

        Nothing is sent.

        Args:
            categories: None, or the name of this view's category: code that is given a view for a
                store may ask for it.
            types: The stored names of types; none is all events.

        Raises:
            InvalidArgument: a name is not valid, *categories* names another category, or the store
                has no ``feed``.
            MisuseError: the store is closed, or belongs to another event loop or process.
        """
        for name in Selection.of(categories, types).categories:
            self.category(name)
        return feeder(self._store).feed(categories=(self.name,), types=types)

    async def health(self, *, timeout: float = 1.0) -> Health:
        """
        Return the store's own health.

        Raises:
            InvalidArgument: the store has no ``health``, or *timeout* is not a positive number.
            WrongEventLoop, WrongProcess: the store belongs to another event loop or process.
        """
        return await prober(self._store).health(timeout=timeout)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CategoryStore):
            return NotImplemented
        return self._store is other._store and self.name == other.name

    def __hash__(self) -> int:
        return hash((id(self._store), self.name))

    def __repr__(self) -> str:
        return f"<CategoryStore {self.name!r} of {self._store!r}>"


class CategorisedStore(EventReaderWriter, Protocol):
    """A store whose streams can have categories."""

    def category(self, name: str) -> CategoryStore:
        """
        Return a view of the store: what is appended through it is of a category.

        Nothing is sent. A view is small, and can be made for each use.

        Args:
            name: The name of the category: 1 to 64 ASCII letters, digits, ``-``, ``_`` and ``.``.

        Raises:
            InvalidArgument: it is not the name of a category.
        """
        raise NotImplementedError
