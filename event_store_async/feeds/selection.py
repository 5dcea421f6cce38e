"""Selection: which events of a feed a reader wants."""

from collections.abc import Collection
from typing import Final
from uuid import UUID
from zlib import crc32

from ..checks import check_category, check_int
from ..errors import InvalidArgument
from ..values import value

MAX_SLICES: Final = 4096
"""The most slices that a feed can be divided into."""


@value
class Selection:
    """
    Which events of a feed are wanted. Events are selected without being fetched.

    Attributes:
        categories: The categories of streams; empty for all streams, those without a category too.
        types: The stored names of types; empty for all events, those without a type too.
        slice: The share of streams, from 0. A stream is always whole in one slice.
        slices: How many slices the streams are divided into.
    """

    categories: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    slice: int = 0
    slices: int = 1

    @classmethod
    def of(
        cls,
        categories: Collection[str] = (),
        types: Collection[str] = (),
        slice_: int = 0,
        slices: int = 1,
    ) -> "Selection":
        """
        Return a selection whose parts were checked.

        Raises:
            InvalidArgument: a name is not valid, or there is no such slice.
        """
        for name, given in (("categories", categories), ("types", types)):
            if isinstance(given, str) or not isinstance(given, Collection):
                raise InvalidArgument(f"{name} must be a list of names, not {given!r}")
        for category in categories:
            check_category(category)
        for type_ in types:
            if not isinstance(type_, str) or not type_:
                raise InvalidArgument(f"a type must be a str that is not empty, not {type_!r}")
            try:
                type_.encode()
            except UnicodeEncodeError:  # waiting for it would be in vain
                raise InvalidArgument(
                    f"no event can have the type {type_!r}: it cannot be encoded as UTF-8"
                ) from None
        check_int("slices", slices, at_least=1, at_most=MAX_SLICES)
        check_int("slice", slice_, at_least=0, at_most=slices - 1)
        return cls(frozenset(categories), frozenset(types), slice_, slices)

    def wants_stream(self, stream_id: UUID, category: str | None) -> bool:
        """Return whether events of this stream are wanted, whatever their types."""
        if self.categories and category not in self.categories:
            return False
        return self.slices == 1 or slice_of(stream_id, self.slices) == self.slice

    def wants_type(self, type_: str | None) -> bool:
        """Return whether events of this type are wanted, whatever their streams."""
        return not self.types or type_ in self.types


def slice_of(stream_id: UUID, slices: int) -> int:
    """Return the slice of a stream: the same in every process, for ever."""
    return crc32(stream_id.bytes) % slices
