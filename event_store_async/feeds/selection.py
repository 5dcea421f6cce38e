"""Selection: which events of a feed a reader wants."""

from collections.abc import Collection
from typing import Final
from uuid import UUID
from zlib import crc32

from ..checks import check_category, check_instance, check_int, listed
from ..errors import InvalidArgument
from ..excerpt import excerpt
from ..plain import plain_str
from ..values import value

MAX_SLICES: Final = 4096
"""The most slices that a feed can be divided into."""


MAX_NAMES: Final = 10_000
"""The most categories, and the most types, that one feed can be narrowed to."""


@value
class Selection:
    """
    Which events of a feed are wanted. Events are selected without being fetched.

    Attributes:
        categories: The categories of streams; empty for all streams, those without a category too.
        types: The stored names of types; empty for all events, those without a type too.
        slice: The share of streams, from 0. A stream is always whole in one slice.
        slices: How many slices the streams are divided into.

    Raises:
        InvalidArgument: a name is not valid, or there is no such slice.
    """

    categories: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    slice: int = 0
    slices: int = 1

    def __post_init__(self) -> None:
        """Refuse what no feed can be asked for."""
        check_instance("categories", self.categories, frozenset, "a frozenset of names")
        check_instance("types", self.types, frozenset, "a frozenset of names")
        for category in self.categories:
            check_category(category)
        for type_ in self.types:
            if not isinstance(type_, str) or not type_:
                raise InvalidArgument(
                    f"a type must be a str that is not empty, not {excerpt(type_)}"
                )
            try:
                type_.encode()
            except UnicodeEncodeError:  # waiting for it would be in vain
                raise InvalidArgument(
                    f"no event can have the type {excerpt(type_)}: it cannot be encoded as UTF-8"
                ) from None
        check_int("slices", self.slices, at_least=1, at_most=MAX_SLICES)
        check_int("slice", self.slice, at_least=0, at_most=self.slices - 1)

    @classmethod
    def of(
        cls,
        categories: Collection[str] = (),
        types: Collection[str] = (),
        slice_: int = 0,
        slices: int = 1,
    ) -> "Selection":
        """
        Return the selection of these names, of any collections of them.

        Raises:
            InvalidArgument: a name is not valid, or there is no such slice.
        """
        return cls(_names("categories", categories), _names("types", types), slice_, slices)

    def wants_stream(self, stream_id: UUID, category: str | None) -> bool:
        """Return whether events of this stream are wanted, whatever their types."""
        if self.categories and category not in self.categories:
            return False
        return self.slices == 1 or slice_of(stream_id, self.slices) == self.slice

    def wants_type(self, type_: str | None) -> bool:
        """Return whether events of this type are wanted, whatever their streams."""
        return not self.types or type_ in self.types


def _names(name: str, given: object) -> frozenset[str]:
    """Return a collection of names as a set of its own; raises `InvalidArgument`."""
    if isinstance(given, str | bytes) or not isinstance(given, Collection):
        raise InvalidArgument(f"{name} must be a list of names, not {excerpt(given)}")
    found = listed(name, given, MAX_NAMES)
    for each in found:
        if not isinstance(each, str):  # before it is hashed
            raise InvalidArgument(f"each of {name} must be a str, not {excerpt(each)}")
    return frozenset(map(plain_str, found))


def slice_of(stream_id: UUID, slices: int) -> int:
    """Return the slice of a stream: the same in every process, for ever."""
    return crc32(stream_id.bytes) % slices
