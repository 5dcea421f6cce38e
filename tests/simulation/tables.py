"""The statements of a store with a feed, on simulated cells."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import UUID

import orjson

from event_store_async.cassandra.driver.port import UNSET, Page, Prepared

from .answered import Answered
from .cells import STATIC, Partition, Snapshot, Write

Statements = Sequence[tuple[Prepared, Sequence[Any]]]

FIRST_CLOCK = 10**15
"""Timestamps of the server's clock are above those that the library gives."""

EVENT_COLUMNS = (
    "event_id",
    "payload",
    "timestamp",
    "event_type",
    "content_type",
    "metadata",
)


COLUMNS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "read_writers": (None, ("part_rows", "prev", "closed_at", "low")),
    "read_doorbells": (None, ("rings", "stored")),
    "read_announcements": ("after", ("announcements",)),
}
"""Reads of many rows: the bind that keys must be above, if any, and the columns."""

SINGLE: dict[str, tuple[str, ...]] = {
    "read_feed": ("log_id", "part_rows", "segment_size", "state", "leader", "beat", "scanned"),
    "read_found": ("found", "found_at", "found_stream"),
    "read_progress": ("version", "entry"),
}
"""Reads of one row."""


_MANY = {"read_progresses": ("read_progress", 2), "read_categories": ("read_category_head", 1)}
"""Reads of many partitions: what is read of each, and how many of the last columns."""


