"""Spec of a table: what it must look like, and the CQL that makes it so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable

from ...cql_files import Statement, load_statements, numbered_files, read_file

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
