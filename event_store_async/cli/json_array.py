"""A JSON array that is too long for memory: its items, as it comes."""

import re
from collections.abc import Iterator
from typing import Final

_OUTSIDE: Final = re.compile(rb'["\[\]{},]')
_IN_STRING: Final = re.compile(rb'["\\]')


class JsonArray:
    """
    Splits an array into its items, without looking into them: they may not be JSON.

    Attributes:
        ended: Whether the end of the array has come.
        waiting: Bytes of the item that has not ended yet.
    """

    def __init__(self) -> None:
        self.ended = False
        self._rest = b""
        self._looked_at = 0
        self._depth = 0
        self._in_string = False
        self._commas = 0

    @property
    def waiting(self) -> int:
        """See the class."""
        return len(self._rest)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """
        Yield the items that end in the next part of the array; take all of them.

        Raises:
            ValueError: something follows the array.
        """
        text = self._rest + data
        start, at = 0, self._looked_at
        while not self.ended:
            found = (_IN_STRING if self._in_string else _OUTSIDE).search(text, at)
            if found is None:
                at = len(text)
                break
            at = found.end()
            match found[0]:
                case b'"':
                    self._in_string = not self._in_string
                case b"\\":
                    if at == len(text):  # what it escapes is still to come
                        at = found.start()
                        break
                    at += 1
                case b"[" | b"{":
                    self._depth += 1
                    start = at if self._depth == 1 else start
                case b"," if self._depth == 1:
                    self._commas += 1
                    yield text[start : found.start()]
                    start = at
                case b"]" | b"}":
                    self._depth -= 1
                    if not self._depth:
                        self.ended = True
                        item = text[start : found.start()]
                        if self._commas or item.strip():
                            yield item
                        start = at
        self._rest, self._looked_at = text[start:], at - start
        if self.ended and self._rest.strip():
            raise ValueError("something follows the array")
