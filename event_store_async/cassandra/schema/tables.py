"""The tables of a store: what each of them must look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from typing import Final

from ...checks import LONGEST_NAME, check_identifier
from ...cql_files import Statement, load_statement, load_statements, numbered_files, read_file

Columns = Mapping[str, tuple[str, str]]
"""Columns by name, each as (type, kind), as ``system_schema.columns`` describes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """
    What a table must look like, and the CQL that makes it so.

    The CQL has the placeholders ``{keyspace}`` and ``{table}``; the one that creates the table may
    also use ``{compaction}``.

    Attributes:
        name: What the table is for, in one word. Statements on other tables than that of events
            name them by it, as in ``{log}``.
        suffix: What its name has after the name of the table of events.
        created_by: The CQL file that creates it, at its latest version.
        migrations: The folder of the CQL files that bring older versions up to date, one for each
            version after the first: ``0002_name.cql``, recorded as version 2, ``0002_name``.
        columns: The columns by the schema version that added them. Tables of the lowest version
            have all of its columns.
        additions: Nullable columns that a store can do without, and that releases that do not know
            them can ignore, by the path of the CQL file that adds them. No schema version tells of
            them: they are there if the columns are.
        refuses_time_to_live: Whether a ``default_time_to_live`` would destroy what it stores.
        is_needed: Whether a store cannot do without it. Without another one, only the calls that
            use it are refused.
        root: The folder of the CQL files; None is that of the library.
    """

    name: str
    suffix: str = ""
    created_by: str
    migrations: str
    columns: Mapping[int, Columns]
    additions: Mapping[str, Columns] = field(default_factory=dict)
    refuses_time_to_live: bool = True
    is_needed: bool = True
    root: Traversable | None = field(default=None, repr=False)

    @property
    def first(self) -> int:
        """The lowest schema version that such a table can have."""
        return min(self.columns)

    @property
    def latest(self) -> int:
        """The schema version that this library needs."""
        return max(self.columns)

    @property
    def base_columns(self) -> Columns:
        """The columns of the first version."""
        return self.columns[self.first]

    @property
    def added_columns(self) -> Columns:
        """The columns that later versions added."""
        later = [added for version, added in sorted(self.columns.items()) if version > self.first]
        return {name: column for added in later for name, column in added.items()}

    @property
    def needed_columns(self) -> Columns:
        """The columns that every store needs: those of the latest version."""
        return {**self.base_columns, **self.added_columns}

    @property
    def optional_columns(self) -> Columns:
        """The columns of the additions."""
        return {name: column for added in self.additions.values() for name, column in added.items()}

    @property
    def all_columns(self) -> Columns:
        """The columns of a table that is up to date."""
        return {**self.needed_columns, **self.optional_columns}

    def migrations_after(self, version: int) -> list[tuple[int, str]]:
        """Return the migrations to versions above *version* as (version, name), in order."""
        found = numbered_files(self.migrations, self.root)
        return [(number, name) for number, name in found if number > version]

    def statements(self, path: str, **names: str) -> list[Statement]:
        """Return the statements of one of its CQL files."""
        return load_statements(path, root=self.root, **names)

    def text(self, path: str) -> str:
        """Return the text of one of its CQL files, comments and placeholders included."""
        return read_file(path, self.root)


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
            "seq": ("bigint", "clustering"),
            "stream_id": ("uuid", "regular"),
            "expected": ("int", "regular"),
            "events": ("int", "regular"),
            "types": ("text", "regular"),
            "category": ("text", "regular"),
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

SPECS: Final = (EVENTS,)
"""The tables that every store needs; that of events comes first."""

FEED_SPECS: Final = (WRITERS, ANNOUNCEMENTS, DOORBELLS, PROGRESS, LOG, FEED)
"""The tables of a feed. That of its row comes last: if it exists, all of them do."""


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
        """Return these tables and those of a feed; raises `InvalidIdentifier` as the class does."""
        return replace(self, specs=(*self.specs, *FEED_SPECS))

    def name_of(self, spec: TableSpec) -> str:
        """Return the name of one of the tables, without the keyspace."""
        return f"{self.table}{spec.suffix}"

    def full_name_of(self, spec: TableSpec) -> str:
        """Return the name of one of the tables, as ``keyspace.table``."""
        return f"{self.keyspace}.{self.name_of(spec)}"

    def statement(self, path: str, **names: str) -> Statement:
        """Return the statement of one of the library's CQL files, for these tables."""
        own = {spec.name: self.name_of(spec) for spec in (*self.specs, SNAPSHOTS, *FEED_SPECS)}
        own |= {"keyspace": self.keyspace, "table": self.table, "kept_from": "", **names}
        return load_statement(path, root=None, **own)

    def __str__(self) -> str:
        return f"{self.keyspace}.{self.table}"
