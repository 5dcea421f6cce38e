"""The tables of a store, and what each of them must look like."""

from dataclasses import dataclass, replace
from typing import Final

from ...checks import LONGEST_NAME, check_identifier
from ...cql_files import Statement, load_statement
from .table_spec import TableSpec

CATEGORY: Final = "additions/category"
"""The addition for the category of a stream."""

ANNOUNCEMENT: Final = "additions/announcement"
"""The addition for the address of an append's announcement."""

TRUNCATION: Final = "additions/truncation"
"""The addition for where a truncated stream begins."""

EVENTS: Final = TableSpec(
    name="events",
    created_by="schema/events",
    migrations="migrations",
    columns={
        0: {  # a table of the Clojure original
            "stream_id": ("uuid", "partition_key"),
            "version": ("int", "clustering"),
            "payload": ("blob", "regular"),
            "timestamp": ("bigint", "regular"),
            "max_version": ("int", "static"),
        },
        1: {
            "event_id": ("uuid", "regular"),
            "event_type": ("text", "regular"),
            "content_type": ("text", "regular"),
            "metadata": ("blob", "regular"),
        },
    },
    additions={
        CATEGORY: {"category": ("text", "static")},
        ANNOUNCEMENT: {
            "ann_writer": ("uuid", "regular"),
            "ann_seq": ("bigint", "regular"),
        },
        TRUNCATION: {"kept_from": ("int", "static")},
    },
)
"""The table of events."""

FEED: Final = TableSpec(
    name="feed",
    suffix="_feed",
    created_by="schema/feed",
    migrations="migrations/feed",
    columns={
        1: {
            "id": ("int", "partition_key"),
            "log_id": ("uuid", "regular"),
            "part_rows": ("int", "regular"),
            "segment_size": ("int", "regular"),
            "state": ("text", "regular"),
            "scanned": ("bigint", "regular"),
            "leader": ("uuid", "regular"),
            "beat": ("bigint", "regular"),
            "found": ("bigint", "regular"),
            "found_at": ("bigint", "regular"),
            "found_stream": ("uuid", "regular"),
        }
    },
)
"""The table with the row of a feed."""

WRITERS: Final = TableSpec(
    name="writers",
    suffix="_feed_writers",
    created_by="schema/feed_writers",
    migrations="migrations/feed_writers",
    columns={
        1: {
            "log_id": ("uuid", "partition_key"),
            "writer": ("uuid", "clustering"),
            "part_rows": ("int", "regular"),
            "prev": ("uuid", "regular"),
            "closed_at": ("bigint", "regular"),
            "low": ("bigint", "regular"),
        }
    },
)
"""The writers of a feed."""

ANNOUNCEMENTS: Final = TableSpec(
    name="announcements",
    suffix="_feed_announcements",
    created_by="schema/feed_announcements",
    migrations="migrations/feed_announcements",
    columns={
        1: {
            "writer": ("uuid", "partition_key"),
            "part": ("bigint", "partition_key"),
            "last_seq": ("bigint", "clustering"),
            "announcements": ("text", "regular"),
        }
    },
)
"""What writers are about to append."""

DOORBELLS: Final = TableSpec(
    name="doorbells",
    suffix="_feed_doorbells",
    created_by="schema/feed_doorbells",
    migrations="migrations/feed_doorbells",
    columns={
        1: {
            "shard": ("int", "partition_key"),
            "writer": ("uuid", "clustering"),
            "rings": ("bigint", "regular"),
            "stored": ("text", "regular"),
        }
    },
    refuses_time_to_live=False,
)
"""Hints that there is news."""

PROGRESS: Final = TableSpec(
    name="progress",
    suffix="_feed_progress",
    created_by="schema/feed_progress",
    migrations="migrations/feed_progress",
    columns={
        1: {
            "log_id": ("uuid", "partition_key"),
            "stream_id": ("uuid", "partition_key"),
            "version": ("int", "regular"),
            "entry": ("int", "regular"),
        }
    },
)
"""How much of each stream is in the log."""

