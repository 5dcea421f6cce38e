"""Tables that are missing, or not as the store needs them."""

from ..cql_files import quoted
from .base import EventStoreError

_CREATE_HINT = (
    "create it with `await store.create_schema(replication={...})` "
    "or the command `event-store schema create`"
)
_MIGRATE_HINT = (
    "migrate it with `await store.create_schema()` or the command `event-store schema migrate`"
)


class SchemaError(EventStoreError):
    """
    The table is not as the store needs it.

    Attributes:
        table: The table, as ``keyspace.table``.
    """

    def __init__(self, table: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{table}: {reason}", hint=hint)
        self.table = table


class SchemaMissing(SchemaError):
    """The keyspace or the table does not exist."""

    def __init__(self, table: str) -> None:
        super().__init__(table, "there is no such table", hint=_CREATE_HINT)


class FeedDisabled(SchemaError):
    """The table has no feed."""

    def __init__(self, table: str) -> None:
        super().__init__(
            table,
            "the table has no feed",
            hint="enable it with `await store.create_schema(feed=True)` "
            "or the command `event-store feed enable`, then restart every process that appends",
        )


class SchemaOutdated(SchemaError):
    """
    The schema version of the table is older than this library needs.

    Attributes:
        found: The schema version of the table; 0 for a table of the Clojure original.
        needed: The version that this library needs.
    """

    def __init__(self, table: str, found: int, needed: int) -> None:
        super().__init__(
            table, f"its schema version is {found}, {needed} is needed", hint=_MIGRATE_HINT
        )
        self.found = found
        self.needed = needed


class CategoriesMissing(SchemaOutdated):
    """
    The table has no column for categories yet. Only calls that need one are refused.

    `found` and `needed` are equal: categories came without a new schema version, so that older
    releases can go on using the table.
    """

    def __init__(self, table: str, version: int) -> None:
        SchemaError.__init__(self, table, "it has no column for categories yet", hint=_MIGRATE_HINT)
        self.found = self.needed = version


class TruncationMissing(SchemaOutdated):
    """
    The table has no column for truncated streams yet. Only calls that erase events are refused.

    `found` and `needed` are equal: truncation came without a new schema version, so that older
    releases can go on using the table.
    """

    def __init__(self, table: str, version: int) -> None:
        text = "it has no column for truncated streams yet"
        SchemaError.__init__(self, table, text, hint=_MIGRATE_HINT)
        self.found = self.needed = version


class SchemaTooNew(SchemaError):
    """
    The table was migrated by a newer release of this library.

    Attributes:
        found: The schema version of the table.
        needed: The newest version that this library supports.
    """

    def __init__(self, table: str, found: int, needed: int) -> None:
        super().__init__(
            table,
            f"its schema version is {found}, this library supports {needed} at most",
            hint="upgrade event_store_async",
        )
        self.found = found
        self.needed = needed


class SchemaMismatch(SchemaError):
    """The columns of the table are not those of an event store."""


class TimeToLiveRefused(SchemaError):
    """
    The table has a ``default_time_to_live``, so its rows expire.

    A stream's version would expire with its events, and the stream would silently start again at
    version 1.

    Attributes:
        seconds: The ``default_time_to_live`` of the table.
    """

    def __init__(self, table: str, seconds: int) -> None:
        super().__init__(
            table,
            f"its default_time_to_live is {seconds} s: streams would restart at version 1",
            hint=f"ALTER TABLE {quoted(table)} WITH default_time_to_live = 0",
        )
        self.seconds = seconds


class SchemaChangeFailed(SchemaError):
    """The schema change failed, or the nodes did not agree on the schema in time."""
