"""Stream heads: the streams of a store, as a list of them shows them."""

from uuid import UUID

from .values import value


@value
class StreamHead:
    """
    A stream of a store, and where it ends.

    Attributes:
        stream_id: The stream.
        version: Its version when the list came to it, as `EventReader.current_version` returns it.
        cursor: Its place in the list: `StreamLister.streams` continues after it, in any process.
            Letters, digits, ``-`` and ``_``, so that it can stand in a URL.
    """

    stream_id: UUID
    version: int
    cursor: str