LOG: Final = TableSpec(
    name="log",
    suffix="_feed_log",
    created_by="schema/feed_log",
    migrations="migrations/feed_log",
    columns={
        1: {
            "log_id": ("uuid", "partition_key"),
            "segment": ("int", "partition_key"),
            "entry": ("int", "clustering"),
            "head": ("int", "static"),
            "identity": ("uuid", "regular"),
            "ordinal": ("bigint", "regular"),
            "events": ("int", "regular"),
            "published": ("bigint", "regular"),
            "links": ("text", "regular"),
        }
    },
)
"""The log."""

SUBSCRIPTIONS: Final = TableSpec(
    name="subscriptions",
    suffix="_feed_subscriptions",
    created_by="schema/feed_subscriptions",
    migrations="migrations/feed_subscriptions",
    columns={
        1: {
            "name": ("text", "partition_key"),
            "id": ("uuid", "regular"),
            "revision": ("int", "regular"),
            "generation": ("int", "regular"),
            "series": ("uuid", "regular"),
            "slices": ("int", "regular"),
            "start": ("text", "regular"),
            "fresh": ("boolean", "regular"),
            "ready": ("boolean", "regular"),
            "paused": ("boolean", "regular"),
            "requests": ("int", "regular"),
            "earlier": ("text", "regular"),
            "next_slices": ("int", "regular"),
            "next_series": ("uuid", "regular"),
        }
    },
    is_needed=False,
)
"""Subscriptions to a feed."""

SLICES: Final = TableSpec(
    name="slices",
    suffix="_feed_slices",
    created_by="schema/feed_slices",
    migrations="migrations/feed_slices",
    columns={
        1: {
            "series": ("uuid", "partition_key"),
            "slice": ("int", "partition_key"),
            "item": ("text", "clustering"),
            "revision": ("int", "regular"),
            "fence": ("int", "regular"),
            "holder": ("uuid", "regular"),
            "position": ("text", "regular"),
            "closed": ("uuid", "regular"),
            "version": ("int", "regular"),
            "last_version": ("int", "regular"),
            "after": ("text", "regular"),
            "last_position": ("text", "regular"),
            "type": ("text", "regular"),
            "error": ("text", "regular"),
            "attempts": ("int", "regular"),
            "since": ("bigint", "regular"),
            "replay": ("boolean", "regular"),
        }
    },
    is_needed=False,
)
"""The slices of subscriptions, and their parked streams."""

MEMBERS: Final = TableSpec(
    name="members",
    suffix="_feed_members",
    created_by="schema/feed_members",
    migrations="migrations/feed_members",
    columns={
        1: {
            "id": ("uuid", "partition_key"),
            "member": ("uuid", "clustering"),
            "generation": ("int", "regular"),
            "beats": ("int", "regular"),
            "holding": ("text", "regular"),
        }
    },
    refuses_time_to_live=False,
    is_needed=False,
)
"""The beats of the members of consumer groups."""

SKIPPED: Final = TableSpec(
    name="skipped",
    suffix="_feed_skipped",
    created_by="schema/feed_skipped",
    migrations="migrations/feed_skipped",
    columns={
        1: {
            "id": ("uuid", "partition_key"),
            "at": ("bigint", "clustering"),
            "skip": ("uuid", "clustering"),
            "stream_id": ("uuid", "regular"),
            "version": ("int", "regular"),
            "error": ("text", "regular"),
            "reason": ("text", "regular"),
            "skipped_by": ("text", "regular"),
        }
    },
    is_needed=False,
)
"""Events that operators skipped."""

SNAPSHOTS: Final = TableSpec(
    name="snapshots",
    suffix="_snapshots",
    created_by="schema/snapshots",
    migrations="migrations/snapshots",
    columns={
        1: {
            "stream_id": ("uuid", "partition_key"),
            "kind": ("text", "clustering"),
            "version": ("int", "clustering"),
            "timestamp": ("bigint", "regular"),
            "payload": ("blob", "regular"),
            "content_type": ("text", "regular"),
            "recent": ("blob", "regular"),
        }
    },
    refuses_time_to_live=False,
    is_needed=False,
)
"""Snapshots of aggregates."""

