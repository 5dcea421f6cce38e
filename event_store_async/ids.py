"""Ids: fast creation and parsing of UUIDs."""

from collections.abc import Sequence
from os import urandom
from struct import unpack
from time import time_ns
from typing import Final
from uuid import UUID, SafeUUID

from .values import draft_of

# The constructor of UUID checks and converts its arguments, which takes a considerable part of the
# time of a read (`make bench PROFILE=1` shows it). All it does in the end is set these two slots.
# A test compares the results.
_Draft: Final = draft_of(UUID)
_UNKNOWN: Final = SafeUUID.unknown

# RFC 9562: two bits for the variant, four for the version.
_KEPT: Final = (1 << 128) - 1 ^ (0xC000 << 48 | 0xF000 << 64)  # a negative mask would be copied
_SET: Final = 0x8000 << 48 | 4 << 76


_last = 0


def random_uuid() -> UUID:
    """Return a random UUID of version 4, like `uuid.uuid4`."""
    draft = _Draft()  # as in `_uuid`: one call less for each new event
    draft.int = int.from_bytes(urandom(16)) & _KEPT | _SET
    draft.is_safe = _UNKNOWN
    draft.__class__ = UUID
    made: UUID = draft
    return made


def ordered_uuid() -> UUID:
    """
    Return a UUID of version 7: those that are made later are greater.

    In one process that always holds; between processes, as far as their clocks agree.
    """
    global _last  # noqa: PLW0603 - the last moment that this process used
    _last = max(time_ns() // 250, _last + 1)  # twelve bits count to 4,000 in a millisecond
    milliseconds, part = divmod(_last, 4000)
    random = int.from_bytes(urandom(8)) & (1 << 62) - 1
    return _uuid(milliseconds << 80 | 7 << 76 | part << 64 | 2 << 62 | random)


def parse_uuid(text: str) -> UUID:
    """Return the UUID with these 32 hexadecimal digits, with or without hyphens."""
    return _uuid(int(text.replace("-", ""), 16))


def parse_uuids(texts: Sequence[str]) -> list[UUID]:
    """
    Return the UUIDs of texts that are known to be UUIDs, with or without hyphens.

    All at once, so that most of the work is in calls of C.
    """
    digits = "".join(texts).encode().translate(None, b"-")  # half the time of str.replace
    return uuids_of(bytes.fromhex(digits.decode()))


def uuids_of(packed: bytes) -> list[UUID]:
    """Return the UUIDs of 16 bytes each."""
    made: list[UUID] = []
    for number in map(int.from_bytes, unpack("16s" * (len(packed) // 16), packed)):
        draft = _Draft()  # as in `_uuid`, whose call would take a quarter of the time
        draft.int = number
        draft.is_safe = _UNKNOWN
        draft.__class__ = UUID
        made.append(draft)
    return made


def uuid_of(digits: bytes) -> UUID:
    """Return the UUID of 16 bytes."""
    return _uuid(int.from_bytes(digits))


def _uuid(number: int) -> UUID:
    draft = _Draft()
    draft.int = number
    draft.is_safe = _UNKNOWN
    draft.__class__ = UUID
    made: UUID = draft
    return made
