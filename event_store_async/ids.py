"""Ids: UUIDs made, and read from text, at the pace of events."""

from os import urandom
from typing import Any, Final
from uuid import UUID, SafeUUID

# UUID's own constructor checks and converts, a good part of what reading an event takes
# (`make bench PROFILE=1` shows it). What it ends with is these two slots; a test compares the
# results.
_new: Final = object.__new__
_slots: Final[dict[str, Any]] = dict(vars(UUID))
_set_int: Final = _slots["int"].__set__
_set_is_safe: Final = _slots["is_safe"].__set__
_UNKNOWN: Final = SafeUUID.unknown

# RFC 9562: the variant's two bits, and the version's four.
_KEPT: Final = ~(0xC000 << 48 | 0xF000 << 64)
_SET: Final = 0x8000 << 48 | 4 << 76


def random_uuid() -> UUID:
    """Return a random UUID, version 4, as `uuid.uuid4` does."""
    return _uuid(int.from_bytes(urandom(16)) & _KEPT | _SET)


def parse_uuid(text: str) -> UUID:
    """Return the UUID of its 32 hexadecimal digits, with or without hyphens between them."""
    return _uuid(int(text.replace("-", ""), 16))


def _uuid(number: int) -> UUID:
    made = _new(UUID)
    _set_int(made, number)
    _set_is_safe(made, _UNKNOWN)
    return made