class Tables:
    """
    The cluster: partitions by table and key.

    Args:
        random: Decides what each read sees.

    Attributes:
        together: How many rows of lanes with more than one announcement were written.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._clock = FIRST_CLOCK
        self.together = 0
        self.partitions: dict[tuple[Any, ...], Partition] = defaultdict(Partition)

    # Plain writes

    def plain(self, statements: Statements) -> list[tuple[Partition, Write]]:
        """Return plain writes, one for each partition, ready to be seen by some."""
        writes: dict[tuple[Any, ...], Write] = {}
        now = self._next()
        for prepared, values in statements:
            name = prepared.statement.name
            bound = dict(zip(prepared.statement.binds, values, strict=True))
            cells: dict[tuple[Any, str], Any] = {}
            at, deletes = now, False
            if name == "register_writer":
                place: tuple[Any, ...] = ("writers", bound["log_id"])
                row = bound["writer"]
                cells[row, "part_rows"] = bound["part_rows"]
                cells[row, "prev"] = bound["prev"]
            elif name == "close_writer":
                place, row = ("writers", bound["log_id"]), bound["writer"]
                cells[row, "closed_at"] = bound["closed_at"]
            elif name == "write_low":
                place, row, at = ("writers", bound["log_id"]), bound["writer"], bound["at"]
                cells[row, "low"] = bound["low"]
            elif name == "announce":
                place = ("announcements", bound["writer"], bound["part"])
                cells[bound["last_seq"], "announcements"] = bound["announcements"]
                self.together += len(orjson.loads(bound["announcements"])) > 1
            elif name == "drop_part":
                place, deletes = ("announcements", bound["writer"], bound["part"]), True
            elif name == "ring":
                place, row, at = ("doorbells", 0), bound["writer"], bound["at"]
                cells[row, "rings"] = bound["rings"]
                cells[row, "stored"] = bound["stored"]
            elif name == "write_progress":
                place, at = ("progress", bound["log_id"], bound["stream_id"]), bound["at"]
                cells[0, "version"] = bound["version"]
                cells[0, "entry"] = bound["entry"]
            else:
                assert name == "note_found", name
                place = ("feed", 0)
                for column in ("found", "found_at", "found_stream"):
                    cells[0, column] = bound[column]
            write = writes.setdefault(place, Write({}, at, deletes))
            assert (write.at, write.deletes) == (at, deletes), name
            write.cells.update(cells)
        return [(self.partitions[place], write) for place, write in writes.items()]

    # Conditional writes

    def conditional(self, statements: Statements) -> tuple[Partition, Write | None, Page]:
        """
        Decide a conditional batch now: return its write if the conditions hold, and the answer.

        What the conditions look at is complete: a Paxos round finishes the one before it.
        """
        head, values = statements[0]
        bound = dict(zip(head.statement.binds, values, strict=True))
        name = head.statement.name
        if name in {"append_head", "append_category_head"} and "stream_id" in bound:
            return self._append(bound, statements[1:])
        if name == "append_head":
            return self._append_entry(bound, statements[1])
        assert name in {"lead", "create_feed", "set_state"}, name
        return self._feed_row(name, bound)

    def _append(
        self, head: dict[str, Any], rows: Statements
    ) -> tuple[Partition, Write | None, Page]:
        partition = self.partitions["events", head["stream_id"]]
        partition.land_all()
        seen = partition.seen(None)
        cells: dict[tuple[Any, str], Any] = {(STATIC, "max_version"): head["last"]}
        if "category" in head:
            cells[STATIC, "category"] = head["category"]
        first = 0
        for prepared, values in rows:
            bound = dict(zip(prepared.statement.binds, values, strict=True))
            first = first or bound["version"]
            for column in (*EVENT_COLUMNS, "ann_writer", "ann_seq"):
                if bound.get(column, UNSET) is not UNSET:
                    cells[bound["version"], column] = bound[column]
        version, standing = seen.get((STATIC, "max_version")), seen.get((first, "event_id"))
        category = seen.get((STATIC, "category"))
        fits = category == head["held"] if "held" in head else True
        if version == head["expected"] and fits and standing is None:
            return partition, Write(cells, self._next()), _answer(applied=True)
        answer = _answer(
            applied=False,
            max_version=version,
            category=category,
            event_id=standing,
            version=None if standing is None else first,
        )
        return partition, None, answer

    def _append_entry(
        self, head: dict[str, Any], row: tuple[Prepared, Sequence[Any]]
    ) -> tuple[Partition, Write | None, Page]:
        partition = self.partitions["log", head["log_id"], head["segment"]]
        partition.land_all()
        seen = partition.seen(None)
        bound = dict(zip(row[0].statement.binds, row[1], strict=True))
        entry = bound["entry"]
        known, identity = seen.get((STATIC, "head")), seen.get((entry, "identity"))
        if known == head["expected"] and identity is None:
            cells = {
                (entry, column): bound[column]
                for column in ("identity", "ordinal", "events", "published", "links")
            }
            cells[STATIC, "head"] = head["head"]
            return partition, Write(cells, self._next()), _answer(applied=True)
        return partition, None, _answer(applied=False, head=known, identity=identity)

    def _feed_row(self, name: str, bound: dict[str, Any]) -> tuple[Partition, Write | None, Page]:
        partition = self.partitions["feed", 0]
        partition.land_all()
        seen = partition.seen(None)
        if name == "create_feed":
            holds = (0, "log_id") not in seen
            cells = {(0, column): value for column, value in bound.items()}
        elif name == "set_state":
            holds = seen.get((0, "log_id")) == bound["log_id"]
            holds = holds and seen.get((0, "state")) == "building"
            cells = {(0, "state"): bound["state"], (0, "scanned"): bound["scanned"]}
        else:
            holds = (
                seen.get((0, "leader")) == bound["old_leader"]
                and seen.get((0, "beat")) == bound["old_beat"]
            )
            cells = {(0, "leader"): bound["leader"], (0, "beat"): bound["beat"]}
        write = Write(cells, self._next()) if holds else None
        return partition, write, _answer(applied=holds)

    # Reads

    def begin_read(self, name: str, bound: dict[str, Any]) -> list[Snapshot]:
        """Return what a read that begins now sees at least, of each of its partitions."""
        return [self.partitions[_place(*each)].snapshot() for each in _single(name, bound)]

    def read(
        self, name: str, bound: dict[str, Any], since: list[Snapshot], *, serial: bool
    ) -> Page:
        """Answer a read: a quorum sees what it sees, SERIAL completes what is half done first."""
        rows: list[tuple[Any, ...]] = []
        for each, snapshot in zip(_single(name, bound), since, strict=True):
            page = self._read_one(*each, snapshot, serial=serial)
            if name not in _MANY:
                return page
            rows += [(str(each[1]["stream_id"]), *row[-_MANY[name][1] :]) for row in page.rows]
        return _page(rows)

    def _read_one(self, name: str, bound: dict[str, Any], since: Snapshot, *, serial: bool) -> Page:
        partition = self.partitions[_place(name, bound)]
        if serial:
            partition.land_all()
        seen = partition.seen(None) if serial else partition.seen(self._random, since)

        return self._page_of(name, bound, seen)

    def _page_of(self, name: str, bound: dict[str, Any], cells: dict[tuple[Any, str], Any]) -> Page:
        if name in {"scan_streams", "scan_categories"}:
            return self._scan(bound)
        if name in COLUMNS:
            lower, columns = COLUMNS[name]
            keys = _keys(cells)
            if lower is not None:
                keys = [key for key in keys if key > bound[lower]]
            return _page([(_text(key), *_row(cells, key, columns)) for key in keys])
        if name in SINGLE:
            return _page([_row(cells, 0, SINGLE[name])] if cells else [])
        if name in {"read_log", "read_log_head"}:
            return self._read_log(name, bound, cells)
        return self._read_events(name, bound, cells)

    def _read_log(
        self, name: str, bound: dict[str, Any], cells: dict[tuple[Any, str], Any]
    ) -> Page:
        head = cells.get((STATIC, "head"))
        if name == "read_log_head":
            return _page([(head,)] if cells else [])
        keys = [key for key in _keys(cells) if key >= bound["from_entry"]]
        columns = ("ordinal", "events", "published", "links")
        found = [(key, *_row(cells, key, columns), head) for key in keys]
        return _page(found[: bound["max_count"]])

    def _scan(self, bound: dict[str, Any]) -> Page:
        found = []
        for place, partition in self.partitions.items():
            token = place[1].int % 2**63 - 2**62 if place[0] == "events" else None
            cells = partition.seen(self._random) if token is not None else {}
            if cells and bound["after"] < token <= bound["up_to"]:
                head, keys = cells.get((STATIC, "max_version")), _keys(cells)
                found.append((str(place[1]), token, head, keys[0] if keys else None, None))
        return _page(sorted(found, key=lambda row: row[1]))

    def _read_events(
        self, name: str, bound: dict[str, Any], cells: dict[tuple[Any, str], Any]
    ) -> Page:
        head = cells.get((STATIC, "max_version"))
        keys = _keys(cells)
        category = cells.get((STATIC, "category"))
        if name == "read_head":
            return _page([(head,)] if cells else [])
        if name == "read_category_head":
            return _page([(head, category)] if cells else [])
        if name == "read_addresses":
            columns: Sequence[str] = ("ann_writer", "ann_seq", "event_type")
            keys = [key for key in keys if key >= bound["from_version"]]
            found = [(key, *_row(cells, key, columns), category) for key in keys]
            return _page(found[: bound["max_count"]])
        if name in {"read_ids", "read_category_ids"}:
            keys = [key for key in keys if key > bound["above"]][::-1]
            found = [(key, *_row(cells, key, ("event_id",)), head) for key in keys]
            if name == "read_category_ids":
                found = [(*row, category) for row in found]
            return _page(found[: bound["max_count"]])
        assert name in {"read_forward", "read_slice"}, name
        columns = ("payload", "timestamp", "event_id", "event_type", "content_type", "metadata")
        keys = [key for key in keys if key >= bound["from_version"]]
        keys = [key for key in keys if key <= bound.get("up_to", key)]
        found = [(key, *_row(cells, key, columns), head) for key in keys]
        return _page(found[: bound["max_count"]])

    def _next(self) -> int:
        self._clock += 1
        return self._clock


_PLACES: dict[str, tuple[str, ...]] = {
    "read_feed": ("feed",),
    "read_found": ("feed",),
    "scan_streams": ("feed",),
    "scan_categories": ("feed",),
    "read_doorbells": ("doorbells",),
    "read_writers": ("writers", "log_id"),
    "read_announcements": ("announcements", "writer", "part"),
    "read_progress": ("progress", "log_id", "stream_id"),
    "read_log": ("log", "log_id", "segment"),
    "read_log_head": ("log", "log_id", "segment"),
}


def _single(name: str, bound: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return a read as reads of single partitions."""
    if name not in _MANY:
        return [(name, bound)]
    return [(_MANY[name][0], {**bound, "stream_id": it}) for it in bound["stream_ids"]]


def _place(name: str, bound: dict[str, Any]) -> tuple[Any, ...]:
    """Return the partition that a read is about."""
    table, *keys = _PLACES.get(name, ("events", "stream_id"))
    return (table, *[bound[key] for key in keys]) if keys else (table, 0)


def _keys(cells: dict[tuple[Any, str], Any]) -> list[Any]:
    return sorted({key for key, _ in cells if key is not STATIC})


def _row(cells: dict[tuple[Any, str], Any], key: Any, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_text(cells.get((key, column))) for column in columns)


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _page(rows: list[tuple[Any, ...]]) -> Page:
    return Page((), rows, None)


def _answer(*, applied: bool, **found: Any) -> Page:
    columns = ("[applied]", *found)
    return Answered(columns, [(applied, *[_text(value) for value in found.values()])], None)