KEYS: Final = TableSpec(
    name="keys",
    created_by="schema/keys",
    migrations="migrations/keys",
    columns={
        1: {
            "subject": ("text", "partition_key"),
            "revision": ("int", "regular"),
            "key_id": ("uuid", "regular"),
            "master": ("text", "regular"),
            "wrapped": ("blob", "regular"),
            "created_at": ("bigint", "regular"),
            "forgotten_at": ("bigint", "regular"),
        }
    },
)
"""The keys of subjects: a table with a name of its own, often in a keyspace of its own."""

SPECS: Final = (EVENTS,)
"""The tables that every store needs; that of events comes first."""

FEED_SPECS: Final = (WRITERS, ANNOUNCEMENTS, DOORBELLS, PROGRESS, LOG, FEED)
"""The tables of a feed. That of its row comes last: if it exists, all of them do."""


SUBSCRIPTION_SPECS: Final = (SUBSCRIPTIONS, SLICES, MEMBERS, SKIPPED)
"""The tables of subscriptions, beside those of a feed; a feed that was enabled by an older release
has none, and works without."""


@dataclass(frozen=True, slots=True)
class StoreTables:
    """
    The tables of one store, by their names.

    Attributes:
        keyspace: The keyspace.
        table: The table of events.
        specs: What the tables must look like; that of events comes first.

    Raises:
        InvalidIdentifier: a name is not safe in CQL, or is too long with a table's suffix.
    """

    keyspace: str
    table: str
    specs: tuple[TableSpec, ...] = SPECS

    def __post_init__(self) -> None:
        """Check the names."""
        check_identifier("keyspace", self.keyspace)
        for spec in self.specs:
            check_identifier("table", self.name_of(spec))

    def with_snapshots(self) -> "StoreTables":
        """
        Return these tables and that of snapshots, to create them or to look at them.

        A table of events with a name so long that there is no room for the suffix has no snapshots.
        """
        if len(self.name_of(SNAPSHOTS)) > LONGEST_NAME:
            return self
        return replace(self, specs=(*self.specs, SNAPSHOTS))

    def of_snapshots(self) -> "StoreTables":
        """Return the table of snapshots alone; raises `InvalidIdentifier` as the class does."""
        return replace(self, specs=(SNAPSHOTS,))

    def with_feed(self) -> "StoreTables":
        """
        Return these tables and those of a feed, and of subscriptions to it.

        Raises:
            InvalidIdentifier: a name is too long.
        """
        return replace(self, specs=(*self.specs, *SUBSCRIPTION_SPECS, *FEED_SPECS))

    def of_subscriptions(self) -> "StoreTables":
        """Return those that subscriptions need; raises `InvalidIdentifier` as the class does."""
        return replace(self, specs=(FEED, *SUBSCRIPTION_SPECS))

    def name_of(self, spec: TableSpec) -> str:
        """Return the name of one of the tables, without the keyspace."""
        return f"{self.table}{spec.suffix}"

    def full_name_of(self, spec: TableSpec) -> str:
        """Return the name of one of the tables, as ``keyspace.table``."""
        return f"{self.keyspace}.{self.name_of(spec)}"

    def statement(self, path: str, **names: str) -> Statement:
        """Return the statement of one of the library's CQL files, for these tables."""
        further = (SNAPSHOTS, *FEED_SPECS, *SUBSCRIPTION_SPECS)
        own = {spec.name: self.name_of(spec) for spec in (*self.specs, *further)}
        own |= {"keyspace": self.keyspace, "table": self.table, "kept_from": "", **names}
        return load_statement(path, root=None, **own)

    def __str__(self) -> str:
        return f"{self.keyspace}.{self.table}"
