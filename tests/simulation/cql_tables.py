"""The statements of subscriptions, read as they stand in ``cql/``, on simulated cells."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final
from uuid import UUID

from event_store_async.cassandra.driver.port import UNSET, Page
from event_store_async.cassandra.schema.table_spec import TableSpec
from event_store_async.cassandra.schema.tables import SUBSCRIPTION_SPECS, StoreTables
from event_store_async.cql_files import Statement

from .answered import Answered
from .cells import Partition, Snapshot, Write
from .tables import Statements, Tables

MARKER: Final = ""
"""The column that an INSERT writes besides its own: a row exists even if they are all null."""

Values = Mapping[str, Any]
_TEXT: Final = re.compile(
    r'(?:INSERT INTO|UPDATE|DELETE FROM|SELECT (?P<selected>[^"]+) FROM) "\w+"\."(?P<table>\w+)"'
    r"(?: \((?P<columns>[^)]+)\) VALUES \((?P<values>[^)]+)\))?"
    r"(?: SET (?P<sets>.+?))?"
    r"(?: USING TIMESTAMP (?P<before>\S+))?"
    r"(?: WHERE (?P<where>.+?))?"
    r"(?: IF (?P<conditions>.+?))?"
    r"(?: USING TIMESTAMP (?P<after>\S+))?"
    r"(?: LIMIT (?P<limit>\S+))?"
)


@dataclass(frozen=True)
class Parsed:
    """
    A statement, taken apart.

    Attributes:
        verb: What it does: INSERT, UPDATE, DELETE or SELECT.
        table: The table.
        selected: The columns that it returns.
        sets: What it writes, by column, as text: a bind marker, a literal or null.
        where: Which rows it is about, by column of the primary key.
        conditions: What must hold, by column; None if it is not conditional.
        is_first: Whether there must be no row.
        timestamp: The timestamp, if it names one.
        limit: How many rows it returns at most, if it says so.
    """

    verb: str
    table: str
    selected: tuple[str, ...]
    sets: Mapping[str, str]
    where: Mapping[str, str]
    conditions: Mapping[str, str] | None
    is_first: bool
    timestamp: str | None
    limit: str | None


@cache
def parsed(text: str) -> Parsed:
    """Take a statement apart; of CQL it knows what the files of subscriptions use."""
    found = _TEXT.fullmatch(text)
    assert found is not None, text
    part = found.groupdict()
    columns, values = _list(part["columns"]), _list(part["values"])
    sets = _pairs(part["sets"], ",") | dict(zip(columns, values, strict=True))
    is_first = part["conditions"] == "NOT EXISTS"
    return Parsed(
        text.partition(" ")[0],
        part["table"],
        tuple(_list(part["selected"])),
        sets,
        _pairs(part["where"], " AND "),
        None if part["conditions"] is None or is_first else _pairs(part["conditions"], " AND "),
        is_first,
        part["before"] or part["after"],
        part["limit"],
    )


def _list(text: str | None) -> list[str]:
    return [each.strip() for each in text.split(",")] if text else []


def _pairs(text: str | None, separator: str) -> dict[str, str]:
    pairs = [re.split(r" (?:=|IN) ", each.strip()) for each in (text or "").split(separator)]
    return {pair[0]: pair[1] for pair in pairs} if text else {}


class CqlTables(Tables):
    """
    The cluster, with the tables of subscriptions.

    Args:
        random: Decides what each read sees.
        names: The names of the tables.
    """

    def __init__(self, random: Random, names: StoreTables) -> None:
        super().__init__(random)
        self._specs: dict[str, TableSpec] = {
            names.name_of(spec): spec for spec in SUBSCRIPTION_SPECS
        }

    def columns(self, table: str, kind: str) -> list[str]:
        """Return the columns of a kind: "partition_key", "clustering" or "regular"."""
        (columns,) = self._specs[table].columns.values()
        return [name for name, (_, own) in columns.items() if own == kind]

    def plain(self, statements: Statements) -> list[tuple[Partition, Write]]:
        writes = []
        for prepared, values in statements:
            statement = parsed(prepared.statement.text)
            assert statement.conditions is None, statement
            bound = dict(zip(prepared.statement.binds, values, strict=True))
            named = statement.timestamp
            at = self._next() if named is None else _term(named, bound)
            for place in self._places(statement, bound):
                write = self._write(statement, bound, at)
                writes.append((self.partitions[place], write))
        return writes

    def conditional(self, statements: Statements) -> tuple[Partition, Write | None, Page]:
        batch = [
            (parsed(each.statement.text), dict(zip(each.statement.binds, values, strict=True)))
            for each, values in statements
        ]
        (place,) = {place for each in batch for place in self._places(*each)}
        partition = self.partitions[place]
        partition.land_all()
        seen = partition.seen(None)
        write = Write({}, self._next())
        for statement, bound in batch:
            if not self._holds(statement, bound, seen):
                return partition, None, Answered(("[applied]",), [(False,)], None)
            write.cells.update(self._write(statement, bound, write.at).cells)
        return partition, write, Answered(("[applied]",), [(True,)], None)

    def _holds(self, statement: Parsed, bound: Values, seen: Mapping[Any, Any]) -> bool:
        key = self._key(statement, bound)
        if statement.is_first:
            return not any(row == key for row, _ in seen)
        return all(
            seen.get((key, column)) == _term(term, bound)
            for column, term in (statement.conditions or {}).items()
        )

    def _write(self, statement: Parsed, bound: Values, at: int) -> Write:
        key = self._key(statement, bound)
        regular = self.columns(statement.table, "regular")
        if statement.verb == "DELETE":
            if key is None:
                return Write({}, at, deletes=True)
            return Write({(key, column): None for column in (*regular, MARKER)}, at)
        cells: dict[tuple[Any, str], Any] = {
            (key, column): _term(term, bound)
            for column, term in statement.sets.items()
            if column in regular and _term(term, bound) is not UNSET
        }
        if statement.verb == "INSERT":
            cells[key, MARKER] = True
        return Write(cells, at)

    def _key(self, statement: Parsed, bound: Values) -> tuple[Any, ...] | None:
        """Return the clustering key of the row that a write is about; None if it is about all."""
        named = {**statement.where, **statement.sets}
        clustering = self.columns(statement.table, "clustering")
        if any(column not in named for column in clustering):
            return None
        if not clustering and statement.verb == "DELETE" and statement.conditions is None:
            return None
        return tuple(_term(named[column], bound) for column in clustering)

    def _places(self, statement: Parsed, bound: Values) -> Iterator[tuple[Any, ...]]:
        """Yield the partitions that a statement is about."""
        named = {**statement.where, **statement.sets}
        keys = self.columns(statement.table, "partition_key")
        if not named:
            yield from [place for place in self.partitions if place[0] == statement.table]
            return
        values = [_term(named[column], bound) for column in keys]
        if isinstance(values[-1], list):
            yield from ((statement.table, *values[:-1], each) for each in values[-1])
        else:
            yield (statement.table, *values)

    # Reads

    def begin_query(
        self, statement: Statement, values: Sequence[Any]
    ) -> list[tuple[tuple[Any, ...], Snapshot]]:
        """Return what a read that begins now sees at least, of each of its partitions."""
        bound = dict(zip(statement.binds, values, strict=True))
        places = self._places(parsed(statement.text), bound)
        return [(place, self.partitions[place].snapshot()) for place in places]

    def query(
        self,
        statement: Statement,
        values: Sequence[Any],
        since: Sequence[tuple[tuple[Any, ...], Snapshot]],
        *,
        serial: bool,
    ) -> Page:
        """Answer a read: a quorum sees what it sees, SERIAL completes what is half done first."""
        bound = dict(zip(statement.binds, values, strict=True))
        query = parsed(statement.text)
        rows: list[tuple[Any, ...]] = []
        for place, snapshot in since:
            partition = self.partitions[place]
            if serial:
                partition.land_all()
            cells = partition.seen(None) if serial else partition.seen(self._random, snapshot)
            rows += self._rows(query, bound, place, cells)
        if query.limit is not None:
            rows = rows[: _term(query.limit, bound)]
        return Page((), rows, None)

    def _rows(
        self, query: Parsed, bound: Values, place: tuple[Any, ...], cells: Mapping[Any, Any]
    ) -> Iterator[tuple[Any, ...]]:
        partition_key = self.columns(query.table, "partition_key")
        clustering = self.columns(query.table, "clustering")
        for key in sorted({key for key, _ in cells}):
            row = dict(zip((*partition_key, *clustering), (*place[1:], *key), strict=True))
            if all(
                row[each] == _term(query.where[each], bound)
                for each in clustering
                if each in query.where
            ):
                yield tuple(row.get(each, cells.get((key, each))) for each in query.selected)


def _term(term: str, bound: Values) -> Any:
    """Return the value of a bind marker, a text literal or null; UUIDs as the driver gives them."""
    if term == "null":
        return None
    if term.startswith("'"):
        return term.strip("'")
    value = bound[term.removeprefix(":")]
    return str(value) if isinstance(value, UUID) else value
