"""The ring of tokens: where the partitioner (Murmur3) puts streams, cut into ranges. No I/O."""

from itertools import pairwise
from typing import Final
from uuid import UUID

from .errors import InvalidArgument
from .values import value

SMALLEST: Final = -(2**63)
"""The ring's beginning. No stream has this token: the partitioner gives it to no key."""

LARGEST: Final = 2**63 - 1
"""The largest token that a stream can have."""


@value
class ScanPosition:
    """
    A stream's place on the ring. A scan goes from place to place, by token, then by id.

    Attributes:
        token: The stream's token. Two streams may share one, by rare chance.
        stream_id: The stream.
    """

    token: int
    stream_id: UUID

    @property
    def order(self) -> tuple[int, bytes]:
        """What the server sorts partitions by."""
        return self.token, self.stream_id.bytes


@value
class TokenRange:
    """
    A part of the ring.

    Attributes:
        after: The tokens in it are above this one.
        up_to: They are not above this one.

    Raises:
        InvalidArgument: no token, or a range that goes backward.
    """

    after: int = SMALLEST
    up_to: int = LARGEST

    def __post_init__(self) -> None:
        """Refuse what is no range."""
        for token in (self.after, self.up_to):
            if isinstance(token, bool) or not isinstance(token, int):
                raise InvalidArgument(f"a token is an int, not {token!r}")
        if not SMALLEST <= self.after < self.up_to <= LARGEST:
            raise InvalidArgument(f"no range of tokens goes from {self.after} to {self.up_to}")

    def __contains__(self, token: int) -> bool:
        return self.after < token <= self.up_to

    @property
    def size(self) -> int:
        """How many tokens it has."""
        return self.up_to - self.after

    def split(self, count: int) -> "tuple[TokenRange, ...]":
        """
        Return the range in *count* parts of about one size, in order: each token is in one.

        Raises:
            InvalidArgument: a count that is not 1 or more, or more than there are tokens.
        """
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= self.size:
            raise InvalidArgument(f"{self.size} tokens cannot be split into {count!r} ranges")
        edges = [self.after + self.size * index // count for index in range(count + 1)]
        return tuple(TokenRange(after, up_to) for after, up_to in pairwise(edges))


RING: Final = TokenRange()
"""All tokens that streams can have."""
