"""The ring of tokens, on which the partitioner (Murmur3) places streams. No I/O."""

from hashlib import blake2b
from itertools import pairwise
from typing import Final
from uuid import UUID

from .checks import is_int
from .errors import InvalidArgument
from .excerpt import excerpt
from .values import value

SMALLEST: Final = -(2**63)
"""The beginning of the ring. The partitioner gives this token to no stream."""

LARGEST: Final = 2**63 - 1
"""The largest token that a stream can have."""

MAX_RANGES: Final = 65_536
"""The most parts that the ring, or a part of it, is split into."""


@value
class ScanPosition:
    """
    The place of a stream on the ring. A scan visits streams by token, then by id.

    Attributes:
        token: The token of the stream. Two streams may have the same one, by rare chance.
        stream_id: The stream.
    """

    token: int
    stream_id: UUID

    @property
    def order(self) -> tuple[int, bytes]:
        """The key by which the server sorts partitions."""
        return self.token, self.stream_id.bytes


@value
class TokenRange:
    """
    A part of the ring.

    Attributes:
        after: Its tokens are above this one.
        up_to: Its tokens are at most this one.

    Raises:
        InvalidArgument: a bound is not a token, or the range is empty or runs backward.
    """

    after: int = SMALLEST
    up_to: int = LARGEST

    def __post_init__(self) -> None:
        """Refuse bounds that are not a range."""
        for token in (self.after, self.up_to):
            if not is_int(token):
                raise InvalidArgument(f"a token must be an int, not {excerpt(token)}")
        if not SMALLEST <= self.after < self.up_to <= LARGEST:
            raise InvalidArgument(
                f"a range of tokens cannot go from {excerpt(self.after)} to {excerpt(self.up_to)}",
                hint=f"{SMALLEST} <= after < up_to <= {LARGEST} must hold",
            )

    def __contains__(self, token: int) -> bool:
        return self.after < token <= self.up_to

    @property
    def size(self) -> int:
        """The number of its tokens."""
        return self.up_to - self.after

    def split(self, count: int) -> "tuple[TokenRange, ...]":
        """
        Return *count* ranges of about the same size, in order, that together are this one.

        Raises:
            InvalidArgument: *count* is not an int of 1 or more, or is above `size` or `MAX_RANGES`.
        """
        if not is_int(count) or not 1 <= count <= min(self.size, MAX_RANGES):
            raise InvalidArgument(
                f"{self.size} tokens cannot be split into {excerpt(count)} ranges"
            )
        edges = [self.after + self.size * index // count for index in range(count + 1)]
        return tuple(TokenRange(after, up_to) for after, up_to in pairwise(edges))


RING: Final = TokenRange()
"""All tokens that streams can have."""


def hashed_position(stream_id: UUID) -> ScanPosition:
    """Return a stream's place where no partitioner chooses one: anywhere, but always there."""
    digest = blake2b(stream_id.bytes, digest_size=8).digest()
    return ScanPosition(max(int.from_bytes(digest, signed=True), SMALLEST + 1), stream_id)
