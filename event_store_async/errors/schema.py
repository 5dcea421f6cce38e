"""Tables that are not (yet) what they must be."""

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
    The table is not (yet) what the store needs.

    Attributes:
        table: The table, as ``keyspace.table``.
    """

    def __init__(self, table: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{table}: {reason}", hint=hint)
        self.table = table


class SchemaMissing(SchemaError):
    """There is no such keyspace or table."""

    def __init__(self, table: str) -> None:
        super().__init__(table, "there is no such table", hint=_CREATE_HINT)


class SchemaOutdated(SchemaError):
    """
    The table is of an older schema version than this library needs.

    Attributes:
        found: The table's schema version; 0 for a table of the Clojure original.
        needed: The version that this library needs.
    """

    def __init__(self, table: str, found: int, needed: int) -> None:
        super().__init__(
            table, f"its schema version is {found}, {needed} is needed", hint=_MIGRATE_HINT
        )
        self.found = found
        self.needed = needed


class SchemaTooNew(SchemaError):
    """
    The table was migrated by a newer release of this library.

    Attributes:
        found: The table's schema version.
        needed: The newest version that this library knows.
    """

    def __init__(self, table: str, found: int, needed: int) -> None:
        super().__init__(
            table,
            f"its schema version is {found}, this library knows {needed} at most",
            hint="upgrade event_store_async",
        )
        self.found = found
        self.needed = needed


class SchemaMismatch(SchemaError):
    """The table's columns are not those of an event store."""


class TimeToLiveRefused(SchemaError):
    """
    The table has a ``default_time_to_live``.

    It would expire the stream's version with the events, and the stream would silently begin at
    version 1 again.

    Attributes:
        seconds: The table's ``default_time_to_live``.
    """

    def __init__(self, table: str, seconds: int) -> None:
        super().__init__(
            table,
            f"its default_time_to_live is {seconds} s: streams would restart at version 1",
            hint=f"ALTER TABLE {table} WITH default_time_to_live = 0",
        )
        self.seconds = seconds


class SchemaChangeFailed(SchemaError):
    """The schema could not be changed, or the nodes did not agree on it in time."""
